/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_REGISTRY_H
#define FL_CORE_REGISTRY_H

/* Types of components, by kind and name. */

#include <flow/registry.h>

#include "base/vec.h"

struct fl_asking;
struct fl_settings;

/* A config filter.  Only the library itself brings some along. */
struct fl_filter_ops {
    uint32_t struct_size;
    uint32_t flags;
    const char *type;
    const char *aliases;
    const flow_schema *schema;

    /* Stores what it knows under KEY, which the caller frees.  *VALUE stays NULL when that is
     * nothing, which it has reported to ASKING. */
    int (*ask)(const struct fl_asking *asking, const struct fl_settings *settings, const char *key,
               char **value);
};

struct fl_delivery;

/* A type of client, see clients/delivery.h.  Only the library itself brings some along. */
struct fl_client_ops {
    uint32_t struct_size;
    uint32_t flags;
    const char *type;
    const char *aliases;
    const flow_schema *schema;

    int (*create)(flow_context *ctx, void **self, flow_error **err);
    void (*destroy)(void *self);

    /* Of any thread, several at once. */
    int (*connect)(void *self, flow_error **err);
    int (*deliver)(void *self, struct fl_delivery *delivery, flow_error **err);
};

/* A registered type.  Its table is our own copy: members the registrant's lacked read as NULL. */
struct fl_type {
    uint32_t kind;
    uint32_t flags;
    const char *name;
    const char *aliases;
    const flow_schema *schema;
    const char *origin;
    void *user;
    void (*free_user)(void *user);
    union {
        flow_source_ops source;
        flow_channel_ops channel;
        flow_sink_ops sink;
        flow_interceptor_ops interceptor;
        flow_selector_ops selector;
        flow_group_ops group;
        flow_serializer_ops serializer;
        struct fl_filter_ops filter;
        struct fl_client_ops client;
    } ops;
};

/* "source", "channel", ...; "component" for a number without meaning. */
const char *fl_kind_name(uint32_t kind);

int fl_registry_new(flow_library *lib, flow_registry **registry, flow_error **err);
void fl_registry_free(flow_registry *registry);

/* Registers a type of config filter or client, as the public calls do with other kinds. */
int fl_registry_add_filter(flow_registry *registry, const struct fl_filter_ops *ops,
                           flow_error **err);
int fl_registry_add_client(flow_registry *registry, const struct fl_client_ops *ops,
                           flow_error **err);

/*
 * The type of KIND that NAME or an alias means; loads the module it is in.  FLOW_ENOENT with a
 * message such as "unknown source type 'netcta'"; *HINT, unless HINT is NULL, is then a sentence
 * like "did you mean 'netcat'?" that the caller frees with the library's allocator, or NULL.
 */
int fl_registry_lookup(flow_registry *registry, uint32_t kind, const char *name,
                       const struct fl_type **type, char **hint, flow_error **err);

/* A module is a file of ours that is loaded when one of its names is first looked up; its schema is
 * not known before.  Its names are reserved for it. */
struct fl_module {
    uint32_t kind;
    const char *name;
    const char *aliases; /* or "" */
    const char *file;    /* below the module path, for example "hdfs.so" */
};

/* MODULES are ordered by kind and name, and lent. */
void fl_registry_set_modules(flow_registry *registry, const struct fl_module *modules,
                             size_t count);

/*
 * What is registered between these two, by the same thread, can be taken back in one step: for
 * plugins whose init fails.  ORIGIN names the types' origin meanwhile; MODULE is the module that is
 * loaded, or NULL.  Nobody finds staged types, though their names are taken.  Waits for another
 * thread's stage to be settled; FLOW_ESTATE when this thread has one already.
 */
int fl_registry_stage(flow_registry *registry, const char *origin, const struct fl_module *module,
                      flow_error **err);
void fl_registry_settle(flow_registry *registry, int keep);

/* The entries of plugins loaded so far: of const flow_plugin *.  Only while staged. */
struct fl_vec *fl_registry_plugins(flow_registry *registry);

flow_library *fl_registry_library(const flow_registry *registry);

#endif
