/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_STATE_H
#define FL_STORE_STATE_H

/*
 * What a store knows beyond the events themselves: who reads it and how far.  Written to the
 * control folder and, as a frame, to the log itself, so that the log is whole without the former.
 *
 * Two states of one store join to one that knows what either did: offsets that were acknowledged
 * once stay so, and so does what positions.h says of positions, and spans.h of spans.
 */

#include "base/buf.h"
#include "store/format.h"
#include "store/letters.h"
#include "store/positions.h"
#include "store/ranges.h"
#include "store/spans.h"

/* What a cursor is told to do when it is behind. */
#define FL_CURSOR_PAUSED 1u /* nothing is taken through it */
#define FL_CURSOR_SKIPS 2u  /* above its limits it gives up the oldest; else it holds up the puts  \
                             */

struct fl_terms {
    uint32_t flags;      /* FL_CURSOR_... */
    uint64_t max_events; /* 0: no limit of its own */
    uint64_t max_bytes;  /* of the log; 0: no limit */
};

struct fl_mark {
    uint32_t id; /* a new one with each life, see cursor.h */
    char *name;  /* owned; NULL while only its acknowledgements were seen */
    uint64_t watermark;
    struct fl_ranges acked;
    struct fl_terms terms;
    uint64_t skipped; /* events that were given up for it */
    struct fl_vec letters;   /* of struct fl_letter, in the order of their numbers */
    struct fl_ranges direct; /* offsets that acknowledgements told of, and not only states */
};

struct fl_state {
    const flow_allocator *mem;
    uint64_t generation;
    uint64_t next_offset;
    uint64_t released; /* what was needed only below here may have been given up already */
    uint32_t next_id;
    uint64_t next_letter;
    struct fl_vec marks; /* of struct fl_mark */
    struct fl_vec dead;  /* of struct fl_dead: frames of letters that were seen */
    struct fl_positions *positions;
    struct fl_spans *spans;
    int hidden; /* some of it could not be read without keys, which are not there */
};

struct fl_dead {
    struct fl_letter letter;
    uint32_t cursor;
};

/* A state without marks; its positions and spans are the store's own, or NULL: those that are
 * joined are only checked, and it cannot be written. */
void fl_state_init(struct fl_state *state, const flow_allocator *mem,
                   struct fl_positions *positions, struct fl_spans *spans);
void fl_state_free(struct fl_state *state);

/* The mark of cursor ID, made when there is none; NULL without memory. */
struct fl_mark *fl_state_mark(struct fl_state *state, uint32_t id);

/* Notes that the cursor of MARK is done with [FIRST, END). */
int fl_mark_add(struct fl_mark *mark, uint64_t first, uint64_t end);

/* Makes all that touches the watermark part of it. */
void fl_mark_settle(uint64_t *watermark, struct fl_ranges *acked);

/* Below this offset no cursor of the state needs anything. */
uint64_t fl_state_floor(const struct fl_state *state);

/* Whether something is needed of the segment of SUM, which is not there. */
int fl_state_lacks(const struct fl_state *state, const struct fl_segment_sum *sum);

/* The mark that has NAME, or NULL. */
struct fl_mark *fl_state_named(const struct fl_state *state, const char *name);

/* *HAS_SPANS: something in there is of spans, which readers of before there were any do not know.
 */
int fl_state_write(const struct fl_state *state, struct fl_buf *out, int *has_spans);

/* Joins what SIZE bytes at DATA say to STATE; FLOW_EPARSE, FLOW_ENOMEM. */
int fl_state_join(struct fl_state *state, const uint8_t *data, size_t size);

/* Joins a state that is encrypted, without keys: only that nothing below FLOOR is needed. */
int fl_state_hide(struct fl_state *state, uint64_t floor);

/* Joins the payload of the frame of a letter that lies at PLACE, of which only that counts; *END is
 * behind the offset of the event. */
int fl_state_join_dead(struct fl_state *state, const uint8_t *data, size_t size,
                       const struct fl_letter *place, uint64_t *end);

/* Once all was joined: makes the letters of each mark those that there are. */
int fl_state_settle_letters(struct fl_state *state);

/* Joins what stands behind the events of a put whose payload ends at END. */
int fl_state_join_put(struct fl_state *state, const struct fl_frame *frame, const uint8_t *end);

/* Joins the payload of an acknowledgement, at whose end there are MARKS bytes of sinks' marks; *END
 * is behind its last offset. */
int fl_state_join_ack(struct fl_state *state, const uint8_t *data, size_t size, size_t marks,
                      uint64_t *end);

#endif
