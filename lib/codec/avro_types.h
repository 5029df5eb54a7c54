/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_AVRO_TYPES_H
#define FL_CODEC_AVRO_TYPES_H

/* A schema as a table of types that name each other by number: for avro_schema.c, which makes it,
 * and avro_skip.c, which walks through data by it. */

#include "base/vec.h"
#include "codec/avro_schema.h"

/* The primitives come first, and each of them is the type of its own number. */
enum fl_avro_kind {
    FL_AVRO_NULL,
    FL_AVRO_BOOLEAN,
    FL_AVRO_INT,
    FL_AVRO_LONG,
    FL_AVRO_FLOAT,
    FL_AVRO_DOUBLE,
    FL_AVRO_BYTES,
    FL_AVRO_STRING,
    FL_AVRO_PRIMITIVES,
    FL_AVRO_RECORD = FL_AVRO_PRIMITIVES,
    FL_AVRO_ENUM,
    FL_AVRO_FIXED,
    FL_AVRO_ARRAY,
    FL_AVRO_MAP,
    FL_AVRO_UNION,
};

/* The size of data that do not all have the same. */
#define FL_AVRO_VARIES SIZE_MAX

struct fl_avro_type {
    uint32_t kind;
    uint32_t first; /* in `links`: of a record's fields, a union's branches; the one of an item */
    uint32_t count; /* of those; of an enum's symbols */
    size_t size;    /* of each datum */
};

/* A record, array or map that is being walked through. */
struct fl_avro_frame {
    const struct fl_avro_type *type;
    struct fl_avro_items items; /* of an array or map */
    uint32_t field;             /* the next one of a record */
};

struct fl_avro_schema {
    const flow_allocator *mem;
    struct fl_vec types; /* of struct fl_avro_type */
    struct fl_vec links; /* of uint32_t, numbers of types */
    uint32_t root;
    struct fl_buf canonical;
    struct fl_vec frames; /* of struct fl_avro_frame: the room of a walk, kept for the next */
};

const struct fl_avro_type *fl_avro_type_at(const struct fl_avro_schema *schema, uint32_t number);

/* The type that is number INDEX of those that TYPE links to. */
const struct fl_avro_type *fl_avro_type_link(const struct fl_avro_schema *schema,
                                             const struct fl_avro_type *type, uint32_t index);

#endif
