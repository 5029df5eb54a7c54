/* SPDX-License-Identifier: Apache-2.0 */

#include "server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 100   /* when a connection cannot be taken */
#define LINGER_MS 2000 /* for a client to read the last it is told */
#define FIRST_CLIENT 2 /* in what is polled, behind `wake` and the listener */

/* What a client is waited for, or what waits for it. */
enum phase {
    READING, /* more of a request */
    READY,   /* a request is there */
    HELD,    /* it can only be answered later */
    WRITING, /* room for more of an answer */
    LEAVING, /* it has been told all, and should close; a close before that might cut what it reads
              */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a client ---- */

static void drop(struct server_client *client)
{
    close(client->fd);
    free(client->in);
    free(client->out);
    *client = (struct server_client){.fd = -1};
}

/* From now on the client has MS to do something; -1: any time. */
static void await(struct server_client *client, enum phase phase, int64_t ms)
{
    client->phase = phase;
    client->until = ms < 0 ? -1 : now_ms() + ms;
}

static size_t request_size(const struct server *server, const struct server_client *client)
{
    return server->protocol->find(client->in, client->got);
}

static void leave(struct server_client *client)
{
    shutdown(client->fd, SHUT_WR);
    await(client, LEAVING, LINGER_MS);
}

/* Has an answer sent that was written to the client's `out`. */
static void answered(struct server *server, struct server_client *client, enum server_next next)
{
    client->is_last = next == SERVER_CLOSE;
    client->sent = 0;
    await(client, WRITING, server->protocol->patience);
}

static void refuse(struct server *server, struct server_client *client)
{
    FILE *out = open_memstream(&client->out, &client->size);

    if (out && server->protocol->refuse)
        server->protocol->refuse(server->self, out);
    if (out)
        fclose(out);
    answered(server, client, SERVER_CLOSE);
}

/* With no answer on its way: looks what the client wants next. */
static void turn_to(struct server *server, struct server_client *client)
{
    const struct server_protocol *protocol = server->protocol;

    if (request_size(server, client))
        await(client, READY, -1);
    else if (client->got >= protocol->room)
        refuse(server, client);
    else
        await(client, READING, client->got ? protocol->patience : protocol->idle);
}

static void answer(struct server *server, struct server_client *client)
{
    size_t size = request_size(server, client);
    FILE *out = open_memstream(&client->out, &client->size);
    char behind = client->in[size];

    if (!out) {
        drop(client);
        return;
    }
    client->in[size] = '\0';
    enum server_next next = server->protocol->answer(server->self, client->in, size, out);
    fclose(out);
    client->in[size] = behind;
    if (next == SERVER_LATER) {
        free(client->out);
        client->out = NULL;
        await(client, HELD, -1);
        return;
    }
    client->got -= size;
    memmove(client->in, client->in + size, client->got);
    answered(server, client, next);
}

static void receive(struct server *server, struct server_client *client)
{
    size_t room = server->protocol->room - client->got;
    ssize_t got = recv(client->fd, client->in + client->got, room, 0);

    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            drop(client);
        return;
    }
    client->got += (size_t)got;
    turn_to(server, client);
}

static void transmit(struct server *server, struct server_client *client)
{
    size_t left = client->size - client->sent;
    ssize_t sent = left ? send(client->fd, client->out + client->sent, left, MSG_NOSIGNAL) : 0;

    if (sent < 0) {
        if (errno != EAGAIN)
            drop(client);
        return;
    }
    client->sent += (size_t)sent;
    client->until = now_ms() + server->protocol->patience;
    if (client->sent < client->size)
        return;
    free(client->out);
    client->out = NULL;
    client->since = now_ms();
    if (client->is_last)
        leave(client);
    else
        turn_to(server, client);
}

