/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_UTF8_H
#define FL_BASE_UTF8_H

#include "base/buf.h"

/* The size of the longest valid UTF-8 prefix of DATA: SIZE when all of it is valid. */
size_t fl_utf8_valid(const void *data, size_t size);

/* Adds CODE_POINT in UTF-8. */
int fl_utf8_append(struct fl_buf *out, uint32_t code_point);

/* Adds ISO-8859-1 bytes as UTF-8. */
int fl_utf8_from_latin1(struct fl_buf *out, const void *data, size_t size);

#endif
