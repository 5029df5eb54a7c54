/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CLIENT_H
#define TESTS_SUPPORT_CLIENT_H

/* The other end of a TCP connection, by plain blocking calls.  Every fault fails the test. */

#include <stddef.h>
#include <stdint.h>

/* Connects to PORT of 127.0.0.1. */
int client_open(uint16_t port);
void client_send(int fd, const void *data, size_t size);
void client_text(int fd, const char *text);

/* Says that nothing more will be sent. */
void client_end(int fd);

/* Reads exactly the bytes of TEXT. */
void client_expect(int fd, const char *text);

/* The same for bytes that are no text. */
void client_expect_bytes(int fd, const void *data, size_t size);

/* Reads exactly SIZE bytes. */
void client_read(int fd, void *data, size_t size);

/* Reads exactly SIZE bytes and returns their sum. */
uint64_t client_drain(int fd, size_t size);

/* Expects that the server has sent all it will. */
void client_expect_end(int fd);

/* Returns 1 when the server ended or reset the connection before it sent anything. */
int client_refused(int fd);

/* The port of a socket that listens on 127.0.0.1; *FD is the socket. */
uint16_t client_occupy(int *fd);

/* How many descriptors the process has open. */
int client_descriptors(void);

#endif
