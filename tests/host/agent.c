/* SPDX-License-Identifier: Apache-2.0 */

#include "agent.h"

#include <string.h>

const char agent_memory[] = "a.sources = in\n"
                            "a.channels = c\n"
                            "a.sinks = out\n"
                            "a.sources.in.type = inlet\n"
                            "a.sources.in.channels = c\n"
                            "a.channels.c.type = memory\n"
                            "a.channels.c.capacity = 1000\n"
                            "a.channels.c.transactionCapacity = 100\n"
                            "a.sinks.out.type = outlet\n"
                            "a.sinks.out.channel = c\n";

const char agent_network[] = "a.sources = in net\n"
                             "a.channels = c\n"
                             "a.sinks = out\n"
                             "a.sources.in.type = inlet\n"
                             "a.sources.in.channels = c\n"
                             "a.sources.net.type = netcat\n"
                             "a.sources.net.bind = 127.0.0.1\n"
                             "a.sources.net.port = 0\n"
                             "a.sources.net.channels = c\n"
                             "a.channels.c.type = memory\n"
                             "a.sinks.out.type = outlet\n"
                             "a.sinks.out.channel = c\n";

static int count_events(void *self, const flow_event *const *events, size_t count, flow_error **err)
{
    struct agent *agent = self;

    (void)events;
    (void)err;
    atomic_fetch_add(&agent->seen, count);
    return FLOW_OK;
}

static int build(struct agent *agent, const char *text, flow_error **err)
{
    flow_config *config = NULL;
    int result = flow_config_new(agent->lib, &config, err);

    if (result == FLOW_OK)
        result = flow_config_parse(config, "agent.conf", text, strlen(text), FLOW_FORMAT_PROPERTIES,
                                   err);
    if (result == FLOW_OK)
        result = flow_pipeline_new(agent->lib, config, "a", 0, &agent->pipeline, err);
    flow_config_free(config);
    return result;
}

int agent_start(struct agent *agent, flow_library *lib, const char *text, flow_error **err)
{
    *agent = (struct agent){.lib = lib};
    int result = build(agent, text, err);
    if (result == FLOW_OK)
        result = flow_pipeline_bind(agent->pipeline, "out", count_events, agent, NULL, err);
    if (result == FLOW_OK)
        result = flow_pipeline_inlet(agent->pipeline, "in", &agent->inlet, err);
    if (result == FLOW_OK)
        result = flow_pipeline_start(agent->pipeline, err);
    if (result != FLOW_OK) {
        flow_pipeline_stop(agent->pipeline, AGENT_PATIENCE_MS, NULL);
        flow_pipeline_free(agent->pipeline, NULL);
        agent->pipeline = NULL;
    }
    return result;
}

int agent_push(struct agent *agent, size_t count, flow_error **err)
{
    static const flow_header headers[] = {{"origin", "host", 6, 4}};
    int result = FLOW_OK;

    for (size_t i = 0; result == FLOW_OK && i < count; i++)
        result = flow_inlet_push(agent->inlet, "hello", 5, headers, 1, sizeof(headers[0]),
                                 AGENT_PATIENCE_MS, err);
    return result;
}

/* Frees even when draining failed, and returns the first failure. */
int agent_finish(struct agent *agent, flow_error **err)
{
    int drained = flow_pipeline_drain(agent->pipeline, AGENT_PATIENCE_MS, err);
    int stopped =
        flow_pipeline_stop(agent->pipeline, AGENT_PATIENCE_MS, drained == FLOW_OK ? err : NULL);
    int freed =
        flow_pipeline_free(agent->pipeline, drained == FLOW_OK && stopped == FLOW_OK ? err : NULL);

    agent->pipeline = NULL;
    return drained != FLOW_OK ? drained : stopped != FLOW_OK ? stopped : freed;
}
