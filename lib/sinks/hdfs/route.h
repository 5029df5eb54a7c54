/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_ROUTE_H
#define FL_HDFS_ROUTE_H

/* Which events of a batch go where. */

#include "base/map.h"
#include "base/vec.h"
#include "sinks/hdfs/options.h"

/* Where events go: "FOLDER/PREFIX", to which a number is added for each file. */
struct fl_hdfs_place {
    char *text;
    size_t folder_size;
};

/* Neighbouring events that go to one place. */
struct fl_hdfs_run {
    size_t place; /* index */
    size_t first;
    size_t count;
};

struct fl_hdfs_routes {
    const flow_allocator *mem;
    struct fl_vec places; /* of struct fl_hdfs_place */
    struct fl_vec runs;   /* of struct fl_hdfs_run, in the order of the events */
    struct fl_map index;  /* text of a place -> its index + 1 */
};

void fl_hdfs_routes_init(struct fl_hdfs_routes *routes, const flow_allocator *mem);
void fl_hdfs_routes_free(struct fl_hdfs_routes *routes);

struct fl_hdfs_router;

/* PATH is hdfs.path without scheme and authority.  FLOW_ECONFIG when it cannot be honoured. */
int fl_hdfs_router_new(const struct fl_hdfs_options *options, const char *path,
                       struct fl_hdfs_router **router, flow_error **err);
void fl_hdfs_router_free(struct fl_hdfs_router *router);

/* Fills ROUTES, which are empty.  FLOW_EDELIVERY when the place of an event cannot be told. */
int fl_hdfs_router_route(struct fl_hdfs_router *router, const flow_event *const *events,
                         size_t count, struct fl_hdfs_routes *routes, flow_error **err);

/*
 * Adds the SIZE bytes at TEXT to OUT so that they name nothing outside the folder they stand
 * behind: "." and ".." become "_" and "__", control characters "_", and several slashes one.
 */
int fl_hdfs_confine(const char *text, size_t size, struct fl_buf *out);

#endif
