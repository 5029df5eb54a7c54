/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routing: expands path and prefix for each event and finds runs of events with the same place.
 * The common cases cost nothing by the event: a path without escapes, and a time that is still in
 * the same second as that of the event before.
 */

#include <string.h>

#include "base/error.h"
#include "sinks/hdfs/route.h"

struct fl_hdfs_router {
    const struct fl_hdfs_options *options;
    struct fl_hdfs_escape *path;
    struct fl_hdfs_escape *prefix;
    unsigned needs;      /* FL_ESCAPE_... of both */
    struct fl_buf text;  /* what is being expanded */
    struct fl_buf raw;   /* the same before it is confined */
    size_t folder_size;  /* of `text` */
    int64_t now_ms;      /* of this batch */
    int64_t last_second; /* of the event before */
    int has_last;        /* `text` is the place of the event before */
};

void fl_hdfs_routes_init(struct fl_hdfs_routes *routes, const flow_allocator *mem)
{
    routes->mem = mem;
    fl_vec_init(&routes->places, mem, sizeof(struct fl_hdfs_place));
    fl_vec_init(&routes->runs, mem, sizeof(struct fl_hdfs_run));
    fl_map_init(&routes->index, mem);
}

void fl_hdfs_routes_free(struct fl_hdfs_routes *routes)
{
    for (size_t i = 0; i < routes->places.count; i++)
        fl_free(routes->mem, ((struct fl_hdfs_place *)fl_vec_at(&routes->places, i))->text);
    fl_vec_free(&routes->places);
    fl_vec_free(&routes->runs);
    fl_map_free(&routes->index);
}

static int refuse_escape(const struct fl_hdfs_options *options, const char *name, flow_error *why,
                         flow_error **err)
{
    int rc = flow_context_refuse(options->ctx, name, flow_error_message(why), err);

    flow_error_free(why);
    return rc;
}

int fl_hdfs_router_new(const struct fl_hdfs_options *options, const char *path,
                       struct fl_hdfs_router **router, flow_error **err)
{
    const flow_allocator *mem = options->mem;
    struct fl_hdfs_router *made = fl_zalloc(mem, sizeof *made);
    flow_error *why = NULL;
    int rc = FLOW_OK;

    *router = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->options = options;
    fl_buf_init(&made->text, mem);
    fl_buf_init(&made->raw, mem);
    if (fl_hdfs_escape_new(mem, path, &made->path, &why))
        rc = refuse_escape(options, "hdfs.path", why, err);
    else if (fl_hdfs_escape_new(mem, options->prefix, &made->prefix, &why))
        rc = refuse_escape(options, "hdfs.filePrefix", why, err);
    if (rc) {
        fl_hdfs_router_free(made);
        return rc;
    }
    made->needs = fl_hdfs_escape_needs(made->path) | fl_hdfs_escape_needs(made->prefix);
    *router = made;
    return FLOW_OK;
}

void fl_hdfs_router_free(struct fl_hdfs_router *router)
{
    if (!router)
        return;
    fl_hdfs_escape_free(router->path);
    fl_hdfs_escape_free(router->prefix);
    fl_buf_free(&router->text);
    fl_buf_free(&router->raw);
    fl_free(router->options->mem, router);
}

/* The name between two slashes. */
static int confine_name(const char *name, size_t size, struct fl_buf *out)
{
    int dots = (size == 1 || size == 2) && name[0] == '.' && name[size - 1] == '.';
    uint8_t *to = fl_buf_reserve(out, size + 1);

    if (!to)
        return FLOW_ENOMEM;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)name[i];
        to[i] = dots || byte < 0x20 || byte == 0x7f ? '_' : byte;
    }
    out->size += size;
    return FLOW_OK;
}

int fl_hdfs_confine(const char *text, size_t size, struct fl_buf *out)
{
    const char *end = text + size;
    int rc = FLOW_OK;

    while (text < end && !rc) {
        const char *slash = memchr(text, '/', (size_t)(end - text));
        const char *stop = slash ? slash : end;
        rc = confine_name(text, (size_t)(stop - text), out);
        int doubled = out->size && out->data[out->size - 1] == '/';
        if (!rc && slash && !doubled)
            rc = fl_buf_byte(out, '/');
        text = slash ? slash + 1 : end;
    }
    return rc;
}

