/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_FORMAT_H
#define FL_STORE_FORMAT_H

/*
 * The log's bytes: fronts of segments and of frames, as flow-log(5) describes them.  Nothing in
 * here reads or writes a file.
 *
 * A segment is a file: its front, then frames behind each other, each at a multiple of 8.  What
 * follows the last frame is zeroes, or what the file held when it was another segment; a number
 * that no other segment ever had, its epoch, tells old frames from its own.
 */

#include "store/seal.h"

#define FL_STORE_VERSION 1u
#define FL_STORE_ID 16u /* bytes that name a store */

#define FL_SEGMENT_FRONT 4096u
#define FL_FRAME_FRONT 64u
#define FL_FRAME_ALIGN 8u
#define FL_FRAME_ROUND(size) (((size) + FL_FRAME_ALIGN - 1) & ~(uint64_t)(FL_FRAME_ALIGN - 1))

/* The largest payload of a frame. */
#define FL_FRAME_MAX (UINT32_C(1) << 30)

/* What is put at once; the tag of an encrypted frame adds to it. */
#define FL_PUT_MAX (FL_FRAME_MAX - FL_SEAL_TAG)

/* What a segment holds, as its successor keeps it. */
struct fl_segment_sum {
    uint64_t epoch;
    uint64_t end;    /* bytes that are valid, the front included */
    uint64_t last;   /* behind the last offset that was put here, or before */
    uint64_t needed; /* behind the last offset that was put or acknowledged here */
};

/*
 * Of which life of a store events are.  Each time it is opened it begins another: offsets from
 * `first` on may have been given out before, to events that a crash, a repair or going back to a
 * copy has undone, so that with this number they never mean another event.
 */
struct fl_origin {
    uint8_t id[FL_STORE_ID]; /* at random; zeroes: a segment that does not say */
    uint64_t first;
};

struct fl_segment_front {
    uint8_t store[FL_STORE_ID];
    uint32_t stripe;  /* which of the data folders, from 0 */
    uint32_t stripes; /* of how many */
    uint64_t epoch;
    uint64_t first; /* no event in here has a smaller offset */
    int64_t time;   /* ms since 1970, when it was begun */
    struct fl_segment_sum before; /* the segment before it in this folder; epoch 0: none */
    struct fl_origin origin;
    struct fl_seal_front seal;    /* with a name: how the key of its frames is made */
    uint32_t seal_lost; /* when it was read: where the copy begins that is damaged; 0: none is */
};

/* Where the copies of `seal` begin. */
#define FL_SEGMENT_SEAL_FIRST 512u
#define FL_SEGMENT_SEAL_SECOND 2560u

/* Types of frames. */
#define FL_FRAME_PUT 1u   /* events and positions */
#define FL_FRAME_ACK 2u   /* offsets that a consumer is done with, and marks of sinks */
#define FL_FRAME_STATE 3u /* consumers and positions, all of them */
#define FL_FRAME_LOST 4u  /* made by a repair: `count` events from `first` on were here, and what
                             lies in the payload means nothing */
#define FL_FRAME_DEAD 5u  /* an event that a consumer is done with since it cannot deliver it */

/* Flags of frames: what was done to the payload before it was written, in this order. */
#define FL_FRAME_PACKED 1u /* compressed, with zstd */
#define FL_FRAME_SEALED 2u /* encrypted, with the key of the segment; a tag is at the end */
#define FL_FRAME_WRAPPED (FL_FRAME_PACKED | FL_FRAME_SEALED)
#define FL_FRAME_SPANS 4u /* not that: it tells which events of senders are there, see spans.h */
#define FL_FRAME_FLAGS (FL_FRAME_WRAPPED | FL_FRAME_SPANS)

struct fl_frame {
    uint8_t type;
    uint8_t flags;
    uint32_t size; /* of the payload, without what fills it up to a multiple of 8 */
    uint32_t raw;  /* what it was before it was packed, if it was */
    uint64_t epoch;
    uint64_t first;     /* offset of the first event of a put; behind the last of an
                           acknowledgement; of a state: below it nothing is needed */
    uint32_t count;     /* events of a put */
    uint32_t positions; /* bytes of positions, behind the events, or of marks, behind the ranges */
    int64_t time;       /* ms since 1970 */
    uint32_t synced;    /* the segment's bytes up to here were durable before this was written */
    uint32_t crc;       /* CRC-32C of the payload, as it lies on disk */
    uint32_t spans;     /* of a put: bytes of them at the end of `positions` */
};

void fl_segment_front_write(const struct fl_segment_front *front, uint8_t out[FL_SEGMENT_FRONT]);

/* FLOW_EPARSE, with the reason in *WHY, when it is none or damaged, in which case `seal` is as one
 * of its copies has it; FLOW_EABI when it is newer. */
int fl_segment_front_read(const uint8_t *in, struct fl_segment_front *front, const char **why);

void fl_frame_write(const struct fl_frame *frame, uint8_t out[FL_FRAME_FRONT]);

/* 1 when IN is the whole front of a frame. */
int fl_frame_read(const uint8_t *in, struct fl_frame *frame);

/* Whether this version knows what the frame is; its payload means nothing else. */
int fl_frame_is_known(const struct fl_frame *frame);

/* What protects the front of a frame that is sealed: all of it but the checksums. */
#define FL_FRAME_AAD (FL_FRAME_FRONT - 4)
void fl_frame_aad(const struct fl_frame *frame, uint8_t out[FL_FRAME_FRONT]);

/* The nonce of a frame: its place in the segment, which is written to once. */
void fl_frame_nonce(uint64_t at, uint8_t out[FL_GCM_NONCE]);

/* The bytes of the payload as it was before anything was done to it. */
static inline uint32_t fl_frame_plain(const struct fl_frame *frame)
{
    if (frame->flags & FL_FRAME_PACKED)
        return frame->raw;
    return frame->flags & FL_FRAME_SEALED ? frame->size - FL_SEAL_TAG : frame->size;
}

/* The bytes of a frame in its segment. */
static inline uint64_t fl_frame_span(const struct fl_frame *frame)
{
    return FL_FRAME_FRONT + FL_FRAME_ROUND((uint64_t)frame->size);
}

#endif
