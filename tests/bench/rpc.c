/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sources that answer: requests of 1,000 events of 500 bytes on one connection and on four, into a
 * memory channel or a file channel and from there to the null sink; and two agents chained by a
 * sink and a source.  The limit is to send the same bytes to plain C that counts them and answers.
 *
 * --flume has ports of a Flume here, see flume_sources.py; of avro, of thrift compact and of thrift
 * binary, the source with a memory channel and the one with a file channel.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "pipe.h"
#include "rpc.h"

/* A connection with so many requests in flight never waits for an answer, as long as they come. */
#define STREAM 8u

#define MEMORY_CHANNEL                                                                             \
    "a.channels.c.type = memory\na.channels.c.capacity = 20000\n"                                  \
    "a.channels.c.transactionCapacity = 5000\n"
#define NULL_SINK "a.sinks.k.type = null\na.sinks.k.batchSize = 1000\na.sinks.k.channel = c\n"
#define PARTS "a.sources = r\na.channels = c\na.sinks = k\na.sources.r.channels = c\n"

struct job {
    const struct rpc *rpc;
    const char
        *sink; /* that sends to the source, when agents are chained; %s is its port or path */
    unsigned connections;
    unsigned window; /* requests that a connection has in flight */
    int durable;     /* file channels */
    unsigned flume;  /* port of the same source of Flume's; 0: none */
};

/* An agent of the contest, and the folder of its channel. */
struct agent {
    struct bench_pipe pipe;
    char folder[64];
};

static double limit(void *arg, uint64_t work)
{
    const struct job *job = arg;
    const struct rpc_load load = {job->rpc, job->connections, job->window, work / RPC_EVENTS};

    return rpc_limit(&load);
}

