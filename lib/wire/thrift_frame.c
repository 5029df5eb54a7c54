/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: each message with its size in front. */

#include "base/be.h"
#include "wire/thrift.h"

int fl_thrift_get_frame(const uint8_t head[FL_THRIFT_FRAME_HEAD], uint32_t limit, uint32_t *size,
                        flow_error **err)
{
    *size = fl_be32_get(head);
    if (*size == 0 || *size > INT32_MAX)
        return flow_error_setf(err, FLOW_EPARSE, "a Thrift frame cannot have the size %ld",
                               (long)(int32_t)*size);
    if (*size > limit)
        return flow_error_setf(
            err, FLOW_ETOOBIG,
            "a Thrift frame of %lu bytes is larger than the %lu that are allowed",
            (unsigned long)*size, (unsigned long)limit);
    return FLOW_OK;
}

void fl_thrift_write_frame(uint8_t head[FL_THRIFT_FRAME_HEAD], uint32_t size)
{
    for (int i = 0; i < FL_THRIFT_FRAME_HEAD; i++)
        head[i] = (uint8_t)(size >> (24 - 8 * i));
}

int fl_thrift_open_frame(struct fl_buf *out, size_t *start)
{
    *start = out->size;
    return fl_buf_be32(out, 0);
}

void fl_thrift_close_frame(struct fl_buf *out, size_t start)
{
    size_t size = out->size - start - FL_THRIFT_FRAME_HEAD;

    fl_thrift_write_frame(out->data + start, (uint32_t)size);
}
