/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SERVER_H
#define CLI_SERVER_H

/*
 * Answers the clients of a listening socket in one thread.  None waits for another one that is
 * slow: of each there are at most one request and one answer in memory, and a client gets no second
 * answer before it has taken the first and everybody else had a turn.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdint.h>

#define SERVER_CLIENTS 64 /* when another comes, the one told something longest ago has to go */

enum server_next {
    SERVER_KEEP,  /* the client may ask again */
    SERVER_CLOSE, /* it gets what was written, and no more */
    SERVER_LATER, /* nothing can be said yet; ask again after server_wake */
};

/* What is spoken.  SELF is what server_start was given. */
struct server_protocol {
    const char *name; /* of the thread, up to 15 bytes */
    size_t room;      /* bytes of the longest request */
    int64_t patience; /* ms for a client to go on with its request, or to take some more */
    int64_t idle;     /* ms for it to begin a request; -1: any time */

    /* How many of the SIZE bytes at DATA are the first request; 0: its end is still to come. */
    size_t (*find)(const char *data, size_t size);

    /* Writes what a client is told first; NULL: nothing.  FD is its connection. */
    enum server_next (*greet)(void *self, int fd, FILE *out);

    /* Answers a request, of SIZE bytes and behind them a NUL. */
    enum server_next (*answer)(void *self, const char *request, size_t size, FILE *out);

    /* Writes what a client is told that sends more than there is room for; NULL: nothing. */
    void (*refuse)(void *self, FILE *out);
};

struct server_client {
    int fd; /* -1: this place is free */
    int phase;
    int64_t since; /* when it came, or had its last answer; ms */
    int64_t until; /* when it has to have done something; -1: any time */
    char *in;      /* what came of its requests */
    size_t got;
    char *out; /* an answer on its way */
    size_t size, sent;
    int is_last; /* this one */
};

struct server {
    const struct server_protocol *protocol;
    void *self;
    pthread_t thread;
    int listener; /* -1: nothing is served */
    int wake;     /* an eventfd */
    _Atomic int ends;
    struct server_client clients[SERVER_CLIENTS];
};

/*
 * Begins to serve LISTENER, which listens, does not block and is the server's from then on.
 * Returns 0, or an errno after it has closed LISTENER.
 */
int server_start(struct server *server, int listener, const struct server_protocol *protocol,
                 void *self);

/* Asks again who was told to come later. */
void server_wake(struct server *server);

/* Closes all connections.  Does nothing where nothing is served. */
void server_stop(struct server *server);

#endif
