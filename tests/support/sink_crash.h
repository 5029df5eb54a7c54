/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SINK_CRASH_H
#define TESTS_SUPPORT_SINK_CRASH_H

/*
 * A file channel and a sink that writes lines to /out, on a disk in memory whose every past is
 * crashed: whatever is left, a new process brings each event into the files once, in order.
 */

#include <flow.h>

struct sink_crash {
    const char *sink; /* the lines of the sink k1 in the configuration, in full */
    unsigned modes;   /* crashes in so many modes, the first of enum sim_mode */

    /* Registers what the library lacks; or NULL. */
    void (*prepare)(flow_library *lib);
};

void sink_crash_everywhere(const struct sink_crash *crash);

#endif
