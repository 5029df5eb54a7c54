/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_UNPACK_H
#define TESTS_SUPPORT_UNPACK_H

/*
 * Decompresses what the library compressed, by each format's own library and nothing of ours.
 * Broken bytes fail the test.
 */

#include "base/buf.h"

/* Whether the tests were built with the library that FORMAT needs. */
int can_unpack(const char *format);

/*
 * Adds to OUT what DATA stands for: all members of "gzip", "deflate" (zlib), "bzip2" and "zstd",
 * all blocks of "snappy" and "lz4" in Hadoop's framing, or one piece of "raw deflate" or
 * "raw snappy".
 */
void unpack(const char *format, const void *data, size_t size, struct fl_buf *out);

#endif
