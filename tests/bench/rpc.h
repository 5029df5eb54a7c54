/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_RPC_H
#define TESTS_BENCH_RPC_H

/*
 * Requests of many events and their answers, by plain C: what sends them to a source under
 * measurement, and what receives them in its place, which is the limit.
 */

#include <stddef.h>
#include <stdint.h>

#define RPC_EVENTS 1000u /* in a request */
#define RPC_BODY 500u    /* bytes of an event, which has no headers */
#define RPC_CONNECTIONS_MAX 16u

/* A protocol, with a request prepared that is sent again and again. */
struct rpc {
    const char *name;     /* what contests call it */
    const char *settings; /* of the source `r`, with %s in the place of its port or path */
    int local;            /* a Unix-domain socket instead of TCP */
    uint8_t *first;       /* the first request of a connection, for what only that one has */
    size_t first_size;
    uint8_t *next; /* the others */
    size_t next_size;
    size_t serial; /* bytes at the front of each that are a number, big-endian, which counts up */
    const uint8_t *answer; /* what the limit answers */
    size_t answer_size;

    /* The size of the answer that the SIZE bytes at DATA begin with; 0 when it is not whole. */
    size_t (*measure)(const uint8_t *data, size_t size);
};

/* rpc_text.c: they end the program when there is no memory. */
void rpc_avro(struct rpc *rpc);
void rpc_ipc(struct rpc *rpc);
void rpc_thrift(struct rpc *rpc, int binary);
void rpc_free(struct rpc *rpc);

/* Where a receiver listens: a free port, or a path of a folder of its own. */
struct rpc_place {
    char text[64];
    char folder[40]; /* empty for a port */
};

/* Finds a place; with LISTENER, listens there.  Returns 0 or -1. */
int rpc_place_take(const struct rpc *rpc, struct rpc_place *place, int *listener);
void rpc_place_drop(struct rpc_place *place);

struct rpc_load {
    const struct rpc *rpc;
    unsigned connections;
    unsigned window;   /* requests that a connection has in flight */
    uint64_t requests; /* of all connections */
};

/* Sends a load and waits for all answers; returns the seconds that took, or negative. */
double rpc_send(const struct rpc_load *load, const struct rpc_place *place);

/* Sends a load to a receiver that only counts bytes, and answers where a request ends. */
double rpc_limit(const struct rpc_load *load);

#endif
