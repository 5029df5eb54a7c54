/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What snappy-java's SnappyOutputStream writes, and Flume with compressBackupCheckpoint: a head,
 * and blocks of snappy, each led by its size in 4 bytes, big-endian.
 */

#include <string.h>

#include "base/error.h"
#include "codec/unpack.h"
#include "store/flume_inner.h"

#define MAGIC "\x82SNAPPY"
#define HEAD_SIZE 16 /* the magic with a NUL, the version and the oldest one that can read it */

#if FL_WITH_SNAPPY
static int unpack_blocks(void *snappy, const uint8_t *at, size_t left, size_t limit,
                         struct fl_buf *out)
{
    size_t before = out->size;
    int rc = FLOW_OK;

    while (!rc && left > 0) {
        if (left < 4 || (uint32_t)fl_flume_be32(at) > left - 4)
            return FLOW_EPARSE;
        size_t size = (uint32_t)fl_flume_be32(at);
        rc = fl_snappy_unpack.unpack(snappy, at + 4, size, limit - (out->size - before), out);
        at += 4 + size;
        left -= 4 + size;
    }
    return rc;
}

int fl_flume_unpack(const void *data, size_t size, size_t limit, struct fl_buf *out,
                    flow_error **err)
{
    void *snappy;

    if (size < HEAD_SIZE || memcmp(data, MAGIC, sizeof MAGIC) != 0)
        return FLOW_EPARSE;
    int rc = fl_snappy_unpack.open(out->mem, &snappy, err);
    if (rc)
        return rc;
    rc = unpack_blocks(snappy, (const uint8_t *)data + HEAD_SIZE, size - HEAD_SIZE, limit, out);
    fl_snappy_unpack.close(snappy);
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}
#else
int fl_flume_unpack(const void *data, size_t size, size_t limit, struct fl_buf *out,
                    flow_error **err)
{
    return flow_error_set(err, FLOW_ENOENT, "this library was built without snappy");
}
#endif
