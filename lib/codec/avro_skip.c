/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the end of a datum by its schema.  A recursive schema lets data nest as deep as they have
 * bytes, so what is open lies on a stack of our own.
 */

#include "codec/avro_types.h"

#define DEPTH_MAX 65536

struct walk {
    struct fl_avro_schema *schema;
    struct fl_avro_in *in;
};

static int skip_bytes(struct fl_avro_in *in)
{
    const uint8_t *data;
    size_t size;

    return fl_avro_get_bytes(in, &data, &size);
}

static int skip_enum(struct fl_avro_in *in, const struct fl_avro_type *type)
{
    int32_t symbol;

    if (fl_avro_get_int(in, &symbol) || symbol < 0 || (uint32_t)symbol >= type->count)
        return FLOW_EPARSE;
    return FLOW_OK;
}

static int open_frame(struct walk *walk, const struct fl_avro_type *type)
{
    const struct fl_avro_frame frame = {.type = type};

    if (walk->schema->frames.count == DEPTH_MAX)
        return FLOW_EPARSE;
    return fl_vec_push(&walk->schema->frames, &frame) ? FLOW_OK : FLOW_ENOMEM;
}

/* Follows unions, each of which takes bytes, to the branch that is there. */
static int choose_branch(struct walk *walk, const struct fl_avro_type **type)
{
    while ((*type)->kind == FL_AVRO_UNION) {
        int32_t branch;
        if (fl_avro_get_int(walk->in, &branch) || branch < 0 || (uint32_t)branch >= (*type)->count)
            return FLOW_EPARSE;
        *type = fl_avro_type_link(walk->schema, *type, (uint32_t)branch);
    }
    return FLOW_OK;
}

/* Skips a datum of TYPE, or opens it when it holds others. */
static int enter(struct walk *walk, const struct fl_avro_type *type)
{
    const uint8_t *data;
    int64_t number;
    int32_t small;
    int truth;
    int rc = choose_branch(walk, &type);

    if (rc)
        return rc;
    if (type->size != FL_AVRO_VARIES)
        return fl_avro_get_fixed(walk->in, type->size, &data);
    switch (type->kind) {
    case FL_AVRO_BOOLEAN: return fl_avro_get_bool(walk->in, &truth);
    case FL_AVRO_INT: return fl_avro_get_int(walk->in, &small);
    case FL_AVRO_LONG: return fl_avro_get_long(walk->in, &number);
    case FL_AVRO_BYTES:
    case FL_AVRO_STRING: return skip_bytes(walk->in);
    case FL_AVRO_ENUM: return skip_enum(walk->in, type);
    default: return open_frame(walk, type);
    }
}

/* Skips the present item and all that follow it in its block: each has SIZE bytes, perhaps none, so
 * that their number alone would keep a loop busy for ever. */
static int skip_block(struct fl_avro_in *in, struct fl_avro_items *items, size_t size)
{
    size_t there = (size_t)(in->end - in->at);

    if (size > 0 && items->left >= there / size)
        return FLOW_EPARSE;
    in->at += size * (items->left + 1);
    items->left = 0;
    return FLOW_OK;
}

/* Goes on with an array or a map: 1 when an item was entered, 0 at the end. */
static int next_item(struct walk *walk, struct fl_avro_frame *frame)
{
    const struct fl_avro_type *item = fl_avro_type_link(walk->schema, frame->type, 0);
    int rc = fl_avro_next(walk->in, &frame->items);

    if (rc <= 0)
        return rc;
    if (frame->type->kind == FL_AVRO_MAP)
        rc = skip_bytes(walk->in);
    else if (item->size != FL_AVRO_VARIES)
        return skip_block(walk->in, &frame->items, item->size) ? FLOW_EPARSE : 1;
    if (rc >= 0)
        rc = enter(walk, item);
    return rc < 0 ? rc : 1;
}

static int next_field(struct walk *walk, struct fl_avro_frame *frame)
{
    if (frame->field == frame->type->count)
        return 0;
    int rc = enter(walk, fl_avro_type_link(walk->schema, frame->type, frame->field++));
    return rc < 0 ? rc : 1;
}

int fl_avro_schema_skip(struct fl_avro_schema *schema, struct fl_avro_in *in)
{
    struct walk walk = {.schema = schema, .in = in};

    schema->frames.count = 0;
    int rc = enter(&walk, fl_avro_type_at(schema, schema->root));
    while (rc >= 0 && schema->frames.count > 0) {
        struct fl_avro_frame *frame = fl_vec_at(&schema->frames, schema->frames.count - 1);
        rc = frame->type->kind == FL_AVRO_RECORD ? next_field(&walk, frame)
                                                 : next_item(&walk, frame);
        if (rc == 0)
            schema->frames.count--;
    }
    return rc < 0 ? rc : FLOW_OK;
}
