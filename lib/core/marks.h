/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_MARKS_H
#define FL_CORE_MARKS_H

/* Which events of a batch were read from where: a mark behind each stretch of them. */

#include <flow/position.h>

#include "base/buf.h"
#include "base/vec.h"

struct fl_batch_mark {
    size_t end; /* events of the batch before it */
    size_t key_at, value_at;
    uint32_t key_size, value_size;
    int mixed; /* the events before it may also be of the mark, or of none, that follows */
};

struct fl_marks {
    struct fl_vec list; /* of struct fl_batch_mark, by `end` */
    struct fl_buf texts;
};

void fl_marks_init(struct fl_marks *marks, const flow_allocator *mem);
void fl_marks_free(struct fl_marks *marks);
void fl_marks_clear(struct fl_marks *marks);

/* Adds a mark behind END events; FLOW_ENOMEM. */
int fl_marks_add(struct fl_marks *marks, const flow_position *position, size_t end);

/* Of the batch's events only those with a byte in KEEP that is not 0 remain. */
void fl_marks_filter(struct fl_marks *marks, const uint8_t *keep);
void fl_marks_truncate(struct fl_marks *marks, size_t count);

/* BEFORE events were replaced by COUNT others, of which nobody knows what is of what. */
void fl_marks_mix(struct fl_marks *marks, size_t before, size_t count);

static inline const struct fl_batch_mark *fl_marks_at(const struct fl_marks *marks, size_t index)
{
    return (const struct fl_batch_mark *)marks->list.items + index;
}

/* What a mark says, lent until the marks change. */
flow_position fl_marks_position(const struct fl_marks *marks, size_t index);

/* Whether both are of one key. */
int fl_marks_same_key(const struct fl_marks *marks, size_t one, size_t other);

#endif
