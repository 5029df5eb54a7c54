/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AVRO_SPEAKER_H
#define TESTS_SUPPORT_AVRO_SPEAKER_H

/*
 * Avro RPC as a client says it, put together by hand, so that a test can say it in any way that the
 * format allows, and in some that it does not.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SPEAK_HASH 16u

/* The hash of Flume's protocol. */
extern const uint8_t speak_flume_hash[SPEAK_HASH];

void speak_long(struct fl_buf *out, int64_t value);
void speak_bytes(struct fl_buf *out, const void *data, size_t size);
void speak_text(struct fl_buf *out, const char *text);

/* A handshake by a client with hash CLIENT that takes the server's to be SERVER; PROTOCOL is its
 * own, or NULL. */
void speak_handshake(struct fl_buf *out, const uint8_t *client, const char *protocol,
                     const uint8_t *server);

/* What comes behind it: no metadata, and the name of the message. */
void speak_call(struct fl_buf *out, const char *message);

/* An event with up to one header. */
void speak_event(struct fl_buf *out, const char *name, const char *value, const void *body,
                 size_t size);

/* PAYLOAD as one frame, its buffers cut every STEP bytes; 0: one buffer. */
void speak_frame(struct fl_buf *out, uint32_t serial, const struct fl_buf *payload, size_t step);

/* A whole appendBatch of COUNT events whose bodies are the numbers from FIRST on, with a handshake
 * when it is the FIRST_CALL. */
void speak_batch(struct fl_buf *out, uint32_t serial, int first_call, unsigned first,
                 unsigned count);

/* The bytes of the file NAME of hexadecimal digits below FOLDER. */
void speak_hex(struct fl_buf *out, const char *folder, const char *name);

#endif
