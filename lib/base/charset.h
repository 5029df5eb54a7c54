/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_CHARSET_H
#define FL_BASE_CHARSET_H

/*
 * Character sets, by the names Java has for them, from and to UTF-8.  One instance is used by one
 * thread at a time.
 */

#include <flow/error.h>

#include "base/buf.h"

/* What becomes of bytes that are no character, and of characters that the set lacks. */
#define FL_CHARSET_FAIL 0    /* FLOW_EPARSE */
#define FL_CHARSET_REPLACE 1 /* U+FFFD for them, or '?' in a set without it */
#define FL_CHARSET_IGNORE 2  /* they are left out */

struct fl_charset;

/* Finds NAME ("UTF-8", "windows-1252", "MS932"); FLOW_ENOENT when there is no such set. */
int fl_charset_open(const flow_allocator *mem, const char *name, int policy,
                    struct fl_charset **out, flow_error **err);
void fl_charset_free(struct fl_charset *cs);

int fl_charset_is_utf8(const struct fl_charset *cs);

/* The largest number of UTF-16 units that SIZE bytes can mean. */
size_t fl_charset_most_units(const struct fl_charset *cs, size_t size);

/* Writes the bytes of a newline to BYTES, as far as the byte order is known by then, and returns
 * their number. */
size_t fl_charset_newline(struct fl_charset *cs, uint8_t bytes[4]);

/*
 * For UTF-16 and UTF-32 without a named order: settles it by the first bytes of a text and returns
 * how many of them are the mark.  Without this the first bytes converted decide.  A new text needs
 * a new call.
 */
size_t fl_charset_sniff(struct fl_charset *cs, const void *data, size_t size);

/*
 * Converts DATA and adds it to OUT.  With CONSUMED, DATA may end within a character: that stays,
 * to be given again with what follows, and *CONSUMED says how far it went.  Without, DATA ends the
 * text.  With FL_CHARSET_FAIL, OUT holds what came before the fault, and *CONSUMED its place.
 */
int fl_charset_to_utf8(struct fl_charset *cs, const void *data, size_t size, struct fl_buf *out,
                       size_t *consumed, flow_error **err);

/* Converts DATA, a whole text in UTF-8, and adds it to OUT, as String.getBytes does. */
int fl_charset_from_utf8(struct fl_charset *cs, const void *data, size_t size, struct fl_buf *out,
                         flow_error **err);

/* How many UTF-16 units DATA, valid UTF-8, has: what Java calls its length. */
size_t fl_utf16_length(const void *data, size_t size);

#endif
