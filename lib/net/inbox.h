/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_INBOX_H
#define FL_NET_INBOX_H

/*
 * What was read and waits to be worked on: filled by the loop's thread, emptied by one worker.  It
 * counts the memory that waits, so that reading can pause when it is too much, and keeps a few
 * large pieces, since fresh memory of that size costs more than reading into it.
 */

#include "base/thread.h"

struct fl_conn;

/* Bytes of one connection, or, without any, the end of what it sends. */
struct fl_piece {
    struct fl_piece *next;
    struct fl_conn *conn;
    struct fl_inbox *inbox; /* into which it was put */
    size_t size;
    size_t room;
    uint8_t data[];
};

struct fl_inbox {
    const flow_allocator *mem;
    size_t limit; /* bytes that may wait */

    struct fl_lock lock; /* guards all that follows but `taken` */
    struct fl_piece *first;
    struct fl_piece **last;
    struct fl_piece *spare;
    size_t spares;
    size_t waiting; /* bytes of pieces that were put and not yet released */
    int starved;    /* reading has paused */
    int sleeping;   /* the worker waits */
    int idle;       /* it has waited for long */
    int closed;

    struct fl_piece *taken; /* the worker's own */
};

int fl_inbox_init(struct fl_inbox *inbox, const flow_allocator *mem, size_t limit);
void fl_inbox_destroy(struct fl_inbox *inbox);

/* A piece with room for ROOM bytes; NULL without memory. */
struct fl_piece *fl_piece_new(const flow_allocator *mem, size_t room);

/* A large piece to read into; NULL without memory. */
struct fl_piece *fl_inbox_room(struct fl_inbox *inbox);

/* Returns a piece into which nothing was read. */
void fl_inbox_return(struct fl_inbox *inbox, struct fl_piece *piece);

/* 1 when so much waits that reading must pause; fl_inbox_release then tells when it may go on. */
int fl_inbox_full(struct fl_inbox *inbox);

/* Adds a piece, which the worker releases. */
void fl_inbox_put(struct fl_inbox *inbox, struct fl_piece *piece);

/* Nothing more will be put. */
void fl_inbox_close(struct fl_inbox *inbox);

/*
 * The next piece; NULL when there is none.  With WAIT, waits for one and returns NULL only when the
 * inbox was closed and is empty.
 */
struct fl_piece *fl_inbox_take(struct fl_inbox *inbox, int wait);

/* Frees a piece that was taken.  Returns 1 when reading paused and may go on now. */
int fl_inbox_release(struct fl_inbox *inbox, struct fl_piece *piece);

#endif
