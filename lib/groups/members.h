/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_GROUPS_MEMBERS_H
#define FL_GROUPS_MEMBERS_H

/* The sinks of a group that stand in for one another: each is tried, and how that went is noted and
 * told. */

#include <flow/group.h>

struct fl_members {
    const flow_allocator *mem;
    const flow_context *ctx; /* the group's */
    flow_group *group;
    size_t count;
    unsigned *failures; /* of each, in a row; 0: it works, as far as is known */
    flow_error *last;   /* why the one that was tried last in this turn has failed */
};

int fl_members_init(struct fl_members *members, const flow_context *ctx, flow_group *group,
                    flow_error **err);
void fl_members_free(struct fl_members *members);

/*
 * Runs a transaction with the sink at INDEX.  FLOW_READY means that it works; FLOW_BACKOFF says
 * nothing about that.  Any other answer means that it has failed, unless the group is to stop.
 */
int fl_members_run(struct fl_members *members, size_t index);

/* Ends a turn in which nobody took events: FLOW_BACKOFF when nobody was tried, else an error. */
int fl_members_give_up(struct fl_members *members, flow_error **err);

#endif