/* Expands ESCAPE and adds the result, confined, to `text`. */
static int expand(struct fl_hdfs_router *router, const struct fl_hdfs_escape *escape,
                  const flow_event *event, const struct fl_hdfs_time *time)
{
    fl_buf_clear(&router->raw);
    int rc = fl_hdfs_escape_expand(escape, event, time, &router->raw);

    return rc ? rc
              : fl_hdfs_confine((const char *)router->raw.data, router->raw.size, &router->text);
}

/* Makes `text` the place of EVENT. */
static int expand_place(struct fl_hdfs_router *router, const flow_event *event,
                        const struct fl_hdfs_time *time, flow_error **err)
{
    struct fl_buf *text = &router->text;

    fl_buf_clear(text);
    int rc = expand(router, router->path, event, time);
    while (text->size > 1 && text->data[text->size - 1] == '/')
        text->size--;
    router->folder_size = text->size;
    if (!rc && !(text->size == 1 && text->data[0] == '/'))
        rc = fl_buf_byte(text, '/');
    if (!rc)
        rc = expand(router, router->prefix, event, time);
    if (rc || !fl_buf_cstr(text))
        return fl_error_nomem(err);
    return FLOW_OK;
}

/* Finds or adds the place `text`. */
static int intern(struct fl_hdfs_router *router, struct fl_hdfs_routes *routes, size_t *index)
{
    char *text = fl_buf_cstr(&router->text);
    uintptr_t known = text ? (uintptr_t)fl_map_get(&routes->index, text) : 0;

    *index = known ? known - 1 : routes->places.count;
    if (known)
        return FLOW_OK;
    struct fl_hdfs_place place = {fl_strdup(routes->mem, text), router->folder_size};
    if (!place.text || !fl_vec_push(&routes->places, &place)) {
        fl_free(routes->mem, place.text);
        return FLOW_ENOMEM;
    }
    return fl_map_put(&routes->index, text, (void *)(uintptr_t)(*index + 1));
}

/* Whether EVENT, whose time is MS, has the place of the event before. */
static int same_as_last(const struct fl_hdfs_router *router, int64_t ms)
{
    if (!router->has_last || (router->needs & (FL_ESCAPE_HEADER | FL_ESCAPE_MILLI)))
        return 0;
    return !router->needs || ms / 1000 == router->last_second;
}

/* Finds the place of EVENT; *CHANGED tells whether it may be another than before. */
static int locate(struct fl_hdfs_router *router, const flow_event *event, int *changed,
                  flow_error **err)
{
    const struct fl_hdfs_time_rule *rule = &router->options->time;
    int timed = (router->needs & (FL_ESCAPE_SECOND | FL_ESCAPE_MILLI)) != 0;
    struct fl_hdfs_time time = {0};
    int64_t ms = 0;

    int rc = timed ? fl_hdfs_time_of(rule, event, router->now_ms, &ms, err) : FLOW_OK;
    *changed = !rc && !same_as_last(router, ms);
    if (!*changed)
        return rc;
    if (timed)
        rc = fl_hdfs_time_split(rule, ms, &time, err);
    if (!rc)
        rc = expand_place(router, event, &time, err);
    router->has_last = !rc;
    router->last_second = ms / 1000;
    return rc;
}

static int extend(struct fl_hdfs_routes *routes, size_t place, size_t first)
{
    struct fl_hdfs_run *last = NULL;

    if (routes->runs.count)
        last = fl_vec_at(&routes->runs, routes->runs.count - 1);
    if (last && last->place == place) {
        last->count++;
        return FLOW_OK;
    }
    struct fl_hdfs_run run = {place, first, 1};
    return fl_vec_push(&routes->runs, &run) ? FLOW_OK : FLOW_ENOMEM;
}

int fl_hdfs_router_route(struct fl_hdfs_router *router, const flow_event *const *events,
                         size_t count, struct fl_hdfs_routes *routes, flow_error **err)
{
    size_t place = 0;
    int rc = FLOW_OK;

    router->now_ms = flow_context_time(router->options->ctx);
    router->has_last = 0;
    for (size_t i = 0; i < count && !rc; i++) {
        int changed = 0;
        rc = locate(router, events[i], &changed, err);
        if (!rc && changed && intern(router, routes, &place))
            rc = fl_error_nomem(err);
        if (!rc && extend(routes, place, i))
            rc = fl_error_nomem(err);
    }
    return rc;
}
