/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_DEFLATE_H
#define FL_CODEC_DEFLATE_H

/*
 * zlib streams (RFC 1950) as connections have them: one from the first byte to the last, flushed
 * whenever a peer is to see what was written, with all that came before as the dictionary.  Each is
 * used by one thread at a time; a call that fails leaves it unusable.
 */

#include <flow/error.h>

#include "base/buf.h"

struct fl_deflater;

/* How much memory a stream takes for its past, and with it how well it compresses. */
#define FL_DEFLATE_WHOLE 0 /* 256 KiB, as usual */
#define FL_DEFLATE_SMALL 1 /* 6 KiB: enough for short answers */

/* LEVEL is 0 (stored) to 9. */
int fl_deflater_new(const flow_allocator *mem, int level, int memory, struct fl_deflater **deflater,
                    flow_error **err);
void fl_deflater_free(struct fl_deflater *deflater); /* NULL is allowed */

/* Adds to OUT what DATA becomes, so that it can be decompressed without what follows. */
int fl_deflater_write(struct fl_deflater *deflater, const void *data, size_t size,
                      struct fl_buf *out, flow_error **err);

/* Adds the end of the stream to OUT. */
int fl_deflater_finish(struct fl_deflater *deflater, struct fl_buf *out, flow_error **err);

struct fl_inflater;

int fl_inflater_new(const flow_allocator *mem, struct fl_inflater **inflater, flow_error **err);
void fl_inflater_free(struct fl_inflater *inflater); /* NULL is allowed */

/* Lends the next bytes of the stream, until fl_inflater_next has stored 0 or something else is
 * fed.  What comes behind the end of the stream is thrown away. */
void fl_inflater_feed(struct fl_inflater *inflater, const void *data, size_t size);

/* Stores in *GOT how many bytes it has decompressed into the ROOM bytes at OUT; 0 when it needs
 * more.  FLOW_EPARSE for what is no such stream. */
int fl_inflater_next(struct fl_inflater *inflater, void *out, size_t room, size_t *got,
                     flow_error **err);

/* 1 behind the end of the stream. */
int fl_inflater_ended(const struct fl_inflater *inflater);

#endif
