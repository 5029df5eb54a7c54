/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_HEX_H
#define TESTS_SUPPORT_HEX_H

/* Bytes from hexadecimal digits.  Whatever is wrong fails the test. */

#include "base/buf.h"

/* Adds what the digits of TEXT stand for; blanks and newlines between bytes are allowed. */
void hex_text(struct fl_buf *out, const char *text);

/* The same for the digits in a file. */
void hex_file(struct fl_buf *out, const char *path);

#endif
