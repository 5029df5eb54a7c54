/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Registers types.  What a plugin registers while it is being loaded is staged: its names are
 * taken, nobody finds it, and it vanishes when the plugin fails.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/names.h"
#include "core/registry_inner.h"
#include "core/shape.h"

/* What an add call was given. */
struct offer {
    uint32_t kind;
    const void *ops;
    void *user;
    void (*free_user)(void *user);
};

static int compare_records(const void *a, const void *b)
{
    const struct fl_type *left = &(*(struct fl_record *const *)a)->type;
    const struct fl_type *right = &(*(struct fl_record *const *)b)->type;

    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return fl_type_name_compare(left->name, right->name);
}

static int is_staged_here(const flow_registry *registry)
{
    return registry->stage && pthread_equal(registry->stager, pthread_self());
}

/* Refuses a name that another type has, or that is kept for a module. */
static int check_name(const flow_registry *registry, const struct fl_record *record,
                      const char *name, size_t size, flow_error **err)
{
    const struct fl_type *type = &record->type;
    const struct fl_record *other = fl_registry_named(registry, type->kind, name, size);
    const struct fl_module *module = fl_registry_module(registry, type->kind, name, size);

    if (other)
        return flow_error_setf(err, FLOW_EEXIST,
                               "the %s type '%.*s' of '%s' (%s) is a name of '%s' (%s) already",
                               fl_kind_name(type->kind), (int)size, name, type->name, type->origin,
                               other->type.name, other->type.origin);
    if (module && (registry->loading != module || !is_staged_here(registry)))
        return flow_error_setf(err, FLOW_EEXIST,
                               "the %s type '%.*s' of '%s' (%s) is a name of '%s' (module %s) "
                               "already",
                               fl_kind_name(type->kind), (int)size, name, type->name, type->origin,
                               module->name, module->file);
    return FLOW_OK;
}

static int check_names(const flow_registry *registry, const struct fl_record *record,
                       flow_error **err)
{
    const char *rest = record->type.aliases;
    const char *name;
    size_t size;
    int result = check_name(registry, record, record->type.name, strlen(record->type.name), err);

    while (result == FLOW_OK && fl_names_next(&rest, &name, &size))
        result = check_name(registry, record, name, size, err);
    return result;
}

/* Locked. */
static int insert(flow_registry *registry, struct fl_record *record, flow_error **err)
{
    int result = check_names(registry, record, err);

    if (result != FLOW_OK)
        return result;
    record->staged = is_staged_here(registry);
    if (!fl_vec_push(&registry->records, &record))
        return fl_error_nomem(err);
    fl_vec_sort(&registry->records, compare_records);
    return FLOW_OK;
}

static int fill(const flow_registry *registry, const struct offer *offer, struct fl_record *record,
                flow_error **err)
{
    const flow_allocator *mem = &registry->lib->allocator;
    struct fl_type *type = &record->type;
    char label[96];

    int result = fl_shape_import(offer->kind, offer->ops, type, err);
    if (result != FLOW_OK)
        return result;
    snprintf(label, sizeof(label), "%s type '%s'", fl_kind_name(offer->kind), type->name);
    result = fl_schema_import(mem, type->schema, label, &record->schema, err);
    if (result != FLOW_OK)
        return result;
    record->origin = fl_strdup(mem, is_staged_here(registry) ? registry->stage : "host");
    if (!record->origin)
        return fl_error_nomem(err);
    type->schema = &record->schema.table;
    type->origin = record->origin;
    return FLOW_OK;
}

static int add_locked(flow_registry *registry, const struct offer *offer, flow_error **err)
{
    struct fl_record *record = fl_zalloc(&registry->lib->allocator, sizeof(*record));

    if (!record)
        return fl_error_nomem(err);
    int result = fill(registry, offer, record, err);
    if (result == FLOW_OK)
        result = insert(registry, record, err);
    if (result != FLOW_OK) {
        fl_record_free(&registry->lib->allocator, record);
        return result;
    }
    record->type.user = offer->user;
    record->type.free_user = offer->free_user;
    return FLOW_OK;
}

