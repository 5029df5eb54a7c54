/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/* One line on the terminal that tells how far a long piece of work is; without a terminal, nothing.
 */

#include <stdint.h>

struct progress {
    int on;         /* the standard error is a terminal */
    uint64_t whole; /* bytes to be read; 0: unknown */
    uint64_t done;  /* bytes that were read */
    int64_t begun;  /* ms */
    int64_t shown;
};

void progress_begin(struct progress *progress, uint64_t whole);

/* Shows it, a few times a second at most, with the number of EVENTS and their rate. */
void progress_show(struct progress *progress, uint64_t events);

/* Shows it for the last time and goes to the next line. */
void progress_end(struct progress *progress, uint64_t events);

#endif
