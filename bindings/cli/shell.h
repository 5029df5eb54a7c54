/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

/* The variables of a shell script that is not run. */

#include "text.h"

struct shell {
    const char *path;           /* of the script, for messages */
    struct text_list variables; /* pairs, the last one of a name counts */
};

/*
 * Reads a script as text.  Of all its lines only assignments count, with `export` or without.
 * Words are taken apart as a shell does it, quotes and backslashes and references to variables
 * included.  Conditions are not looked at.  A variable that a command would have to set is left
 * alone, with a warning, but for JAVA_OPTS and FLUME_JAVA_OPTS: what else they hold is of use.
 */
void shell_read(struct shell *shell, const char *text);
void shell_free(struct shell *shell);

/* The value of a variable of the script, else of the environment, or NULL. */
const char *shell_get(const struct shell *shell, const char *name);

#endif
