/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_SPANS_H
#define FL_STORE_SPANS_H

/*
 * Which events of which senders a store has, see <flow/span.h>: for each key a set of numbers.  A
 * number that is in it stays so, and never means another event; so records may be found in any
 * order after a crash, as often as they are there, and their union is what was put.
 *
 * Whoever puts events claims their numbers first, those that are not there.  Nobody else can claim
 * one of them until its outcome is known: looking and putting are one step.
 *
 *     record    size of the key and number of ranges, 4 bytes each; time, 8 bytes; key; for each
 *               range its first number and the one behind its last, 8 bytes each
 */

#include <flow/span.h>

#include "base/buf.h"
#include "base/thread.h"
#include "store/ranges.h"

/* How long a key is kept that is closed, or not heard of any more, ms; how many there may be. */
#define FL_SPANS_CLOSED_MS ((int64_t)3600 * 1000)
#define FL_SPANS_IDLE_MS ((int64_t)30 * 24 * 3600 * 1000)
#define FL_SPANS_MOST 20000u

/* How many ranges of one key are kept; beyond, the oldest are forgotten. */
#define FL_SPANS_RANGES 16384u

struct fl_sender; /* of one key */

struct fl_spans {
    const flow_allocator *mem;
    struct fl_lock lock; /* for all that follows */
    struct fl_sender **slots;
    size_t slot_count;
    size_t count;
    uint64_t seed;
    uint64_t forgotten; /* keys that were not closed, and ranges, since it was last asked */
};

/* Numbers that are about to be put, or none. */
struct fl_claim {
    struct fl_vec parts;              /* of struct fl_claim_part */
    struct fl_buf records;            /* what is to be written */
    const struct fl_sender *promiser; /* of the horizon that was claimed last, or NULL */
    uint64_t promise;
};

int fl_spans_init(struct fl_spans *spans, const flow_allocator *mem);
void fl_spans_free(struct fl_spans *spans);

void fl_claim_init(struct fl_claim *claim, const flow_allocator *mem);
void fl_claim_free(struct fl_claim *claim); /* which has ended */

/*
 * Claims what is not there of COUNT spans, all or nothing, and stores in KEEP, for each of their
 * numbers in order, 1 for those and 0 for others, also for one that is there twice.  CLAIM must
 * hold nothing.  NOW, ms since 1970, is when the senders were heard of.
 *
 * FLOW_EFULL, without an error object, while somebody else has claimed one of them; FLOW_ENOMEM.
 */
int fl_spans_claim(struct fl_spans *spans, const flow_span *list, size_t count, int64_t now,
                   struct fl_claim *claim, uint8_t *keep);

/* Ends a claim: what it holds is there from now on, if its records became DURABLE. */
void fl_spans_land(struct fl_spans *spans, struct fl_claim *claim, int durable);

/* Forgets of whom nothing is to be expected any more.  Returns how much was forgotten, since the
 * last call, that might come again, and would be taken for new. */
uint64_t fl_spans_expire(struct fl_spans *spans, int64_t now);

/* What there is to know of a key. */
struct fl_sender_info {
    const void *key;
    uint32_t key_size;
    int64_t time; /* when it was heard of last, ms since 1970 */
    const struct fl_ranges *had;
};

/* Calls FN for each key, under the lock, until it does not return FLOW_OK. */
int fl_spans_each(struct fl_spans *spans, int (*fn)(void *arg, const struct fl_sender_info *info),
                  void *arg);

/* Writes records of all keys. */
int fl_spans_write(struct fl_spans *spans, struct fl_buf *out);

/* Takes over records that were found, or, with SPANS NULL, only checks them: FLOW_EPARSE,
 * FLOW_ENOMEM. */
int fl_spans_join(struct fl_spans *spans, const uint8_t *data, size_t size);

#endif
