/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Types of components by kind and name.  A type, once anybody can find it, stays where it is until
 * the library is freed, so it is handed out without being counted.
 */

#include "core/registry.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "core/module.h"
#include "core/names.h"
#include "core/registry_inner.h"
#include "core/shape.h"
#include "core/table.h"

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

    if (!made)
        return fl_error_nomem(err);
    made->lib = lib;
    if (fl_lock_init(&made->lock) != FLOW_OK) {
        fl_free(&lib->allocator, made);
        return fl_error_nomem(err);
    }
    fl_vec_init(&made->records, &lib->allocator, sizeof(struct fl_record *));
    fl_vec_init(&made->plugins, &lib->allocator, sizeof(void *));
    *registry = made;
    return FLOW_OK;
}

void fl_record_free(const flow_allocator *mem, struct fl_record *record)
{
    if (record->type.free_user)
        record->type.free_user(record->type.user);
    fl_schema_free(mem, &record->schema);
    fl_free(mem, record->origin);
    fl_free(mem, record);
}

struct fl_record *fl_registry_record(const flow_registry *registry, size_t index)
{
    return *(struct fl_record **)fl_vec_at(&registry->records, index);
}

void fl_registry_free(flow_registry *registry)
{
    if (!registry)
        return;
    const flow_allocator *mem = memory_of(registry);
    for (size_t i = 0; i < registry->records.count; i++)
        fl_record_free(mem, fl_registry_record(registry, i));
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

struct fl_record *fl_registry_named(const flow_registry *registry, uint32_t kind, const char *name,
                                    size_t size)
{
    for (size_t i = 0; i < registry->records.count; i++) {
        struct fl_record *record = fl_registry_record(registry, i);
        if (record->type.kind == kind &&
            (fl_names_index_sized(record->type.name, name, size) == 0 ||
             fl_names_index_sized(record->type.aliases, name, size) >= 0))
            return record;
    }
    return NULL;
}

const struct fl_module *fl_registry_module(const flow_registry *registry, uint32_t kind,
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

int fl_type_name_compare(const char *a, const char *b)
{
    while (*a != '\0' && fl_lower(*a) == fl_lower(*b)) {
        a++;
        b++;
    }
    return (unsigned char)fl_lower(*a) - (unsigned char)fl_lower(*b);
}

int fl_registry_check(const flow_registry *registry, flow_error **err)
{
    return fl_library_check(registry ? registry->lib : NULL, err);
}

/* ---- finding ---- */

static int unknown(const flow_registry *registry, uint32_t kind, const char *name, char **hint,
                   flow_error **err)
{
    struct fl_nearest nearest;

    fl_nearest_init(&nearest, name);
    for (size_t i = 0; i < registry->records.count; i++) {
        const struct fl_type *type = &fl_registry_record(registry, i)->type;
        if (type->kind != kind || fl_registry_record(registry, i)->staged)
            continue;
        fl_nearest_offer(&nearest, type->name);
        fl_nearest_offer_list(&nearest, type->aliases);
    }
    for (size_t i = 0; i < registry->module_count; i++) {
        if (registry->modules[i].kind == kind)
            fl_nearest_offer(&nearest, registry->modules[i].name);
    }
    if (hint && fl_nearest_hint(&nearest, memory_of(registry), hint) != FLOW_OK)
        return fl_error_nomem(err);
    return flow_error_setf(err, FLOW_ENOENT, "unknown %s type '%s'", fl_kind_name(kind), name);
}

/* Looks up what is registered; *MODULE is where to find it otherwise. */
static const struct fl_type *look(flow_registry *registry, uint32_t kind, const char *name,
                                  const struct fl_module **module)
{
    fl_lock(&registry->lock);
    const struct fl_record *record = fl_registry_named(registry, kind, name, strlen(name));
    *module = fl_registry_module(registry, kind, name, strlen(name));
    int visible = record && !record->staged;
    fl_unlock(&registry->lock);
    return visible ? &record->type : NULL;
}

int fl_registry_lookup(flow_registry *registry, uint32_t kind, const char *name,
                       const struct fl_type **type, char **hint, flow_error **err)
{
    const struct fl_module *module;

    if (hint)
        *hint = NULL;
    *type = look(registry, kind, name, &module);
    if (*type)
        return FLOW_OK;
    if (module) {
        int result = fl_module_load(registry->lib, module, err);
        if (result != FLOW_OK)
            return result;
        *type = look(registry, kind, name, &module);
        if (*type)
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
static int comes_before(const struct fl_module *module, const struct fl_record *record)
{
    if (!record)
        return 1;
    if (module->kind != record->type.kind)
        return module->kind < record->type.kind;
    return fl_type_name_compare(module->name, record->type.name) < 0;
}

/* The next record that can be seen, from *NEXT, or NULL. */
static struct fl_record *visible_from(const flow_registry *registry, size_t *next)
{
    while (*next < registry->records.count && fl_registry_record(registry, *next)->staged)
        ++*next;
    return *next < registry->records.count ? fl_registry_record(registry, *next) : NULL;
}

/* The next module that is still to be loaded, from *NEXT, or NULL. */
static const struct fl_module *absent_from(const flow_registry *registry, size_t *next)
{
    for (; *next < registry->module_count; ++*next) {
        const struct fl_module *module = &registry->modules[*next];
        const struct fl_record *record =
            fl_registry_named(registry, module->kind, module->name, strlen(module->name));
        if (!record || record->staged)
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
        const struct fl_record *record = visible_from(registry, &next_record);
        const struct fl_module *module = absent_from(registry, &next_module);
        int is_module = module && comes_before(module, record);
        if (!is_module && !record)
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
    int result = fl_registry_check(registry, NULL);

    if (result != FLOW_OK)
        return result;
    if (!info)
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
    int result = fl_registry_check(registry, err);

    if (result != FLOW_OK)
        return result;
    if (!name || !info || !fl_kind_valid(kind))
        return flow_error_set(err, FLOW_EINVAL,
                              "flow_registry_find: a kind, a name and a place "
                              "for the answer are needed");
    result = fl_registry_lookup(registry, kind, name, &type, &hint, &why);
    if (result == FLOW_OK)
        return export_type(type, info) == FLOW_OK
                   ? FLOW_OK
                   : flow_error_set(err, FLOW_EINVAL, "flow_type_info: struct_size is not set");
    if (hint)
        flow_error_setf(err, result, "%s: %s", flow_error_message(why), hint);
    else {
        fl_error_pass(err, why);
        why = NULL;
    }
    flow_error_free(why);
    fl_free(memory_of(registry), hint);
    return result;
}
