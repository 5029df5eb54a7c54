/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_PIPE_H
#define TESTS_BENCH_PIPE_H

/* A pipeline that is measured: built from a text, watched by its counters. */

#include <flow.h>

struct bench_pipe {
    flow_library *lib;
    flow_pipeline *pipeline;
};

/* Builds and starts the agent of SETTINGS; returns 0, or -1 after a message. */
int bench_pipe_start(struct bench_pipe *pipe, const char *settings);

/* Waits until the counter NAME of COMPONENT has reached VALUE; returns 0, or -1 after a minute
 * without any progress. */
int bench_pipe_wait(struct bench_pipe *pipe, const char *component, const char *name,
                    int64_t value);
void bench_pipe_stop(struct bench_pipe *pipe);

#endif
