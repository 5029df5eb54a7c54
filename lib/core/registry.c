/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Types of components by kind and name.  A type, once anybody can find it, stays where it is until
 * the library is freed, so it is handed out without being counted.  What a plugin registers while
 * it is being loaded is staged: its names are taken, nobody finds it, and it vanishes when the
 * plugin fails.
 */

#include "core/registry.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/thread.h"
#include "core/library.h"
#include "core/module.h"
#include "core/names.h"
#include "core/schema.h"
#include "core/shape.h"
#include "core/table.h"

/* A type with what only the registry needs of it. */
struct record {
    struct fl_type type; /* first: handed out */
    struct fl_schema schema;
    char *origin;
    int staged;
};

struct flow_registry {
    flow_library *lib;
    struct fl_lock lock;   /* of everything below */
    struct fl_vec records; /* of struct record *, by kind and name */
    struct fl_vec plugins; /* of const flow_plugin * */
    const struct fl_module *modules;
    size_t module_count;
    pthread_t stager;                /* the thread that has a stage, when `stage` is not NULL */
    const char *stage;               /* the origin of what it registers, lent */
    const struct fl_module *loading; /* the module that is being loaded in it */
};

/* What an add call was given. */
struct offer {
    uint32_t kind;
    const void *ops;
    void *user;
    void (*free_user)(void *user);
};

static const flow_allocator *memory_of(const flow_registry *registry)
{
    return &registry->lib->allocator;
}

flow_library *fl_registry_library(const flow_registry *registry)
{
    return registry->lib;
}

struct fl_vec *fl_registry_plugins(flow_registry *registry)
{
    return &registry->plugins;
}

int fl_registry_new(flow_library *lib, flow_registry **registry, flow_error **err)
{
    flow_registry *made = fl_zalloc(&lib->allocator, sizeof(*made));

    if (made == NULL)
        return fl_error_nomem(err);
    made->lib = lib;
    if (fl_lock_init(&made->lock) != FLOW_OK) {
        fl_free(&lib->allocator, made);
        return fl_error_nomem(err);
    }
    fl_vec_init(&made->records, &lib->allocator, sizeof(struct record *));
    fl_vec_init(&made->plugins, &lib->allocator, sizeof(void *));
    *registry = made;
    return FLOW_OK;
}

static void free_record(const flow_allocator *mem, struct record *record)
{
    if (record->type.free_user != NULL)
        record->type.free_user(record->type.user);
    fl_schema_free(mem, &record->schema);
    fl_free(mem, record->origin);
    fl_free(mem, record);
}

static struct record *record_at(const struct fl_vec *records, size_t index)
{
    return *(struct record **)fl_vec_at(records, index);
}

void fl_registry_free(flow_registry *registry)
{
    if (registry == NULL)
        return;
    const flow_allocator *mem = memory_of(registry);
    for (size_t i = 0; i < registry->records.count; i++)
        free_record(mem, record_at(&registry->records, i));
    fl_vec_free(&registry->records);
    fl_vec_free(&registry->plugins);
    fl_lock_destroy(&registry->lock);
    fl_free(mem, registry);
}

void fl_registry_set_modules(flow_registry *registry, const struct fl_module *modules, size_t count)
{
    registry->modules = modules;
    registry->module_count = count;
}

static struct record *find(const flow_registry *registry, uint32_t kind, const char *name,
                           size_t size)
{
    for (size_t i = 0; i < registry->records.count; i++) {
        struct record *record = record_at(&registry->records, i);
        if (record->type.kind == kind &&
            (fl_names_index_sized(record->type.name, name, size) == 0 ||
             fl_names_index_sized(record->type.aliases, name, size) >= 0))
            return record;
    }
    return NULL;
}

static const struct fl_module *find_module(const flow_registry *registry, uint32_t kind,
                                           const char *name, size_t size)
{
    for (size_t i = 0; i < registry->module_count; i++) {
        const struct fl_module *module = &registry->modules[i];
        if (module->kind == kind && (fl_names_index_sized(module->name, name, size) == 0 ||
                                     fl_names_index_sized(module->aliases, name, size) >= 0))
            return module;
    }
    return NULL;
}

/* ---- adding ---- */

static int compare_names(const char *a, const char *b)
{
    while (*a != '\0' && fl_lower(*a) == fl_lower(*b)) {
        a++;
        b++;
    }
    return (unsigned char)fl_lower(*a) - (unsigned char)fl_lower(*b);
}

static int compare_records(const void *a, const void *b)
{
    const struct fl_type *left = &(*(struct record *const *)a)->type;
    const struct fl_type *right = &(*(struct record *const *)b)->type;

    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return compare_names(left->name, right->name);
}

static int is_staged_here(const flow_registry *registry)
{
    return registry->stage != NULL && pthread_equal(registry->stager, pthread_self());
}

