/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_PROPERTIES_H
#define FL_CONFIG_PROPERTIES_H

/*
 * The text of java.util.Properties, one pair at a time and with the place of everything.  Blanks
 * behind a value are kept, as there.
 */

#include "base/buf.h"
#include "config/model.h"

struct fl_properties {
    const uint8_t *at; /* UTF-8, valid */
    const uint8_t *end;
    struct fl_place place; /* of `at` */
    int slash;             /* an odd number of backslashes stands before `at` */
    int32_t held;          /* a character that was read and put back, or FL_NOTHING */
    struct fl_place held_at;
    struct fl_buf key;
    struct fl_buf value;
};

/* What is wrong with a pair: it is not one, though the text behind it can be read on. */
struct fl_properties_fault {
    const char *message; /* NULL: nothing */
    struct fl_place at;
};

void fl_properties_init(struct fl_properties *lexer, const flow_allocator *mem, const void *text,
                        size_t size);
void fl_properties_free(struct fl_properties *lexer);

/*
 * Finds the next pair, whose texts live until the next call.  Returns 1, 0 at the end, or
 * FLOW_ENOMEM.
 */
int fl_properties_next(struct fl_properties *lexer, struct fl_pair *pair,
                       struct fl_properties_fault *fault);

/* Reads all of TEXT, valid UTF-8, into a configuration. */
int fl_properties_read(struct fl_reading *reading, const void *text, size_t size);

#endif
