/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_HOST_AGENT_H
#define TESTS_HOST_AGENT_H

/* A pipeline as a host has it: pushed into at one end, counted at the other. */

#include <stdatomic.h>

#include <flow.h>

/* Long enough for the slowest machine; no test waits that long when all is well. */
#define AGENT_PATIENCE_MS 60000

struct agent {
    flow_library *lib; /* not owned */
    flow_pipeline *pipeline;
    flow_inlet *inlet;
    _Atomic size_t seen; /* events that came out */
};

/* From an inlet through a memory channel to an outlet. */
extern const char agent_memory[];

/* The same with a netcat source beside it, so that there is a loop thread too. */
extern const char agent_network[];

/* Starts the agent "a" of TEXT.  When it fails nothing is left of it. */
int agent_start(struct agent *agent, flow_library *lib, const char *text, flow_error **err);

/* Pushes COUNT events, one at a time. */
int agent_push(struct agent *agent, size_t count, flow_error **err);

/* Waits until everything has come out, stops and frees. */
int agent_finish(struct agent *agent, flow_error **err);

#endif
