/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_REGEX_H
#define FL_BASE_REGEX_H

/*
 * Java regular expressions by way of PCRE2: the dialect is translated where the two differ, and
 * what has no counterpart is refused.  A compiled pattern serves any number of threads.
 */

#include <flow/error.h>

#include "base/mem.h"

struct fl_regex;

/* Compiles; FLOW_EPARSE tells the offset at fault. */
int fl_regex_new(const flow_allocator *mem, const char *pattern, struct fl_regex **regex,
                 flow_error **err);
void fl_regex_free(struct fl_regex *regex);

/* 1 when all of TEXT matches (Matcher.matches), 0 when not, negative when it cannot be told. */
int fl_regex_matches(const struct fl_regex *regex, const char *text, size_t size);

/*
 * 1 when a part of TEXT matches (Matcher.find); stores where the whole and its groups begin and
 * end in SPANS, two for each of COUNT, SIZE_MAX where a group took no part.
 */
int fl_regex_find(const struct fl_regex *regex, const char *text, size_t size, size_t *spans,
                  size_t count);

#endif
