/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Modules: parts of the library with a heavy dependency, in files of their own.  They lie beside
 * the library's own file, wherever that was loaded from: below `libflow` when it is installed,
 * below `modules` where it was built.
 */

#include "core/module.h"

#include <dlfcn.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/library.h"
#include "core/plugin.h"

/* Lies in the library's own file, which dladdr tells by it. */
static const char here = 0;

static int exists(const flow_library *lib, const char *path)
{
    struct stat info;

    return lib->io->stat(lib->io->self, path, &info) == 0;
}

/* Sets PATH to FOLDER/BELOW/FILE, FOLDER being the first FOLDER_SIZE bytes of its text. */
static int set_path(struct fl_buf *path, const char *folder, size_t folder_size, const char *below,
                    const char *file)
{
    fl_buf_clear(path);
    int result = fl_buf_printf(path, "%.*s/%s%s", (int)folder_size, folder, below, file);
    if (result == FLOW_OK && !fl_buf_cstr(path))
        result = FLOW_ENOMEM;
    return result;
}

static int find_file(const flow_library *lib, const char *file, struct fl_buf *path)
{
    Dl_info self;

    if (lib->module_path)
        return set_path(path, lib->module_path, strlen(lib->module_path), "", file);

    const char *own = dladdr(&here, &self) != 0 && self.dli_fname ? self.dli_fname : "";
    const char *slash = strrchr(own, '/');
    const char *folder = slash ? own : ".";
    size_t size = slash ? (size_t)(slash - own) : 1;
    int result = set_path(path, folder, size, "modules/", file);
    if (result != FLOW_OK || exists(lib, fl_buf_cstr(path)))
        return result;
    return set_path(path, folder, size, "libflow/", file);
}

int fl_module_load(flow_library *lib, const struct fl_module *module, flow_error **err)
{
    struct fl_buf path;

    fl_buf_init(&path, &lib->allocator);
    int result = find_file(lib, module->file, &path);
    if (result != FLOW_OK)
        result = fl_error_nomem(err);
    else if (!exists(lib, fl_buf_cstr(&path)))
        result = flow_error_setf(err, FLOW_EPLUGIN,
                                 "the %s '%s' is in a module that is not installed: there is no %s",
                                 fl_kind_name(module->kind), module->name, fl_buf_cstr(&path));
    else
        result = fl_plugin_load_file(lib, fl_buf_cstr(&path), module, err);
    fl_buf_free(&path);
    return result;
}
