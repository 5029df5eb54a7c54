/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The queue between the loop and a worker.  The worker takes all that waits at once and then works
 * through it without the lock.  Small pieces are copied out of the large ones they were read into,
 * so that the memory that waits is in proportion to the bytes.
 */

#include <string.h>

#include "net/inbox.h"

/* One read.  Large enough that the cost of a read and a wake-up hardly counts. */
#define LARGE (256 * 1024 - sizeof(struct fl_piece))

/* Pieces filled less than this are copied. */
#define SMALL (16 * 1024)

/* Large pieces kept while they are in use, and once the worker has had nothing to do for a while.
 * One that is as quick as the peers sleeps between any two pieces, and memory that the system has
 * to map again costs more than what is done with it. */
#define SPARES_BUSY 16
#define SPARES_IDLE 1
#define IDLE_MS 100

int fl_inbox_init(struct fl_inbox *inbox, const flow_allocator *mem, size_t limit)
{
    *inbox = (struct fl_inbox){.mem = mem, .limit = limit};
    inbox->last = &inbox->first;
    return fl_lock_init(&inbox->lock);
}

static void free_list(const flow_allocator *mem, struct fl_piece *piece)
{
    while (piece) {
        struct fl_piece *next = piece->next;
        fl_free(mem, piece);
        piece = next;
    }
}

void fl_inbox_destroy(struct fl_inbox *inbox)
{
    free_list(inbox->mem, inbox->first);
    free_list(inbox->mem, inbox->taken);
    free_list(inbox->mem, inbox->spare);
    fl_lock_destroy(&inbox->lock);
}

struct fl_piece *fl_piece_new(const flow_allocator *mem, size_t room)
{
    struct fl_piece *piece = fl_alloc(mem, sizeof *piece + room);

    if (piece)
        *piece = (struct fl_piece){.room = room};
    return piece;
}

/* What a piece counts for. */
static size_t weight(const struct fl_piece *piece)
{
    return sizeof *piece + piece->room;
}

struct fl_piece *fl_inbox_room(struct fl_inbox *inbox)
{
    fl_lock(&inbox->lock);
    struct fl_piece *piece = inbox->spare;
    if (piece) {
        inbox->spare = piece->next;
        inbox->spares--;
    }
    fl_unlock(&inbox->lock);
    return piece ? piece : fl_piece_new(inbox->mem, LARGE);
}

/* Keeps a large piece for the next read; locked.  Returns one that is too many. */
static struct fl_piece *keep(struct fl_inbox *inbox, struct fl_piece *piece)
{
    size_t most = inbox->idle ? SPARES_IDLE : SPARES_BUSY;

    if (piece->room != LARGE || inbox->spares >= most)
        return piece;
    piece->size = 0;
    piece->next = inbox->spare;
    inbox->spare = piece;
    inbox->spares++;
    return NULL;
}

void fl_inbox_return(struct fl_inbox *inbox, struct fl_piece *piece)
{
    fl_lock(&inbox->lock);
    piece = keep(inbox, piece);
    fl_unlock(&inbox->lock);
    fl_free(inbox->mem, piece);
}

int fl_inbox_full(struct fl_inbox *inbox)
{
    fl_lock(&inbox->lock);
    int full = inbox->waiting >= inbox->limit;
    if (full)
        inbox->starved = 1;
    fl_unlock(&inbox->lock);
    return full;
}

/* A copy of a piece that is mostly empty, in place of it. */
static struct fl_piece *shrink(struct fl_inbox *inbox, struct fl_piece *piece)
{
    if (piece->room != LARGE || piece->size >= SMALL)
        return piece;

    struct fl_piece *copy = fl_piece_new(inbox->mem, piece->size);
    if (!copy)
        return piece; /* only costs room */
    copy->conn = piece->conn;
    copy->size = piece->size;
    memcpy(copy->data, piece->data, piece->size);
    fl_inbox_return(inbox, piece);
    return copy;
}

void fl_inbox_put(struct fl_inbox *inbox, struct fl_piece *piece)
{
    piece = shrink(inbox, piece);
    piece->inbox = inbox;
    piece->next = NULL;
    fl_lock(&inbox->lock);
    *inbox->last = piece;
    inbox->last = &piece->next;
    inbox->waiting += weight(piece);
    if (inbox->sleeping)
        fl_lock_wake(&inbox->lock);
    fl_unlock(&inbox->lock);
}

void fl_inbox_close(struct fl_inbox *inbox)
{
    fl_lock(&inbox->lock);
    inbox->closed = 1;
    fl_lock_wake(&inbox->lock);
    fl_unlock(&inbox->lock);
}

/* The spare pieces that an idle worker does not need; locked. */
static struct fl_piece *trim(struct fl_inbox *inbox)
{
    struct fl_piece **from = &inbox->spare;

    for (size_t i = 0; i < SPARES_IDLE && *from; i++)
        from = &(*from)->next;
    struct fl_piece *many = *from;
    *from = NULL;
    if (inbox->spares > SPARES_IDLE)
        inbox->spares = SPARES_IDLE;
    return many;
}

/* Frees what an idle worker does not need; locked before and after. */
static void become_idle(struct fl_inbox *inbox)
{
    struct fl_piece *many = trim(inbox);

    inbox->idle = 1;
    fl_unlock(&inbox->lock);
    free_list(inbox->mem, many);
    fl_lock(&inbox->lock);
}

/* Sleeps until there is something; locked before and after. */
static void sleep_on(struct fl_inbox *inbox)
{
    int64_t deadline = fl_clock_after(fl_clock_system(), IDLE_MS);

    if (inbox->spares <= SPARES_IDLE)
        deadline = FL_NEVER;
    inbox->sleeping = 1;
    while (!inbox->first && !inbox->closed) {
        if (fl_lock_wait(&inbox->lock, fl_clock_system(), deadline) == FLOW_OK)
            continue;
        become_idle(inbox);
        deadline = FL_NEVER;
    }
    inbox->sleeping = 0;
    inbox->idle = 0;
}

static void refill(struct fl_inbox *inbox, int wait)
{
    fl_lock(&inbox->lock);
    if (wait && !inbox->first && !inbox->closed)
        sleep_on(inbox);
    inbox->taken = inbox->first;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    fl_unlock(&inbox->lock);
}

struct fl_piece *fl_inbox_take(struct fl_inbox *inbox, int wait)
{
    if (!inbox->taken)
        refill(inbox, wait);

    struct fl_piece *piece = inbox->taken;
    if (piece)
        inbox->taken = piece->next;
    return piece;
}

int fl_inbox_release(struct fl_inbox *inbox, struct fl_piece *piece)
{
    fl_lock(&inbox->lock);
    inbox->waiting -= weight(piece);
    /* Half, so that reading does not stop and go with every piece. */
    int go_on = inbox->starved && inbox->waiting <= inbox->limit / 2;
    if (go_on)
        inbox->starved = 0;
    piece = keep(inbox, piece);
    fl_unlock(&inbox->lock);
    fl_free(inbox->mem, piece);
    return go_on;
}
