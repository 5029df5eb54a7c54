/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_CHILD_H
#define FL_BASE_CHILD_H

/*
 * Child processes, awaited by pidfd, so that neither the host's SIGCHLD handler nor its other
 * children are touched.  A child gets default signal settings, an empty standard input and none
 * of the host's descriptors.
 */

#include <signal.h>
#include <sys/types.h>

#include <flow/error.h>

#include "base/vec.h"

#define FL_CHILD_GROUP 1u /* a process group of its own, signalled as a whole */
#define FL_CHILD_ERRORS                                                                            \
    2u /* its standard error is read too; else it goes where the host's goes                       \
        */

struct fl_child {
    pid_t pid;
    unsigned flags;
    int fd;     /* its pidfd, readable once it has ended, or -1 when the host saw it end before */
    int output; /* its standard output, to be read; -1 once it was closed */
    int errors; /* its standard error, with FL_CHILD_ERRORS */
};

/* Runs WORDS, which end in NULL; the first is looked for in PATH. */
int fl_child_start(struct fl_child *child, char *const *words, unsigned flags, flow_error **err);

/* Sends a signal to the child, or to its whole group, unless the host has taken its status.  Not
 * after fl_child_end. */
void fl_child_signal(const struct fl_child *child, int number);

/*
 * Waits for its end and closes its descriptors.  INFO is as waitid has it; its si_pid is 0 when
 * the host's own handler took the status first.
 */
void fl_child_end(struct fl_child *child, siginfo_t *info);

/* Splits TEXT, which is changed and has to outlive WORDS, at white space. */
int fl_words_split(char *text, struct fl_vec *words);

#endif
