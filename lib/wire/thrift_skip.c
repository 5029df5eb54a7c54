/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Skipping: what a struct holds is known only by reading it, and it may come in pieces of any size.
 * So the levels that are open lie on a stack of our own, and each step reads one small thing.
 */

#include "wire/thrift.h"

void fl_thrift_skip_begin(struct fl_thrift_skip *skip, uint8_t type)
{
    skip->bytes = 0;
    skip->depth = 0;
    skip->most = FL_THRIFT_DEPTH;
    skip->next = type;
}

static int skip_bytes(struct fl_thrift_skip *skip, struct fl_thrift_in *in)
{
    size_t here = (size_t)(in->end - in->at);
    uint32_t size = skip->bytes < here ? skip->bytes : (uint32_t)here;

    in->at += size;
    skip->bytes -= size;
    return skip->bytes > 0 ? FL_THRIFT_MORE : FLOW_OK;
}

/* Sees to it that the message has the SIZE bytes that are to be skipped, here or later. */
static int open_bytes(struct fl_thrift_skip *skip, const struct fl_thrift_in *in, uint32_t size)
{
    if (size > (uint64_t)(in->end - in->at) + in->beyond)
        return FLOW_EPARSE;
    skip->bytes = size;
    return FLOW_OK;
}

static int open_text(struct fl_thrift_skip *skip, struct fl_thrift_in *in)
{
    struct fl_thrift_in ahead = *in;
    uint32_t size;
    int rc = fl_thrift_get_size(&ahead, &size);

    if (!rc)
        rc = open_bytes(skip, &ahead, size);
    if (!rc)
        in->at = ahead.at;
    return rc;
}

static int open_level(struct fl_thrift_skip *skip, const struct fl_thrift_level *level)
{
    if (skip->depth == skip->most)
        return FLOW_EPARSE;
    skip->levels[skip->depth++] = *level;
    return FLOW_OK;
}

static int open_items(struct fl_thrift_skip *skip, struct fl_thrift_in *in)
{
    int map = skip->next == FL_THRIFT_MAP;
    struct fl_thrift_items items;
    int rc = map ? fl_thrift_get_map(in, &items) : fl_thrift_get_list(in, &items);

    if (rc)
        return rc;
    const struct fl_thrift_level level = {
        .type = map ? FL_THRIFT_MAP : FL_THRIFT_LIST,
        .key = items.key,
        .value = items.value,
        .left = map ? items.count * 2 : items.count,
    };
    return open_level(skip, &level);
}

/* Reads the value that begins here, or its head. */
static int enter(struct fl_thrift_skip *skip, struct fl_thrift_in *in)
{
    const struct fl_thrift_level level = {.type = FL_THRIFT_STRUCT};
    int64_t number;

    switch (skip->next) {
    case FL_THRIFT_BYTE:
    case FL_THRIFT_I16:
    case FL_THRIFT_I32:
    case FL_THRIFT_I64: return fl_thrift_get_number(in, skip->next, &number);
    case FL_THRIFT_FLAG: return FLOW_OK;
    case FL_THRIFT_BOOL: return open_bytes(skip, in, 1);
    case FL_THRIFT_DOUBLE: return open_bytes(skip, in, 8);
    case FL_THRIFT_UUID: return open_bytes(skip, in, 16);
    case FL_THRIFT_BYTES: return open_text(skip, in);
    case FL_THRIFT_STRUCT: return open_level(skip, &level);
    case FL_THRIFT_LIST:
    case FL_THRIFT_SET:
    case FL_THRIFT_MAP: return open_items(skip, in);
    default: return FLOW_EPARSE;
    }
}

/* Finds what comes next in the innermost level, or leaves it. */
static int advance(struct fl_thrift_skip *skip, struct fl_thrift_in *in)
{
    struct fl_thrift_level *level = &skip->levels[skip->depth - 1];
    struct fl_thrift_field field = {.id = level->id};
    int rc;

    if (level->type == FL_THRIFT_STRUCT) {
        rc = fl_thrift_get_field(in, &field);
        level->id = field.id;
        skip->next = field.type;
        if (!rc && field.type == FL_THRIFT_STOP)
            skip->depth--;
        return rc;
    }
    if (level->left == 0) {
        skip->depth--;
        return FLOW_OK;
    }
    skip->next = level->key && level->left % 2 == 0 ? level->key : level->value;
    level->left--;
    return FLOW_OK;
}

int fl_thrift_skip(struct fl_thrift_skip *skip, struct fl_thrift_in *in)
{
    int rc = FLOW_OK;

    for (;;) {
        if (skip->bytes > 0) {
            rc = skip_bytes(skip, in);
        } else if (skip->next != FL_THRIFT_STOP) {
            rc = enter(skip, in);
            if (!rc)
                skip->next = FL_THRIFT_STOP;
        } else if (skip->depth > 0) {
            rc = advance(skip, in);
        } else {
            return FLOW_OK;
        }
        if (rc)
            return rc;
    }
}

int fl_thrift_skip_value(struct fl_thrift_in *in, uint8_t type)
{
    struct fl_thrift_skip skip;

    fl_thrift_skip_begin(&skip, type);
    return fl_thrift_skip(&skip, in);
}
