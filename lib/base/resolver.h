/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_RESOLVER_H
#define FL_BASE_RESOLVER_H

/*
 * Names and addresses of hosts, by the system's resolver.  It runs code of other libraries, which
 * must not meet the host's signals, and keeps things for each thread; so it runs on a thread that
 * is started for one question and ends with it.
 *
 * Whoever asks waits for the answer, but not for long: each name server has two tries of a second,
 * whatever more resolv.conf would give it.  A dead one costs 2 seconds, or 4 where names are looked
 * for in several domains.  Other name services of nsswitch.conf keep time themselves.
 */

#include <sys/socket.h>

#include <flow/error.h>

/* Room for any address or name, with its NUL. */
#define FL_HOST_ROOM 1025

/*
 * Stores the address of HOST, a name or an address; of several the first of IPv4, as Java prefers,
 * else the first.  The port is left 0.  FLOW_EIO when there is none, retriable when no name server
 * answered.
 */
int fl_resolver_find(const char *host, struct sockaddr_storage *address, flow_error **err);

/* As fl_resolver_find, but stores all addresses, MOST of them at most and at least one in *COUNT,
 * those of IPv4 first. */
int fl_resolver_find_all(const char *host, struct sockaddr_storage *addresses, size_t most,
                         size_t *count, flow_error **err);

/* Stores the name that ADDRESS has.  FLOW_EIO when it has none, retriable when no name server
 * answered. */
int fl_resolver_name_of(const struct sockaddr_storage *address, char room[FL_HOST_ROOM],
                        flow_error **err);

/* Stores what this machine calls itself, unasked of any name server. */
int fl_resolver_own_name(char room[FL_HOST_ROOM], flow_error **err);

/* Stores the address that this name stands for: Java's InetAddress.getLocalHost(). */
int fl_resolver_own_address(char room[FL_HOST_ROOM], flow_error **err);

/* Stores the name that this address has, or the address when it has none. */
int fl_resolver_own_full_name(char room[FL_HOST_ROOM], flow_error **err);

#endif