/* Refuses a name that another type has, or that is kept for a module. */
static int check_name(const flow_registry *registry, const struct record *record, const char *name,
                      size_t size, flow_error **err)
{
    const struct fl_type *type = &record->type;
    const struct record *other = find(registry, type->kind, name, size);
    const struct fl_module *module = find_module(registry, type->kind, name, size);

    if (other != NULL)
        return flow_error_setf(err, FLOW_EEXIST,
                               "the %s type '%.*s' of '%s' (%s) is a name of '%s' (%s) already",
                               fl_kind_name(type->kind), (int)size, name, type->name, type->origin,
                               other->type.name, other->type.origin);
    if (module != NULL && (registry->loading != module || !is_staged_here(registry)))
        return flow_error_setf(err, FLOW_EEXIST,
                               "the %s type '%.*s' of '%s' (%s) is a name of '%s' (module %s) "
                               "already",
                               fl_kind_name(type->kind), (int)size, name, type->name, type->origin,
                               module->name, module->file);
    return FLOW_OK;
}

static int check_names(const flow_registry *registry, const struct record *record, flow_error **err)
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
static int insert(flow_registry *registry, struct record *record, flow_error **err)
{
    int result = check_names(registry, record, err);

    if (result != FLOW_OK)
        return result;
    record->staged = is_staged_here(registry);
    if (fl_vec_push(&registry->records, &record) == NULL)
        return fl_error_nomem(err);
    fl_vec_sort(&registry->records, compare_records);
    return FLOW_OK;
}

static int fill(const flow_registry *registry, const struct offer *offer, struct record *record,
                flow_error **err)
{
    const flow_allocator *mem = memory_of(registry);
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
    if (record->origin == NULL)
        return fl_error_nomem(err);
    type->schema = &record->schema.table;
    type->origin = record->origin;
    return FLOW_OK;
}

static int add_locked(flow_registry *registry, const struct offer *offer, flow_error **err)
{
    struct record *record = fl_zalloc(memory_of(registry), sizeof(*record));

    if (record == NULL)
        return fl_error_nomem(err);
    int result = fill(registry, offer, record, err);
    if (result == FLOW_OK)
        result = insert(registry, record, err);
    if (result != FLOW_OK) {
        free_record(memory_of(registry), record);
        return result;
    }
    record->type.user = offer->user;
    record->type.free_user = offer->free_user;
    return FLOW_OK;
}

static int check(const flow_registry *registry, flow_error **err)
{
    return fl_library_check(registry != NULL ? registry->lib : NULL, err);
}

static int add(flow_registry *registry, const struct offer *offer, flow_error **err)
{
    int result = check(registry, err);

    if (result == FLOW_OK) {
        fl_lock(&registry->lock);
        result = add_locked(registry, offer, err);
        fl_unlock(&registry->lock);
    }
    if (result != FLOW_OK && offer->free_user != NULL)
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
    while (registry->stage != NULL)
        fl_lock_wait(&registry->lock, fl_clock_system(), FL_NEVER);
    registry->stage = origin;
    registry->stager = pthread_self();
    registry->loading = module;
    fl_unlock(&registry->lock);
    return FLOW_OK;
}

/* Moves a type that is taken back out of the registry; NULL when there is none left. */
static struct record *remove_staged(flow_registry *registry)
{
    for (size_t i = 0; i < registry->records.count; i++) {
        struct record *record = record_at(&registry->records, i);
        if (record->staged) {
            fl_vec_remove(&registry->records, i);
            return record;
        }
    }
    return NULL;
}

void fl_registry_settle(flow_registry *registry, int keep)
{
    struct record *record;

    fl_lock(&registry->lock);
    for (size_t i = 0; keep && i < registry->records.count; i++)
        record_at(&registry->records, i)->staged = 0;
    while ((record = remove_staged(registry)) != NULL) {
        fl_unlock(&registry->lock); /* free_user is foreign code */
        free_record(memory_of(registry), record);
        fl_lock(&registry->lock);
    }
    registry->stage = NULL;
    registry->loading = NULL;
    fl_lock_wake(&registry->lock);
    fl_unlock(&registry->lock);
}

/* ---- finding ---- */

static int unknown(const flow_registry *registry, uint32_t kind, const char *name, char **hint,
                   flow_error **err)
{
    struct fl_nearest nearest;

    fl_nearest_init(&nearest, name);
    for (size_t i = 0; i < registry->records.count; i++) {
        const struct fl_type *type = &record_at(&registry->records, i)->type;
        if (type->kind != kind || record_at(&registry->records, i)->staged)
            continue;
        fl_nearest_offer(&nearest, type->name);
        fl_nearest_offer_list(&nearest, type->aliases);
    }
    for (size_t i = 0; i < registry->module_count; i++) {
        if (registry->modules[i].kind == kind)
            fl_nearest_offer(&nearest, registry->modules[i].name);
    }
    if (hint != NULL && fl_nearest_hint(&nearest, memory_of(registry), hint) != FLOW_OK)
        return fl_error_nomem(err);
    return flow_error_setf(err, FLOW_ENOENT, "unknown %s type '%s'", fl_kind_name(kind), name);
}

