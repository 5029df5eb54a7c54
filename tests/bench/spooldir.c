/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of 200 bytes from one file through the spooldir source, a memory channel and the null
 * sink, against plain C that reads the file and copies each line into a block that it uses again.
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

static int write_file(const char *path, uint64_t lines)
{
    char line[LINE];
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return -1;
    memset(line, 'x', sizeof(line));
    line[LINE - 1] = '\n';
    for (uint64_t i = 0; i < lines; i++)
        fwrite(line, 1, sizeof(line), file);
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
    while ((got = read(fd, data + held, sizeof(data) - held)) > 0) {
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
    char path[512];
    snprintf(path, sizeof(path), "%s/plain", (const char *)arg);
    if (write_file(path, work) != 0)
        return -1;
    double begin = bench_now();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t lines = copy_lines(fd);
    close(fd);
    double took = bench_now() - begin;
    unlink(path);
    return lines == work ? took : -1;
}

static double run_flow(void *arg, uint64_t work)
{
    const char *folder = arg;
    struct bench_pipe pipe;
    char settings[1024];
    char from[512];
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
    snprintf(from, sizeof(from), "%s/lines", folder);
    snprintf(to, sizeof(to), "%s/spool/lines", folder);
    if (write_file(from, work) != 0 || bench_pipe_start(&pipe, settings) != 0)
        return -1;
    double begin = bench_now();
    int rc = rename(from, to);
    if (rc == 0)
        rc = bench_pipe_wait(&pipe, "k", "EventDrainSuccessCount", (int64_t)work);
    double took = bench_now() - begin;
    bench_pipe_stop(&pipe);
    unlink(to);
    return rc == 0 ? took : -1;
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
        .entries = {{.name = "limit", .run = run_plain, .arg = folder},
                    {.name = "libflow", .run = run_flow, .arg = folder}},
        .count = 2,
    };
    int rc = bench_run(&options, &contest);
    clean(folder, spool);
    return rc;
}
