/* SPDX-License-Identifier: Apache-2.0 */

#include "flume_writer.h"

#include <check.h>
#include <string.h>
#include <zlib.h>

#include "wire/md5.h"

static void varint(struct fl_buf *to, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        ck_assert_int_eq(fl_buf_byte(to, (uint8_t)(value | 0x80)), FLOW_OK);
    ck_assert_int_eq(fl_buf_byte(to, (uint8_t)value), FLOW_OK);
}

static void little_endian(struct fl_buf *to, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        ck_assert_int_eq(fl_buf_byte(to, (uint8_t)(value >> (8 * i))), FLOW_OK);
}

void proto_write_fixed32(struct fl_buf *to, unsigned number, uint32_t value)
{
    varint(to, number << 3 | 5);
    little_endian(to, value, 4);
}

void proto_write_fixed64(struct fl_buf *to, unsigned number, uint64_t value)
{
    varint(to, number << 3 | 1);
    little_endian(to, value, 8);
}

void proto_write_varint(struct fl_buf *to, unsigned number, uint64_t value)
{
    varint(to, number << 3);
    varint(to, value);
}

void proto_write_bytes(struct fl_buf *to, unsigned number, const void *data, size_t size)
{
    varint(to, number << 3 | 2);
    varint(to, size);
    ck_assert_int_eq(fl_buf_append(to, data, size), FLOW_OK);
}

void proto_write_delimited(struct fl_buf *to, struct fl_buf *message)
{
    varint(to, message->size);
    ck_assert_int_eq(fl_buf_append(to, message->data, message->size), FLOW_OK);
    fl_buf_free(message);
}

/* Frames head, middle and an empty foot; frees MIDDLE. */
static void record(struct fl_buf *log, uint32_t kind, int64_t transaction, int64_t order,
                   struct fl_buf *middle)
{
    struct fl_buf head;
    struct fl_buf whole;

    fl_buf_init(&head, NULL);
    fl_buf_init(&whole, NULL);
    proto_write_fixed32(&head, 1, kind);
    proto_write_fixed64(&head, 2, (uint64_t)transaction);
    proto_write_fixed64(&head, 3, (uint64_t)order);
    proto_write_delimited(&whole, &head);
    proto_write_delimited(&whole, middle);
    varint(&whole, 0);
    ck_assert_int_eq(fl_buf_byte(log, 0x7f), FLOW_OK);
    ck_assert_int_eq(fl_buf_be32(log, (uint32_t)whole.size), FLOW_OK);
    ck_assert_int_eq(fl_buf_append(log, whole.data, whole.size), FLOW_OK);
    fl_buf_free(&whole);
}

void flume_write_put(struct fl_buf *log, int64_t transaction, int64_t order, const char *number,
                     const void *body, size_t size)
{
    struct fl_buf header;
    struct fl_buf event;
    struct fl_buf put;

    fl_buf_init(&header, NULL);
    fl_buf_init(&event, NULL);
    fl_buf_init(&put, NULL);
    proto_write_bytes(&header, 1, "n", 1);
    proto_write_bytes(&header, 2, number, strlen(number));
    proto_write_bytes(&event, 1, header.data, header.size);
    proto_write_bytes(&event, 2, body, size);
    proto_write_bytes(&put, 1, event.data, event.size);
    proto_write_fixed64(&put, 2, crc32_z(crc32_z(0, NULL, 0), body, size));
    record(log, 1, transaction, order, &put);
    fl_buf_free(&header);
    fl_buf_free(&event);
}

void flume_write_take(struct fl_buf *log, int64_t transaction, int64_t order, uint32_t put_log,
                      uint32_t put_offset)
{
    struct fl_buf take;

    fl_buf_init(&take, NULL);
    proto_write_fixed32(&take, 1, put_log);
    proto_write_fixed32(&take, 2, put_offset);
    record(log, 2, transaction, order, &take);
}

void flume_write_rollback(struct fl_buf *log, int64_t transaction, int64_t order)
{
    struct fl_buf nothing;

    fl_buf_init(&nothing, NULL);
    record(log, 3, transaction, order, &nothing);
}

void flume_write_commit(struct fl_buf *log, int64_t transaction, int64_t order, int32_t kind)
{
    struct fl_buf commit;

    fl_buf_init(&commit, NULL);
    proto_write_fixed32(&commit, 1, (uint32_t)kind);
    record(log, 4, transaction, order, &commit);
}

void flume_write_meta(struct fl_buf *meta, int32_t number, int64_t position, int64_t order)
{
    struct fl_buf message;

    fl_buf_init(&message, NULL);
    proto_write_fixed32(&message, 1, 3);
    proto_write_fixed32(&message, 2, (uint32_t)number);
    proto_write_fixed64(&message, 3, (uint64_t)position);
    proto_write_fixed64(&message, 4, (uint64_t)order);
    proto_write_delimited(meta, &message);
}

static void big_endian(struct fl_buf *to, uint64_t value)
{
    ck_assert_int_eq(fl_buf_be64(to, value), FLOW_OK);
}

void flume_write_checkpoint(struct fl_buf *checkpoint, struct fl_buf *meta, int64_t order,
                            const uint64_t *pointers, size_t count, size_t head, size_t capacity)
{
    struct fl_buf message;

    for (size_t i = 0; i < 1029 + capacity; i++) {
        size_t at = i < 1029 ? capacity : (i - 1029 + capacity - head) % capacity;
        big_endian(checkpoint, i == 0       ? 3
                               : i == 1     ? (uint64_t)order
                               : at < count ? pointers[at]
                                            : 0);
    }
    fl_buf_init(&message, NULL);
    proto_write_fixed32(&message, 1, 3);
    proto_write_fixed64(&message, 2, (uint64_t)order);
    proto_write_fixed32(&message, 3, (uint32_t)count);
    proto_write_fixed32(&message, 4, (uint32_t)head);
    proto_write_delimited(meta, &message);
}

void flume_write_inflight(struct fl_buf *list, int64_t transaction, const uint64_t *pointers,
                          size_t count)
{
    big_endian(list, (uint64_t)transaction);
    big_endian(list, count);
    for (size_t i = 0; i < count; i++)
        big_endian(list, pointers[i]);
}

void flume_end_inflight(struct fl_buf *list)
{
    uint8_t digest[FL_MD5_SIZE];
    struct fl_buf whole;

    fl_md5(list->data, list->size, digest);
    fl_buf_init(&whole, NULL);
    ck_assert_int_eq(fl_buf_append(&whole, digest, sizeof digest), FLOW_OK);
    ck_assert_int_eq(fl_buf_append(&whole, list->data, list->size), FLOW_OK);
    fl_buf_free(list);
    *list = whole;
}
