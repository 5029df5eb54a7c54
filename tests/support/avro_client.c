/* SPDX-License-Identifier: Apache-2.0 */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include <check.h>

#include "avro_client.h"
#include "client.h"

static void send_payload(int fd, uint32_t serial, const struct fl_buf *payload)
{
    struct fl_buf frame;

    fl_buf_init(&frame, NULL);
    speak_frame(&frame, serial, payload, 8192);
    client_send(fd, frame.data, frame.size);
    fl_buf_free(&frame);
}

int avro_client_open(uint16_t port)
{
    static const uint8_t both[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0};
    struct fl_buf payload;
    int fd = client_open(port);
    const int on = 1;

    /* As Flume's clients do: else a call would wait for the answer to the one before. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fl_buf_init(&payload, NULL);
    speak_handshake(&payload, speak_flume_hash, NULL, speak_flume_hash);
    speak_call(&payload, "");
    send_payload(fd, 1, &payload);
    client_expect_bytes(fd, both, sizeof both);
    fl_buf_free(&payload);
    return fd;
}

void avro_client_send(int fd, uint32_t serial, unsigned first, unsigned count)
{
    struct fl_buf frame;

    fl_buf_init(&frame, NULL);
    speak_batch(&frame, serial, 0, first, count);
    client_send(fd, frame.data, frame.size);
    fl_buf_free(&frame);
}

void avro_client_call(int fd, uint32_t serial, const char *message, const struct fl_buf *arguments)
{
    struct fl_buf payload;

    fl_buf_init(&payload, NULL);
    speak_call(&payload, message);
    if (arguments->size > 0)
        ck_assert_int_eq(fl_buf_append(&payload, arguments->data, arguments->size), FLOW_OK);
    send_payload(fd, serial, &payload);
    fl_buf_free(&payload);
}

void avro_client_append(int fd, uint32_t serial, const void *body, size_t size)
{
    struct fl_buf arguments;

    fl_buf_init(&arguments, NULL);
    speak_event(&arguments, NULL, NULL, body, size);
    avro_client_call(fd, serial, "append", &arguments);
    fl_buf_free(&arguments);
}

static uint32_t read32(int fd)
{
    uint8_t bytes[4];

    client_read(fd, bytes, sizeof bytes);
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

uint32_t avro_client_read(int fd, struct fl_buf *payload)
{
    uint32_t serial = read32(fd);

    fl_buf_init(payload, NULL);
    for (uint32_t count = read32(fd); count > 0; count--) {
        uint32_t size = read32(fd);
        ck_assert_uint_lt(size, 1 << 20);
        void *room = fl_buf_reserve(payload, size);
        ck_assert_ptr_nonnull(room);
        client_read(fd, room, size);
        payload->size += size;
    }
    return serial;
}

void avro_client_expect(int fd, uint32_t serial, enum fl_avro_status status)
{
    /* No metadata, no error, the result. */
    const uint8_t expected[] = {0, 0, (uint8_t)(status << 1)};
    struct fl_buf payload;

    ck_assert_uint_eq(avro_client_read(fd, &payload), serial);
    ck_assert_uint_eq(payload.size, sizeof expected);
    ck_assert_mem_eq(payload.data, expected, sizeof expected);
    fl_buf_free(&payload);
}

void avro_client_expect_error(int fd, uint32_t serial, const char *text)
{
    struct fl_buf payload;

    ck_assert_uint_eq(avro_client_read(fd, &payload), serial);
    ck_assert_uint_gt(payload.size, 3);
    ck_assert_mem_eq(payload.data, "\0\1\0", 3);
    fl_buf_consume(&payload, 3);
    ck_assert_ptr_nonnull(strstr(fl_buf_cstr(&payload), text));
    fl_buf_free(&payload);
}
