/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_WORKER_H
#define FL_RUNTIME_WORKER_H

/* A thread of a pipeline, with what others wait for: its first attempt to start, and its end. */

#include "base/thread.h"

struct fl_worker {
    struct fl_thread thread;
    struct fl_gate *changed; /* the pipeline's: opened whenever something below changes */
    void (*run)(void *arg);
    void *arg;
    _Atomic uintptr_t id; /* of the thread, 0: none */
    _Atomic int stopping;
    _Atomic int attempted; /* this and `ended` are 1, too, while there is no thread */
    _Atomic int ended;
};

void fl_worker_init(struct fl_worker *worker, struct fl_gate *changed);

/* Runs RUN(ARG) on a thread called "flow-NAME". */
int fl_worker_start(struct fl_worker *worker, const char *name, void (*run)(void *arg), void *arg);

/* Said by the thread: it has tried to start its component once. */
void fl_worker_attempted(struct fl_worker *worker);

/* Waits for FLAG, one of the worker's; FLOW_ETIMEDOUT at DEADLINE of the system's clock. */
int fl_worker_wait(struct fl_worker *worker, const _Atomic int *flag, int64_t deadline);

/* Waits for the thread's end and joins it; FLOW_ETIMEDOUT at DEADLINE. */
int fl_worker_join(struct fl_worker *worker, int64_t deadline);

/* 1 when called on the worker's thread. */
int fl_worker_is_caller(const struct fl_worker *worker);

#endif
