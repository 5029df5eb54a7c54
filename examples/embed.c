/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Embed and push: an application sends its events through a pipeline of its own and gets them
 * back in a function.
 *
 *     cc embed.c $(pkg-config --cflags --libs libflow) -o embed && ./embed
 */

#include <stdio.h>
#include <string.h>

#include <flow.h>

static const char settings[] = "app.sources = in\n"
                               "app.channels = mem\n"
                               "app.sinks = out\n"
                               "app.sources.in.type = inlet\n"
                               "app.sources.in.channels = mem\n"
                               "app.sources.in.interceptors = host\n"
                               "app.sources.in.interceptors.host.type = static\n"
                               "app.sources.in.interceptors.host.key = from\n"
                               "app.sources.in.interceptors.host.value = embed\n"
                               "app.channels.mem.type = memory\n"
                               "app.channels.mem.capacity = 1000\n"
                               "app.sinks.out.type = outlet\n"
                               "app.sinks.out.channel = mem\n";

/* Returning FLOW_OK commits the events; an error would bring them again later. */
static int print_events(void *self, const flow_event *const *events, size_t count, flow_error **err)
{
    (void)self;
    (void)err;
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const char *body = flow_event_body(events[i], &size);
        printf("%.*s (from %s)\n", (int)size, body, flow_event_header(events[i], "from", NULL));
    }
    return FLOW_OK;
}

static int push_some(flow_pipeline *pipeline, flow_error **err)
{
    flow_inlet *inlet;
    int rc = flow_pipeline_inlet(pipeline, "in", &inlet, err);
    for (int i = 1; rc == FLOW_OK && i <= 3; i++) {
        char body[32];
        snprintf(body, sizeof(body), "event %d", i);
        rc = flow_inlet_push(inlet, body, strlen(body), NULL, 0, 0, 1000, err);
    }
    return rc;
}

static int run(flow_library *lib, flow_error **err)
{
    flow_config *config;
    flow_pipeline *pipeline = NULL;
    int rc = flow_config_new(lib, &config, err);
    if (rc != FLOW_OK)
        return rc;
    rc =
        flow_config_parse(config, "embed", settings, strlen(settings), FLOW_FORMAT_PROPERTIES, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(lib, config, "app", 0, &pipeline, err);
    flow_config_free(config);
    if (rc != FLOW_OK)
        return rc;

    rc = flow_pipeline_bind(pipeline, "out", print_events, NULL, NULL, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_start(pipeline, err);
    if (rc == FLOW_OK)
        rc = push_some(pipeline, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_drain(pipeline, 5000, err);
    flow_pipeline_stop(pipeline, 5000, rc == FLOW_OK ? err : NULL);
    flow_pipeline_free(pipeline, NULL);
    return rc;
}

int main(void)
{
    flow_library *lib;
    flow_error *err = NULL;
    int rc = flow_library_new(NULL, &lib, &err);
    if (rc == FLOW_OK) {
        rc = run(lib, &err);
        flow_library_free(lib, NULL);
    }
    if (rc != FLOW_OK)
        fprintf(stderr, "embed: %s\n", flow_error_message(err));
    flow_error_free(err);
    return rc == FLOW_OK ? 0 : 1;
}
