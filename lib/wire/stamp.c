/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "wire/stamp.h"

#define VERSION 1u
#define HAS_KEY 1u
#define HAS_HORIZON 2u
#define NUMBER_MOST 10u

void fl_stamp_list_init(struct fl_stamp_list *list, const flow_allocator *mem)
{
    fl_vec_init(&list->spans, mem, sizeof(flow_span));
    fl_vec_init(&list->keys, mem, sizeof(size_t));
    fl_buf_init(&list->bytes, mem);
}

void fl_stamp_list_free(struct fl_stamp_list *list)
{
    fl_vec_free(&list->spans);
    fl_vec_free(&list->keys);
    fl_buf_free(&list->bytes);
}

void fl_stamp_list_clear(struct fl_stamp_list *list)
{
    list->spans.count = 0;
    list->keys.count = 0;
    fl_buf_clear(&list->bytes);
}

int fl_stamp_list_add(void *self, const flow_span *span)
{
    struct fl_stamp_list *list = self;
    size_t at = list->bytes.size;

    if (span->key_size && fl_buf_append(&list->bytes, span->key, span->key_size))
        return FLOW_ENOMEM;
    if (fl_vec_push(&list->keys, &at)) {
        if (fl_vec_push(&list->spans, span))
            return FLOW_OK;
        list->keys.count--;
    }
    list->bytes.size = at;
    return FLOW_ENOMEM;
}

static flow_span span_at(const struct fl_stamp_list *list, size_t index)
{
    flow_span span = *(const flow_span *)fl_vec_at(&list->spans, index);

    span.key = NULL; /* of a list without any key there are no bytes */
    if (span.key_size)
        span.key = list->bytes.data + *(const size_t *)fl_vec_at(&list->keys, index);
    return span;
}

const flow_span *fl_stamp_list_spans(struct fl_stamp_list *list)
{
    for (size_t i = 0; i < list->spans.count; i++) {
        flow_span *span = fl_vec_at(&list->spans, i);
        span->key = span_at(list, i).key;
    }
    return list->spans.items;
}

int fl_stamp_list_cut(const struct fl_stamp_list *list, size_t index, size_t at, size_t first,
                      size_t count, flow_span *span)
{
    *span = span_at(list, index);
    size_t end = at + span->count;
    size_t from = at > first ? at : first;
    size_t to = end - first < count ? end : first + count;

    if (!span->count)
        return first == 0;
    if (end <= first || from >= to)
        return 0;
    span->first += span->key_size ? from - at : 0;
    span->count = (uint32_t)(to - from);
    return 1;
}

/* ---- to bytes ---- */

static int put_number(struct fl_buf *out, uint64_t number)
{
    uint8_t bytes[NUMBER_MOST];
    size_t size = 0;

    for (; number > 0x7f; number >>= 7)
        bytes[size++] = (uint8_t)(number | 0x80);
    bytes[size++] = (uint8_t)number;
    return fl_buf_append(out, bytes, size);
}

/* What the span before has told. */
struct before {
    flow_span span;
    int some;
};

static int is_same_key(const struct before *before, const flow_span *span)
{
    const flow_span *last = &before->span;

    return before->some && last->key_size == span->key_size &&
           (!span->key_size || !memcmp(last->key, span->key, span->key_size));
}

static int put_key(struct fl_buf *out, const flow_span *span)
{
    int rc = fl_buf_byte(out, (uint8_t)span->key_size);

    return rc || !span->key_size ? rc : fl_buf_append(out, span->key, span->key_size);
}

static int put_span(struct fl_buf *out, const struct before *before, const flow_span *span)
{
    int same = is_same_key(before, span);
    int horizon = span->horizon != before->span.horizon;
    uint64_t behind = same ? before->span.first + before->span.count : 0;
    int rc = fl_buf_byte(out, (uint8_t)((same ? 0 : HAS_KEY) | (horizon ? HAS_HORIZON : 0)));

    if (!rc && !same)
        rc = put_key(out, span);
    if (!rc && horizon)
        rc = put_number(out, span->horizon);
    if (!rc)
        rc = put_number(out, span->count);
    return rc ? rc : put_number(out, span->first - behind);
}

static int put_all(struct fl_buf *out, const struct fl_stamp_list *list, size_t first, size_t count,
                   int *some)
{
    struct before before = {.some = 0};
    size_t at = 0;
    int rc = fl_buf_byte(out, VERSION);

    *some = 0;
    for (size_t i = 0; i < list->spans.count && !rc; i++) {
        flow_span span;
        if (fl_stamp_list_cut(list, i, at, first, count, &span)) {
            rc = put_span(out, &before, &span);
            before = (struct before){span, 1};
            *some |= span.key_size && span.count;
        }
        at += ((const flow_span *)fl_vec_at(&list->spans, i))->count;
    }
    return rc;
}

int fl_stamp_write(struct fl_buf *out, const struct fl_stamp_list *list, size_t first, size_t count)
{
    size_t size = out->size;
    int some;
    int rc = put_all(out, list, first, count, &some);

    if (!rc && out->size - size > FL_STAMP_MAX)
        rc = FLOW_ETOOBIG;
    if (rc || !some)
        out->size = size;
    return rc;
}

int fl_stamp_write_empty(struct fl_buf *out)
{
    return fl_buf_byte(out, VERSION);
}

/* ---- from bytes ---- */

int fl_stamp_begin(struct fl_stamp_in *stamp, const void *data, size_t size)
{
    *stamp = (struct fl_stamp_in){.at = data, .end = (const uint8_t *)data + size};
    if (!size || size > FL_STAMP_MAX || *stamp->at++ != VERSION)
        return FLOW_EPARSE;
    return FLOW_OK;
}

static int get_number(struct fl_stamp_in *stamp, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; shift < 7 * NUMBER_MOST && stamp->at < stamp->end; shift += 7) {
        uint8_t byte = *stamp->at++;
        if (shift == 63 && byte > 1)
            return FLOW_EPARSE;
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return FLOW_OK;
    }
    return FLOW_EPARSE;
}

static int get_key(struct fl_stamp_in *stamp)
{
    size_t left = (size_t)(stamp->end - stamp->at);

    if (!left || left - 1 < *stamp->at)
        return FLOW_EPARSE;
    stamp->last.key_size = *stamp->at++;
    stamp->last.key = stamp->last.key_size ? stamp->at : NULL;
    stamp->at += stamp->last.key_size;
    stamp->behind = 0;
    return FLOW_OK;
}

int fl_stamp_next(struct fl_stamp_in *stamp, flow_span *span)
{
    flow_span *last = &stamp->last;
    uint64_t count, first;

    if (stamp->at == stamp->end)
        return 0;
    uint8_t has = *stamp->at++;
    if (has & ~(HAS_KEY | HAS_HORIZON) || (has & HAS_KEY && get_key(stamp)) ||
        (has & HAS_HORIZON && get_number(stamp, &last->horizon)) || get_number(stamp, &count) ||
        get_number(stamp, &first) || count > UINT32_MAX)
        return FLOW_EPARSE;
    last->count = (uint32_t)count;
    last->first = stamp->behind + first; /* may wrap: also back */
    stamp->behind = last->first + count;
    *span = *last;
    return 1;
}
