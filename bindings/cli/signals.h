/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/*
 * SIGINT, SIGTERM and SIGHUP, as they come to an agent: the first one asks it to stop, the second
 * ends it at once.
 */

/* Blocks them, in this thread and those it starts, and returns a descriptor to read them from. */
int signals_open(void);

/* Waits up to SECONDS, or for ever when it is negative.  Returns the signal, or 0. */
int signals_wait(int fd, long seconds);

/* From now on the next one ends the process, with 128 + its number as exit status. */
void signals_end_at_next(void);

#endif
