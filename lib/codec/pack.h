/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_PACK_H
#define FL_CODEC_PACK_H

/* zstd from memory to memory: all of it in one call, into room that the caller has. */

#include <flow/error.h>
#include <flow/library.h>

#define FL_PACK_LEVEL_MOST 19

/* One byte of a zstd frame stands for so many at most. */
#define FL_PACK_RATIO_MOST 32768u

/* What compresses; used by one thread at a time.  It keeps its memory, which is malloc's. */
struct fl_packer;

/* LEVEL is 1 to FL_PACK_LEVEL_MOST; NULL without memory. */
struct fl_packer *fl_packer_new(const flow_allocator *mem, int level);
void fl_packer_free(struct fl_packer *packer); /* NULL is allowed */

/* Compresses SIZE bytes at IN to OUT and returns how many they became; 0 when these are more than
 * ROOM, or there is no memory. */
size_t fl_packer_pack(struct fl_packer *packer, const void *in, size_t size, void *out,
                      size_t room);

/* What decompresses; used by one thread at a time. */
struct fl_unpacker;

struct fl_unpacker *fl_unpacker_new(const flow_allocator *mem);
void fl_unpacker_free(struct fl_unpacker *unpacker); /* NULL is allowed */

/* Decompresses SIZE bytes at IN, which have to be WANTED bytes at OUT: else FLOW_EPARSE, and OUT
 * may hold anything. */
int fl_unpacker_unpack(struct fl_unpacker *unpacker, const void *in, size_t size, void *out,
                       size_t wanted);

#endif
