/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SINK_KILL_H
#define TESTS_SUPPORT_SINK_KILL_H

/*
 * A process with a pipeline from an inlet, or a source that reads files, through a file channel to
 * a sink that writes files, which is killed at any moment, again and again.  In the end the sink's
 * files hold every number that the channel has accepted, once, in order.
 */

#include "places.h"
#include "rig.h"

struct sink_kill {
    struct places places; /* the sink writes below ROOT/out */
    unsigned seed;
    unsigned next;            /* the number that is expected next, while files are read */
    const char *const *lines; /* of the sink k1's configuration, without "a1.sinks.k1."; ends in
                                 NULL; one has "%s" for ROOT/out at most */
    unsigned most;            /* numbers in a batch */
    const char *source; /* lines of the configuration: instead of the inlet; "%s" for ROOT/in */
    unsigned made;      /* numbers that `feed` has made */

    /* With `source`: makes COUNT numbers more in FOLDER. */
    void (*feed)(struct sink_kill *kill, const char *folder, unsigned count);
    const struct fl_io *io; /* or NULL: the system's */

    /* Registers what the library lacks; or NULL. */
    void (*prepare)(flow_library *lib);

    /* Calls sink_kill_number for each number in the file of this NAME, whose bytes are DATA. */
    void (*read)(struct sink_kill *kill, const char *name, const char *data, size_t size);
};

/* Kills it for MS milliseconds, but ROUNDS times at least, and looks at the files now and then. */
void sink_kill_run(struct sink_kill *kill, int64_t ms, int rounds);

/*
 * Kills it in front of each change to a file that it makes, channel and sink together, while it
 * delivers some batches and stops; or in the middle of each write.
 */
void sink_kill_steps(struct sink_kill *kill, int in_half);

/* TEXT has to be the number that comes next. */
void sink_kill_number(struct sink_kill *kill, const char *name, const char *text, size_t size);

/* As `read`: for lines. */
void sink_kill_lines(struct sink_kill *kill, const char *name, const char *data, size_t size);

#endif
