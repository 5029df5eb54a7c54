/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of 200 bytes from one file through the taildir source, a memory channel and the null sink,
 * against plain C that reads the file and copies each line into a block that it uses again.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "lines.h"

static double run_flow(void *arg, uint64_t work)
{
    const char *folder = arg;
    char settings[1024];
    char to[512];
    snprintf(settings, sizeof(settings),
             "a.sources = r\na.channels = c\na.sinks = k\n"
             "a.sources.r.type = taildir\na.sources.r.filegroups = g\n"
             "a.sources.r.filegroups.g = %s/log/.*\n"
             "a.sources.r.positionFile = %s/positions\na.sources.r.batchSize = 1000\n"
             "a.sources.r.backoffSleepIncrement = 1\na.sources.r.maxBackoffSleep = 1\n"
             "a.sources.r.channels = c\n"
             "a.channels.c.type = memory\na.channels.c.capacity = 20000\n"
             "a.channels.c.transactionCapacity = 1000\n"
             "a.sinks.k.type = null\na.sinks.k.batchSize = 1000\na.sinks.k.channel = c\n",
             folder, folder);
    snprintf(to, sizeof(to), "%s/log/lines", folder);
    return bench_lines_follow(settings, folder, to, work);
}

/* Removes what is left: the positions and the two folders. */
static void clean(const char *folder, const char *log)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/positions", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/positions.ids", folder);
    unlink(path);
    rmdir(log);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    struct bench_options options;
    char folder[] = "/tmp/bench-taildir.XXXXXX";
    char log[64];
    if (bench_options_read(&options, argc, argv) != 0)
        return 2;
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(log, sizeof(log), "%s/log", folder);
    if (mkdir(log, 0700) != 0)
        return 1;

    struct bench_contest contest = {
        .name = "taildir lines to null",
        .unit = "lines",
        .work = 1000000,
        .goal = 12e6,
        .entries = {{.name = "limit", .run = bench_lines_copy, .arg = folder},
                    {.name = "libflow", .run = run_flow, .arg = folder}},
        .count = 2,
    };
    int rc = bench_run(&options, &contest);
    clean(folder, log);
    return rc;
}
