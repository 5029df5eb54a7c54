/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of 500 bytes over one loopback connection into the netcat source, a memory channel and the
 * null sink, against a plain receiver that only finds the ends of lines.
 */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "pipe.h"

#define LINE 500u /* bytes, the newline included */
#define CHUNK_LINES 512u

struct sender {
    char *chunk;
    int fd;
    uint64_t lines;
    int failed;
};

/* A listening socket on a free port, or only such a port when LISTENER is NULL. */
static int take_port(int *listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("bench: port");
        exit(1);
    }
    if (listener)
        *listener = fd;
    else
        close(fd);
    return ntohs(address.sin_port);
}

static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void send_lines(struct sender *sender)
{
    for (uint64_t left = sender->lines; left > 0 && !sender->failed;) {
        uint64_t lines = left < CHUNK_LINES ? left : CHUNK_LINES;
        size_t size = lines * LINE;
        for (size_t sent = 0; sent < size;) {
            ssize_t rc = send(sender->fd, sender->chunk + sent, size - sent, MSG_NOSIGNAL);
            if (rc < 0) {
                sender->failed = 1;
                return;
            }
            sent += (size_t)rc;
        }
        left -= lines;
    }
}

static void *send_thread(void *arg)
{
    struct sender *sender = arg;
    send_lines(sender);
    shutdown(sender->fd, SHUT_WR);
    return NULL;
}

/* The limit: receives and finds line ends. */
static uint64_t count_lines(int fd)
{
    static char data[256 * 1024];
    uint64_t lines = 0;
    ssize_t got;
    while ((got = recv(fd, data, sizeof(data), 0)) > 0) {
        char *at = data;
        char *end = data + got;
        while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            lines++;
            at++;
        }
    }
    return lines;
}

static double run_plain(void *arg, uint64_t work)
{
    struct sender sender = {.chunk = arg, .lines = work};
    int listener;
    pthread_t thread;
    sender.fd = dial(take_port(&listener));
    int fd = accept(listener, NULL, NULL);
    double begin = bench_now();
    pthread_create(&thread, NULL, send_thread, &sender);
    uint64_t lines = count_lines(fd);
    double took = bench_now() - begin;
    pthread_join(thread, NULL);
    close(fd);
    close(sender.fd);
    close(listener);
    return lines == work && !sender.failed ? took : -1;
}

static double run_flow(void *arg, uint64_t work)
{
    struct sender sender = {.chunk = arg, .lines = work};
    struct bench_pipe pipe;
    pthread_t thread;
    char settings[1024];
    int port = take_port(NULL);
    snprintf(settings, sizeof(settings),
             "a.sources = r\na.channels = c\na.sinks = k\n"
             "a.sources.r.type = netcat\na.sources.r.bind = 127.0.0.1\na.sources.r.port = %d\n"
             "a.sources.r.ack-every-event = false\na.sources.r.channels = c\n"
             "a.channels.c.type = memory\na.channels.c.capacity = 20000\n"
             "a.channels.c.transactionCapacity = 5000\n"
             "a.sinks.k.type = null\na.sinks.k.batchSize = 1000\na.sinks.k.channel = c\n",
             port);
    if (bench_pipe_start(&pipe, settings) != 0)
        return -1;
    sender.fd = dial(port);
    double begin = bench_now();
    pthread_create(&thread, NULL, send_thread, &sender);
    int rc = bench_pipe_wait(&pipe, "k", "EventDrainSuccessCount", (int64_t)work);
    double took = bench_now() - begin;
    shutdown(sender.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(sender.fd);
    bench_pipe_stop(&pipe);
    return rc == 0 && !sender.failed ? took : -1;
}

int main(int argc, char **argv)
{
    struct bench_options options;
    if (bench_options_read(&options, argc, argv) != 0)
        return 2;
    char *chunk = malloc((size_t)CHUNK_LINES * LINE);
    if (!chunk)
        return 1;
    memset(chunk, 'x', (size_t)CHUNK_LINES * LINE);
    for (size_t i = 1; i <= CHUNK_LINES; i++)
        chunk[i * LINE - 1] = '\n';

    struct bench_contest contest = {
        .name = "netcat lines to null",
        .unit = "lines",
        .work = 1000000,
        .goal = 3e6,
        .entries = {{.name = "limit", .run = run_plain, .arg = chunk},
                    {.name = "libflow", .run = run_flow, .arg = chunk}},
        .count = 2,
    };
    int rc = bench_run(&options, &contest);
    free(chunk);
    return rc;
}
