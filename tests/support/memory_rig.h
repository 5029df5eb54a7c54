/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MEMORY_RIG_H
#define TESTS_SUPPORT_MEMORY_RIG_H

/* A channel without a pipeline: a library, a context and settings of its own. */

#include "core/channel.h"
#include "failing.h"
#include "recorder.h"

struct memory_rig {
    struct failing failing; /* the library's allocator, when it was asked for */
    struct recorder findings;
    flow_library *lib;
    struct fl_clock *clock; /* false, when it was asked for */
    struct fl_settings *settings;
    flow_context *ctx;
    flow_channel *channel;
};

#define RIG_FALSE_CLOCK 1u
#define RIG_FAILING 2u
#define RIG_FILE 4u  /* a file channel, not one in memory */
#define RIG_SPILL 8u /* a spillable memory channel */

/*
 * Makes and opens a channel "c1" with SETTINGS, pairs of key and value that end in NULL.  On
 * failure there is only what `memory_rig_free` needs.
 */
int memory_rig_new(struct memory_rig *rig, unsigned options, const char *const *settings,
                   flow_error **err);

/* Closes the channel and opens it again. */
int memory_rig_reopen(struct memory_rig *rig, flow_error **err);

/* Frees everything; returns what flow_library_free does. */
int memory_rig_free(struct memory_rig *rig);

int64_t memory_rig_counter(const struct memory_rig *rig, const char *name);

#endif
