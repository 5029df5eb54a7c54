/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Send to an agent: each line of the standard input becomes an event for the agent at HOST:PORT,
 * libflow's or Flume's, which has an `avro` source there.
 *
 *     cc send_lines.c $(pkg-config --cflags --libs libflow) -o send_lines
 *     tail -f /var/log/syslog | ./send_lines localhost:4141
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow.h>

#define BATCH 1000

static int make_client(flow_library *lib, const char *address, flow_client **client,
                       flow_error **err)
{
    flow_config *config;
    int rc = flow_config_new(lib, &config, err);

    if (rc != FLOW_OK)
        return rc;
    rc = flow_config_set(config, "hosts", "agent", err);
    if (rc == FLOW_OK)
        rc = flow_config_set(config, "hosts.agent", address, err);
    if (rc == FLOW_OK)
        rc = flow_config_set(config, "batch-size", "1000", err);
    if (rc == FLOW_OK)
        rc = flow_client_new(lib, config, client, err);
    flow_config_free(config);
    return rc;
}

/* Sends what BATCH holds and empties it. */
static int send(flow_client *client, flow_batch *batch, flow_error **err)
{
    int rc = flow_client_append_batch(client, batch, NULL, err);

    flow_batch_clear(batch);
    return rc;
}

static int send_lines(flow_client *client, flow_batch *batch, FILE *in, flow_error **err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    int rc = FLOW_OK;

    while (rc == FLOW_OK && (size = getline(&line, &room, in)) > 0) {
        if (line[size - 1] == '\n')
            size--;
        rc = flow_batch_add(batch, line, (size_t)size, err);
        if (rc == FLOW_OK && flow_batch_count(batch) == BATCH)
            rc = send(client, batch, err);
    }
    free(line);
    return rc == FLOW_OK ? send(client, batch, err) : rc;
}

static int run(flow_library *lib, const char *address, flow_error **err)
{
    flow_client *client = NULL;
    flow_batch *batch = NULL;
    int rc = make_client(lib, address, &client, err);

    if (rc == FLOW_OK)
        rc = flow_batch_new(lib, &batch, err);
    if (rc == FLOW_OK)
        rc = send_lines(client, batch, stdin, err);
    flow_batch_free(batch);
    flow_client_free(client);
    return rc;
}

int main(int argc, char **argv)
{
    flow_library *lib;
    flow_error *err = NULL;

    if (argc != 2) {
        fputs("usage: send_lines HOST:PORT <LINES\n", stderr);
        return 2;
    }
    int rc = flow_library_new(NULL, &lib, &err);
    if (rc == FLOW_OK) {
        rc = run(lib, argv[1], &err);
        flow_library_free(lib, NULL);
    }
    if (rc != FLOW_OK)
        fprintf(stderr, "send_lines: %s\n", flow_error_message(err));
    flow_error_free(err);
    return rc == FLOW_OK ? 0 : 1;
}
