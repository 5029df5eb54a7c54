/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_INLET_H
#define FL_RUNTIME_INLET_H

/* The source behind flow_inlet: has no thread, a push runs in the thread that pushes. */

#include <flow/inlet.h>
#include <flow/source.h>

extern const flow_source_ops fl_inlet_source;

/* The inlet that OPS made, or NULL when they are not an inlet's. */
flow_inlet *fl_inlet_of(const flow_source_ops *ops, void *self);

/* Says where pushes go. */
void fl_inlet_attach(flow_inlet *inlet, flow_emitter *emitter);

#endif
