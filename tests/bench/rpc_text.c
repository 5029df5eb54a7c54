/* SPDX-License-Identifier: Apache-2.0 */

/* Requests as Flume's clients send them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc.h"

#define ROOM ((size_t)RPC_EVENTS * (RPC_BODY + 64) + 4096)

struct text {
    uint8_t *data;
    size_t size;
};

static struct text text_new(void)
{
    struct text text = {.data = malloc(ROOM)};

    if (!text.data) {
        perror("bench");
        exit(1);
    }
    return text;
}

static void put(struct text *text, const void *data, size_t size)
{
    memcpy(text->data + text->size, data, size);
    text->size += size;
}

static void put_byte(struct text *text, unsigned value)
{
    text->data[text->size++] = (uint8_t)value;
}

static void put_be32(struct text *text, size_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};

    put(text, bytes, sizeof bytes);
}

static void put_varint(struct text *text, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        put_byte(text, (unsigned)(value & 0x7f) | 0x80);
    put_byte(text, (unsigned)value);
}

static void put_body(struct text *text)
{
    memset(text->data + text->size, 'x', RPC_BODY);
    text->size += RPC_BODY;
}

/* ---- Avro ---- */

/* As Java cuts what it sends. */
#define AVRO_BUFFER 8192u

static const uint8_t avro_hash[16] = {0x86, 0xaa, 0xda, 0xe2, 0xc4, 0x54, 0x74, 0xc0,
                                      0xfe, 0x93, 0xff, 0xd0, 0xf2, 0x35, 0x0a, 0x65};

static void put_handshake(struct text *text)
{
    put(text, avro_hash, sizeof avro_hash);
    put_byte(text, 0);
    put(text, avro_hash, sizeof avro_hash);
    put(text, "\x02\0", 2);
}

static void put_append_batch(struct text *text)
{
    put(text,
        "\0\x16"
        "appendBatch",
        13);
    put_varint(text, (uint64_t)RPC_EVENTS * 2);
    for (unsigned i = 0; i < RPC_EVENTS; i++) {
        put_byte(text, 0);
        put_varint(text, (uint64_t)RPC_BODY * 2);
        put_body(text);
    }
    put_byte(text, 0);
}

/* A whole request: serial, number of buffers, and each with its size. */
static uint8_t *frame_avro(struct text *payload, size_t *size)
{
    struct text text = text_new();

    put_be32(&text, 0);
    put_be32(&text, (payload->size + AVRO_BUFFER - 1) / AVRO_BUFFER);
    for (size_t at = 0; at < payload->size; at += AVRO_BUFFER) {
        size_t left = payload->size - at;
        size_t part = left < AVRO_BUFFER ? left : AVRO_BUFFER;
        put_be32(&text, part);
        put(&text, payload->data + at, part);
    }
    free(payload->data);
    *size = text.size;
    return text.data;
}

static size_t be32(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static size_t measure_avro(const uint8_t *data, size_t size)
{
    size_t at = 8;

    if (size < at)
        return 0;
    for (size_t left = be32(data + 4); left > 0; left--) {
        if (size - at < 4 || size - at - 4 < be32(data + at))
            return 0;
        at += 4 + be32(data + at);
    }
    return at;
}

void rpc_avro(struct rpc *rpc)
{
    static const uint8_t answer[] = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0};
    struct text first = text_new();
    struct text next = text_new();

    *rpc = (struct rpc){
        .name = "avro",
        .settings = "a.sources.r.type = avro\na.sources.r.bind = 127.0.0.1\n"
                    "a.sources.r.port = %s\n",
        .serial = 4,
        .answer = answer,
        .answer_size = sizeof answer,
        .measure = measure_avro,
    };
    put_handshake(&first);
    put_append_batch(&first);
    put_append_batch(&next);
    rpc->first = frame_avro(&first, &rpc->first_size);
    rpc->next = frame_avro(&next, &rpc->next_size);
}

