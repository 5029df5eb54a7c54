/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>

#include <check.h>

#include "parts.h"

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "A part of a test.",
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    *self = flow_context_user(ctx);
    return FLOW_OK;
}

static void destroy(void *self)
{
}

static int intercept(void *self, flow_batch *batch, flow_error **err)
{
    struct part_interceptor *part = self;

    return part->intercept(part->self, batch, err);
}

void part_add_interceptor(flow_library *lib, const char *type, struct part_interceptor *part)
{
    const flow_interceptor_ops ops = {
        .struct_size = sizeof(ops),
        .type = type,
        .schema = &schema,
        .create = create,
        .destroy = destroy,
        .intercept = intercept,
    };

    ck_assert_int_eq(
        flow_registry_add_interceptor(flow_library_registry(lib), &ops, part, NULL, NULL), FLOW_OK);
}

static int create_selector(flow_context *ctx, const char *const *channels, size_t count,
                           void **self, flow_error **err)
{
    return create(ctx, self, err);
}

static int choose(void *self, const flow_event *event, flow_route *route, flow_error **err)
{
    struct part_selector *part = self;

    return part->select(part->self, event, route, err);
}

void part_add_selector(flow_library *lib, const char *type, struct part_selector *part)
{
    const flow_selector_ops ops = {
        .struct_size = sizeof(ops),
        .flags = part->flags,
        .type = type,
        .schema = &schema,
        .create = create_selector,
        .destroy = destroy,
        .select = choose,
    };

    ck_assert_int_eq(flow_registry_add_selector(flow_library_registry(lib), &ops, part, NULL, NULL),
                     FLOW_OK);
}

struct group {
    struct part_group *part;
    flow_group *group;
};

static int create_group(flow_context *ctx, flow_group *group, void **self, flow_error **err)
{
    struct group *made = malloc(sizeof(*made));

    made->part = flow_context_user(ctx);
    made->group = group;
    *self = made;
    return FLOW_OK;
}

static int process_group(void *self, flow_error **err)
{
    struct group *group = self;

    return group->part->process(group->part->self, group->group, err);
}

void part_add_group(flow_library *lib, const char *type, struct part_group *part)
{
    const flow_group_ops ops = {
        .struct_size = sizeof(ops),
        .type = type,
        .schema = &schema,
        .create = create_group,
        .destroy = free,
        .process = process_group,
    };

    ck_assert_int_eq(flow_registry_add_group(flow_library_registry(lib), &ops, part, NULL, NULL),
                     FLOW_OK);
}

static int start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct part_source *part = self;

    return part->start ? part->start(part->self, emitter, err) : FLOW_OK;
}

static int stop(void *self, flow_error **err)
{
    struct part_source *part = self;

    return part->stop ? part->stop(part->self, err) : FLOW_OK;
}

static int poll(void *self, flow_emitter *emitter, flow_error **err)
{
    struct part_source *part = self;

    return part->poll(part->self, emitter, err);
}

void part_add_source(flow_library *lib, const char *type, struct part_source *part)
{
    const flow_source_ops ops = {
        .struct_size = sizeof(ops),
        .type = type,
        .schema = &schema,
        .create = create,
        .destroy = destroy,
        .start = start,
        .stop = stop,
        .poll = part->poll ? poll : NULL,
    };

    ck_assert_int_eq(flow_registry_add_source(flow_library_registry(lib), &ops, part, NULL, NULL),
                     FLOW_OK);
}
