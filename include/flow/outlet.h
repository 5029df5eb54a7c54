/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_OUTLET_H
#define FLOW_OUTLET_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/event.h>

FLOW_BEGIN_DECLS

/*
 * The host's function behind a sink of type `outlet`.  Gets between 1 and `batchSize` events, lent
 * for the call.  FLOW_OK commits them; an error leaves them in the channel, to come again after a
 * pause.  Called by the sink's thread, one call at a time.
 */
typedef int (*flow_outlet_fn)(void *self, const flow_event *const *events, size_t count,
                              flow_error **err);

FLOW_END_DECLS

#endif
