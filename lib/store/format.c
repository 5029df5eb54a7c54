/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/crc32c.h"
#include "base/le.h"
#include "store/format.h"

static const uint8_t segment_magic[8] = {'F', 'L', 'O', 'W', 'S', 'E', 'G', '\n'};
#define FRAME_MAGIC UINT32_C(0x4d524c46) /* "FLRM" */

/* Where things lie in the front of a segment: its checksum is behind all of them. */
#define FRONT_USED 128u

static uint8_t *put_sum(uint8_t *at, const struct fl_segment_sum *sum)
{
    at = fl_le64_put(at, sum->epoch);
    at = fl_le64_put(at, sum->end);
    at = fl_le64_put(at, sum->last);
    return fl_le64_put(at, sum->needed);
}

void fl_segment_front_write(const struct fl_segment_front *front, uint8_t out[FL_SEGMENT_FRONT])
{
    memset(out, 0, FL_SEGMENT_FRONT);
    memcpy(out, segment_magic, sizeof segment_magic);
    uint8_t *at = fl_le32_put(out + sizeof segment_magic, FL_STORE_VERSION);
    at = fl_le32_put(at, FL_SEGMENT_FRONT);
    memcpy(at, front->store, FL_STORE_ID);
    at += FL_STORE_ID;
    at = fl_le32_put(at, front->stripe);
    at = fl_le32_put(at, front->stripes);
    at = fl_le64_put(at, front->epoch);
    at = fl_le64_put(at, front->first);
    at = fl_le64_put(at, (uint64_t)front->time);
    put_sum(at, &front->before);
    fl_le32_put(out + FRONT_USED, fl_crc32c(0, out, FRONT_USED));
}

static void get_front(const uint8_t *at, struct fl_segment_front *front)
{
    memcpy(front->store, at, FL_STORE_ID);
    at += FL_STORE_ID;
    front->stripe = fl_le32_get(at);
    front->stripes = fl_le32_get(at + 4);
    front->epoch = fl_le64_get(at + 8);
    front->first = fl_le64_get(at + 16);
    front->time = (int64_t)fl_le64_get(at + 24);
    front->before.epoch = fl_le64_get(at + 32);
    front->before.end = fl_le64_get(at + 40);
    front->before.last = fl_le64_get(at + 48);
    front->before.needed = fl_le64_get(at + 56);
}

static int is_whole(const uint8_t *in, const uint8_t *used)
{
    return fl_le32_get(in + FRONT_USED) == fl_crc32c(0, used, FRONT_USED);
}

/* Whether a later version wrote the front: not when with ours in its place it is whole, for then
 * that number is what is damaged. */
static int is_later(const uint8_t *in)
{
    uint8_t ours[FRONT_USED];

    memcpy(ours, in, sizeof ours);
    fl_le32_put(ours + sizeof segment_magic, FL_STORE_VERSION);
    return fl_le32_get(in + sizeof segment_magic) > FL_STORE_VERSION && !is_whole(in, ours);
}

int fl_segment_front_read(const uint8_t *in, struct fl_segment_front *front, const char **why)
{
    if (memcmp(in, segment_magic, sizeof segment_magic)) {
        *why = "it does not begin as a segment does";
        return FLOW_EPARSE;
    }
    if (is_later(in)) {
        *why = "it was written by a later version of libflow";
        return FLOW_EABI;
    }
    if (!is_whole(in, in)) {
        *why = "the checksum of its front is wrong";
        return FLOW_EPARSE;
    }
    get_front(in + 16, front);
    return FLOW_OK;
}

void fl_frame_write(const struct fl_frame *frame, uint8_t out[FL_FRAME_FRONT])
{
    uint8_t *at = fl_le32_put(out, FRAME_MAGIC);

    *at++ = frame->type;
    *at++ = frame->flags;
    at = fl_le16_put(at, 0);
    at = fl_le32_put(at, frame->size);
    at = fl_le32_put(at, frame->positions);
    at = fl_le64_put(at, frame->epoch);
    at = fl_le64_put(at, frame->first);
    at = fl_le32_put(at, frame->count);
    at = fl_le32_put(at, frame->synced);
    at = fl_le64_put(at, (uint64_t)frame->time);
    at = fl_le32_put(at, frame->crc);
    at = fl_le64_put(at, 0);
    fl_le32_put(at, fl_crc32c(0, out, FL_FRAME_FRONT - 4));
}

int fl_frame_read(const uint8_t *in, struct fl_frame *frame)
{
    if (fl_le32_get(in) != FRAME_MAGIC ||
        fl_le32_get(in + FL_FRAME_FRONT - 4) != fl_crc32c(0, in, FL_FRAME_FRONT - 4))
        return 0;
    frame->type = in[4];
    frame->flags = in[5];
    frame->size = fl_le32_get(in + 8);
    frame->positions = fl_le32_get(in + 12);
    frame->epoch = fl_le64_get(in + 16);
    frame->first = fl_le64_get(in + 24);
    frame->count = fl_le32_get(in + 32);
    frame->synced = fl_le32_get(in + 36);
    frame->time = (int64_t)fl_le64_get(in + 40);
    frame->crc = fl_le32_get(in + 48);
    return frame->size <= FL_FRAME_MAX && frame->positions <= frame->size;
}
