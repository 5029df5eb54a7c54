/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loads plugins by folder.  One that fails does not keep the others out: the first failure is
 * returned, the rest are logged.
 */

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/vec.h"
#include "core/library.h"
#include "core/plugin.h"

struct loader {
    flow_library *lib;
    int code; /* of the first failure */
    flow_error *first;
};

typedef int (*wanted_fn)(const char *name);

static void note(struct loader *loader, int code, flow_error *why)
{
    if (code == FLOW_OK)
        return;
    if (loader->code == FLOW_OK) {
        loader->code = code;
        loader->first = why;
        return;
    }
    fl_log_text(&loader->lib->log, FLOW_LOG_ERROR, "plugins", flow_error_message(why));
    flow_error_free(why);
}

static int finish(struct loader *loader, flow_error **err)
{
    if (loader->code != FLOW_OK)
        fl_error_pass(err, loader->first);
    return loader->code;
}

static int is_plugin(const char *name)
{
    size_t size = strlen(name);

    return size > 3 && strcmp(name + size - 3, ".so") == 0;
}

static int is_visible(const char *name)
{
    return name[0] != '.' && !is_plugin(name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_texts(const flow_allocator *mem, struct fl_vec *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        fl_free(mem, *(char **)fl_vec_at(texts, i));
    fl_vec_free(texts);
}

static int join(const flow_allocator *mem, struct fl_vec *paths, const char *folder,
                const char *name)
{
    struct fl_buf text;
    char *path = NULL;

    fl_buf_init(&text, mem);
    if (fl_buf_printf(&text, "%s/%s", folder, name) == FLOW_OK)
        path = fl_buf_detach(&text);
    fl_buf_free(&text);
    if (path && fl_vec_push(paths, &path))
        return FLOW_OK;
    fl_free(mem, path);
    return FLOW_ENOMEM;
}

/* Adds to PATHS the entries of FOLDER that are WANTED, in alphabetical order. */
static int list(const flow_allocator *mem, const char *folder, wanted_fn wanted,
                struct fl_vec *paths, flow_error **err)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    int result = FLOW_OK;

    if (!dir)
        return fl_error_errno(err, errno, "cannot read the plugin folder", folder);
    while (result == FLOW_OK && (entry = readdir(dir)) != NULL) {
        if (wanted(entry->d_name))
            result = join(mem, paths, folder, entry->d_name);
    }
    closedir(dir);
    if (result != FLOW_OK)
        return fl_error_nomem(err);
    fl_vec_sort(paths, compare_texts);
    return FLOW_OK;
}

static void load_folder(struct loader *loader, const char *folder)
{
    const flow_allocator *mem = &loader->lib->allocator;
    struct fl_vec paths;
    flow_error *why = NULL;

    fl_vec_init(&paths, mem, sizeof(char *));
    int result = list(mem, folder, is_plugin, &paths, &why);
    note(loader, result, why);
    for (size_t i = 0; i < paths.count; i++) {
        flow_error *fault = NULL;
        const char *path = *(char **)fl_vec_at(&paths, i);
        result = fl_plugin_load_file(loader->lib, path, NULL, &fault);
        note(loader, result, fault);
    }
    free_texts(mem, &paths);
}

int flow_plugin_load_folder(flow_library *lib, const char *folder, flow_error **err)
{
    struct loader loader = {.lib = lib};
    int result = fl_library_check(lib, err);

    if (result != FLOW_OK)
        return result;
    if (!folder || folder[0] == '\0')
        return flow_error_set(err, FLOW_EINVAL, "flow_plugin_load_folder: the folder is empty");
    load_folder(&loader, folder);
    return finish(&loader, err);
}

/* ---- plugins.d ---- */

static int is_folder(const flow_library *lib, const char *path)
{
    struct stat info;

    return lib->io->stat(lib->io->self, path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Adds FOLDER/NAME/lib for each NAME in FOLDER. */
static int list_libs(const flow_allocator *mem, const char *folder, struct fl_vec *libs,
                     flow_error **err)
{
    struct fl_vec names;
    int result;

    fl_vec_init(&names, mem, sizeof(char *));
    result = list(mem, folder, is_visible, &names, err);
    for (size_t i = 0; result == FLOW_OK && i < names.count; i++) {
        if (join(mem, libs, *(char **)fl_vec_at(&names, i), "lib") != FLOW_OK)
            result = fl_error_nomem(err);
    }
    free_texts(mem, &names);
    return result;
}

static void load_tree(struct loader *loader, const char *folder)
{
    const flow_allocator *mem = &loader->lib->allocator;
    struct fl_vec libs;
    flow_error *why = NULL;

    if (!is_folder(loader->lib, folder))
        return;
    load_folder(loader, folder);
    fl_vec_init(&libs, mem, sizeof(char *));
    int result = list_libs(mem, folder, &libs, &why);
    note(loader, result, why);
    for (size_t i = 0; i < libs.count; i++) {
        const char *path = *(char **)fl_vec_at(&libs, i);
        if (is_folder(loader->lib, path))
            load_folder(loader, path);
    }
    free_texts(mem, &libs);
}

int flow_plugin_load_path(flow_library *lib, const char *folders, flow_error **err)
{
    struct loader loader = {.lib = lib};
    int result = fl_library_check(lib, err);

    if (result != FLOW_OK)
        return result;
    while (folders && folders[0] != '\0') {
        size_t size = strcspn(folders, ":");
        char *folder = fl_strndup(&lib->allocator, folders, size);
        if (!folder) {
            flow_error_free(loader.first);
            return fl_error_nomem(err);
        }
        load_tree(&loader, folder);
        fl_free(&lib->allocator, folder);
        folders += folders[size] == ':' ? size + 1 : size;
    }
    return finish(&loader, err);
}
