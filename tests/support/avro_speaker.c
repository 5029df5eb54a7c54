/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include <check.h>

#include "avro_speaker.h"

const uint8_t speak_flume_hash[SPEAK_HASH] = {0x86, 0xaa, 0xda, 0xe2, 0xc4, 0x54, 0x74, 0xc0,
                                              0xfe, 0x93, 0xff, 0xd0, 0xf2, 0x35, 0x0a, 0x65};

static void put(struct fl_buf *out, const void *data, size_t size)
{
    ck_assert_int_eq(fl_buf_append(out, data, size), FLOW_OK);
}

void speak_long(struct fl_buf *out, int64_t value)
{
    uint64_t left = (uint64_t)value << 1;

    if (value < 0)
        left = ~left;
    do {
        uint8_t byte = (uint8_t)(left & 0x7f);
        left >>= 7;
        if (left)
            byte |= 0x80;
        put(out, &byte, 1);
    } while (left);
}

void speak_bytes(struct fl_buf *out, const void *data, size_t size)
{
    speak_long(out, (int64_t)size);
    if (size > 0)
        put(out, data, size);
}

void speak_text(struct fl_buf *out, const char *text)
{
    speak_bytes(out, text, strlen(text));
}

void speak_handshake(struct fl_buf *out, const uint8_t *client, const char *protocol,
                     const uint8_t *server)
{
    put(out, client, SPEAK_HASH);
    speak_long(out, protocol != NULL);
    if (protocol)
        speak_text(out, protocol);
    put(out, server, SPEAK_HASH);
    /* Metadata, an empty map. */
    speak_long(out, 1);
    speak_long(out, 0);
}

void speak_call(struct fl_buf *out, const char *message)
{
    speak_long(out, 0);
    speak_text(out, message);
}

void speak_event(struct fl_buf *out, const char *name, const char *value, const void *body,
                 size_t size)
{
    if (name) {
        speak_long(out, 1);
        speak_text(out, name);
        speak_text(out, value);
    }
    speak_long(out, 0);
    speak_bytes(out, body, size);
}

static void put32(struct fl_buf *out, size_t value)
{
    ck_assert_int_eq(fl_buf_be32(out, (uint32_t)value), FLOW_OK);
}

void speak_frame(struct fl_buf *out, uint32_t serial, const struct fl_buf *payload, size_t step)
{
    size_t size = payload->size;

    if (step == 0 || step > size)
        step = size ? size : 1;
    put32(out, serial);
    put32(out, size ? (size + step - 1) / step : 1);
    for (size_t at = 0; at < size || at == 0; at += step) {
        size_t part = size - at < step ? size - at : step;
        put32(out, part);
        if (part > 0)
            put(out, payload->data + at, part);
    }
}

void speak_batch(struct fl_buf *out, uint32_t serial, int first_call, unsigned first,
                 unsigned count)
{
    struct fl_buf payload;
    char number[16];

    fl_buf_init(&payload, NULL);
    if (first_call)
        speak_handshake(&payload, speak_flume_hash, NULL, speak_flume_hash);
    speak_call(&payload, "appendBatch");
    if (count > 0)
        speak_long(&payload, count);
    for (unsigned i = 0; i < count; i++) {
        int size = snprintf(number, sizeof number, "%u", first + i);
        speak_event(&payload, NULL, NULL, number, (size_t)size);
    }
    speak_long(&payload, 0);
    speak_frame(out, serial, &payload, 8192);
    fl_buf_free(&payload);
}

void speak_hex(struct fl_buf *out, const char *folder, const char *name)
{
    char path[1024];
    unsigned byte;

    snprintf(path, sizeof path, "%s/%s.hex", folder, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    while (fscanf(file, " %2x", &byte) == 1) {
        const uint8_t small = (uint8_t)byte;
        put(out, &small, 1);
    }
    fclose(file);
}
