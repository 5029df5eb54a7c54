/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_RESOLVE_H
#define FL_NET_RESOLVE_H

/* Addresses with their ports, from names and as text. */

#include <sys/socket.h>

#include <flow/error.h>

/* Room for "[ADDRESS]:PORT". */
#define FL_ADDRESS_TEXT 64

/* Stores the address of HOST as fl_resolver_find does, with PORT. */
int fl_resolve(const char *host, uint16_t port, struct sockaddr_storage *address, flow_error **err);

/* Writes "1.2.3.4:80" or "[::1]:80"; "?" for what is neither. */
void fl_address_text(const struct sockaddr_storage *address, char text[FL_ADDRESS_TEXT]);

/* The port of an address, and the bytes that the system takes of it. */
uint16_t fl_address_port(const struct sockaddr_storage *address);
void fl_address_set_port(struct sockaddr_storage *address, uint16_t port);
socklen_t fl_address_size(const struct sockaddr_storage *address);

#endif
