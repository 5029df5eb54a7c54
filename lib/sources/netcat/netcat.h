/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_NETCAT_NETCAT_H
#define FL_SOURCES_NETCAT_NETCAT_H

/*
 * The inside of the netcat source.  Its worker, a thread of its own, turns what the server read
 * into a batch of lines, emits it when nothing more waits or the batch is full, and only then
 * answers.  All but the first block belongs to the worker while it runs.
 */

#include <flow/source.h>

#include "base/thread.h"
#include "base/charset.h"
#include "net/line.h"
#include "net/server.h"

/* Turns of connections in one batch. */
#define NETCAT_TURNS 256

/* What a connection has in a batch: lines, and how it ends behind them, if it does. */
struct netcat_turn {
    struct fl_conn *conn;
    uint64_t lines;
    int too_long;
    int ended;
};

struct netcat {
    flow_context *ctx;
    const flow_allocator *mem;
    const char *host;
    uint16_t port;
    int ack;
    size_t longest;       /* UTF-16 units of a line, newline included */
    const char *encoding; /* NULL for UTF-8 */
    flow_counter *refused;
    flow_counter *too_long;
    flow_counter *unfinished;

    flow_emitter *emitter;
    struct fl_server *server;
    struct fl_thread worker;

    flow_batch *batch;
    size_t batch_max;   /* events */
    size_t batch_bytes; /* of bodies */
    struct netcat_turn turns[NETCAT_TURNS];
    size_t turn_count;
    struct fl_charset *repairer; /* of text that is not quite UTF-8 */
    struct fl_buf text;
    struct fl_buf answer;
};

/* What the worker keeps for a connection; zeroed at first. */
struct netcat_peer {
    struct fl_lines lines;
    struct fl_charset *charset; /* NULL for UTF-8 */
    struct fl_buf undecoded;    /* the beginning of a character, or of the text */
    size_t check_at;            /* the size at which an unfinished line may be too long */
    unsigned known : 1;         /* the above was set up */
    unsigned sniffed : 1;       /* the text's byte order is settled */
    unsigned deaf : 1;          /* what comes is no longer looked at */
};

/* The worker: runs until the server has ended. */
void netcat_work(void *self);

/* lines.c: from pieces to lines of UTF-8. */

/* Adds what PIECE completes to the batch. */
void netcat_feed(struct netcat *nc, struct fl_conn *conn, const uint8_t *data, size_t size);

/* Counts what was not completed, and frees. */
void netcat_forget(struct netcat *nc, struct fl_conn *conn);

/* worker.c: what lines.c finds. */

/* Adds one line, which is valid UTF-8. */
void netcat_add(struct netcat *nc, struct fl_conn *conn, const void *line, size_t size);

/* Refuses a line that is too long, and the connection with it. */
void netcat_too_long(struct netcat *nc, struct fl_conn *conn);

/* Ends a connection for lack of memory. */
void netcat_no_memory(struct netcat *nc, struct fl_conn *conn);

#endif
