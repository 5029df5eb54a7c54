/* SPDX-License-Identifier: Apache-2.0 */

#include "base/error.h"
#include "base/mem.h"
#include "codec/deflate.h"
#include "codec/zlib_stream.h"

#define MEM_LEVEL 8 /* zlib's own default, and Java's */

/* Any peer can read what has a smaller window than its own. */
#define SMALL_WINDOW 10
#define SMALL_MEM_LEVEL 2

struct fl_deflater {
    struct fl_zlib base;
};

int fl_deflater_new(const flow_allocator *mem, int level, int memory, struct fl_deflater **deflater,
                    flow_error **err)
{
    struct fl_deflater *made = fl_zlib_alloc(mem, sizeof *made);
    int small = memory == FL_DEFLATE_SMALL;

    if (!made)
        return fl_error_nomem(err);
    if (deflateInit2(&made->base.z, level, Z_DEFLATED, small ? SMALL_WINDOW : MAX_WBITS,
                     small ? SMALL_MEM_LEVEL : MEM_LEVEL, Z_DEFAULT_STRATEGY)) {
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    *deflater = made;
    return FLOW_OK;
}

void fl_deflater_free(struct fl_deflater *deflater)
{
    if (!deflater)
        return;
    deflateEnd(&deflater->base.z);
    fl_free(deflater->base.mem, deflater);
}

/* Compresses what was given to zlib; a flush is done once it has left room in its output. */
static int run(struct fl_deflater *deflater, int how, struct fl_buf *out, flow_error **err)
{
    z_stream *z = &deflater->base.z;
    int status;

    do {
        int rc = fl_zlib_deflate(&deflater->base, how, out, &status, err);
        if (rc)
            return rc;
        if (status == Z_STREAM_ERROR)
            return flow_error_set(err, FLOW_ESTATE, "zlib's stream has ended");
    } while (z->avail_out == 0);
    return FLOW_OK;
}

int fl_deflater_write(struct fl_deflater *deflater, const void *data, size_t size,
                      struct fl_buf *out, flow_error **err)
{
    z_stream *z = &deflater->base.z;
    const uint8_t *at = data;
    int rc = FLOW_OK;

    while (size > 0 && !rc) {
        /* zlib counts in 32 bits. */
        uInt part = size > UINT32_MAX ? UINT32_MAX : (uInt)size;
        z->next_in = (Bytef *)at;
        z->avail_in = part;
        at += part;
        size -= part;
        rc = run(deflater, size > 0 ? Z_NO_FLUSH : Z_SYNC_FLUSH, out, err);
    }
    return rc;
}

int fl_deflater_finish(struct fl_deflater *deflater, struct fl_buf *out, flow_error **err)
{
    deflater->base.z.avail_in = 0;
    return run(deflater, Z_FINISH, out, err);
}

struct fl_inflater {
    struct fl_zlib base;
    int ended;
};

int fl_inflater_new(const flow_allocator *mem, struct fl_inflater **inflater, flow_error **err)
{
    struct fl_inflater *made = fl_zlib_alloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    if (inflateInit2(&made->base.z, MAX_WBITS)) {
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    *inflater = made;
    return FLOW_OK;
}

void fl_inflater_free(struct fl_inflater *inflater)
{
    if (!inflater)
        return;
    inflateEnd(&inflater->base.z);
    fl_free(inflater->base.mem, inflater);
}

void fl_inflater_feed(struct fl_inflater *inflater, const void *data, size_t size)
{
    inflater->base.z.next_in = (Bytef *)data;
    inflater->base.z.avail_in = (uInt)size;
}

static int failed(const struct fl_inflater *inflater, int status, flow_error **err)
{
    const z_stream *z = &inflater->base.z;

    if (status == Z_MEM_ERROR)
        return fl_error_nomem(err);
    return flow_error_setf(err, FLOW_EPARSE,
                           "what was received is not compressed as expected, at byte %lu: %s",
                           z->total_in, z->msg ? z->msg : "a dictionary is asked for");
}

int fl_inflater_next(struct fl_inflater *inflater, void *out, size_t room, size_t *got,
                     flow_error **err)
{
    z_stream *z = &inflater->base.z;

    *got = 0;
    if (inflater->ended)
        return FLOW_OK;
    z->next_out = out;
    z->avail_out = (uInt)room;
    int status = inflate(z, Z_NO_FLUSH);
    *got = room - z->avail_out;
    inflater->ended = status == Z_STREAM_END;
    /* Z_BUF_ERROR: nothing could be done, for lack of input. */
    return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR
               ? FLOW_OK
               : failed(inflater, status, err);
}

int fl_inflater_ended(const struct fl_inflater *inflater)
{
    return inflater->ended;
}
