/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_HOST_TORTURE_SCENES_H
#define TESTS_HOST_TORTURE_SCENES_H

/* The lives that torture.c leads: each makes a library, does one thing with it and frees it.  What
 * they do themselves allocates nothing. */

#include <stdatomic.h>

#include <flow.h>

#define TORTURE_PATH 200

/* Where and how a life is led. */
struct torture_place {
    char folder[TORTURE_PATH]; /* exists, is empty, and belongs to this life */
    const char *plugin;        /* the file of a plugin that works */
    int patience_ms;           /* how long to wait for what was begun */
    _Atomic int port;          /* on which the agent listens, once it has said so */
};

struct torture_scene {
    const char *name;
    const char *agent; /* the agent "a" to run, a format of its folder; NULL: there is only ACT */
    int pushes;        /* into the inlet "in", to come out of the outlet "out" */
    int delivers;      /* by the sink "out", when nothing is pushed */
    int recovers;      /* once it has started it delivers all, whatever fails */
    /* What happens before the agent is made, and while it runs; each may be NULL. */
    int (*prepare)(struct torture_place *place, flow_library *lib, flow_error **err);
    int (*act)(struct torture_place *place, flow_library *lib, flow_error **err);
};

/* Ends with one that has no name. */
extern const struct torture_scene torture_scenes[];

/* Leads the life of a scene once. */
int torture_live(const struct torture_scene *scene, struct torture_place *place, flow_error **err);

#endif
