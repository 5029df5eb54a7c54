/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_UTF8_H
#define FL_BASE_UTF8_H

#include "base/buf.h"

/* What stands for a character that cannot be shown. */
#define FL_UTF8_REPLACEMENT 0xfffdu

/* The size of the longest valid UTF-8 prefix of DATA: SIZE when all of it is valid. */
size_t fl_utf8_valid(const void *data, size_t size);

/*
 * Of DATA, which does not begin with a valid character: how many bytes a decoder replaces by one
 * U+FFFD, the same number that Java takes.  *CUT is 1 when the bytes that follow DATA could still
 * make it valid.
 */
size_t fl_utf8_broken(const void *data, size_t size, int *cut);

/* Reads the character at the front of DATA and its size; 0 when it is not valid. */
size_t fl_utf8_decode(const void *data, size_t size, uint32_t *code_point);

/* Adds CODE_POINT in UTF-8, or U+FFFD for a surrogate and whatever is no code point at all. */
int fl_utf8_append(struct fl_buf *out, uint32_t code_point);

/* Adds ISO-8859-1 bytes as UTF-8. */
int fl_utf8_from_latin1(struct fl_buf *out, const void *data, size_t size);

/* Adds UTF-8 as UTF-16, the high bytes first.  FLOW_EINVAL for what is not valid. */
int fl_utf8_to_utf16be(struct fl_buf *out, const void *data, size_t size);

#endif
