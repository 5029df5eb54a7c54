/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONTROL_SOCKET_H
#define CLI_CONTROL_SOCKET_H

/* The socket of an agent: one path, of which only one live process has the other end. */

#include <sys/stat.h>

#include "options.h"

struct control_socket {
    int fd;     /* listens and does not block; -1: there is none */
    char *path; /* NULL: there is none */
    struct stat made;
};

/*
 * Listens at --control-socket, or at the default path for AGENT.  What is there already is replaced
 * when nobody listens there any more.  Returns NULL, or why there is no socket, which the caller
 * frees.
 */
char *control_socket_open(struct control_socket *made, const struct options *options,
                          const char *agent);

/* Removes the path, unless it is another's by now.  `fd` is not closed. */
void control_socket_remove(struct control_socket *made);

#endif
