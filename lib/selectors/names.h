/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SELECTORS_NAMES_H
#define FL_SELECTORS_NAMES_H

/* Channels of a source, by name. */

#include <flow/component.h>

struct fl_channel_names {
    const char *const *names;
    size_t count;
};

/* Finds the channel whose name are the SIZE bytes at NAME, which the setting PROPERTY mentions. */
int fl_channel_find(const flow_context *ctx, const struct fl_channel_names *channels,
                    const char *property, const char *name, size_t size, size_t *index,
                    flow_error **err);

#endif
