/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_REGISTRY_H
#define FLOW_REGISTRY_H

#include <flow/api.h>
#include <flow/channel.h>
#include <flow/error.h>
#include <flow/group.h>
#include <flow/interceptor.h>
#include <flow/library.h>
#include <flow/schema.h>
#include <flow/selector.h>
#include <flow/serializer.h>
#include <flow/sink.h>
#include <flow/source.h>

FLOW_BEGIN_DECLS

/*
 * The types of components that configurations may name.  Types are found by their own name and
 * their aliases, in any case.
 *
 * The add calls copy the table, so it may be temporary; the texts and schemas it points to must
 * live as long as the library.  USER reaches the component by flow_context_user; FREE_USER, unless
 * NULL, is called with it exactly once: when the library is freed, or before an add call that
 * fails returns.
 */

/* What is known of a type. */
typedef struct flow_type_info {
    uint32_t struct_size; /* set by the caller */
    uint32_t kind;        /* FLOW_KIND_... */
    const char *type;
    const char *aliases;       /* separated by '|', or "" */
    const flow_schema *schema; /* NULL: in a module that flow_registry_find has yet to load */
    const char *origin;        /* "built-in", "host", or the file of the plugin */
} flow_type_info;

/*
 * Registers a type of source.
 *
 * Errors: FLOW_EEXIST when a name is taken, FLOW_EABI when the table is too small.
 * Since: 1.0
 */
FLOW_API int flow_registry_add_source(flow_registry *registry, const flow_source_ops *ops,
                                      void *user, void (*free_user)(void *user), flow_error **err);

/*
 * Registers a type of channel.
 *
 * Errors: FLOW_EEXIST when a name is taken, FLOW_EABI when the table is too small.
 * Since: 1.0
 */
FLOW_API int flow_registry_add_channel(flow_registry *registry, const flow_channel_ops *ops,
                                       void *user, void (*free_user)(void *user),
                                       flow_error **err);

/*
 * Registers a type of sink.
 *
 * Errors: FLOW_EEXIST when a name is taken, FLOW_EABI when the table is too small.
 * Since: 1.0
 */
FLOW_API int flow_registry_add_sink(flow_registry *registry, const flow_sink_ops *ops, void *user,
                                    void (*free_user)(void *user), flow_error **err);

/*
 * Registers a type of interceptor.
 *
 * Errors: FLOW_EEXIST when a name is taken, FLOW_EABI when the table is too small.
 * Since: 1.0
 */
FLOW_API int flow_registry_add_interceptor(flow_registry *registry,
                                           const flow_interceptor_ops *ops, void *user,
                                           void (*free_user)(void *user), flow_error **err);

/*
 * Registers a type of selector.
 *
 * Errors: FLOW_EEXIST when a name is taken, FLOW_EABI when the table is too small.
 * Since: 1.0
 */
FLOW_API int flow_registry_add_selector(flow_registry *registry, const flow_selector_ops *ops,
                                        void *user, void (*free_user)(void *user),
                                        flow_error **err);

/*
 * Registers a type of sink processor.
 *
 * Errors: FLOW_EEXIST when a name is taken, FLOW_EABI when the table is too small.
 * Since: 1.0
 */
FLOW_API int flow_registry_add_group(flow_registry *registry, const flow_group_ops *ops,
                                     void *user, void (*free_user)(void *user), flow_error **err);

/*
 * Registers a type of serializer.
 *
 * Errors: FLOW_EEXIST when a name is taken, FLOW_EABI when the table is too small.
 * Since: 1.0
 */
FLOW_API int flow_registry_add_serializer(flow_registry *registry,
                                          const flow_serializer_ops *ops, void *user,
                                          void (*free_user)(void *user), flow_error **err);

/*
 * Fills *INFO with the type at INDEX, from 0 in alphabetical order within its kind, modules that
 * belong to the library included.  What it points to lives as long as the library.
 *
 * Errors: FLOW_ENOENT behind the last; no error object.
 * Since: 1.0
 */
FLOW_API int flow_registry_at(flow_registry *registry, size_t index, flow_type_info *info);

/*
 * Fills *INFO with the type of KIND that NAME or an alias means.  Loads the module it is in.
 *
 * Blocks: on the file system when a module has to be loaded.
 * Errors: FLOW_ENOENT, with the nearest name as a hint; FLOW_EPLUGIN.
 * Since: 1.0
 */
FLOW_API int flow_registry_find(flow_registry *registry, uint32_t kind, const char *name,
                                flow_type_info *info, flow_error **err);

FLOW_END_DECLS

#endif
