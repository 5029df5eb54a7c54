/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_PLAN_H
#define FL_CONFIG_PLAN_H

/*
 * One agent of a configuration, checked and resolved: everything the runtime needs to build it, so
 * that the runtime never sees a key.
 */

#include <flow/config.h>

#include "base/vec.h"
#include "core/settings.h"

/* A component: its name, type and typed settings. */
struct fl_part {
    char *name;
    const struct fl_type *type;
    struct fl_settings *settings;
};

struct fl_plan_channel {
    struct fl_part part;
};

struct fl_plan_source {
    struct fl_part part;
    struct fl_part selector;
    struct fl_vec interceptors; /* of struct fl_part, in order */
    struct fl_vec channels;     /* of size_t: indexes into the plan's channels, in order */
    int64_t backoff_increment;  /* ms */
    int64_t backoff_max;        /* ms */
};

struct fl_plan_sink {
    struct fl_part part;
    size_t channel; /* index into the plan's channels */
    size_t group;   /* index into the plan's groups, SIZE_MAX: runs alone */
    char *consumer; /* owned; NULL: the one of sinks without a name */
};

struct fl_plan_group {
    struct fl_part part;
    struct fl_vec sinks; /* of size_t */
};

struct fl_plan {
    const flow_allocator *mem;
    char *agent;
    struct fl_vec channels; /* of struct fl_plan_channel */
    struct fl_vec sources;
    struct fl_vec sinks;
    struct fl_vec groups;
};

/*
 * Checks AGENT and resolves it.  *REPORT (NULL allowed) gets every finding.  When there are errors
 * *PLAN is NULL and FLOW_ECONFIG returned, unless LENIENT, in which case what is broken is left out
 * as Flume leaves it out.
 */
int fl_plan_make(flow_config *config, const char *agent, int lenient, struct fl_plan **plan,
                 flow_report **report, flow_error **err);
void fl_plan_free(struct fl_plan *plan);

#endif
