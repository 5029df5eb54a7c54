/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/crc32c.h"
#include "base/le.h"
#include "codec/pack.h"
#include "store/format.h"

static const uint8_t segment_magic[8] = {'F', 'L', 'O', 'W', 'S', 'E', 'G', '\n'};
#define FRAME_MAGIC UINT32_C(0x4d524c46) /* "FLRM" */

/* Where things lie in the front of a segment: its checksum is behind all of them. */
#define FRONT_USED 128u
#define FRONT_FLAGS 96u
#define FRONT_ORIGIN 100u
#define FRONT_SEALED 1u

static uint8_t *put_sum(uint8_t *at, const struct fl_segment_sum *sum)
{
    at = fl_le64_put(at, sum->epoch);
    at = fl_le64_put(at, sum->end);
    at = fl_le64_put(at, sum->last);
    return fl_le64_put(at, sum->needed);
}

static void put_origin(uint8_t *at, const struct fl_origin *origin)
{
    memcpy(at, origin->id, FL_STORE_ID);
    fl_le64_put(at + FL_STORE_ID, origin->first);
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
    at = put_sum(at, &front->before);
    fl_le32_put(at, front->seal.name[0] ? FRONT_SEALED : 0);
    put_origin(out + FRONT_ORIGIN, &front->origin);
    if (front->seal.name[0]) {
        fl_seal_front_write(&front->seal, out + FL_SEGMENT_SEAL_FIRST);
        fl_seal_front_write(&front->seal, out + FL_SEGMENT_SEAL_SECOND);
    }
    fl_le32_put(out + FRONT_USED, fl_crc32c(0, out, FRONT_USED));
}

static void get_origin(const uint8_t *at, struct fl_origin *origin)
{
    memcpy(origin->id, at, FL_STORE_ID);
    origin->first = fl_le64_get(at + FL_STORE_ID);
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

/* Whether a later version wrote the front: it has flags that are not known, or a later number; but
 * not when with ours in its place it is whole, for then that number is what is damaged. */
static int is_later(const uint8_t *in)
{
    uint8_t ours[FRONT_USED];

    if (is_whole(in, in) && fl_le32_get(in + FRONT_FLAGS) & ~FRONT_SEALED)
        return 1;
    memcpy(ours, in, sizeof ours);
    fl_le32_put(ours + sizeof segment_magic, FL_STORE_VERSION);
    return fl_le32_get(in + sizeof segment_magic) > FL_STORE_VERSION && !is_whole(in, ours);
}

/* What both copies say is the same; one is enough. */
static void get_seal(const uint8_t *in, struct fl_segment_front *front)
{
    memset(&front->seal, 0, sizeof front->seal);
    int second = fl_seal_front_read(in + FL_SEGMENT_SEAL_SECOND, &front->seal);
    int first = fl_seal_front_read(in + FL_SEGMENT_SEAL_FIRST, &front->seal);
    front->seal_lost = first ? FL_SEGMENT_SEAL_SECOND : FL_SEGMENT_SEAL_FIRST;
    if (first == second)
        front->seal_lost = 0;
}

int fl_segment_front_read(const uint8_t *in, struct fl_segment_front *front, const char **why)
{
    get_seal(in, front);
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
    get_origin(in + FRONT_ORIGIN, &front->origin);
    if (!(fl_le32_get(in + FRONT_FLAGS) & FRONT_SEALED)) {
        front->seal.name[0] = '\0';
        front->seal_lost = 0;
    } else if (!front->seal.name[0] || front->seal.owner != front->epoch) {
        *why = "what the key of its frames is made of is damaged";
        return FLOW_EPARSE;
    }
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
    at = fl_le32_put(at, frame->raw);
    at = fl_le32_put(at, frame->spans);
    fl_le32_put(at, fl_crc32c(0, out, FL_FRAME_FRONT - 4));
}

/* A few bytes that claim to have been many are no frame of ours. */
static int has_sense(const struct fl_frame *frame)
{
    if (!fl_frame_is_known(frame))
        return frame->size <= FL_FRAME_MAX;
    if (frame->size > FL_FRAME_MAX || (frame->flags & FL_FRAME_SEALED && frame->size < FL_SEAL_TAG))
        return 0;
    if (frame->flags & FL_FRAME_PACKED &&
        (frame->raw > FL_FRAME_MAX || frame->raw / FL_PACK_RATIO_MOST > frame->size))
        return 0;
    return frame->positions <= fl_frame_plain(frame) && frame->spans <= frame->positions;
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
    frame->raw = fl_le32_get(in + 52);
    frame->spans = fl_le32_get(in + 56);
    return has_sense(frame);
}

int fl_frame_is_known(const struct fl_frame *frame)
{
    return frame->type <= FL_FRAME_DEAD && !(frame->flags & ~FL_FRAME_FLAGS);
}

void fl_frame_aad(const struct fl_frame *frame, uint8_t out[FL_FRAME_FRONT])
{
    struct fl_frame front = *frame;

    front.crc = 0;
    fl_frame_write(&front, out);
}

void fl_frame_nonce(uint64_t at, uint8_t out[FL_GCM_NONCE])
{
    fl_le32_put(fl_le64_put(out, at), 0);
}
