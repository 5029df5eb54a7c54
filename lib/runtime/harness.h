/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_HARNESS_H
#define FL_RUNTIME_HARNESS_H

/* The inside of a flow_harness: one component, a false clock, and the channel around it. */

#include <flow/harness.h>

#include "base/sleepers.h"
#include "runtime/sink_unit.h"
#include "runtime/source_runner.h"

struct flow_harness {
    flow_library *lib;
    const struct fl_type *type;
    struct fl_vec keys; /* of struct fl_harness_key */
    struct fl_clock *clock;
    struct fl_sleepers sleepers;
    int64_t threads; /* as flow_harness_expect said; negative: it was not called */
    struct fl_site site;
    struct fl_part part;         /* the component's */
    struct fl_part channel_part; /* the channel's around it */
    struct fl_type channel_type; /* a memory channel whose commits can be made to fail */
    flow_channel *channel;
    struct fl_gate changed;
    struct fl_waker waker;
    _Atomic uint32_t fails_left;
    _Atomic int fail_code;
    int is_built;
    int runs;
    /* One of these is the component; a channel is in `channel`. */
    struct fl_source_runner *source;
    struct fl_sink_unit *sink;
    struct fl_interceptor interceptor; /* `ctx` is NULL when there is none */
};

/* A property as flow_harness_set left it; both texts owned. */
struct fl_harness_key {
    char *key;
    char *value;
};

/* Makes the component from the properties that were set. */
int fl_harness_build(flow_harness *harness, flow_error **err);

/* Frees whatever was built. */
void fl_harness_drop(flow_harness *harness);

/* Makes, in HARNESS, a type of channel like MEMORY whose commits of puts can fail. */
void fl_harness_channel_type(flow_harness *harness, const struct fl_type *memory);

#endif
