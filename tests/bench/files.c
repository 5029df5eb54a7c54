/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of 200 bytes from one file through a source of files, a memory channel and the null sink,
 * against plain C that reads the file and copies each line into a block that it uses again.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "pipe.h"

#define LINE 200u /* bytes, the newline included */
#define BLOCK_LINES 1000u

/* All paths are in a folder of the program's own. */
#define PIPELINE                                                                                   \
    "a.sources = r\na.channels = c\na.sinks = k\n"                                                 \
    "a.sources.r.channels = c\na.sources.r.batchSize = 1000\n"                                     \
    "a.channels.c.type = memory\na.channels.c.capacity = 20000\n"                                  \
    "a.channels.c.transactionCapacity = 1000\n"                                                    \
    "a.sinks.k.type = null\na.sinks.k.batchSize = 1000\na.sinks.k.channel = c\n"

static const struct source {
    const char *contest;
    const char *settings;
} sources[] = {
    {"spooldir lines to null",
     PIPELINE "a.sources.r.type = spooldir\na.sources.r.spoolDir = in\n"
              "a.sources.r.deletePolicy = immediate\na.sources.r.pollDelay = 1\n"},
    {"taildir lines to null",
     PIPELINE "a.sources.r.type = taildir\na.sources.r.filegroups = g\n"
              "a.sources.r.filegroups.g = in/.*\na.sources.r.positionFile = positions\n"
              "a.sources.r.backoffSleepIncrement = 1\na.sources.r.maxBackoffSleep = 1\n"},
};

/* What they leave, in the order in which it can be removed. */
static const char *const left[] = {
    "in/.flumespool/.flumespool-main.meta", "in/.flumespool", "in", "positions", "positions.ids",
};

static int write_lines(const char *path, uint64_t lines)
{
    char line[LINE];
    FILE *file = fopen(path, "w");

    if (!file)
        return -1;
    memset(line, 'x', sizeof line);
    line[LINE - 1] = '\n';
    for (uint64_t i = 0; i < lines; i++)
        fwrite(line, 1, sizeof line, file);
    return fclose(file);
}

/* The limit: reads, finds line ends, copies each line. */
static uint64_t copy_lines(int fd)
{
    static char data[256 * 1024];
    static char block[BLOCK_LINES][LINE];
    uint64_t lines = 0;
    size_t held = 0;
    ssize_t got;

    while ((got = read(fd, data + held, sizeof data - held)) > 0) {
        char *at = data;
        char *end = data + held + got;
        char *newline;
        while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            memcpy(block[lines % BLOCK_LINES], at, (size_t)(newline - at));
            lines++;
            at = newline + 1;
        }
        held = (size_t)(end - at);
        memmove(data, at, held);
    }
    return lines;
}

static double run_plain(void *arg, uint64_t work)
{
    (void)arg;
    if (write_lines("plain", work))
        return -1;
    double begin = bench_now();
    int fd = open("plain", O_RDONLY | O_CLOEXEC);
    uint64_t copied = copy_lines(fd);
    close(fd);
    double took = bench_now() - begin;
    unlink("plain");
    return copied == work ? took : -1;
}

/* The seconds from when a file moves into the folder until the sink has all of it. */
static double run_flow(void *arg, uint64_t work)
{
    const struct source *source = arg;
    struct bench_pipe pipe;

    if (write_lines("lines", work) || bench_pipe_start(&pipe, source->settings))
        return -1;
    double begin = bench_now();
    int rc = rename("lines", "in/lines");
    if (!rc)
        rc = bench_pipe_wait(&pipe, "k", "EventDrainSuccessCount", (int64_t)work);
    double took = bench_now() - begin;
    bench_pipe_stop(&pipe);
    unlink("in/lines");
    return rc ? -1 : took;
}

static int compete(const struct bench_options *options, const struct source *source)
{
    struct bench_contest contest = {
        .name = source->contest,
        .unit = "lines",
        .work = 1000000,
        .goal = 12e6,
        .entries = {{.name = "limit", .run = run_plain},
                    {.name = "libflow", .run = run_flow, .arg = (void *)source}},
        .count = 2,
    };

    if (mkdir("in", 0700))
        return 1;
    int rc = bench_run(options, &contest);
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        remove(left[i]);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench_options options;
    char folder[] = "/tmp/bench-files.XXXXXX";
    int rc = bench_options_read(&options, argc, argv);

    if (rc)
        return rc;
    if (!mkdtemp(folder) || chdir(folder))
        return 1;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0] && !rc; i++)
        rc = compete(&options, &sources[i]);
    rmdir(folder);
    return rc;
}
