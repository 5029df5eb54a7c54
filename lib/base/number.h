/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_NUMBER_H
#define FL_BASE_NUMBER_H

/* Numbers and words in text, without regard to the locale. */

#include <flow/api.h>

/* Reads a whole decimal number with an optional sign and nothing around it; FLOW_EPARSE. */
int fl_parse_int(const char *text, size_t size, int64_t *value);

/* ASCII only. */
int fl_equal_ignore_case(const char *a, const char *b);
int fl_equal_bytes_ignore_case(const char *a, const char *b, size_t size);
char fl_lower(char c);
int fl_is_space(char c); /* U+0020 and below, as String.trim has it */

/* How many single-letter edits lie between A and B, LIMIT + 1 when there are more. */
unsigned fl_edit_distance(const char *a, const char *b, unsigned limit);

#endif
