/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "torture_consumers.h"

#define EVENTS 6

static const char agent[] = "a.sources = in\n"
                            "a.channels = c\n"
                            "a.sinks = out\n"
                            "a.sources.in.type = inlet\n"
                            "a.sources.in.channels = c\n"
                            "a.channels.c.type = file\n"
                            "a.channels.c.checkpointDir = %s/control\n"
                            "a.channels.c.dataDirs = %s/data\n"
                            "a.channels.c.minimumRequiredSpace = 1048576\n"
                            "a.channels.c.maxDeliveries = 1\n"
                            "a.channels.c.retentionTime = 3600\n"
                            "a.channels.c.consumers.other.start = latest\n"
                            "a.channels.c.consumers.other.maxEvents = 4\n"
                            "a.sinks.out.type = null\n"
                            "a.sinks.out.channel = c\n"
                            "a.sinks.out.consumer = shown\n";

static int push(flow_pipeline *pipeline, flow_error **err)
{
    flow_inlet *inlet;
    int rc = flow_pipeline_inlet(pipeline, "in", &inlet, err);

    for (int i = 0; i < EVENTS && rc == FLOW_OK; i++)
        rc = flow_inlet_push(inlet, "event", 5, NULL, 0, 0, AGENT_PATIENCE_MS, err);
    return rc;
}

/* Takes one event, and delivers it or not. */
static int take(flow_consumer *mine, int fails, flow_error **err)
{
    const flow_event *const *events;
    flow_error *cause = NULL;
    flow_txn *txn;
    size_t count;
    int rc = flow_consumer_begin(mine, &txn, err);

    if (rc != FLOW_OK)
        return rc;
    rc = flow_txn_take(txn, 1, 0, &events, &count, err);
    if (rc == FLOW_OK && fails) {
        flow_error_set(&cause, FLOW_EDELIVERY, "not this one");
        rc = flow_txn_reject(txn, cause, err);
    } else if (rc == FLOW_OK) {
        rc = flow_txn_commit(txn, err);
    }
    flow_error_free(cause);
    flow_txn_free(txn);
    return rc;
}

static int look(void *self, const flow_letter *letter)
{
    *(size_t *)self += strlen(letter->reason);
    return FLOW_OK;
}

static int use_letters(flow_channel *channel, flow_consumer *mine, flow_error **err)
{
    size_t size = 0;
    int rc = take(mine, 1, err);

    if (rc == FLOW_OK)
        rc = flow_consumer_letters(channel, "mine", look, &size, err);
    if (rc == FLOW_OK)
        rc = flow_consumer_replay(channel, "mine", FLOW_LETTERS_ALL, NULL, err);
    return rc == FLOW_OK ? take(mine, 0, err) : rc;
}

static int move(flow_channel *channel, flow_error **err)
{
    const flow_consumer_place first = {.struct_size = sizeof first, .start = FLOW_START_TIME};
    flow_consumer_info info = {.struct_size = sizeof info};
    int rc = flow_consumer_seek(channel, "mine", &first, NULL, err);

    if (rc == FLOW_OK)
        rc = flow_consumer_pause(channel, "mine", err);
    if (rc == FLOW_OK)
        rc = flow_consumer_resume(channel, "mine", err);
    return rc == FLOW_OK ? flow_consumer_get(channel, "mine", &info, err) : rc;
}

static int use(flow_pipeline *pipeline, flow_error **err)
{
    flow_consumer *mine = NULL;
    flow_channel *channel = NULL;
    int rc = flow_pipeline_channel(pipeline, "c", &channel, err);

    if (rc == FLOW_OK)
        rc = flow_consumer_add(channel, "mine", NULL, err);
    if (rc == FLOW_OK)
        rc = flow_consumer_open(channel, "mine", &mine, err);
    if (rc == FLOW_OK)
        rc = push(pipeline, err);
    if (rc == FLOW_OK)
        rc = use_letters(channel, mine, err);
    if (rc == FLOW_OK)
        rc = move(channel, err);
    if (rc == FLOW_OK)
        rc = take(mine, 0, err);
    flow_consumer_close(mine);
    return rc == FLOW_OK ? flow_consumer_remove(channel, "mine", err) : rc;
}

int torture_consumers(struct torture_place *place, flow_library *lib, flow_error **err)
{
    flow_config *config = NULL;
    flow_pipeline *pipeline = NULL;
    char text[2048];

    snprintf(text, sizeof text, agent, place->folder, place->folder);
    int rc = flow_config_new(lib, &config, err);
    if (rc == FLOW_OK)
        rc = flow_config_parse(config, "agent.conf", text, strlen(text), FLOW_FORMAT_PROPERTIES,
                               err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(lib, config, "a", 0, &pipeline, err);
    flow_config_free(config);
    if (rc == FLOW_OK)
        rc = flow_pipeline_start(pipeline, err);
    if (rc == FLOW_OK)
        rc = use(pipeline, err);
    int stopped = flow_pipeline_stop(pipeline, AGENT_PATIENCE_MS, rc == FLOW_OK ? err : NULL);
    flow_pipeline_free(pipeline, NULL);
    return rc != FLOW_OK || pipeline == NULL ? rc : stopped;
}
