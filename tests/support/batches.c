/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "batches.h"

int batches_are_equal(const flow_batch *a, size_t first, const flow_batch *b)
{
    if (flow_batch_count(a) != first + flow_batch_count(b))
        return 0;
    for (size_t i = 0; i < flow_batch_count(b); i++) {
        size_t a_size;
        size_t b_size;
        const void *a_body = flow_event_body(flow_batch_event(a, first + i), &a_size);
        const void *b_body = flow_event_body(flow_batch_event(b, i), &b_size);
        if (a_size != b_size || (a_size > 0 && memcmp(a_body, b_body, a_size) != 0))
            return 0;
    }
    return 1;
}
