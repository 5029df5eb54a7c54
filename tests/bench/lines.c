/* SPDX-License-Identifier: Apache-2.0 */

#include "lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "pipe.h"

#define BLOCK_LINES 1000u

int bench_lines_write(const char *path, uint64_t lines)
{
    char line[BENCH_LINE];
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return -1;
    memset(line, 'x', sizeof(line));
    line[BENCH_LINE - 1] = '\n';
    for (uint64_t i = 0; i < lines; i++)
        fwrite(line, 1, sizeof(line), file);
    return fclose(file);
}

/* The limit: reads, finds line ends, copies each line. */
static uint64_t copy_lines(int fd)
{
    static char data[256 * 1024];
    static char block[BLOCK_LINES][BENCH_LINE];
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

double bench_lines_copy(void *folder, uint64_t lines)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/plain", (const char *)folder);
    if (bench_lines_write(path, lines) != 0)
        return -1;
    double begin = bench_now();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t copied = copy_lines(fd);
    close(fd);
    double took = bench_now() - begin;
    unlink(path);
    return copied == lines ? took : -1;
}

double bench_lines_follow(const char *settings, const char *folder, const char *path,
                          uint64_t lines)
{
    struct bench_pipe pipe;
    char from[512];
    snprintf(from, sizeof(from), "%s/lines", folder);
    if (bench_lines_write(from, lines) != 0 || bench_pipe_start(&pipe, settings) != 0)
        return -1;
    double begin = bench_now();
    int rc = rename(from, path);
    if (rc == 0)
        rc = bench_pipe_wait(&pipe, "k", "EventDrainSuccessCount", (int64_t)lines);
    double took = bench_now() - begin;
    bench_pipe_stop(&pipe);
    unlink(path);
    return rc == 0 ? took : -1;
}
