/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_LOOP_H
#define FL_NET_LOOP_H

/*
 * The loop thread of a pipeline: started when the first component asks for it, shared by all of
 * its network sources, ended with the pipeline.  Work reaches it by fl_loop_call and fl_loop_post.
 */

#include <flow/component.h>

#include "base/mem.h"

struct uv_loop_s;
struct fl_loop;
struct fl_loop_host;

/* A place for the loop, one a pipeline; costs nothing until a component asks. */
int fl_loop_host_new(const flow_allocator *mem, const char *name, struct fl_loop_host **host,
                     flow_error **err);

/* Ends the thread, when it was started; all handles must have been closed. */
void fl_loop_host_free(struct fl_loop_host *host);

/* The loop of CTX's pipeline, started if it was not. */
int fl_loop_get(flow_context *ctx, struct fl_loop **loop, flow_error **err);

/* Runs FN(ARG) on the loop's thread and waits until it has returned; its result is returned. */
int fl_loop_call(struct fl_loop *loop, int (*fn)(void *arg), void *arg);

/* A piece of work that can be posted again and again without memory.  Zero it, then set `fn`. */
struct fl_loop_task {
    void (*fn)(void *self);
    void *self;
    struct fl_loop_task *next;
    int posted;
};

/*
 * Runs a task on the loop's thread soon, in the order of posting, calls included; does nothing when
 * it waits to run already.  It may be posted again, even by itself, once `fn` has begun.
 */
void fl_loop_post(struct fl_loop *loop, struct fl_loop_task *task);

/* libuv's loop, to be touched on the loop's thread only. */
struct uv_loop_s *fl_loop_uv(struct fl_loop *loop);

#endif
