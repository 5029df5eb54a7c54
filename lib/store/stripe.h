/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_STRIPE_H
#define FL_STORE_STRIPE_H

/*
 * What is written to one data folder: segments in order, of which the newest grows.  Whoever wants
 * a frame written queues it; one of those who wait writes what all have queued, with one sync.
 *
 * A segment whose write or sync failed gets nothing more: its successor says up to where it counts,
 * so that nothing of what failed can come back.
 */

#include "base/buf.h"
#include "base/thread.h"
#include "store/control.h"
#include "store/segment.h"

/* A frame on its way to the disk, and until what it says was taken note of in memory. */
struct fl_entry {
    struct fl_frame frame;
    const void *payload; /* with zeroes up to a multiple of 8 */
    int secret;          /* the payload holds more than numbers: it is encrypted, if anything is */
    uint64_t needed;     /* behind the last offset it puts or acknowledges */
    uint8_t front[FL_FRAME_FRONT];
    uint64_t epoch, at; /* where it lies; epoch 0: nowhere so far */
    int done;           /* written, or failed */
    int rc;
    flow_error *error; /* why it failed */
    pthread_t owner;
    struct fl_entry *next;         /* in the queue */
    struct fl_entry *newer, *older; /* among those in flight */
};

#define FL_STRIPE_SIBLINGS 16u

struct fl_stripe {
    struct fl_store_env *env;
    char *folder;
    uint32_t number, stripes;

    struct fl_lock lock; /* for all that follows */
    struct fl_segment *oldest, *newest;
    struct fl_entry *queue, **queue_end;
    struct fl_entry *flight_oldest, *flight_newest;
    int leading;          /* somebody writes */
    _Atomic uint32_t queued; /* how many are in the queue; read without the lock */
    pthread_t last[FL_STRIPE_SIBLINGS]; /* who was in the group written last */
    uint32_t last_count;
    uint64_t synced;      /* bytes of the newest segment that are durable */
    struct fl_vec spares; /* of uint64_t: numbers of spare files */

    /* The writer's. */
    int fd;          /* of the newest segment, -1: it gets nothing more */
    uint64_t at;     /* where the next frame goes */
    uint64_t limit;  /* where the segment ends */
    uint64_t filled; /* its file has bytes up to here, zeroes if nothing else */
    void *zeroes;
    struct fl_vec parts;  /* of struct iovec */
    struct fl_gcm *gcm;   /* with the key of the segment, when frames are encrypted */
    struct fl_buf sealed; /* payloads that were */
};

int fl_stripe_init(struct fl_stripe *stripe, struct fl_store_env *env, const char *folder,
                   uint32_t number, uint32_t stripes);
void fl_stripe_destroy(struct fl_stripe *stripe);

/* Adds a segment that was found, as the newest. */
struct fl_segment *fl_stripe_add(struct fl_stripe *stripe, const struct fl_segment_front *front);

/*
 * Queues ENTRY, which is all set but for where it goes, and waits until it is durable.  A secret
 * payload gets larger by FL_SEAL_TAG where it is encrypted.  ORDER,
 * unless NULL, is called with ARG once the place of the entry among the others is fixed.  The entry
 * stays in flight until fl_stripe_land, whatever is returned.
 */
int fl_stripe_write(struct fl_stripe *stripe, struct fl_entry *entry,
                    void (*order)(void *arg, struct fl_entry *entry), void *arg, flow_error **err);

/* Notes that memory knows what ENTRY says, or that it failed. */
void fl_stripe_land(struct fl_stripe *stripe, struct fl_entry *entry);

/* Where reading has to begin so that nothing is missed that memory may not know. */
void fl_stripe_scan_point(struct fl_stripe *stripe, struct fl_scan_point *point);

/* Syncs what lazy commits have written. */
int fl_stripe_sync(struct fl_stripe *stripe, flow_error **err);

#endif
