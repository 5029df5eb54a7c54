/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loads plugins.  Everything that can be told without the plugin's help is checked before its first
 * callback; what its init registers is staged until init has succeeded.  A file stays mapped once
 * its init was called, whatever that returned: threads or callbacks of it may be anywhere by then.
 */

#include "core/plugin.h"

#include <dlfcn.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/library.h"
#include "core/table.h"

#define ENTRY "flow_plugin_entry"

typedef const flow_plugin *(*entry_fn)(void);

/* ---- checks ---- */

/* Lies in our own copy of libflow, as dladdr tells. */
static const char here = 0;

static const char *file_of(const void *address, const void **base)
{
    Dl_info info;

    *base = NULL;
    if (dladdr(address, &info) == 0)
        return "nowhere";
    *base = info.dli_fbase;
    return info.dli_fname ? info.dli_fname : "nowhere";
}

/* A plugin bound to another copy would register types of another library's making with us. */
static int check_copy(const flow_plugin *plugin, const char *path, flow_error **err)
{
    const void *address;
    const void *mine;
    const void *theirs;

    if (plugin->library == flow_version)
        return FLOW_OK;
    memcpy(&address, &plugin->library, sizeof(address));
    const char *my_file = file_of(&here, &mine);
    const char *their_file = file_of(address, &theirs);
    if (mine && mine == theirs)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EABI,
                           "plugin %s is bound to another copy of libflow, in %s, than the one in "
                           "%s that loads it: link the program with the shared libflow",
                           path, their_file, my_file);
}

static int check_version(const flow_plugin *plugin, const char *path, flow_error **err)
{
    uint32_t needed = plugin->minimum_version;

    if (needed <= flow_version())
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EABI, "plugin %s needs libflow %u.%u.%u, this is %s", path,
                           needed >> 16, needed >> 8 & 0xff, needed & 0xff, flow_version_string());
}

static int import(const flow_plugin *theirs, const char *path, flow_plugin *plugin,
                  flow_error **err)
{
    const size_t needed = offsetof(flow_plugin, init) + sizeof(theirs->init);
    uint32_t head[2];

    memcpy(head, theirs, sizeof(head));
    if (head[0] >= sizeof(head) && head[1] != FLOW_ABI)
        return flow_error_setf(err, FLOW_EABI,
                               "plugin %s is built for generation %u of libflow's interface, this "
                               "is generation %d",
                               path, head[1], FLOW_ABI);
    int result = fl_table_import(plugin, sizeof(*plugin), needed, theirs, path, err);
    if (result != FLOW_OK)
        return result;
    if (!plugin->name || !plugin->version || !plugin->library || plugin->init == NULL)
        return flow_error_setf(err, FLOW_EPLUGIN,
                               "plugin %s lacks a name, a version, its library or init", path);
    result = check_copy(plugin, path, err);
    return result == FLOW_OK ? check_version(plugin, path, err) : result;
}

/* ---- loading ---- */

static int is_loaded(flow_registry *registry, const flow_plugin *entry)
{
    const struct fl_vec *loaded = fl_registry_plugins(registry);

    for (size_t i = 0; i < loaded->count; i++) {
        if (*(const flow_plugin **)fl_vec_at(loaded, i) == entry)
            return 1;
    }
    return 0;
}

static int call_init(flow_registry *registry, const flow_plugin *plugin, const char *path,
                     flow_error **err)
{
    flow_error *why = NULL;
    int result = plugin->init(registry, &why);

    if (result == FLOW_OK) {
        flow_error_free(why);
        return FLOW_OK;
    }
    if (result > 0)
        result = FLOW_ECALLBACK;
    flow_error_setf(&why, result, "plugin %s: %s %s could not be set up", path, plugin->name,
                    plugin->version);
    fl_error_pass(err, why);
    return result;
}

static entry_fn entry_of(void *handle)
{
    void *symbol = dlsym(handle, ENTRY);
    entry_fn entry;

    memcpy(&entry, &symbol, sizeof(entry));
    return entry;
}

/* Checks and sets up what HANDLE refers to; *KEEP tells whether it must stay mapped. */
static int set_up(flow_registry *registry, void *handle, const char *path, int *keep,
                  flow_error **err)
{
    entry_fn entry = entry_of(handle);
    const flow_plugin *theirs = entry ? entry() : NULL;
    struct fl_vec *loaded = fl_registry_plugins(registry);
    flow_plugin plugin;

    if (!theirs)
        return flow_error_setf(err, FLOW_EPLUGIN,
                               "%s is no plugin of libflow: it has no %s (see FLOW_PLUGIN_DEFINE)",
                               path, ENTRY);
    if (is_loaded(registry, theirs))
        return FLOW_OK;
    int result = import(theirs, path, &plugin, err);
    if (result != FLOW_OK)
        return result;
    if (fl_vec_reserve(loaded, loaded->count + 1) != FLOW_OK)
        return fl_error_nomem(err);
    *keep = 1;
    result = call_init(registry, &plugin, path, err);
    if (result == FLOW_OK)
        fl_vec_push(loaded, &theirs);
    return result;
}

/* PATH as dlopen takes it: a name without a slash would be searched for in the system's folders. */
static int plain_path(const flow_allocator *mem, const char *path, char **plain, flow_error **err)
{
    struct fl_buf text;

    fl_buf_init(&text, mem);
    *plain = NULL;
    if (fl_buf_printf(&text, "%s%s", strchr(path, '/') == NULL ? "./" : "", path) == FLOW_OK)
        *plain = fl_buf_detach(&text);
    fl_buf_free(&text);
    return *plain ? FLOW_OK : fl_error_nomem(err);
}

static int check_file(const flow_library *lib, const char *path, flow_error **err)
{
    struct stat info;
    int result = lib->io->stat(lib->io->self, path, &info);

    if (result != 0)
        return fl_error_errno(err, -result, "cannot load plugin", path);
    if (!S_ISREG(info.st_mode))
        return flow_error_setf(err, FLOW_EPLUGIN, "cannot load plugin %s: it is not a file", path);
    return FLOW_OK;
}

static int open_and_set_up(flow_registry *registry, const char *path, flow_error **err)
{
    int keep = 0;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!handle) {
        const char *why = dlerror();
        return flow_error_setf(err, FLOW_EPLUGIN, "cannot load plugin %s: %s", path,
                               why ? why : "the loader does not say why");
    }
    int result = set_up(registry, handle, path, &keep, err);
    if (!keep)
        dlclose(handle);
    return result;
}

int fl_plugin_load_file(flow_library *lib, const char *path, const struct fl_module *module,
                        flow_error **err)
{
    char *plain;
    int result = plain_path(&lib->allocator, path, &plain, err);

    if (result != FLOW_OK)
        return result;
    result = check_file(lib, plain, err);
    if (result == FLOW_OK)
        result = fl_registry_stage(lib->registry, plain, module, err);
    if (result == FLOW_OK) {
        result = open_and_set_up(lib->registry, plain, err);
        fl_registry_settle(lib->registry, result == FLOW_OK);
    }
    fl_free(&lib->allocator, plain);
    return result;
}

int flow_plugin_load(flow_library *lib, const char *path, flow_error **err)
{
    int result = fl_library_check(lib, err);

    if (result != FLOW_OK)
        return result;
    if (!path || path[0] == '\0')
        return flow_error_set(err, FLOW_EINVAL, "flow_plugin_load: the path is empty");
    return fl_plugin_load_file(lib, path, NULL, err);
}
