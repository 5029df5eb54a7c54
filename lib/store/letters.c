/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/buf.h"
#include "base/le.h"
#include "core/event.h"
#include "core/slab.h"
#include "store/letters.h"
#include "store/payload.h"

#define FRONT 40u /* bytes before the reason */

uint8_t *fl_letter_put(uint8_t *out, const struct fl_letter *letter)
{
    out = fl_le64_put(out, letter->number);
    out = fl_le64_put(out, letter->offset);
    out = fl_le64_put(out, (uint64_t)letter->time);
    out = fl_le64_put(out, letter->epoch);
    out = fl_le64_put(out, letter->at);
    return fl_le32_put(fl_le32_put(out, letter->stripe), letter->deliveries);
}

void fl_letter_get(const uint8_t *in, struct fl_letter *letter)
{
    *letter = (struct fl_letter){
        .number = fl_le64_get(in),
        .offset = fl_le64_get(in + 8),
        .time = (int64_t)fl_le64_get(in + 16),
        .epoch = fl_le64_get(in + 24),
        .at = fl_le64_get(in + 32),
        .stripe = fl_le32_get(in + 40),
        .deliveries = fl_le32_get(in + 44),
    };
}

int fl_letter_is_later(const struct fl_letter *a, const struct fl_letter *b)
{
    return a->epoch > b->epoch || (a->epoch == b->epoch && a->at > b->at);
}

/* ---- frames ---- */

int fl_letter_write(struct fl_buf *out, const struct fl_letter *letter,
                    const struct fl_letter_text *text, const flow_event *event)
{
    uint64_t size = FRONT + text->reason_size + fl_payload_size(&event, 1);
    uint32_t crc = 0;

    fl_buf_clear(out);
    uint8_t *at = fl_buf_reserve(out, (size_t)FL_FRAME_ROUND(size));
    if (!at)
        return FLOW_ENOMEM;
    at = fl_le64_put(at, letter->number);
    at = fl_le64_put(at, letter->offset);
    at = fl_le64_put(at, (uint64_t)letter->time);
    at = fl_le32_put(fl_le32_put(at, text->cursor), letter->deliveries);
    at = fl_le64_put(at, text->reason_size);
    memcpy(at, text->reason, text->reason_size);
    at = fl_payload_write(at + text->reason_size, &event, 1, &crc);
    memset(at, 0, (size_t)(FL_FRAME_ROUND(size) - size));
    out->size = (size_t)size;
    return FLOW_OK;
}

int fl_letter_read(const uint8_t *bytes, size_t size, struct fl_letter *letter,
                   struct fl_letter_text *text)
{
    if (size < FRONT)
        return FLOW_EPARSE;
    *letter = (struct fl_letter){
        .number = fl_le64_get(bytes),
        .offset = fl_le64_get(bytes + 8),
        .time = (int64_t)fl_le64_get(bytes + 16),
        .deliveries = fl_le32_get(bytes + 28),
    };
    uint64_t reason = fl_le64_get(bytes + 32);
    if (reason > FL_LETTER_REASON || reason > size - FRONT || letter->offset == UINT64_MAX)
        return FLOW_EPARSE;
    *text = (struct fl_letter_text){
        .cursor = fl_le32_get(bytes + 24),
        .reason = (const char *)bytes + FRONT,
        .reason_size = (uint32_t)reason,
        .event = bytes + FRONT + reason,
        .event_size = size - FRONT - (size_t)reason,
    };
    return FLOW_OK;
}

int fl_letter_run(const struct fl_store_env *env, const struct fl_letter_text *text,
                  uint64_t offset, struct fl_run **run)
{
    struct fl_slab *slab = fl_slab_exact(env->pool, sizeof(flow_event) + text->event_size, 1);
    struct fl_run *made = fl_run_new(env->mem, 1);

    if (!slab || !made) {
        if (slab)
            fl_slab_unref(slab, 1);
        fl_run_unref(made);
        return FLOW_ENOMEM;
    }
    flow_event *place = (flow_event *)(slab + 1);
    uint8_t *bytes = (uint8_t *)(place + 1);
    memcpy(bytes, text->event, text->event_size);
    made->first = offset;
    int rc = fl_payload_read(slab, bytes, text->event_size, place, made->events, 1);
    if (rc) {
        fl_slab_unref(slab, 1);
        fl_run_unref(made);
        return rc;
    }
    made->count = 1;
    *run = made;
    return FLOW_OK;
}
