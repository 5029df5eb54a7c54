/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_LOOP_H
#define FL_NET_LOOP_H

/*
 * The loop thread of a pipeline: started when the first component asks for it, shared by all of
 * its network sources, ended with the pipeline.  Work reaches it by fl_loop_call.
 */

#include <flow/component.h>

#include "base/mem.h"

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

#endif
