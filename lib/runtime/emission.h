/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_EMISSION_H
#define FL_RUNTIME_EMISSION_H

/* One batch on its way through an emitter, and what is remembered of it until it arrived. */

#include "core/batch.h"
#include "runtime/emitter.h"

/* What is remembered of a batch: these, some for each channel, the routes of the events if they
 * differ, and for each channel which marks it has. */
enum fl_slot {
    FL_SLOT_RECEIVED,    /* events there were at first, plus 1; 0 for a new batch */
    FL_SLOT_INTERCEPTED, /* interceptors that are done with it */
    FL_SLOT_ROUTED,      /* 1 when every event has its route */
    FL_SLOT_UNROUTED,    /* events that go nowhere */
    FL_SLOT_REPEATED,    /* events that were dropped since all channels had them */
    FL_SLOT_CHANNELS,
};

enum fl_channel_slot {
    FL_CHANNEL_DONE,    /* events of its share that it committed */
    FL_CHANNEL_MARKED,  /* marks that it committed */
    FL_CHANNEL_LOOKED,  /* 1 when it is known which marks it had before */
    FL_CHANNEL_CLAIMED, /* 1 when numbers before its first event are committed too */
    FL_CHANNEL_SLOTS,
};

struct fl_emission {
    flow_emitter *emitter;
    flow_batch *batch;
    int64_t deadline; /* FL_KEEP_ALIVE, or when waiting for room ends */
    struct fl_calls calls;
    uint64_t *slots;
    const flow_event **picked; /* events of one channel, where not all go there */
    uint8_t *chosen;           /* for each event of the batch, whether it is one of them */
    size_t *ends;              /* for each mark, the events of that channel before it */
    struct fl_stamps stamps;   /* of the events of one channel that keeps spans */

    /* Of one transaction, see claims.h. */
    struct fl_vec spans;  /* of flow_span, lent by the stamps */
    size_t numbers;       /* of these in all */
    struct fl_buf keep;   /* a byte for each */
    struct fl_buf wanted; /* a byte for each event */
    struct fl_vec fresh;  /* of const flow_event *, lent */
};

/* Events of a batch that go to one channel, lent, and the marks to be stored with them. */
struct fl_share {
    const flow_event *const *events;
    size_t count;
    size_t marks;
    const size_t *ends; /* for each of these, the events before it */
    const struct fl_stamps *stamps; /* of all events that go to the channel; NULL: there are none */
    size_t done, total;             /* how many of these are before, and there are in all */
    int claimed;                    /* numbers before the first of all are committed too */
};

/* An emission of BATCH with nothing looked up. */
void fl_emission_init(struct fl_emission *e, flow_emitter *emitter, flow_batch *batch);

/* Looks up what is remembered; ALL: with routes and marks, which are known once the interceptors
 * are done. */
int fl_emission_recall(struct fl_emission *e, int all, flow_error **err);
void fl_emission_free(struct fl_emission *e);

uint64_t *fl_emission_routes(const struct fl_emission *e);

/* The FL_CHANNEL_SLOTS of a channel. */
uint64_t *fl_emission_channel(const struct fl_emission *e, size_t channel);

/* Finds the events that go to CHANNEL in the WANTED way, without those that a durable one had
 * before this batch. */
int fl_emission_pick(struct fl_emission *e, size_t channel, unsigned wanted, struct fl_share *share,
                     flow_error **err);

/* The part of SHARE that goes into the next transaction of up to MOST events. */
struct fl_share fl_emission_cut(const struct fl_emission *e, size_t channel,
                                const struct fl_share *share, uint64_t most);

/* Whether CHANNEL, of whose marks the first ones are stored, lacks one of the next COUNT; and puts
 * what it lacks into TXN. */
int fl_emission_lacks(const struct fl_emission *e, size_t channel, size_t count);
int fl_emission_put_marks(const struct fl_emission *e, size_t channel, size_t count, flow_txn *txn,
                          flow_error **err);

#endif
