/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TWINS_H
#define TESTS_SUPPORT_TWINS_H

/*
 * A source "r1" in front of two file channels, "c1" and "c2", in folders below a temporary one; and
 * the same in a process that is killed at any moment, again and again.
 */

#include "places.h"
#include "rig.h"

struct twins {
    struct places places;
    unsigned seed;      /* told on stderr; for those that choose at random */
    const char *source; /* its lines of configuration; '@' is the folder, '%' the batch size */
    unsigned batch_size;
    const struct fl_io *io; /* NULL: the system's */

    /* In the process that will be killed, and beside it for so long; NULL: waits. */
    void (*work)(void *arg, struct rig *rig);
    void (*meanwhile)(void *arg, unsigned us);
    void *arg;
};

void twins_init(struct twins *twins);
void twins_free(const struct twins *twins);
unsigned twins_below(struct twins *twins, unsigned limit);
void twins_nap(unsigned us);

/* Builds the pipeline on what is in the folders, and starts it. */
void twins_start(struct twins *twins, struct rig *rig);

/* Runs it in a process that is killed: soon after it has started, or while it starts. */
void twins_kill(struct twins *twins);

/* Takes all there is in a channel and calls FN with each body, which is short. */
void twins_take(struct rig *rig, const char *channel, void (*fn)(void *arg, const char *body),
                void *arg);

/* What a source remembers in the file NAME below the folder is lost, or is an older version; or
 * nothing happens to it. */
void twins_spoil(struct twins *twins, const char *name);

#endif