/* Reads what is of no interest any more, until the client closes. */
static void discard(struct server_client *client)
{
    char room[4096];

    ssize_t got = recv(client->fd, room, sizeof room, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        drop(client);
}

/* Does one thing for a client of which REVENTS were found. */
static void serve(struct server *server, struct server_client *client, short revents)
{
    switch ((enum phase)client->phase) {
    case READING:
        if (revents)
            receive(server, client);
        break;
    case READY: answer(server, client); break;
    case WRITING:
        if (revents)
            transmit(server, client);
        break;
    case LEAVING:
        if (revents)
            discard(client);
        break;
    case HELD:
        if (revents & (POLLHUP | POLLERR))
            drop(client);
        break;
    }
    if (client->fd >= 0 && client->until >= 0 && client->until <= now_ms())
        drop(client);
}

/* ---- all clients ---- */

/* A free place, or that of the client which was told something longest ago. */
static struct server_client *place_for_one(struct server *server)
{
    struct server_client *oldest = &server->clients[0];

    for (size_t i = 0; i < SERVER_CLIENTS; i++) {
        struct server_client *client = &server->clients[i];
        if (client->fd < 0)
            return client;
        if (client->since < oldest->since)
            oldest = client;
    }
    drop(oldest);
    return oldest;
}

static void welcome(struct server *server, int fd)
{
    struct server_client *client = place_for_one(server);
    FILE *out = NULL;
    enum server_next next = SERVER_KEEP;

    *client = (struct server_client){.fd = fd, .since = now_ms()};
    client->in = malloc(server->protocol->room + 1);
    if (client->in)
        out = open_memstream(&client->out, &client->size);
    if (!out) {
        drop(client);
        return;
    }
    if (server->protocol->greet)
        next = server->protocol->greet(server->self, fd, out);
    fclose(out);
    answered(server, client, next);
}

static void take_one(struct server *server)
{
    struct pollfd wake = {.fd = server->wake, .events = POLLIN};
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0)
        welcome(server, fd);
    else if (errno != EAGAIN && errno != ECONNABORTED)
        poll(&wake, 1, PAUSE_MS); /* perhaps there are too many files; not at full speed */
}

static void wake_all(struct server *server)
{
    uint64_t count;

    if (read(server->wake, &count, sizeof count) != sizeof count)
        return;
    for (size_t i = 0; i < SERVER_CLIENTS; i++)
        if (server->clients[i].fd >= 0 && server->clients[i].phase == HELD)
            await(&server->clients[i], READY, -1);
}

/* Says in FDS what is waited for; returns how long that may take. */
static int prepare(const struct server *server, struct pollfd *fds)
{
    static const short wanted[] = {[READING] = POLLIN, [WRITING] = POLLOUT, [LEAVING] = POLLIN};
    int64_t least = -1;
    int64_t now = now_ms();

    for (size_t i = 0; i < SERVER_CLIENTS; i++) {
        const struct server_client *client = &server->clients[i];
        int64_t left = client->phase == READY ? 0 : client->until < 0 ? -1 : client->until - now;
        fds[i] = (struct pollfd){.fd = client->fd};
        if (client->fd < 0)
            continue;
        fds[i].events = wanted[client->phase];
        left = client->until >= 0 && left < 0 ? 0 : left;
        least = left >= 0 && (least < 0 || left < least) ? left : least;
    }
    return (int)least;
}

static void *run(void *self)
{
    struct server *server = self;
    struct pollfd fds[FIRST_CLIENT + SERVER_CLIENTS];

    fds[0] = (struct pollfd){.fd = server->wake, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = server->listener, .events = POLLIN};
    while (!atomic_load(&server->ends)) {
        if (poll(fds, FIRST_CLIENT + SERVER_CLIENTS, prepare(server, fds + FIRST_CLIENT)) < 0)
            continue;
        for (size_t i = 0; i < SERVER_CLIENTS; i++)
            if (server->clients[i].fd >= 0)
                serve(server, &server->clients[i], fds[FIRST_CLIENT + i].revents);
        if (fds[0].revents)
            wake_all(server);
        if (fds[1].revents)
            take_one(server);
    }
    return NULL;
}

/* ---- the thread ---- */

/* Signals are for the main thread. */
static int start_thread(struct server *server)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&server->thread, NULL, run, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!number)
        pthread_setname_np(server->thread, server->protocol->name);
    return number;
}

int server_start(struct server *server, int listener, const struct server_protocol *protocol,
                 void *self)
{
    server->protocol = protocol;
    server->self = self;
    server->listener = listener;
    atomic_store(&server->ends, 0);
    for (size_t i = 0; i < SERVER_CLIENTS; i++)
        server->clients[i] = (struct server_client){.fd = -1};
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int number = server->wake < 0 ? errno : start_thread(server);
    if (!number)
        return 0;
    if (server->wake >= 0)
        close(server->wake);
    close(listener);
    server->listener = -1;
    return number;
}

void server_wake(struct server *server)
{
    static const uint64_t one = 1;

    if (server->listener >= 0 && write(server->wake, &one, sizeof one) < 0)
        return; /* it is awake */
}

void server_stop(struct server *server)
{
    if (server->listener < 0)
        return;
    atomic_store(&server->ends, 1);
    server_wake(server);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < SERVER_CLIENTS; i++)
        if (server->clients[i].fd >= 0)
            drop(&server->clients[i]);
    close(server->wake);
    close(server->listener);
    server->listener = -1;
}
