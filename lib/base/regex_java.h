/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_REGEX_JAVA_H
#define FL_BASE_REGEX_JAVA_H

/* The translation of Java's dialect, in the parts that its files share. */

#include <flow/error.h>

#include "base/buf.h"
#include "base/vec.h"

/* Flags of Java's that can be set within a pattern. */
#define FL_JAVA_CASELESS 1u   /* i */
#define FL_JAVA_UNIX_LINES 2u /* d */
#define FL_JAVA_MULTILINE 4u  /* m */
#define FL_JAVA_DOTALL 8u     /* s */
#define FL_JAVA_UNICODE 16u   /* u */
#define FL_JAVA_COMMENTS 32u  /* x */

/* Where a piece of the translation came from. */
struct fl_java_origin {
    size_t out;
    size_t in;
};

struct fl_java {
    const char *pattern;
    size_t size;
    size_t at;      /* the next byte to be read */
    unsigned depth; /* of groups and classes around it */
    uint32_t groups;
    uint32_t flags;
    struct fl_buf *out;
    struct fl_vec *origins; /* of struct fl_java_origin, or NULL */
    flow_error **err;
};

/* A set of characters: what stands between the brackets of a class of PCRE2, or its negation. */
struct fl_java_set {
    const char *body;
    int negated;
};

/*
 * Adds to OUT the translation of PATTERN, which is valid UTF-8.  FLOW_EPARSE tells the offset and
 * why.
 */
int fl_java_translate(const char *pattern, size_t size, struct fl_buf *out, struct fl_vec *origins,
                      flow_error **err);

/* Says that the pattern is wrong at OFFSET. */
int fl_java_refuse(struct fl_java *java, size_t offset, const char *why);

/* Reads the next character, which exists. */
uint32_t fl_java_next(struct fl_java *java);

/* The byte that comes next, or the one AHEAD of it; 0 behind the end. */
char fl_java_peek(const struct fl_java *java, size_t ahead);

/* In comments mode, steps over white space and comments. */
void fl_java_skip(struct fl_java *java);

/* Adds one character so that it means itself, inside and outside of classes. */
int fl_java_literal(struct fl_buf *out, uint32_t c);

/*
 * Of an escape, whose backslash has been read: 1 with the character that it means in *C, 0 when it
 * is not such a one, and nothing has been read; negative: refused.
 */
int fl_java_escaped_char(struct fl_java *java, uint32_t *c);

/* The same for an escape that means a set: \d, \p{...} and so on. */
int fl_java_escaped_set(struct fl_java *java, struct fl_java_set *set, struct fl_buf *room);

/* Reads a class, whose bracket has been read, and adds what matches one of its characters. */
int fl_java_class(struct fl_java *java, struct fl_buf *out);

/* Adds what matches one character of SET. */
int fl_java_set_write(struct fl_buf *out, const struct fl_java_set *set);

/* Finds the property NAME of SIZE bytes; ROOM holds a body that had to be made.  0: none. */
int fl_java_property(const char *name, size_t size, uint32_t flags, struct fl_java_set *set,
                     struct fl_buf *room);

#endif
