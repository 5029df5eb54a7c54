/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "selectors/names.h"

static int refuse(const flow_context *ctx, const char *property, const char *name, size_t size,
                  flow_error **err)
{
    char why[256];
    int shown = size < 200 ? (int)size : 200;

    snprintf(why, sizeof why, "'%.*s' is not a channel of the source", shown, name);
    return flow_context_refuse(ctx, property, why, err);
}

int fl_channel_find(const flow_context *ctx, const struct fl_channel_names *channels,
                    const char *property, const char *name, size_t size, size_t *index,
                    flow_error **err)
{
    for (size_t i = 0; i < channels->count; i++) {
        if (strlen(channels->names[i]) == size && memcmp(channels->names[i], name, size) == 0) {
            *index = i;
            return FLOW_OK;
        }
    }
    return refuse(ctx, property, name, size, err);
}
