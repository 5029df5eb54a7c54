/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "core/marks.h"

void fl_marks_init(struct fl_marks *marks, const flow_allocator *mem)
{
    fl_vec_init(&marks->list, mem, sizeof(struct fl_batch_mark));
    fl_buf_init(&marks->texts, mem);
}

void fl_marks_free(struct fl_marks *marks)
{
    fl_vec_free(&marks->list);
    fl_buf_free(&marks->texts);
}

void fl_marks_clear(struct fl_marks *marks)
{
    marks->list.count = 0;
    fl_buf_clear(&marks->texts);
}

/* A key is mostly the one of the mark before, and then not kept twice. */
static int add_key(struct fl_marks *marks, const flow_position *position,
                   struct fl_batch_mark *mark)
{
    size_t count = marks->list.count;

    mark->key_size = (uint32_t)position->key_size;
    if (count > 0) {
        const struct fl_batch_mark *last = fl_marks_at(marks, count - 1);
        mark->key_at = last->key_at;
        if (last->key_size == mark->key_size &&
            !memcmp(marks->texts.data + last->key_at, position->key, position->key_size))
            return FLOW_OK;
    }
    mark->key_at = marks->texts.size;
    return fl_buf_append(&marks->texts, position->key, position->key_size);
}

int fl_marks_add(struct fl_marks *marks, const flow_position *position, size_t end)
{
    struct fl_batch_mark mark = {.end = end, .value_size = (uint32_t)position->value_size};
    size_t before = marks->texts.size;
    int rc = add_key(marks, position, &mark);

    mark.value_at = marks->texts.size;
    if (!rc && position->value_size)
        rc = fl_buf_append(&marks->texts, position->value, position->value_size);
    if (!rc && !fl_vec_push(&marks->list, &mark))
        rc = FLOW_ENOMEM;
    if (rc)
        marks->texts.size = before;
    return rc;
}

void fl_marks_filter(struct fl_marks *marks, const uint8_t *keep)
{
    size_t event = 0, kept = 0;

    for (size_t i = 0; i < marks->list.count; i++) {
        struct fl_batch_mark *mark = fl_vec_at(&marks->list, i);
        for (; event < mark->end; event++)
            kept += keep[event] != 0;
        mark->end = kept;
    }
}

void fl_marks_truncate(struct fl_marks *marks, size_t count)
{
    for (size_t i = marks->list.count; i > 0; i--) {
        struct fl_batch_mark *mark = fl_vec_at(&marks->list, i - 1);
        if (mark->end <= count)
            return;
        mark->end = count;
    }
}

void fl_marks_mix(struct fl_marks *marks, size_t before, size_t count)
{
    for (size_t i = 0; i < marks->list.count; i++) {
        struct fl_batch_mark *mark = fl_vec_at(&marks->list, i);
        if (i + 1 < marks->list.count || mark->end < before)
            mark->mixed = 1;
        mark->end = count;
    }
}

flow_position fl_marks_position(const struct fl_marks *marks, size_t index)
{
    const struct fl_batch_mark *mark = fl_marks_at(marks, index);
    const uint8_t *texts = marks->texts.data;

    return (flow_position){
        .key = texts + mark->key_at,
        .value = mark->value_size ? texts + mark->value_at : NULL,
        .key_size = mark->key_size,
        .value_size = mark->value_size,
    };
}

int fl_marks_same_key(const struct fl_marks *marks, size_t one, size_t other)
{
    const struct fl_batch_mark *a = fl_marks_at(marks, one), *b = fl_marks_at(marks, other);
    const uint8_t *texts = marks->texts.data;

    return a->key_at == b->key_at || (a->key_size == b->key_size &&
                                      !memcmp(texts + a->key_at, texts + b->key_at, a->key_size));
}