static int add(flow_registry *registry, const struct offer *offer, flow_error **err)
{
    int result = fl_registry_check(registry, err);

    if (result == FLOW_OK) {
        fl_lock(&registry->lock);
        result = add_locked(registry, offer, err);
        fl_unlock(&registry->lock);
    }
    if (result != FLOW_OK && offer->free_user)
        offer->free_user(offer->user);
    return result;
}

int flow_registry_add_source(flow_registry *registry, const flow_source_ops *ops, void *user,
                             void (*free_user)(void *user), flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_SOURCE, ops, user, free_user}, err);
}

int flow_registry_add_channel(flow_registry *registry, const flow_channel_ops *ops, void *user,
                              void (*free_user)(void *user), flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_CHANNEL, ops, user, free_user}, err);
}

int flow_registry_add_sink(flow_registry *registry, const flow_sink_ops *ops, void *user,
                           void (*free_user)(void *user), flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_SINK, ops, user, free_user}, err);
}

int flow_registry_add_interceptor(flow_registry *registry, const flow_interceptor_ops *ops,
                                  void *user, void (*free_user)(void *user), flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_INTERCEPTOR, ops, user, free_user}, err);
}

int flow_registry_add_selector(flow_registry *registry, const flow_selector_ops *ops, void *user,
                               void (*free_user)(void *user), flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_SELECTOR, ops, user, free_user}, err);
}

int flow_registry_add_group(flow_registry *registry, const flow_group_ops *ops, void *user,
                            void (*free_user)(void *user), flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_GROUP, ops, user, free_user}, err);
}

int flow_registry_add_serializer(flow_registry *registry, const flow_serializer_ops *ops,
                                 void *user, void (*free_user)(void *user), flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_SERIALIZER, ops, user, free_user}, err);
}

int fl_registry_add_filter(flow_registry *registry, const struct fl_filter_ops *ops,
                           flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_FILTER, ops, NULL, NULL}, err);
}

int fl_registry_add_client(flow_registry *registry, const struct fl_client_ops *ops,
                           flow_error **err)
{
    return add(registry, &(struct offer){FLOW_KIND_CLIENT, ops, NULL, NULL}, err);
}

/* ---- staging ---- */

int fl_registry_stage(flow_registry *registry, const char *origin, const struct fl_module *module,
                      flow_error **err)
{
    fl_lock(&registry->lock);
    if (is_staged_here(registry)) {
        fl_unlock(&registry->lock);
        return flow_error_setf(err, FLOW_ESTATE,
                               "%s cannot be loaded while %s is: a plugin loads no others", origin,
                               registry->stage);
    }
    while (registry->stage)
        fl_lock_wait(&registry->lock, fl_clock_system(), FL_NEVER);
    registry->stage = origin;
    registry->stager = pthread_self();
    registry->loading = module;
    fl_unlock(&registry->lock);
    return FLOW_OK;
}

/* Moves a type that is taken back out of the registry; NULL when there is none left. */
static struct fl_record *remove_staged(flow_registry *registry)
{
    for (size_t i = 0; i < registry->records.count; i++) {
        struct fl_record *record = fl_registry_record(registry, i);
        if (record->staged) {
            fl_vec_remove(&registry->records, i);
            return record;
        }
    }
    return NULL;
}

void fl_registry_settle(flow_registry *registry, int keep)
{
    struct fl_record *record;

    fl_lock(&registry->lock);
    for (size_t i = 0; keep && i < registry->records.count; i++)
        fl_registry_record(registry, i)->staged = 0;
    while ((record = remove_staged(registry)) != NULL) {
        fl_unlock(&registry->lock); /* free_user is foreign code */
        fl_record_free(&registry->lib->allocator, record);
        fl_lock(&registry->lock);
    }
    registry->stage = NULL;
    registry->loading = NULL;
    fl_lock_wake(&registry->lock);
    fl_unlock(&registry->lock);
}
