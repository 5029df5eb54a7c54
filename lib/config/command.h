/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_COMMAND_H
#define FL_CONFIG_COMMAND_H

/* A short command whose output is wanted. */

#include <flow/error.h>

#include "base/mem.h"

#define FL_COMMAND_UTF8 0
#define FL_COMMAND_LATIN1 1
#define FL_COMMAND_ASCII 2

struct fl_command {
    const char *line; /* split at blanks, and not by a shell */
    const char *key;  /* its last argument */
    int64_t charset;  /* of what it prints: FL_COMMAND_... */
};

/*
 * Runs COMMAND.  *VALUE is the first line it prints; the caller frees it.  It must end with status
 * 0, within 10 s, and print no more than 64 KiB; its errors go where the host's go.
 */
int fl_command_value(const flow_allocator *mem, const struct fl_command *command, char **value,
                     flow_error **err);

#endif
