/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_OUTLET_H
#define FL_RUNTIME_OUTLET_H

/* The sink behind flow_pipeline_bind: hands events to a function of the host's. */

#include <flow/outlet.h>
#include <flow/sink.h>

struct fl_outlet;

extern const flow_sink_ops fl_outlet_sink;

/* The outlet that OPS made, or NULL when they are not an outlet's. */
struct fl_outlet *fl_outlet_of(const flow_sink_ops *ops, void *self);

/* Binds FN, replacing one that was bound before; takes over SELF. */
void fl_outlet_bind(struct fl_outlet *outlet, flow_outlet_fn fn, void *self,
                    void (*free_self)(void *self));
int fl_outlet_is_bound(const struct fl_outlet *outlet);

#endif
