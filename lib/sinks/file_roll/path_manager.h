/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_FILE_ROLL_PATH_MANAGER_H
#define FL_SINKS_FILE_ROLL_PATH_MANAGER_H

/* Names the files of one sink, one after the other, as Flume's path managers do. */

#include <flow/component.h>

#include "base/buf.h"

#define PATH_MANAGER_DEFAULT 0
#define PATH_MANAGER_ROLLTIME 1

struct path_manager;

/*
 * Texts are lent.  STYLE is PATH_MANAGER_...; NOW is the time, in ms since 1970, that names of
 * PATH_MANAGER_DEFAULT have in common.
 */
struct path_manager_options {
    int style;
    const char *directory;
    const char *prefix;    /* or NULL */
    const char *extension; /* or NULL */
    int64_t now;
};

int path_manager_new(const flow_allocator *mem, const struct path_manager_options *options,
                     struct path_manager **manager, flow_error **err);
void path_manager_free(struct path_manager *manager);

/* Returns the next path, at the time NOW, lent until the next call; NULL without memory. */
const char *path_manager_next(struct path_manager *manager, int64_t now);

#endif
