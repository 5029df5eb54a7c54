/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_REGISTRY_INNER_H
#define FL_CORE_REGISTRY_INNER_H

/* The inside of the registry, shared by what adds types and what finds them. */

#include <flow/registry.h>

#include "base/thread.h"
#include "core/library.h"
#include "core/registry.h"
#include "core/schema.h"

/* A type with what only the registry needs of it. */
struct fl_record {
    struct fl_type type; /* first: handed out */
    struct fl_schema schema;
    char *origin;
    int staged;
};

struct flow_registry {
    flow_library *lib;
    struct fl_lock lock;   /* of everything below */
    struct fl_vec records; /* of struct fl_record *, by kind and name */
    struct fl_vec plugins; /* of const flow_plugin * */
    const struct fl_module *modules;
    size_t module_count;
    pthread_t stager;                /* the thread that has a stage, when `stage` is not NULL */
    const char *stage;               /* the origin of what it registers, lent */
    const struct fl_module *loading; /* the module that is being loaded in it */
};

/* The record at INDEX, and the one that has NAME; locked. */
struct fl_record *fl_registry_record(const flow_registry *registry, size_t index);
struct fl_record *fl_registry_named(const flow_registry *registry, uint32_t kind, const char *name,
                                    size_t size);

/* The module that NAME is kept for, or NULL. */
const struct fl_module *fl_registry_module(const flow_registry *registry, uint32_t kind,
                                           const char *name, size_t size);

/* Frees a record that is not in the registry, or no more. */
void fl_record_free(const flow_allocator *mem, struct fl_record *record);

/* The order of types of one kind. */
int fl_type_name_compare(const char *a, const char *b);

/* FLOW_EINVAL for NULL, FLOW_EFORKED in a child. */
int fl_registry_check(const flow_registry *registry, flow_error **err);

#endif
