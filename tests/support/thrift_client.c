/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "thrift_client.h"

static void put(struct fl_buf *out, const void *data, size_t size)
{
    ck_assert_int_eq(fl_buf_append(out, data, size), FLOW_OK);
}

static void put_be32(struct fl_buf *out, uint32_t value)
{
    ck_assert_int_eq(fl_buf_be32(out, value), FLOW_OK);
}

static void put_varint(struct fl_buf *out, uint32_t value)
{
    for (; value > 0x7f; value >>= 7)
        put(out, &(const uint8_t){(uint8_t)(value | 0x80)}, 1);
    put(out, &(const uint8_t){(uint8_t)value}, 1);
}

static void put_size(struct fl_buf *out, int binary, size_t size)
{
    if (binary)
        put_be32(out, (uint32_t)size);
    else
        put_varint(out, (uint32_t)size);
}

static void put_bytes(struct fl_buf *out, int binary, const void *data, size_t size)
{
    put_size(out, binary, size);
    put(out, data, size);
}

void say_event(struct fl_buf *out, int binary, const char *name, const char *value,
               const void *body, size_t size)
{
    if (binary)
        put(out, "\x0d\0\1\x0b\x0b", 5);
    else
        put(out, "\x1b", 1);
    put_size(out, binary, name != NULL);
    if (name) {
        if (!binary)
            put(out, "\x88", 1);
        put_bytes(out, binary, name, strlen(name));
        put_bytes(out, binary, value, strlen(value));
    }
    if (binary)
        put(out, "\x0b\0\2", 3);
    else
        put(out, "\x18", 1);
    put_bytes(out, binary, body, size);
    put(out, "\0", 1);
}

void say_call(struct fl_buf *out, int binary, uint32_t seq, const char *method,
              const struct fl_buf *arguments)
{
    struct fl_buf message;

    fl_buf_init(&message, NULL);
    if (binary) {
        put(&message, "\x80\1\0\1", 4);
        put_bytes(&message, 1, method, strlen(method));
        put_be32(&message, seq);
    } else {
        put(&message, "\x82\x21", 2);
        put_varint(&message, seq);
        put_bytes(&message, 0, method, strlen(method));
    }
    put(&message, arguments->data, arguments->size);
    put_bytes(out, 1, message.data, message.size);
    fl_buf_free(&message);
}

void say_append(struct fl_buf *out, int binary, uint32_t seq, const struct fl_buf *event)
{
    struct fl_buf arguments;

    fl_buf_init(&arguments, NULL);
    if (binary)
        put(&arguments, "\x0c\0\1", 3);
    else
        put(&arguments, "\x1c", 1);
    put(&arguments, event->data, event->size);
    put(&arguments, "\0", 1);
    say_call(out, binary, seq, "append", &arguments);
    fl_buf_free(&arguments);
}

void say_batch(struct fl_buf *out, int binary, uint32_t seq, const struct fl_buf *events,
               size_t count)
{
    struct fl_buf arguments;

    fl_buf_init(&arguments, NULL);
    if (binary)
        put(&arguments, "\x0f\0\1\x0c", 4);
    else
        put(&arguments, "\x19\xfc", 2);
    put_size(&arguments, binary, count);
    put(&arguments, events->data, events->size);
    put(&arguments, "\0", 1);
    say_call(out, binary, seq, "appendBatch", &arguments);
    fl_buf_free(&arguments);
}

void say_numbers(struct fl_buf *out, int binary, uint32_t seq, unsigned first, unsigned count)
{
    struct fl_buf events;
    char text[16];

    fl_buf_init(&events, NULL);
    for (unsigned i = 0; i < count; i++) {
        int size = snprintf(text, sizeof text, "%u", first + i);
        say_event(&events, binary, NULL, NULL, text, (size_t)size);
    }
    say_batch(out, binary, seq, &events, count);
    fl_buf_free(&events);
}

void thrift_client_send(int fd, int binary, uint32_t seq, unsigned first, unsigned count)
{
    struct fl_buf call;

    fl_buf_init(&call, NULL);
    say_numbers(&call, binary, seq, first, count);
    client_send(fd, call.data, call.size);
    fl_buf_free(&call);
}

/* The front of an answer of KIND, up to its fields. */
static void put_front(struct fl_buf *out, int binary, char kind, uint32_t seq, const char *method)
{
    const char compact[] = {(char)0x82, (char)(kind << 5 | 1)};
    const char strict[] = {(char)0x80, 1, 0, kind};

    if (binary) {
        put(out, strict, sizeof strict);
        put_bytes(out, 1, method, strlen(method));
        put_be32(out, seq);
    } else {
        put(out, compact, sizeof compact);
        put_varint(out, seq);
        put_bytes(out, 0, method, strlen(method));
    }
}

void thrift_client_expect(int fd, int binary, uint32_t seq, const char *method, uint8_t status)
{
    struct fl_buf message;
    struct fl_buf frame;

    fl_buf_init(&message, NULL);
    fl_buf_init(&frame, NULL);
    put_front(&message, binary, 2, seq, method);
    if (binary)
        put(&message, (const char[]){8, 0, 0, 0, 0, 0, (char)status}, 7);
    else
        put(&message, (const char[]){5, 0, (char)(status * 2)}, 3);
    put(&message, "\0", 1);
    put_bytes(&frame, 1, message.data, message.size);
    client_expect_bytes(fd, frame.data, frame.size);
    fl_buf_free(&message);
    fl_buf_free(&frame);
}

void thrift_client_expect_error(int fd, int binary, uint32_t seq, const char *text)
{
    uint8_t head[4];
    uint8_t message[1024];
    struct fl_buf end;

    client_read(fd, head, sizeof head);
    size_t size = (size_t)head[2] << 8 | head[3];
    ck_assert(head[0] == 0 && head[1] == 0 && size <= sizeof message);
    client_read(fd, message, size);
    ck_assert_uint_eq(binary ? message[3] : message[1] >> 5, 3);
    if (!binary)
        ck_assert_uint_eq(message[2], seq);
    fl_buf_init(&end, NULL);
    put_bytes(&end, binary, text, strlen(text));
    ck_assert_ptr_nonnull(memmem(message, size, end.data, end.size));
    fl_buf_free(&end);
}
