/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is tortured.  A scene succeeds only when everything it began has arrived; one that ran out
 * of patience, because a component rests after a fault, fails with FLOW_ETIMEDOUT.
 */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "agent.h"
#include "torture_consumers.h"
#include "torture_durable.h"

#define LINES "one\ntwo\nthree\n"
#define LINE_COUNT 3

static int out_of_patience(const char *what, flow_error **err)
{
    return flow_error_set(err, FLOW_ETIMEDOUT, what);
}

/* ---- what happens around an agent ---- */

static int spool(struct torture_place *place, flow_library *lib, flow_error **err)
{
    char path[2 * TORTURE_PATH];

    (void)lib;
    snprintf(path, sizeof path, "%s/spool", place->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/out", place->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/spool/lines", place->folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, LINES, strlen(LINES)) != (ssize_t)strlen(LINES))
        return flow_error_set(err, FLOW_EIO, "the scene has no file");
    close(fd);
    return FLOW_OK;
}

static int dial(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Sends the lines and reads an answer to each, or until the agent hangs up. */
static int converse(int fd, int patience_ms)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    int answers = 0;
    ssize_t size;
    char text[64];

    if (send(fd, LINES, strlen(LINES), MSG_NOSIGNAL) < 0)
        return 0;
    while (answers < LINE_COUNT && poll(&readable, 1, patience_ms) > 0 &&
           (size = read(fd, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < size; i++)
            answers += text[i] == '\n';
    }
    return answers == LINE_COUNT;
}

static int talk(struct torture_place *place, flow_library *lib, flow_error **err)
{
    (void)lib;
    int fd = atomic_load(&place->port) > 0 ? dial(atomic_load(&place->port)) : -1;
    int answered = fd >= 0 && converse(fd, place->patience_ms);

    if (fd >= 0)
        close(fd);
    return answered ? FLOW_OK : out_of_patience("netcat does not answer", err);
}

/* ---- scenes without an agent ---- */

static int check_text(flow_library *lib, const char *text, int32_t format, flow_report **report,
                      flow_error **err)
{
    flow_config *config = NULL;
    int result = flow_config_new(lib, &config, err);

    if (result == FLOW_OK)
        result = flow_config_parse(config, "agent", text, strlen(text), format, err);
    if (result == FLOW_OK)
        result = flow_config_check(config, "a", report, err);
    flow_config_free(config);
    return result;
}

/* Checks TEXT, which has so many errors and warnings. */
static int check_counts(flow_library *lib, const char *text, int32_t format, size_t findings,
                        flow_error **err)
{
    flow_report *report = NULL;
    flow_diagnostic one = {.struct_size = sizeof one};
    int result = check_text(lib, text, format, &report, err);

    if (result == FLOW_OK && flow_report_count(report, 0) != findings)
        result = flow_error_set(err, FLOW_ESTATE, "the report has other findings");
    for (size_t i = 0; result == FLOW_OK && i < findings; i++)
        result = flow_report_get(report, i, &one);
    flow_report_free(report);
    return result;
}

static int check_sound(struct torture_place *place, flow_library *lib, flow_error **err)
{
    static const char yaml[] = "agents:\n"
                               "  a:\n"
                               "    sources:\n"
                               "      r1:\n"
                               "        type: netcat\n"
                               "        bind: localhost\n"
                               "        port: 44444\n"
                               "        channels: [c1]\n"
                               "        interceptors:\n"
                               "          i1: {type: timestamp}\n"
                               "          i2: {type: host, useIP: false}\n"
                               "    channels:\n"
                               "      c1: {type: memory, capacity: 1000}\n"
                               "    sinks:\n"
                               "      k1: {type: logger, channel: c1}\n";

    (void)place;
    return check_counts(lib, yaml, FLOW_FORMAT_YAML, 0, err);
}

static int check_faulty(struct torture_place *place, flow_library *lib, flow_error **err)
{
    static const char faulty[] = "a.sources = r1 r2\n"
                                 "a.channels = c1 c2\n"
                                 "a.sinks = k1 k2\n"
                                 "a.sources.r1.type = netcta\n"
                                 "a.sources.r1.channels = c1\n"
                                 "a.sources.r2.type = netcat\n"
                                 "a.sources.r2.channels = c9\n"
                                 "a.sources.r2.port = many\n"
                                 "a.sources.r2.ack-every-evnt = true\n"
                                 "a.channels.c1.type = memory # quick\n"
                                 "a.channels.c1.capacity = 1\n"
                                 "a.channels.c2.typ = memory\n"
                                 "a.sinks.k1.type = hdfs\n"
                                 "a.sinks.k1.channel = c1\n"
                                 "a.sinks.k2.type = file_roll\n"
                                 "b.sources = x\n"
                                 "nonsense\n";
    flow_report *report = NULL;

    (void)place;
    int result = check_text(lib, faulty, FLOW_FORMAT_PROPERTIES, &report, err);
    if (result == FLOW_OK && flow_report_count(report, FLOW_SEVERITY_ERROR) < 6)
        result = flow_error_set(err, FLOW_ESTATE, "the report lacks errors");
    flow_report_free(report);
    return result;
}

static int load_plugin(struct torture_place *place, flow_library *lib, flow_error **err)
{
    flow_type_info info = {.struct_size = sizeof info};
    int result = flow_plugin_load(lib, place->plugin, err);

    return result != FLOW_OK ? result
                             : flow_registry_find(flow_library_registry(lib), FLOW_KIND_SINK,
                                                  "test-good", &info, err);
}

/* ---- the scenes ---- */

#define MEMORY_CHANNEL                                                                             \
    "a.channels = c\n"                                                                             \
    "a.channels.c.type = memory\n"

#define SPOOLDIR                                                                                   \
    "a.sources = in\n"                                                                             \
    "a.sources.in.type = spooldir\n"                                                               \
    "a.sources.in.channels = c\n"                                                                  \
    "a.sources.in.spoolDir = %1$s/spool\n"                                                         \
    "a.sinks = out\n"                                                                              \
    "a.sinks.out.channel = c\n" MEMORY_CHANNEL

static const char interceptors[] = "a.sources = in\n"
                                   "a.sources.in.type = inlet\n"
                                   "a.sources.in.channels = c\n"
                                   "a.sources.in.interceptors = i1 i2 i3\n"
                                   "a.sources.in.interceptors.i1.type = timestamp\n"
                                   "a.sources.in.interceptors.i2.type = host\n"
                                   "a.sources.in.interceptors.i3.type = static\n"
                                   "a.sources.in.interceptors.i3.key = colour\n"
                                   "a.sources.in.interceptors.i3.value = blue\n"
                                   "a.sinks = out\n"
                                   "a.sinks.out.type = outlet\n"
                                   "a.sinks.out.channel = c\n" MEMORY_CHANNEL;

static const char seq[] = "a.sources = in\n"
                          "a.sources.in.type = seq\n"
                          "a.sources.in.channels = c\n"
                          "a.sources.in.totalEvents = 20\n"
                          "a.sinks = out\n"
                          "a.sinks.out.type = null\n"
                          "a.sinks.out.channel = c\n" MEMORY_CHANNEL;

static const char roll[] = SPOOLDIR "a.sinks.out.type = file_roll\n"
                                    "a.sinks.out.sink.directory = %1$s/out\n";

static const char hdfs[] = SPOOLDIR "a.sinks.out.type = hdfs\n"
                                    "a.sinks.out.hdfs.path = file://%1$s/out/%%Y\n"
                                    "a.sinks.out.hdfs.useLocalTimeStamp = true\n"
                                    "a.sinks.out.hdfs.fileType = DataStream\n";

static const char follow[] = "a.sources = in\n"
                             "a.sources.in.type = taildir\n"
                             "a.sources.in.filegroups = g\n"
                             "a.sources.in.filegroups.g = %1$s/spool/l.*\n"
                             "a.sources.in.headers.g.kind = log\n"
                             "a.sources.in.fileHeader = true\n"
                             "a.sources.in.positionFile = %1$s/out/positions\n"
                             "a.sources.in.writePosInterval = 1\n"
                             "a.sources.in.maxBackoffSleep = 10\n"
                             "a.sources.in.channels = c\n"
                             "a.sinks = out\n"
                             "a.sinks.out.type = null\n"
                             "a.sinks.out.channel = c\n" MEMORY_CHANNEL;

static const char exec[] = "a.sources = in\n"
                           "a.sources.in.type = exec\n"
                           "a.sources.in.command = echo hello\n"
                           "a.sources.in.channels = c\n"
                           "a.sinks = out\n"
                           "a.sinks.out.type = null\n"
                           "a.sinks.out.channel = c\n" MEMORY_CHANNEL;

static const char netcat[] = "a.sources = in\n"
                             "a.sources.in.type = netcat\n"
                             "a.sources.in.bind = 127.0.0.1\n"
                             "a.sources.in.port = 0\n"
                             "a.sources.in.channels = c\n"
                             "a.sinks = out\n"
                             "a.sinks.out.type = null\n"
                             "a.sinks.out.channel = c\n" MEMORY_CHANNEL;

const struct torture_scene torture_scenes[] = {
    {.name = "memory", .agent = agent_memory, .pushes = 20},
    {.name = "network", .agent = agent_network, .pushes = 20},
    {.name = "interceptors", .agent = interceptors, .pushes = 20},
    {.name = "seq", .agent = seq, .delivers = 20, .recovers = 1},
    {.name = "roll", .agent = roll, .delivers = LINE_COUNT, .recovers = 1, .prepare = spool},
    {.name = "hdfs", .agent = hdfs, .delivers = LINE_COUNT, .recovers = 1, .prepare = spool},
    {.name = "follow", .agent = follow, .delivers = LINE_COUNT, .recovers = 1, .prepare = spool},
    {.name = "netcat", .agent = netcat, .delivers = LINE_COUNT, .act = talk},
    {.name = "exec", .agent = exec, .delivers = 1},
    {.name = "sound", .act = check_sound},
    {.name = "faulty", .act = check_faulty},
    {.name = "plugin", .act = load_plugin},
    {.name = "durable", .act = torture_durable, .recovers = 1},
    {.name = "consumers", .act = torture_consumers, .recovers = 1},
    {.name = "sealed", .act = torture_sealed, .recovers = 1},
    {.name = NULL},
};

/* ---- living ---- */

/* Waits until the agent's sink has delivered so many events. */
static int await(struct torture_place *place, flow_pipeline *pipeline, int count, flow_error **err)
{
    for (int waited = 0; waited <= place->patience_ms; waited++) {
        flow_metrics *metrics = NULL;
        int64_t delivered = 0;
        if (flow_pipeline_metrics(pipeline, &metrics, NULL) == FLOW_OK)
            delivered = flow_metrics_value(metrics, "out", "EventDrainSuccessCount");
        flow_metrics_free(metrics);
        if (delivered >= count)
            return FLOW_OK;
        usleep(1000);
    }
    return out_of_patience("the sink has not got everything", err);
}

static int make_pipeline(flow_library *lib, const char *text, flow_pipeline **pipeline,
                         flow_error **err)
{
    flow_config *config = NULL;
    int result = flow_config_new(lib, &config, err);

    if (result == FLOW_OK)
        result = flow_config_parse(config, "agent.conf", text, strlen(text), FLOW_FORMAT_PROPERTIES,
                                   err);
    if (result == FLOW_OK)
        result = flow_pipeline_new(lib, config, "a", 0, pipeline, err);
    flow_config_free(config);
    return result;
}

static int run_agent(const struct torture_scene *scene, struct torture_place *place,
                     flow_library *lib, flow_error **err)
{
    flow_pipeline *pipeline = NULL;
    char text[2048];

    snprintf(text, sizeof text, scene->agent, place->folder);
    int result = make_pipeline(lib, text, &pipeline, err);
    if (result == FLOW_OK)
        result = flow_pipeline_start(pipeline, err);
    if (result == FLOW_OK && scene->act)
        result = scene->act(place, lib, err);
    if (result == FLOW_OK)
        result = await(place, pipeline, scene->delivers, err);
    int stopped = flow_pipeline_stop(pipeline, AGENT_PATIENCE_MS, result == FLOW_OK ? err : NULL);
    flow_pipeline_free(pipeline, NULL);
    return result != FLOW_OK || pipeline == NULL ? result : stopped;
}

static int push_through(const struct torture_scene *scene, flow_library *lib, flow_error **err)
{
    struct agent agent;
    int result = agent_start(&agent, lib, scene->agent, err);

    if (result != FLOW_OK)
        return result;
    int pushed = agent_push(&agent, (size_t)scene->pushes, err);
    result = agent_finish(&agent, pushed == FLOW_OK ? err : NULL);
    return pushed != FLOW_OK ? pushed : result;
}

static int live_in(const struct torture_scene *scene, struct torture_place *place,
                   flow_library *lib, flow_error **err)
{
    int result = scene->prepare ? scene->prepare(place, lib, err) : FLOW_OK;

    if (result != FLOW_OK)
        return result;
    if (scene->pushes > 0)
        return push_through(scene, lib, err);
    return scene->agent ? run_agent(scene, place, lib, err) : scene->act(place, lib, err);
}

/* A free port is told nowhere but in the log. */
static void hear(void *self, const flow_log_record *record)
{
    static const char before[] = "listening on 127.0.0.1:";
    struct torture_place *place = self;

    if (strncmp(record->message, before, strlen(before)) == 0)
        atomic_store(&place->port, atoi(record->message + strlen(before)));
}

int torture_live(const struct torture_scene *scene, struct torture_place *place, flow_error **err)
{
    const flow_library_options options = {
        .struct_size = sizeof options,
        .log = hear,
        .log_self = place,
    };
    flow_library *lib = NULL;

    atomic_store(&place->port, 0);
    int result = flow_library_new(&options, &lib, err);
    if (result != FLOW_OK)
        return result;
    result = live_in(scene, place, lib, err);
    int freed = flow_library_free(lib, result == FLOW_OK ? err : NULL);
    return result != FLOW_OK ? result : freed;
}
