/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FLUME_WRITER_H
#define TESTS_SUPPORT_FLUME_WRITER_H

/*
 * Writes records as Flume does, version 3, into a buffer; it knows nothing of the reader.  Running
 * out of memory fails the test.
 */

#include "base/buf.h"

/* Each adds a record with its frame; the buffer is a log from its first byte on. */
void flume_write_put(struct fl_buf *log, int64_t transaction, int64_t order, const char *number,
                     const void *body, size_t size);
void flume_write_take(struct fl_buf *log, int64_t transaction, int64_t order, uint32_t put_log,
                      uint32_t put_offset);
void flume_write_rollback(struct fl_buf *log, int64_t transaction, int64_t order);

/* KIND: 1 for puts, 2 for takes. */
void flume_write_commit(struct fl_buf *log, int64_t transaction, int64_t order, int32_t kind);

/* The content of log-NUMBER.meta; POSITION and ORDER of the last checkpoint. */
void flume_write_meta(struct fl_buf *meta, int32_t number, int64_t position, int64_t order);

/* A checkpoint: `checkpoint` with COUNT pointers from the place HEAD of a ring on, and its meta. */
void flume_write_checkpoint(struct fl_buf *checkpoint, struct fl_buf *meta, int64_t order,
                            const uint64_t *pointers, size_t count, size_t head, size_t capacity);

/* One transaction of `inflightputs` or `inflighttakes`, and the checksum in front of all. */
void flume_write_inflight(struct fl_buf *list, int64_t transaction, const uint64_t *pointers,
                          size_t count);
void flume_end_inflight(struct fl_buf *list);

/* One field of Protocol Buffers. */
void proto_write_fixed32(struct fl_buf *to, unsigned number, uint32_t value);
void proto_write_fixed64(struct fl_buf *to, unsigned number, uint64_t value);
void proto_write_varint(struct fl_buf *to, unsigned number, uint64_t value);
void proto_write_bytes(struct fl_buf *to, unsigned number, const void *data, size_t size);

/* What was written, led by its size; frees MESSAGE. */
void proto_write_delimited(struct fl_buf *to, struct fl_buf *message);

#endif
