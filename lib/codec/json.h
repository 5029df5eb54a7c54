/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_JSON_H
#define FL_CODEC_JSON_H

/*
 * JSON text as a flat row of values: each is followed by what it holds, a member of an object being
 * its name and then its value.  The first is the whole.
 */

#include <flow/error.h>

#include "base/buf.h"
#include "base/vec.h"

enum fl_json_kind {
    FL_JSON_TEXT,
    FL_JSON_NUMBER,
    FL_JSON_WORD, /* true, false, null */
    FL_JSON_LIST,
    FL_JSON_OBJECT,
};

struct fl_json_value {
    uint32_t kind;
    uint32_t start; /* in `texts`: what a text means, what a number or word looks like */
    uint32_t size;
    uint32_t next; /* behind it and all it holds */
};

struct fl_json {
    struct fl_vec values; /* of struct fl_json_value */
    struct fl_buf texts;
};

/* Parses TEXT, which is UTF-8.  FLOW_EPARSE with the byte at fault, FLOW_ETOOBIG for more than
 * 4 GiB.  Free it in either case. */
int fl_json_parse(struct fl_json *json, const flow_allocator *mem, const void *text, size_t size,
                  flow_error **err);
void fl_json_free(struct fl_json *json);

/* The value at INDEX, which exists. */
const struct fl_json_value *fl_json_at(const struct fl_json *json, uint32_t index);

/* What a value says; not ended by a NUL. */
const char *fl_json_text(const struct fl_json *json, const struct fl_json_value *value);
int fl_json_is(const struct fl_json *json, uint32_t index, const char *text);

/* The value of the member NAME of the object at INDEX, the last of several; 0 when there is none.
 */
uint32_t fl_json_member(const struct fl_json *json, uint32_t index, const char *name);

#endif