/* ---- Thrift ---- */

static void put_thrift_compact(struct text *text)
{
    put(text,
        "\x82\x21\x01\x0b"
        "appendBatch\x19\xfc",
        17);
    put_varint(text, RPC_EVENTS);
    for (unsigned i = 0; i < RPC_EVENTS; i++) {
        put(text, "\x1b\x00\x18", 3);
        put_varint(text, RPC_BODY);
        put_body(text);
        put_byte(text, 0);
    }
    put_byte(text, 0);
}

static void put_thrift_binary(struct text *text)
{
    put(text,
        "\x80\x01\x00\x01\x00\x00\x00\x0b"
        "appendBatch\x00\x00\x00\x01",
        23);
    put(text, "\x0f\x00\x01\x0c", 4);
    put_be32(text, RPC_EVENTS);
    for (unsigned i = 0; i < RPC_EVENTS; i++) {
        put(text, "\x0d\x00\x01\x0b\x0b\x00\x00\x00\x00\x0b\x00\x02", 12);
        put_be32(text, RPC_BODY);
        put_body(text);
        put_byte(text, 0);
    }
    put_byte(text, 0);
}

static size_t measure_thrift(const uint8_t *data, size_t size)
{
    return size < 4 || size - 4 < be32(data) ? 0 : 4 + be32(data);
}

void rpc_thrift(struct rpc *rpc, int binary)
{
    static const uint8_t answer[8] = {0, 0, 0, 4};
    struct text text = text_new();

    put_be32(&text, 0);
    if (binary)
        put_thrift_binary(&text);
    else
        put_thrift_compact(&text);
    struct text front = {text.data, 0};
    put_be32(&front, text.size - 4);
    *rpc = (struct rpc){
        .name = binary ? "thrift binary" : "thrift compact",
        .settings = binary ? "a.sources.r.type = thrift\na.sources.r.bind = 127.0.0.1\n"
                             "a.sources.r.protocol = binary\na.sources.r.port = %s\n"
                           : "a.sources.r.type = thrift\na.sources.r.bind = 127.0.0.1\n"
                             "a.sources.r.port = %s\n",
        .first = text.data,
        .first_size = text.size,
        .next = text.data,
        .next_size = text.size,
        .answer = answer,
        .answer_size = sizeof answer,
        .measure = measure_thrift,
    };
}

/* ---- ipc ---- */

static void put_le(struct text *text, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        put_byte(text, (unsigned)(value >> 8 * i) & 0xff);
}

static size_t measure_ipc(const uint8_t *data, size_t size)
{
    size_t text = size < 16 ? 0 : data[6] | (size_t)data[7] << 8;

    return size < 16 + text ? 0 : 16 + text;
}

void rpc_ipc(struct rpc *rpc)
{
    static const uint8_t answer[16] = {'F', 'L', 'A', '1', 0, 0, 0, 0, 1};
    struct text text = text_new();

    put(&text, "FLQ1", 4);
    put_le(&text, RPC_EVENTS, 4);
    put_le(&text, 1, 8);
    put_le(&text, (uint64_t)RPC_EVENTS * (8 + RPC_BODY), 8);
    put_le(&text, 0, 8);
    for (unsigned i = 0; i < RPC_EVENTS; i++) {
        put_le(&text, 0, 4);
        put_le(&text, RPC_BODY, 4);
        put_body(&text);
    }
    *rpc = (struct rpc){
        .name = "ipc",
        .settings = "a.sources.r.type = ipc\na.sources.r.path = %s\n",
        .local = 1,
        .first = text.data,
        .first_size = text.size,
        .next = text.data,
        .next_size = text.size,
        .answer = answer,
        .answer_size = sizeof answer,
        .measure = measure_ipc,
    };
}

void rpc_free(struct rpc *rpc)
{
    if (rpc->next != rpc->first)
        free(rpc->next);
    free(rpc->first);
}
