/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MORTAL_H
#define TESTS_SUPPORT_MORTAL_H

#include <sys/types.h>

/*
 * As fork, for a child that will be killed.  Assertions in it tell Check nothing: a kill in the
 * middle of a message would leave half of it to Check, which then gives up.  One that fails ends
 * the child with status 1, so whoever kills it looks at how it ended.
 */
pid_t fork_muted(void);

/* Kills CHILD, which must have lived until then. */
void kill_muted(pid_t child);

#endif
