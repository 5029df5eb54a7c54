/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CRASH_HISTORY_H
#define TESTS_CRASH_HISTORY_H

/*
 * What was done to a store, and what therefore has to be found after a crash: events are numbered
 * in the order of their puts.  Every operation is noted before it begins and when it was
 * acknowledged; the one in between may have happened or not, as a whole.
 */

#include <stddef.h>
#include <stdint.h>

#define HISTORY_EVENTS 4096
#define HISTORY_STEPS 1024

enum step_kind { STEP_PUT, STEP_TAKE };

struct step {
    enum step_kind kind;
    uint32_t first, count;    /* of a put: numbers; of a take: places in `taken` */
    uint64_t begun, acked;    /* as of the disk's record; acked 0: never */
};

struct history {
    struct step steps[HISTORY_STEPS];
    uint32_t count;
    uint32_t events;                  /* put so far */
    uint32_t taken[HISTORY_EVENTS];   /* numbers, in the order of the takes */
    uint32_t taken_count;
};

/* Notes that a step begins at the disk's operation AT; returns it. */
struct step *history_begin(struct history *history, enum step_kind kind, uint64_t at);

/*
 * Looks whether NUMBERS, in order, are what may be found when all that came before operation AT
 * had happened.  Returns NULL, or what is wrong, in a text that lasts until the next call.
 */
const char *history_check(const struct history *history, uint64_t at, const uint32_t *numbers,
                          size_t count);

#endif
