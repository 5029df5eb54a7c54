/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "torture_durable.h"

#define EVENTS 12
#define TRIES 2 /* only one allocation of a life fails */

/* Bodies, so large that they are worth compressing. */
#define BODY 100u

#define CHANNEL                                                                                    \
    "a.channels = c\n"                                                                             \
    "a.channels.c.type = file\n"                                                                   \
    "a.channels.c.checkpointDir = %1$s/control\n"                                                  \
    "a.channels.c.dataDirs = %1$s/data1, %1$s/data2\n"                                             \
    "a.channels.c.maxFileSize = 65536\n"                                                           \
    "a.channels.c.minimumRequiredSpace = 1048576\n"

#define KEYS TEST_DATA "/keys/"
#define SEALED                                                                                     \
    "a.channels.c.compression = zstd\n"                                                            \
    "a.channels.c.encryption.activeKey = key-1\n"                                                  \
    "a.channels.c.encryption.cipherProvider = AESCTRNOPADDING\n"                                   \
    "a.channels.c.encryption.keyProvider = JCEKSFILE\n"                                            \
    "a.channels.c.encryption.keyProvider.keyStoreFile = " KEYS "keystore\n"                        \
    "a.channels.c.encryption.keyProvider.keyStorePasswordFile = " KEYS "password\n"                \
    "a.channels.c.encryption.keyProvider.keys = key-1\n"

static const char putting[] = "a.sources = in\n"
                              "a.sources.in.type = inlet\n"
                              "a.sources.in.channels = c\n" CHANNEL;

static const char taking[] = "a.sinks = out\n"
                             "a.sinks.out.type = outlet\n"
                             "a.sinks.out.channel = c\n" CHANNEL;

struct tally {
    int sealed; /* the channel is compressed and encrypted */
    unsigned pushed, accepted;
    unsigned seen[EVENTS];
    unsigned strange;
};

static int note(void *self, const flow_event *const *events, size_t count, flow_error **err)
{
    struct tally *tally = self;

    (void)err;
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        const unsigned char *body = flow_event_body(events[i], &size);
        if (size == BODY && body[0] < EVENTS && body[BODY - 1] == body[0])
            tally->seen[body[0]]++;
        else
            tally->strange++;
    }
    return FLOW_OK;
}

static int make(struct torture_place *place, flow_library *lib, const char *form, int sealed,
                flow_pipeline **pipeline, flow_error **err)
{
    flow_config *config = NULL;
    char text[4096];
    size_t size = (size_t)snprintf(text, sizeof text, form, place->folder);

    snprintf(text + size, sizeof text - size, "%s", sealed ? SEALED : "");
    int rc = flow_config_new(lib, &config, err);
    if (rc == FLOW_OK)
        rc = flow_config_parse(config, "agent.conf", text, strlen(text), FLOW_FORMAT_PROPERTIES,
                               err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(lib, config, "a", 0, pipeline, err);
    flow_config_free(config);
    return rc;
}

static int end(flow_pipeline *pipeline, int rc, flow_error **err)
{
    int stopped = flow_pipeline_stop(pipeline, AGENT_PATIENCE_MS, rc == FLOW_OK ? err : NULL);

    flow_pipeline_free(pipeline, NULL);
    return rc != FLOW_OK || pipeline == NULL ? rc : stopped;
}

static int push(flow_library *lib, flow_pipeline *pipeline, struct tally *tally, flow_error **err)
{
    static const char file[] = "file";
    flow_inlet *inlet;
    flow_batch *batch = NULL;
    int rc = flow_pipeline_inlet(pipeline, "in", &inlet, err);

    while (rc == FLOW_OK && tally->pushed < EVENTS) {
        unsigned char body[BODY];
        memset(body, (int)tally->pushed++, sizeof body);
        flow_batch_free(batch);
        batch = NULL;
        rc = flow_batch_new(lib, &batch, err);
        if (rc == FLOW_OK)
            rc = flow_batch_add(batch, body, sizeof body, err);
        if (rc == FLOW_OK)
            rc = flow_batch_set_position(batch, file, sizeof file, body, 1, err);
        if (rc == FLOW_OK)
            rc = flow_inlet_push_batch(inlet, batch, AGENT_PATIENCE_MS, err);
        tally->accepted += rc == FLOW_OK;
    }
    flow_batch_free(batch);
    return rc;
}

static int put_all(struct torture_place *place, flow_library *lib, struct tally *tally,
                   flow_error **err)
{
    flow_pipeline *pipeline = NULL;
    int rc = make(place, lib, putting, tally->sealed, &pipeline, err);

    if (rc == FLOW_OK)
        rc = flow_pipeline_start(pipeline, err);
    if (rc == FLOW_OK)
        rc = push(lib, pipeline, tally, err);
    return end(pipeline, rc, err);
}

static int take_all(struct torture_place *place, flow_library *lib, struct tally *tally,
                    flow_error **err)
{
    flow_pipeline *pipeline = NULL;
    int rc = make(place, lib, taking, tally->sealed, &pipeline, err);

    if (rc == FLOW_OK)
        rc = flow_pipeline_bind(pipeline, "out", note, tally, NULL, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_start(pipeline, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_drain(pipeline, AGENT_PATIENCE_MS, err);
    return end(pipeline, rc, err);
}

static int is_kept(const struct tally *tally)
{
    for (unsigned i = 0; i < EVENTS; i++) {
        if (i < tally->accepted ? !tally->seen[i] : i >= tally->pushed && tally->seen[i])
            return 0;
    }
    return !tally->strange;
}

static int put_and_take(struct torture_place *place, flow_library *lib, int sealed,
                        flow_error **err)
{
    struct tally tally = {.sealed = sealed};
    flow_error *fault = NULL;
    int first = put_all(place, lib, &tally, err), rc = FLOW_ESTATE;

    for (int i = 0; i < TRIES && rc != FLOW_OK; i++) {
        flow_error_free(fault);
        fault = NULL;
        rc = take_all(place, lib, &tally, &fault);
    }
    flow_error_free(fault);
    if (rc != FLOW_OK || !is_kept(&tally)) {
        flow_error_free(*err);
        *err = NULL;
        return flow_error_set(err, FLOW_ETIMEDOUT, "the channel did not keep what it accepted");
    }
    return first;
}

int torture_durable(struct torture_place *place, flow_library *lib, flow_error **err)
{
    return put_and_take(place, lib, 0, err);
}

int torture_sealed(struct torture_place *place, flow_library *lib, flow_error **err)
{
    return put_and_take(place, lib, 1, err);
}
