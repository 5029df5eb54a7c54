/* SPDX-License-Identifier: Apache-2.0 */

/* Has the entry, which returns nothing. */

#include <flow.h>

FLOW_API const flow_plugin *flow_plugin_entry(void);

const flow_plugin *flow_plugin_entry(void)
{
    return NULL;
}
