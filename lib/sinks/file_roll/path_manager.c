/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files: a time, a dash and a counter, by which no two of one sink are alike. */

#include <inttypes.h>

#include "base/error.h"
#include "base/zone.h"
#include "sinks/file_roll/path_manager.h"

struct path_manager {
    const flow_allocator *mem;
    struct path_manager_options options;
    struct fl_zone *zone; /* the system's; for PATH_MANAGER_ROLLTIME */
    uint64_t count;
    int64_t last_second; /* of the file before, for PATH_MANAGER_ROLLTIME */
    struct fl_buf path;
};

static int load_zone(struct path_manager *manager, flow_error **err)
{
    if (manager->options.style != PATH_MANAGER_ROLLTIME)
        return FLOW_OK;
    int rc = fl_zone_load(manager->mem, NULL, &manager->zone);
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    return rc ? flow_error_set(err, rc, "cannot read the system's time zone") : FLOW_OK;
}

int path_manager_new(const flow_allocator *mem, const struct path_manager_options *options,
                     struct path_manager **manager, flow_error **err)
{
    struct path_manager *made = fl_zalloc(mem, sizeof *made);

    *manager = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->options = *options;
    made->last_second = -1;
    fl_buf_init(&made->path, mem);
    int rc = load_zone(made, err);
    if (rc) {
        path_manager_free(made);
        return rc;
    }
    *manager = made;
    return FLOW_OK;
}

void path_manager_free(struct path_manager *manager)
{
    if (!manager)
        return;
    fl_zone_free(manager->zone);
    fl_buf_free(&manager->path);
    fl_free(manager->mem, manager);
}

/* The local time as yyyyMMddHHmmss; the counter begins anew with each second. */
static int put_roll_time(struct path_manager *manager, int64_t now)
{
    int64_t second = now / 1000;
    struct fl_civil civil;

    if (second != manager->last_second)
        manager->count = 0;
    manager->last_second = second;
    fl_zone_civil(manager->zone, second, &civil);
    return fl_buf_printf(&manager->path, "%04d%02d%02d%02d%02d%02d", civil.year, civil.month,
                         civil.day, civil.hour, civil.minute, civil.second);
}

static int put_time(struct path_manager *manager, int64_t now)
{
    if (manager->options.style == PATH_MANAGER_ROLLTIME)
        return put_roll_time(manager, now);
    return fl_buf_printf(&manager->path, "%" PRId64, manager->options.now);
}

static int put_extension(struct path_manager *manager)
{
    const char *extension = manager->options.extension;

    return extension && *extension ? fl_buf_printf(&manager->path, ".%s", extension) : FLOW_OK;
}

const char *path_manager_next(struct path_manager *manager, int64_t now)
{
    const struct path_manager_options *options = &manager->options;

    fl_buf_clear(&manager->path);
    if (fl_buf_printf(&manager->path, "%s/%s", options->directory,
                      options->prefix ? options->prefix : "") ||
        put_time(manager, now) || fl_buf_printf(&manager->path, "-%" PRIu64, ++manager->count) ||
        put_extension(manager))
        return NULL;
    return fl_buf_cstr(&manager->path);
}
