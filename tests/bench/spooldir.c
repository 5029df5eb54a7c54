/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of 200 bytes from one file through the spooldir source, a memory channel and the null
 * sink, against plain C that reads the file and copies each line into a block that it uses again.
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
             "a.sources.r.type = spooldir\na.sources.r.spoolDir = %s/spool\n"
             "a.sources.r.deletePolicy = immediate\na.sources.r.batchSize = 1000\n"
             "a.sources.r.pollDelay = 1\na.sources.r.channels = c\n"
             "a.channels.c.type = memory\na.channels.c.capacity = 20000\n"
             "a.channels.c.transactionCapacity = 1000\n"
             "a.sinks.k.type = null\na.sinks.k.batchSize = 1000\na.sinks.k.channel = c\n",
             folder);
    snprintf(to, sizeof(to), "%s/spool/lines", folder);
    return bench_lines_follow(settings, folder, to, work);
}

/* Removes what is left: the source's state and the two folders. */
static void clean(const char *folder, const char *spool)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/.flumespool/.flumespool-main.meta", spool);
    unlink(path);
    snprintf(path, sizeof(path), "%s/.flumespool", spool);
    rmdir(path);
    rmdir(spool);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    struct bench_options options;
    char folder[] = "/tmp/bench-spooldir.XXXXXX";
    char spool[64];
    if (bench_options_read(&options, argc, argv) != 0)
        return 2;
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(spool, sizeof(spool), "%s/spool", folder);
    if (mkdir(spool, 0700) != 0)
        return 1;

    struct bench_contest contest = {
        .name = "spooldir lines to null",
        .unit = "lines",
        .work = 1000000,
        .goal = 12e6,
        .entries = {{.name = "limit", .run = bench_lines_copy, .arg = folder},
                    {.name = "libflow", .run = run_flow, .arg = folder}},
        .count = 2,
    };
    int rc = bench_run(&options, &contest);
    clean(folder, spool);
    return rc;
}