/* Looks up what is registered; *MODULE is where to find it otherwise. */
static const struct fl_type *look(flow_registry *registry, uint32_t kind, const char *name,
                                  const struct fl_module **module)
{
    fl_lock(&registry->lock);
    const struct record *record = find(registry, kind, name, strlen(name));
    *module = find_module(registry, kind, name, strlen(name));
    int visible = record != NULL && !record->staged;
    fl_unlock(&registry->lock);
    return visible ? &record->type : NULL;
}

int fl_registry_lookup(flow_registry *registry, uint32_t kind, const char *name,
                       const struct fl_type **type, char **hint, flow_error **err)
{
    const struct fl_module *module;

    if (hint != NULL)
        *hint = NULL;
    *type = look(registry, kind, name, &module);
    if (*type != NULL)
        return FLOW_OK;
    if (module != NULL) {
        int result = fl_module_load(registry->lib, module, err);
        if (result != FLOW_OK)
            return result;
        *type = look(registry, kind, name, &module);
        if (*type != NULL)
            return FLOW_OK;
        return flow_error_setf(err, FLOW_EPLUGIN, "the module %s does not have the %s type '%s'",
                               module->file, fl_kind_name(kind), name);
    }
    fl_lock(&registry->lock);
    int result = unknown(registry, kind, name, hint, err);
    fl_unlock(&registry->lock);
    return result;
}

static int export_type(const struct fl_type *type, flow_type_info *info)
{
    const flow_type_info mine = {
        .struct_size = sizeof(mine),
        .kind = type->kind,
        .type = type->name,
        .aliases = type->aliases,
        .schema = type->schema,
        .origin = type->origin,
    };

    return fl_table_export(info, &mine, sizeof(mine), sizeof(mine));
}

static int export_module(const struct fl_module *module, flow_type_info *info)
{
    const flow_type_info mine = {
        .struct_size = sizeof(mine),
        .kind = module->kind,
        .type = module->name,
        .aliases = module->aliases,
        .origin = module->file,
    };

    return fl_table_export(info, &mine, sizeof(mine), sizeof(mine));
}

/* 1 when MODULE comes before the type of RECORD, which may be NULL for the end. */
static int comes_before(const struct fl_module *module, const struct record *record)
{
    if (record == NULL)
        return 1;
    if (module->kind != record->type.kind)
        return module->kind < record->type.kind;
    return compare_names(module->name, record->type.name) < 0;
}

/* The next record that can be seen, from *NEXT, or NULL. */
static struct record *visible_from(const flow_registry *registry, size_t *next)
{
    while (*next < registry->records.count && record_at(&registry->records, *next)->staged)
        ++*next;
    return *next < registry->records.count ? record_at(&registry->records, *next) : NULL;
}

/* The next module that is still to be loaded, from *NEXT, or NULL. */
static const struct fl_module *absent_from(const flow_registry *registry, size_t *next)
{
    for (; *next < registry->module_count; ++*next) {
        const struct fl_module *module = &registry->modules[*next];
        const struct record *record =
            find(registry, module->kind, module->name, strlen(module->name));
        if (record == NULL || record->staged)
            return module;
    }
    return NULL;
}

/* Walks through types and modules, each in order, as one list. */
static int at_locked(const flow_registry *registry, size_t index, flow_type_info *info)
{
    size_t next_record = 0;
    size_t next_module = 0;

    for (size_t i = 0;; i++) {
        const struct record *record = visible_from(registry, &next_record);
        const struct fl_module *module = absent_from(registry, &next_module);
        int is_module = module != NULL && comes_before(module, record);
        if (!is_module && record == NULL)
            return FLOW_ENOENT;
        if (i == index)
            return is_module ? export_module(module, info) : export_type(&record->type, info);
        if (is_module)
            next_module++;
        else
            next_record++;
    }
}

int flow_registry_at(flow_registry *registry, size_t index, flow_type_info *info)
{
    int result = check(registry, NULL);

    if (result != FLOW_OK)
        return result;
    if (info == NULL)
        return FLOW_EINVAL;
    fl_lock(&registry->lock);
    result = at_locked(registry, index, info);
    fl_unlock(&registry->lock);
    return result;
}

int flow_registry_find(flow_registry *registry, uint32_t kind, const char *name,
                       flow_type_info *info, flow_error **err)
{
    const struct fl_type *type;
    char *hint = NULL;
    flow_error *why = NULL;
    int result = check(registry, err);

    if (result != FLOW_OK)
        return result;
    if (name == NULL || info == NULL || !fl_kind_valid(kind))
        return flow_error_set(err, FLOW_EINVAL,
                              "flow_registry_find: a kind, a name and a place "
                              "for the answer are needed");
    result = fl_registry_lookup(registry, kind, name, &type, &hint, &why);
    if (result == FLOW_OK)
        return export_type(type, info) == FLOW_OK
                   ? FLOW_OK
                   : flow_error_set(err, FLOW_EINVAL, "flow_type_info: struct_size is not set");
    if (hint != NULL)
        flow_error_setf(err, result, "%s: %s", flow_error_message(why), hint);
    else {
        fl_error_pass(err, why);
        why = NULL;
    }
    flow_error_free(why);
    fl_free(memory_of(registry), hint);
    return result;
}
