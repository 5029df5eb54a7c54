/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_THRIFT_CLIENT_H
#define TESTS_SUPPORT_THRIFT_CLIENT_H

/*
 * A client of a Thrift source, on a socket of client.h.  It puts its calls together by hand, so
 * that nothing of the library's own encoders stands on both sides of a test.  Every fault fails the
 * test.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The bytes of an event with up to one header, as the binary protocol has them or the compact one.
 */
void say_event(struct fl_buf *out, int binary, const char *name, const char *value,
               const void *body, size_t size);

/* A framed call of METHOD with ARGUMENTS, which bring their own stop. */
void say_call(struct fl_buf *out, int binary, uint32_t seq, const char *method,
              const struct fl_buf *arguments);

/* A framed append of an event, and an appendBatch of COUNT that were said one behind the other. */
void say_append(struct fl_buf *out, int binary, uint32_t seq, const struct fl_buf *event);
void say_batch(struct fl_buf *out, int binary, uint32_t seq, const struct fl_buf *events,
               size_t count);

/* An appendBatch of events whose bodies are the numbers from FIRST on. */
void say_numbers(struct fl_buf *out, int binary, uint32_t seq, unsigned first, unsigned count);

/* Sends such a batch without waiting for the answer. */
void thrift_client_send(int fd, int binary, uint32_t seq, unsigned first, unsigned count);

/* Reads the answer to the call SEQ of METHOD, which is STATUS. */
void thrift_client_expect(int fd, int binary, uint32_t seq, const char *method, uint8_t status);

/* Reads the answer to the call SEQ, which is an exception whose text is TEXT. */
void thrift_client_expect_error(int fd, int binary, uint32_t seq, const char *text);

#endif
