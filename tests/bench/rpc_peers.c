/* SPDX-License-Identifier: Apache-2.0 */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"
#include "rpc.h"

/* An address of either kind. */
union address {
    struct sockaddr any;
    struct sockaddr_in tcp;
    struct sockaddr_un local;
};

static socklen_t address_of(const struct rpc *rpc, const char *place, union address *address)
{
    memset(address, 0, sizeof *address);
    if (rpc->local) {
        address->local.sun_family = AF_UNIX;
        snprintf(address->local.sun_path, sizeof address->local.sun_path, "%s", place);
        return sizeof address->local;
    }
    address->tcp.sin_family = AF_INET;
    address->tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address->tcp.sin_port = htons((uint16_t)atoi(place));
    return sizeof address->tcp;
}

/* A folder for the socket, or the number 0 for any port. */
static int prepare(const struct rpc *rpc, struct rpc_place *place)
{
    strcpy(place->text, "0");
    place->folder[0] = '\0';
    if (!rpc->local)
        return 0;
    strcpy(place->folder, "/tmp/flow-bench-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->text, sizeof place->text, "%s/socket", place->folder);
    return 0;
}

int rpc_place_take(const struct rpc *rpc, struct rpc_place *place, int *listener)
{
    union address address;

    if (prepare(rpc, place))
        return -1;
    if (rpc->local && !listener)
        return 0;
    socklen_t size = address_of(rpc, place->text, &address);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, &address.any, size) || listen(fd, RPC_CONNECTIONS_MAX) ||
        getsockname(fd, &address.any, &size)) {
        close(fd);
        return -1;
    }
    if (!rpc->local)
        snprintf(place->text, sizeof place->text, "%u", (unsigned)ntohs(address.tcp.sin_port));
    if (listener)
        *listener = fd;
    else
        close(fd);
    return 0;
}

void rpc_place_drop(struct rpc_place *place)
{
    if (!place->folder[0])
        return;
    unlink(place->text);
    rmdir(place->folder);
}

/* ---- the sender ---- */

struct sender {
    pthread_t thread;
    const struct rpc_load *load;
    uint64_t requests;
    int fd;
    int failed;
    uint8_t answers[4096];
    size_t waiting; /* bytes of these */
};

static int dial(const struct rpc *rpc, const struct rpc_place *place)
{
    union address address;
    socklen_t size = address_of(rpc, place->text, &address);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, &address.any, size)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int send_all(int fd, struct iovec *parts, size_t count)
{
    while (count > 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0)
            return -1;
        for (; count > 0 && (size_t)sent >= parts->iov_len; parts++, count--)
            sent -= (ssize_t)parts->iov_len;
        if (count > 0) {
            parts->iov_base = (uint8_t *)parts->iov_base + sent;
            parts->iov_len -= (size_t)sent;
        }
    }
    return 0;
}

static int send_request(struct sender *sender, uint64_t number)
{
    const struct rpc *rpc = sender->load->rpc;
    uint8_t *text = number ? rpc->next : rpc->first;
    size_t size = number ? rpc->next_size : rpc->first_size;
    uint32_t serial = htonl((uint32_t)number + 1);
    struct iovec parts[] = {{&serial, rpc->serial}, {text + rpc->serial, size - rpc->serial}};

    return send_all(sender->fd, parts, 2);
}

/* Waits for answers; returns how many came, or -1. */
static int take_answers(struct sender *sender)
{
    const struct rpc *rpc = sender->load->rpc;
    ssize_t got = recv(sender->fd, sender->answers + sender->waiting,
                       sizeof sender->answers - sender->waiting, 0);
    size_t at = 0;
    size_t one;
    int count = 0;

    if (got <= 0)
        return -1;
    sender->waiting += (size_t)got;
    for (; (one = rpc->measure(sender->answers + at, sender->waiting - at)) > 0; at += one)
        count++;
    memmove(sender->answers, sender->answers + at, sender->waiting - at);
    sender->waiting -= at;
    return count;
}

static void *send_thread(void *arg)
{
    struct sender *sender = arg;
    uint64_t sent = 0;
    uint64_t answered = 0;

    while (answered < sender->requests && !sender->failed) {
        /* Flume mixes up what comes before its answer to the first. */
        unsigned window = answered ? sender->load->window : 1;
        if (sent < sender->requests && sent - answered < window) {
            sender->failed = send_request(sender, sent++) != 0;
            continue;
        }
        int answers = take_answers(sender);
        sender->failed = answers < 0;
        answered += (uint64_t)answers;
    }
    return NULL;
}

double rpc_send(const struct rpc_load *load, const struct rpc_place *place)
{
    struct sender senders[RPC_CONNECTIONS_MAX] = {0};
    int failed = 0;

    for (unsigned i = 0; i < load->connections; i++) {
        senders[i].load = load;
        senders[i].requests = load->requests / load->connections;
        senders[i].fd = dial(load->rpc, place);
        failed |= senders[i].fd < 0;
    }
    senders[0].requests += load->requests % load->connections;

    double begin = bench_now();
    for (unsigned i = 0; i < load->connections && !failed; i++)
        pthread_create(&senders[i].thread, NULL, send_thread, &senders[i]);
    for (unsigned i = 0; i < load->connections && !failed; i++)
        pthread_join(senders[i].thread, NULL);
    double took = bench_now() - begin;
    for (unsigned i = 0; i < load->connections; i++) {
        failed |= senders[i].failed;
        close(senders[i].fd);
    }
    return failed ? -1 : took;
}

/* ---- the limit ---- */

struct receiver {
    pthread_t thread;
    const struct rpc *rpc;
    int fd;
};

/* Answers each request whose last byte has come. */
static int answer(const struct receiver *receiver, uint64_t came, uint64_t *end)
{
    const struct rpc *rpc = receiver->rpc;

    for (; came >= *end; *end += rpc->next_size) {
        if (send(receiver->fd, rpc->answer, rpc->answer_size, MSG_NOSIGNAL) < 0)
            return -1;
    }
    return 0;
}

static void *receive_thread(void *arg)
{
    struct receiver *receiver = arg;
    size_t room = (size_t)256 * 1024;
    uint8_t *data = malloc(room);
    uint64_t end = receiver->rpc->first_size;
    uint64_t came = 0;
    ssize_t got;

    while (data && (got = recv(receiver->fd, data, room, 0)) > 0) {
        came += (uint64_t)got;
        if (answer(receiver, came, &end))
            break;
    }
    free(data);
    close(receiver->fd);
    return NULL;
}

struct acceptor {
    const struct rpc_load *load;
    int listener;
};

static void *accept_thread(void *arg)
{
    struct acceptor *acceptor = arg;
    struct receiver receivers[RPC_CONNECTIONS_MAX];
    unsigned count = 0;

    while (count < acceptor->load->connections) {
        struct receiver *next = &receivers[count];
        next->rpc = acceptor->load->rpc;
        next->fd = accept(acceptor->listener, NULL, NULL);
        if (next->fd < 0 || pthread_create(&next->thread, NULL, receive_thread, next))
            break;
        count++;
    }
    while (count-- > 0)
        pthread_join(receivers[count].thread, NULL);
    return NULL;
}

double rpc_limit(const struct rpc_load *load)
{
    struct acceptor acceptor = {.load = load};
    struct rpc_place place;
    pthread_t thread;

    if (rpc_place_take(load->rpc, &place, &acceptor.listener))
        return -1;
    pthread_create(&thread, NULL, accept_thread, &acceptor);
    double took = rpc_send(load, &place);
    shutdown(acceptor.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(acceptor.listener);
    rpc_place_drop(&place);
    return took;
}
