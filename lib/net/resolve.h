/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_RESOLVE_H
#define FL_NET_RESOLVE_H

/* From a host's name to addresses, on a thread of ours: the system's resolver may block for long,
 * and runs code of other libraries, which must not meet the host's signals. */

#include <sys/socket.h>

#include <flow/error.h>

/* Room for "[ADDRESS]:PORT". */
#define FL_ADDRESS_TEXT 64

/*
 * Stores the address of HOST, a name or an address, with PORT; of several the first of IPv4, as
 * Java prefers, else the first.
 *
 * Blocks: as long as the system's resolver does.
 */
int fl_resolve(const char *host, uint16_t port, struct sockaddr_storage *address, flow_error **err);

/* What getaddrinfo's ANSWER means, with errno SYSTEM; gai_strerror speaks the host's language. */
const char *fl_resolver_text(int answer, int system);

/* Writes "1.2.3.4:80" or "[::1]:80"; "?" for what is neither. */
void fl_address_text(const struct sockaddr_storage *address, char text[FL_ADDRESS_TEXT]);

/* The port of an address. */
uint16_t fl_address_port(const struct sockaddr_storage *address);

#endif
