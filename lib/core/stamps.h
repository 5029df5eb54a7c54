/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_STAMPS_H
#define FL_CORE_STAMPS_H

/* Which numbers the events of a batch have, see <flow/span.h>: a stamp behind each stretch. */

#include <flow/span.h>

#include "base/buf.h"
#include "base/vec.h"

enum fl_stamp_kind {
    FL_STAMP_EACH,  /* each event has one of the numbers, in order */
    FL_STAMP_GONE,  /* the events that had the numbers were dropped */
    FL_STAMP_WHOLE, /* nobody knows which event has which number: they are taken all, or none */
};

struct fl_stamp {
    size_t end; /* events of the batch before its end */
    size_t key_at;
    uint64_t first, horizon;
    uint32_t key_size; /* 0: the events have no numbers */
    uint32_t count;    /* numbers */
    uint8_t kind;
    uint8_t joined; /* a whole that the next one, or what has no stamp, is part of too */
};

struct fl_stamps {
    struct fl_vec list; /* of struct fl_stamp, by `end` */
    struct fl_buf keys;
};

void fl_stamps_init(struct fl_stamps *stamps, const flow_allocator *mem);
void fl_stamps_free(struct fl_stamps *stamps);
void fl_stamps_clear(struct fl_stamps *stamps);

/* Adds SPAN, whose events are the last ones of END; FLOW_ENOMEM. */
int fl_stamps_add(struct fl_stamps *stamps, const flow_span *span, size_t end);

/* Adds those of a batch whose events were added behind COUNT others; FLOW_ENOMEM. */
int fl_stamps_append(struct fl_stamps *to, const struct fl_stamps *from, size_t count);

/* Of the batch's events only those with a byte in KEEP that is not 0 remain, or the first COUNT. */
void fl_stamps_filter(struct fl_stamps *stamps, const uint8_t *keep);
void fl_stamps_truncate(struct fl_stamps *stamps, size_t count);

/* As the filter, where the others go elsewhere and take their numbers with them.  Where nobody
 * knows which numbers these are, those that remain have none. */
void fl_stamps_pick(struct fl_stamps *stamps, const uint8_t *keep);

/* BEFORE events were replaced by COUNT others, of which nobody knows what is of what. */
void fl_stamps_mix(struct fl_stamps *stamps, size_t before, size_t count);

static inline const struct fl_stamp *fl_stamps_at(const struct fl_stamps *stamps, size_t index)
{
    return (const struct fl_stamp *)stamps->list.items + index;
}

static inline const void *fl_stamps_key(const struct fl_stamps *stamps,
                                        const struct fl_stamp *stamp)
{
    return stamps->keys.data + stamp->key_at;
}

/* How many events have, or had not, a stamp: those behind have none. */
static inline size_t fl_stamps_end(const struct fl_stamps *stamps)
{
    size_t count = stamps->list.count;

    return count ? fl_stamps_at(stamps, count - 1)->end : 0;
}

#endif
