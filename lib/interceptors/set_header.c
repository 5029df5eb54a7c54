/* SPDX-License-Identifier: Apache-2.0 */
/* The one loop that the interceptors timestamp, host and static share. */

#include "interceptors/set_header.h"

int fl_set_header(flow_batch *batch, const char *name, const char *value, int preserve,
                  flow_error **err)
{
    size_t count = flow_batch_count(batch);
    int rc = FLOW_OK;

    for (size_t i = 0; !rc && i < count; i++) {
        if (preserve && flow_event_header(flow_batch_event(batch, i), name, NULL))
            continue;
        rc = flow_batch_set_header(batch, i, name, value, err);
    }
    return rc;
}
