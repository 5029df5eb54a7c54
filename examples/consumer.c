/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A consumer of one's own: a program reads, at its own pace, what a pipeline delivers elsewhere,
 * and then reads it again from an offset.  A sink with `consumer = NAME` does the same.
 *
 *     cc consumer.c $(pkg-config --cflags --libs libflow) -o consumer && ./consumer FOLDER
 */

#include <stdio.h>
#include <string.h>

#include <flow.h>

static const char settings[] = "app.sources = in\n"
                               "app.channels = log\n"
                               "app.sinks = out\n"
                               "app.sources.in.type = inlet\n"
                               "app.sources.in.channels = log\n"
                               "app.channels.log.type = file\n"
                               "app.channels.log.minimumRequiredSpace = 1048576\n"
                               "app.channels.log.retentionTime = 86400\n"
                               "app.sinks.out.type = null\n"
                               "app.sinks.out.channel = log\n";

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

/* Prints what the consumer has not read.  Without the commit it would come again. */
static int print_new(flow_consumer *consumer, flow_error **err)
{
    const flow_event *const *events;
    flow_txn *txn;
    size_t count = 0;
    int rc = flow_consumer_begin(consumer, &txn, err);
    if (rc != FLOW_OK)
        return rc;
    rc = flow_txn_take(txn, 100, 0, &events, &count, err);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const char *body = flow_event_body(events[i], &size);
        printf("%.*s\n", (int)size, body);
    }
    if (rc == FLOW_OK)
        rc = flow_txn_commit(txn, err);
    flow_txn_free(txn);
    return rc;
}

static int read_twice(flow_channel *log, flow_error **err)
{
    const flow_consumer_place second = {
        .struct_size = sizeof(second), .start = FLOW_START_OFFSET, .offset = 1};
    flow_consumer *audit;
    int rc = flow_consumer_open(log, "audit", &audit, err);
    if (rc != FLOW_OK)
        return rc;
    rc = print_new(audit, err);
    if (rc == FLOW_OK)
        rc = flow_consumer_seek(log, "audit", &second, NULL, err);
    printf("once more from the second:\n");
    if (rc == FLOW_OK)
        rc = print_new(audit, err);
    flow_consumer_close(audit);
    return rc;
}

/* A consumer is there until it is removed, so that another run finds it. */
static int use(flow_pipeline *pipeline, flow_error **err)
{
    flow_consumer_info info = {.struct_size = sizeof(info)};
    flow_channel *log;
    int rc = flow_pipeline_channel(pipeline, "log", &log, err);
    if (rc == FLOW_OK && flow_consumer_get(log, "audit", &info, NULL) == FLOW_ENOENT)
        rc = flow_consumer_add(log, "audit", NULL, err);
    if (rc == FLOW_OK)
        rc = push_some(pipeline, err);
    return rc == FLOW_OK ? read_twice(log, err) : rc;
}

static int run(flow_library *lib, const char *folder, flow_error **err)
{
    char text[sizeof(settings) + 1024];
    flow_config *config;
    flow_pipeline *pipeline = NULL;
    int size = snprintf(text, sizeof(text),
                        "%sapp.channels.log.checkpointDir = %.400s/control\n"
                        "app.channels.log.dataDirs = %.400s/data\n",
                        settings, folder, folder);
    int rc = flow_config_new(lib, &config, err);
    if (rc != FLOW_OK)
        return rc;
    rc = flow_config_parse(config, "consumer", text, (size_t)size, FLOW_FORMAT_PROPERTIES, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(lib, config, "app", 0, &pipeline, err);
    flow_config_free(config);
    if (rc != FLOW_OK)
        return rc;
    rc = flow_pipeline_start(pipeline, err);
    if (rc == FLOW_OK)
        rc = use(pipeline, err);
    flow_pipeline_stop(pipeline, 5000, rc == FLOW_OK ? err : NULL);
    flow_pipeline_free(pipeline, NULL);
    return rc;
}

int main(int argc, char **argv)
{
    flow_library *lib;
    flow_error *err = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: consumer FOLDER\n");
        return 2;
    }
    int rc = flow_library_new(NULL, &lib, &err);
    if (rc == FLOW_OK) {
        rc = run(lib, argv[1], &err);
        flow_library_free(lib, NULL);
    }
    if (rc != FLOW_OK)
        fprintf(stderr, "consumer: %s\n", flow_error_message(err));
    flow_error_free(err);
    return rc == FLOW_OK ? 0 : 1;
}
