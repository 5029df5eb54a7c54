/* SPDX-License-Identifier: Apache-2.0 */

/* Fails in a way of its own: with a number that is no error code and without a word. */

#include "null_sink.h"

static int init(flow_registry *registry, flow_error **err)
{
    (void)registry;
    (void)err;
    return 7;
}

FLOW_PLUGIN_DEFINE("fails_silently", "1.0", 0, init);
