/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_HOST_NAME_H
#define FL_NET_HOST_NAME_H

#include <flow/error.h>

/* Room for any address or name, with its NUL. */
#define FL_HOST_NAME_ROOM 1025

/*
 * Stores the address that this machine's name stands for, IPv4 before IPv6: what Java calls
 * InetAddress.getLocalHost().  Blocks on the system's resolver.  FLOW_EIO when the name cannot be
 * resolved.
 */
int fl_local_address(char room[FL_HOST_NAME_ROOM], flow_error **err);

/* Stores the name that this address has, or the address when it has none. */
int fl_local_full_name(char room[FL_HOST_NAME_ROOM], flow_error **err);

#endif
