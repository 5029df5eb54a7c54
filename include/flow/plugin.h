/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_PLUGIN_H
#define FLOW_PLUGIN_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/library.h>
#include <flow/registry.h>
#include <flow/version.h>

FLOW_BEGIN_DECLS

/*
 * A plugin is a shared object, linked with libflow, that defines one entry with
 * FLOW_PLUGIN_DEFINE.  It registers its types in `init`, which runs once for each library it is
 * loaded into.  A plugin is never unloaded.
 */
typedef struct flow_plugin {
    uint32_t struct_size;
    uint32_t abi;             /* FLOW_ABI */
    uint32_t minimum_version; /* the oldest library it runs with, as FLOW_VERSION_NUMBER counts */
    uint32_t reserved;        /* 0 */
    const char *name;
    const char *version;
    uint32_t (*library)(void); /* flow_version: tells which copy of libflow it is bound to */

    /* Registers the plugin's types.  When it fails none of them stays registered. */
    int (*init)(flow_registry *registry, flow_error **err);
} flow_plugin;

/*
 * Defines the entry of a plugin: its name and version as texts, the oldest library it runs with,
 * and its init function.
 */
#define FLOW_PLUGIN_DEFINE(plugin_name, plugin_version, minimum, init_function)                    \
    FLOW_BEGIN_DECLS                                                                               \
    FLOW_API const flow_plugin *flow_plugin_entry(void);                                           \
    FLOW_API const flow_plugin *flow_plugin_entry(void)                                            \
    {                                                                                              \
        static const flow_plugin plugin = {sizeof(flow_plugin), FLOW_ABI,     (minimum),    0,     \
                                           (plugin_name),       (plugin_version), flow_version,    \
                                           (init_function)};                                       \
        return &plugin;                                                                            \
    }                                                                                              \
    FLOW_END_DECLS                                                                                 \
    typedef int flow_plugin_defined_

/*
 * Loads one plugin.  Loading a file again does nothing.
 *
 * Blocks: on the file system, and as long as `init` does.
 * Errors: FLOW_ENOENT, FLOW_EPLUGIN when it is no plugin, FLOW_EABI when it is of another
 * generation, too new or bound to another copy of libflow, FLOW_EEXIST when a type is taken, or
 * what `init` returned.
 * Since: 1.0
 */
FLOW_API int flow_plugin_load(flow_library *lib, const char *path, flow_error **err);

/*
 * Loads every file of a folder whose name ends in ".so", in alphabetical order.  Goes on behind a
 * failure; the first one is returned, later ones are logged.
 *
 * Blocks: on the file system.
 * Errors: as flow_plugin_load.
 * Since: 1.0
 */
FLOW_API int flow_plugin_load_folder(flow_library *lib, const char *folder, flow_error **err);

/*
 * Loads from a list of folders, separated by ':', each laid out as Flume's plugins.d:
 * FOLDER/NAME/lib/ holds the plugins of NAME; plugins that lie in FOLDER itself are loaded too.  A
 * folder that does not exist is passed over.
 *
 * Blocks: on the file system.
 * Errors: as flow_plugin_load_folder.
 * Since: 1.0
 */
FLOW_API int flow_plugin_load_path(flow_library *lib, const char *folders, flow_error **err);

FLOW_END_DECLS

#endif
