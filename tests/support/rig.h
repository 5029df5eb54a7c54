/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RIG_H
#define TESTS_SUPPORT_RIG_H

/*
 * A pipeline under test: made from a text in Flume's form, agent "a1", with parts of the test's own
 * in it.  Whatever should not fail and does ends the test.
 */

#include <pthread.h>

#include <flow.h>

#define RIG_BODIES 4096
#define RIG_BODY 32

struct rig {
    flow_library *lib;
    struct fl_clock *clock; /* a false one, or NULL: the system's */
    flow_pipeline *pipeline;
    pthread_mutex_t lock;
    char *log; /* everything that was logged, a line each; under `lock` */
    size_t log_size;
};

/* Bodies of events, as texts. */
struct rig_bodies {
    size_t count;
    char text[RIG_BODIES][RIG_BODY];
};

/* Makes a library.  With a false clock nothing happens by time before rig_advance. */
void rig_init(struct rig *rig, int false_clock);
void rig_free(struct rig *rig);
void rig_advance(struct rig *rig, int64_t ms);
int64_t rig_now(struct rig *rig);

/* Lets 100 ms pass, and real threads a moment to notice. */
void rig_tick(struct rig *rig);

/* Builds the pipeline that TEXT describes; rig_try_build tells how that went. */
void rig_build(struct rig *rig, const char *text);
int rig_try_build(struct rig *rig, const char *text, uint32_t flags, flow_error **err);
void rig_start(struct rig *rig);
void rig_stop(struct rig *rig);

/* A batch of COUNT events whose bodies are the numbers from FIRST on. */
flow_batch *rig_batch(struct rig *rig, unsigned first, unsigned count);

/* Pushes such a batch through the inlet "r1", which must take it. */
void rig_push(struct rig *rig, unsigned first, unsigned count);
flow_inlet *rig_inlet(struct rig *rig, const char *name);
flow_channel *rig_channel(struct rig *rig, const char *name);

/* Takes everything out of a channel that is running. */
void rig_take(struct rig *rig, const char *channel, struct rig_bodies *bodies);

/* Adds the body of EVENT. */
void rig_note(struct rig_bodies *bodies, const flow_event *event);

/* Ends the test unless BODIES are the numbers from FIRST on, COUNT of them. */
void rig_expect(const struct rig_bodies *bodies, unsigned first, unsigned count);

int64_t rig_metric(struct rig *rig, const char *component, const char *name);

/* Waits until a counter has reached VALUE; rig_tick_until lets time pass until then. */
void rig_await(struct rig *rig, const char *component, const char *name, int64_t value);
void rig_tick_until(struct rig *rig, const char *component, const char *name, int64_t value);

/* The port of 127.0.0.1 on which a source said last that it listens. */
uint16_t rig_port(struct rig *rig);

/* How often TEXT is in the log; waits until it is there. */
size_t rig_logged(struct rig *rig, const char *text);
void rig_await_log(struct rig *rig, const char *text);

#endif
