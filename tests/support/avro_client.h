/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AVRO_CLIENT_H
#define TESTS_SUPPORT_AVRO_CLIENT_H

/* A client of an Avro source, on a socket of client.h.  Every fault fails the test. */

#include "avro_speaker.h"
#include "wire/avro_ipc.h"

/* Connects to PORT and shakes hands, as call 1. */
int avro_client_open(uint16_t port);

/* Calls appendBatch with COUNT events whose bodies are the numbers from FIRST on, without waiting
 * for the answer. */
void avro_client_send(int fd, uint32_t serial, unsigned first, unsigned count);

/* Calls append with BODY. */
void avro_client_append(int fd, uint32_t serial, const void *body, size_t size);

/* Calls MESSAGE with the bytes of ARGUMENTS. */
void avro_client_call(int fd, uint32_t serial, const char *message, const struct fl_buf *arguments);

/* Reads one answer: its payload, to be freed, and returns its serial number. */
uint32_t avro_client_read(int fd, struct fl_buf *payload);

/* Reads the answer to call SERIAL, which is STATUS, after the first call. */
void avro_client_expect(int fd, uint32_t serial, enum fl_avro_status status);

/* Reads the answer to call SERIAL, which is an error that holds TEXT. */
void avro_client_expect_error(int fd, uint32_t serial, const char *text);

#endif
