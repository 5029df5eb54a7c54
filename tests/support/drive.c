/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs an agent and pushes the lines of standard input into its inlet `r1`, 100 at a time; at the
 * end of the input drains and stops it.
 *
 *     drive CONFIG AGENT [HEADER=VALUE...]
 *
 * A header's value may hold one %d, which stands for the number of the line modulo 3.  Exits with
 * 0 when every line was delivered and the agent stopped cleanly.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow.h>

#define BATCH 100
#define WAIT_MS 600000
#define HEADERS 4

struct drive {
    flow_library *lib;
    flow_pipeline *pipeline;
    flow_inlet *inlet;
    flow_batch *batch;
    flow_error *err;
    char **headers; /* NAME=VALUE */
    int header_count;
};

static void log_line(void *self, const flow_log_record *record)
{
    fprintf(stderr, "%s %s: %s\n", flow_log_level_name(record->level), record->component,
            record->message);
}

static int start(struct drive *drive, const char *path, const char *agent)
{
    flow_library_options options = {.struct_size = sizeof options, .log = log_line};
    flow_config *config = NULL;

    int rc = flow_library_new(&options, &drive->lib, &drive->err);
    if (!rc)
        rc = flow_config_new(drive->lib, &config, &drive->err);
    if (!rc)
        rc = flow_config_load(config, path, &drive->err);
    if (!rc)
        rc = flow_pipeline_new(drive->lib, config, agent, 0, &drive->pipeline, &drive->err);
    if (!rc)
        rc = flow_pipeline_start(drive->pipeline, &drive->err);
    if (!rc)
        rc = flow_pipeline_inlet(drive->pipeline, "r1", &drive->inlet, &drive->err);
    if (!rc)
        rc = flow_batch_new(drive->lib, &drive->batch, &drive->err);
    flow_config_free(config);
    return rc;
}

/* Adds a line, with the headers that were asked for, to the batch. */
static int add(struct drive *drive, const char *line, size_t size, long number)
{
    size_t last = flow_batch_count(drive->batch);
    int rc = flow_batch_add(drive->batch, line, size, &drive->err);

    for (int i = 0; i < drive->header_count && !rc; i++) {
        char name[100], value[200];
        const char *equals = strchr(drive->headers[i], '=');
        snprintf(name, sizeof name, "%.*s", (int)(equals - drive->headers[i]), drive->headers[i]);
        snprintf(value, sizeof value, equals + 1, (int)(number % 3));
        rc = flow_batch_set_header(drive->batch, last, name, value, &drive->err);
    }
    return rc;
}

static int push(struct drive *drive)
{
    int rc = flow_inlet_push_batch(drive->inlet, drive->batch, WAIT_MS, &drive->err);

    flow_batch_clear(drive->batch);
    return rc;
}

static int push_all(struct drive *drive)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    long number = 0;
    int rc = 0;

    while (!rc && (size = getline(&line, &room, stdin)) > 0) {
        rc = add(drive, line, (size_t)size - (line[size - 1] == '\n'), number++);
        if (!rc && flow_batch_count(drive->batch) == BATCH)
            rc = push(drive);
    }
    free(line);
    return rc || !flow_batch_count(drive->batch) ? rc : push(drive);
}

int main(int argc, char **argv)
{
    struct drive drive = {.headers = argv + 3, .header_count = argc - 3};

    if (argc < 3) {
        fprintf(stderr, "usage: drive CONFIG AGENT [HEADER=VALUE...] < LINES\n");
        return 2;
    }
    int rc = start(&drive, argv[1], argv[2]);
    if (!rc)
        rc = push_all(&drive);
    if (!rc)
        rc = flow_pipeline_drain(drive.pipeline, WAIT_MS, &drive.err);
    if (rc)
        fprintf(stderr, "drive: %s\n", flow_error_message(drive.err));
    flow_error_free(drive.err);
    drive.err = NULL;
    if (drive.pipeline && flow_pipeline_stop(drive.pipeline, 60000, &drive.err)) {
        fprintf(stderr, "drive: %s\n", flow_error_message(drive.err));
        rc = rc ? rc : -1;
    }
    flow_error_free(drive.err);
    flow_batch_free(drive.batch);
    flow_pipeline_free(drive.pipeline, NULL);
    flow_library_free(drive.lib, NULL);
    return rc ? 1 : 0;
}