/* The settings of a channel; for one in a file its folder is made. */
static int add_channel(struct agent *agent, int durable, char *settings, size_t room)
{
    const char *root = getenv("FLOW_BENCH_DIR");
    size_t at = strlen(settings);

    agent->folder[0] = '\0';
    if (!durable) {
        snprintf(settings + at, room - at, MEMORY_CHANNEL);
        return 0;
    }
    snprintf(agent->folder, sizeof agent->folder, "%s/flow-bench-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(agent->folder))
        return -1;
    snprintf(settings + at, room - at,
             "a.channels.c.type = file\na.channels.c.checkpointDir = %s/control\n"
             "a.channels.c.dataDirs = %s/data\na.channels.c.capacity = 1000000\n"
             "a.channels.c.transactionCapacity = 5000\n"
             "a.channels.c.minimumRequiredSpace = 1048576\n",
             agent->folder, agent->folder);
    return 0;
}

static int agent_start(struct agent *agent, const struct job *job, const char *part,
                       const char *other, const char *place)
{
    char settings[2048] = PARTS;
    size_t at = strlen(settings);

    at += (size_t)snprintf(settings + at, sizeof settings - at, part, place);
    snprintf(settings + at, sizeof settings - at, "%s", other);
    if (add_channel(agent, job->durable, settings, sizeof settings))
        return -1;
    return bench_pipe_start(&agent->pipe, settings);
}

static void agent_stop(struct agent *agent)
{
    char command[128];

    bench_pipe_stop(&agent->pipe);
    if (!agent->folder[0])
        return;
    snprintf(command, sizeof command, "rm -r %s", agent->folder);
    if (system(command))
        fprintf(stderr, "%s failed\n", command);
}

/* Prepared requests into one agent. */
static double receive(void *arg, uint64_t work)
{
    const struct job *job = arg;
    const struct rpc_load load = {job->rpc, job->connections, job->window, work / RPC_EVENTS};
    struct agent agent;
    struct rpc_place place;
    double took = -1;

    if (rpc_place_take(job->rpc, &place, NULL))
        return -1;
    if (agent_start(&agent, job, job->rpc->settings, NULL_SINK, place.text) == 0) {
        double begin = bench_now();
        took = rpc_send(&load, &place);
        if (took > 0 &&
            bench_pipe_wait(&agent.pipe, "k", "EventDrainSuccessCount", (int64_t)work) == 0)
            took = bench_now() - begin;
    }
    agent_stop(&agent);
    rpc_place_drop(&place);
    return took;
}

/* Prepared requests into Flume. */
static double receive_flume(void *arg, uint64_t work)
{
    const struct job *job = arg;
    const struct rpc_load load = {job->rpc, job->connections, job->window, work / RPC_EVENTS};
    struct rpc_place place = {0};

    snprintf(place.text, sizeof place.text, "%u", job->flume);
    return rpc_send(&load, &place);
}

static int push_all(struct agent *agent, uint64_t work)
{
    char body[RPC_BODY];
    flow_inlet *inlet;
    flow_batch *batch;
    int rc = flow_pipeline_inlet(agent->pipe.pipeline, "r", &inlet, NULL);

    if (rc || flow_batch_new(agent->pipe.lib, &batch, NULL))
        return -1;
    memset(body, 'x', sizeof body);
    for (uint64_t done = 0; done < work && !rc; done += RPC_EVENTS) {
        flow_batch_clear(batch);
        for (unsigned i = 0; i < RPC_EVENTS && !rc; i++)
            rc = flow_batch_add(batch, body, sizeof body, NULL);
        if (!rc)
            rc = flow_inlet_push_batch(inlet, batch, 60000, NULL);
    }
    flow_batch_free(batch);
    return rc ? -1 : 0;
}

/* Pushed into one agent, which sends to another. */
static double chain(void *arg, uint64_t work)
{
    const struct job *job = arg;
    struct agent near = {0};
    struct agent far = {0};
    struct rpc_place place;
    double took = -1;

    if (rpc_place_take(job->rpc, &place, NULL))
        return -1;
    if (agent_start(&far, job, job->rpc->settings, NULL_SINK, place.text) == 0 &&
        agent_start(&near, job, job->sink, "a.sources.r.type = inlet\n", place.text) == 0) {
        double begin = bench_now();
        if (push_all(&near, work) == 0 &&
            bench_pipe_wait(&far.pipe, "k", "EventDrainSuccessCount", (int64_t)work) == 0)
            took = bench_now() - begin;
    }
    agent_stop(&near);
    agent_stop(&far);
    rpc_place_drop(&place);
    return took;
}

static int compete(const struct bench_options *options, struct job *job, const char *name,
                   double goal)
{
    struct bench_contest contest = {
        .name = name,
        .unit = "events",
        .work = job->durable ? 500000 : 1000000,
        .goal = goal,
        .entries = {{.name = "limit", .run = limit, .arg = job}},
        .count = 1,
    };
    const struct bench_entry flume = {.name = "Flume", .run = receive_flume, .arg = job};
    const struct bench_entry libflow = {
        .name = "libflow", .run = job->sink ? chain : receive, .arg = job};

    if (job->flume)
        contest.entries[contest.count++] = flume;
    contest.entries[contest.count++] = libflow;
    return bench_run(options, &contest);
}

/* The next of the ports that --flume tells; 0 when there is none. */
static unsigned take_port(const char **ports)
{
    char *end;

    if (!*ports)
        return 0;
    unsigned long port = strtoul(*ports, &end, 10);
    *ports = *end ? end + 1 : end;
    return (unsigned)port;
}

/* Takes from PORTS those of Flume's two sources: to a memory channel, and to a file channel. */
static int compete_receiving(const struct bench_options *options, const struct rpc *rpc,
                             const char **ports, double to_null, double to_file)
{
    const unsigned to_memory = take_port(ports);
    const unsigned to_disk = take_port(ports);
    struct job alone = {.rpc = rpc, .connections = 1, .window = 1, .flume = to_memory};
    char name[80];

    /* As Flume's own clients call. */
    snprintf(name, sizeof name, "%s to null, one call at a time", rpc->name);
    int rc = compete(options, &alone, name, 0);
    for (int i = 0; i < 4 && !rc; i++) {
        struct job job = {.rpc = rpc,
                          .connections = i % 2 ? 4 : 1,
                          .window = STREAM,
                          .durable = i / 2,
                          .flume = i / 2 ? to_disk : to_memory};
        snprintf(name, sizeof name, "%s to %s, connections: %u", rpc->name,
                 job.durable ? "file" : "null", job.connections);
        rc = compete(options, &job, name, job.durable ? to_file : to_null);
    }
    return rc;
}

static int compete_chained(const struct bench_options *options, const struct rpc *rpc,
                           const char *sink)
{
    int rc = 0;

    for (int durable = 0; durable < 2 && !rc; durable++) {
        struct job job = {
            .rpc = rpc, .sink = sink, .connections = 1, .window = STREAM, .durable = durable};
        char name[80];
        snprintf(name, sizeof name, "%s chained, %s channels", rpc->name,
                 durable ? "file" : "memory");
        rc = compete(options, &job, name, 0);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static const char avro_sink[] =
        "a.sinks.k.type = avro\na.sinks.k.hostname = 127.0.0.1\na.sinks.k.port = %s\n"
        "a.sinks.k.batch-size = 1000\na.sinks.k.channel = c\n";
    static const char thrift_sink[] =
        "a.sinks.k.type = thrift\na.sinks.k.hostname = 127.0.0.1\na.sinks.k.port = %s\n"
        "a.sinks.k.batch-size = 1000\na.sinks.k.channel = c\n";
    static const char ipc_sink[] = "a.sinks.k.type = ipc\na.sinks.k.path = %s\n"
                                   "a.sinks.k.batch-size = 1000\na.sinks.k.channel = c\n";
    struct bench_options options;
    struct rpc avro, compact, binary, ipc;

    if (bench_options_read(&options, argc, argv))
        return 2;
    const char *ports = options.flume;
    rpc_avro(&avro);
    rpc_thrift(&compact, 0);
    rpc_thrift(&binary, 1);
    rpc_ipc(&ipc);
    int rc = compete_receiving(&options, &avro, &ports, 3e6, 500e3);
    if (!rc)
        rc = compete_receiving(&options, &compact, &ports, 2.5e6, 500e3);
    if (!rc)
        rc = compete_receiving(&options, &binary, &ports, 2.5e6, 500e3);
    if (!rc)
        rc = compete_chained(&options, &avro, avro_sink);
    if (!rc)
        rc = compete_chained(&options, &compact, thrift_sink);
    if (!rc)
        rc = compete_receiving(&options, &ipc, &ports, 0, 0);
    if (!rc)
        rc = compete_chained(&options, &ipc, ipc_sink);
    rpc_free(&avro);
    rpc_free(&compact);
    rpc_free(&binary);
    rpc_free(&ipc);
    return rc;
}
