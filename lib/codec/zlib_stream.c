/* SPDX-License-Identifier: Apache-2.0 */

#include "base/error.h"
#include "codec/zlib_stream.h"

static void *stream_alloc(void *mem, unsigned count, unsigned size)
{
    return fl_alloc(mem, (size_t)count * size);
}

static void stream_free(void *mem, void *ptr)
{
    fl_free(mem, ptr);
}

void *fl_zlib_alloc(const flow_allocator *mem, size_t size)
{
    struct fl_zlib *stream = fl_zalloc(mem, size);

    if (!stream)
        return NULL;
    stream->mem = mem;
    stream->z.zalloc = stream_alloc;
    stream->z.zfree = stream_free;
    stream->z.opaque = (void *)mem;
    return stream;
}

int fl_zlib_deflate(struct fl_zlib *stream, int how, struct fl_buf *out, int *status,
                    flow_error **err)
{
    uint8_t *room = fl_buf_reserve(out, FL_ZLIB_ROOM);

    if (!room)
        return fl_error_nomem(err);
    stream->z.next_out = room;
    stream->z.avail_out = FL_ZLIB_ROOM;
    *status = deflate(&stream->z, how);
    out->size += FL_ZLIB_ROOM - stream->z.avail_out;
    return FLOW_OK;
}
