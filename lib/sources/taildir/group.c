/* SPDX-License-Identifier: Apache-2.0 */

/* The groups of files: each a folder, a pattern for the names in it, and headers. */

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "sources/taildir/taildir.h"

/* FOLDER, SIZE bytes of it, absolute and without needless slashes, as Java's File has it. */
static char *tidy_folder(const flow_allocator *mem, const char *folder, size_t size)
{
    char here[PATH_MAX] = "";
    struct fl_buf path;
    char *made = NULL;
    int rc = FLOW_OK;

    fl_buf_init(&path, mem);
    if (*folder != '/' && getcwd(here, sizeof here)) {
        rc = fl_buf_text(&path, here);
        rc = rc == FLOW_OK ? fl_buf_byte(&path, '/') : rc;
    }
    for (size_t i = 0; rc == FLOW_OK && i < size; i++) {
        if (folder[i] != '/' || path.size == 0 || path.data[path.size - 1] != '/')
            rc = fl_buf_byte(&path, (uint8_t)folder[i]);
    }
    if (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    if (rc == FLOW_OK)
        made = fl_buf_detach(&path);
    fl_buf_free(&path);
    return made;
}

/* Refuses the key NAME below PREFIX. */
static int refuse(const struct taildir *t, const char *prefix, const char *name, const char *why,
                  flow_error **err)
{
    struct fl_buf key;

    fl_buf_init(&key, t->mem);
    int rc = fl_buf_printf(&key, "%s%s", prefix, name);
    const char *text = rc == FLOW_OK ? fl_buf_cstr(&key) : NULL;
    rc = text ? flow_context_refuse(t->ctx, text, why, err) : fl_error_nomem(err);
    fl_buf_free(&key);
    return rc;
}

static int compile(const struct taildir *t, struct tail_group *group, const char *pattern,
                   size_t size, flow_error **err)
{
    flow_error *fault = NULL;
    char *text = fl_strndup(t->mem, pattern, size);
    int rc = text ? fl_regex_new(t->mem, text, &group->regex, &fault) : FLOW_ENOMEM;

    if (rc == FLOW_ENOMEM)
        rc = fl_error_nomem(err);
    else if (rc != FLOW_OK)
        rc = refuse(t, "filegroups.", group->name, flow_error_message(fault), err);
    flow_error_free(fault);
    fl_free(t->mem, text);
    return rc;
}

/* Divides PATH at its last slash: the folder, taken as it stands, and the pattern. */
static int split_path(const struct taildir *t, struct tail_group *group, const char *path,
                      flow_error **err)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    const char *slash = memrchr(path, '/', size);
    if (!slash || slash + 1 == path + size)
        return refuse(t, "filegroups.", group->name,
                      "must be a folder, a slash, and a pattern for the names in it", err);
    group->folder = tidy_folder(t->mem, path, (size_t)(slash - path) + 1);
    if (!group->folder)
        return fl_error_nomem(err);
    return compile(t, group, slash + 1, size - (size_t)(slash + 1 - path), err);
}

static const char *below(const struct taildir *t, const char *prefix, const char *wanted)
{
    const char *key;
    const char *value;

    for (size_t i = 0; flow_context_below(t->ctx, prefix, i, &key, &value); i++) {
        if (strcmp(key, wanted) == 0)
            return value;
    }
    return NULL;
}

static int add_group(struct taildir *t, const char *name, const char *path, flow_error **err)
{
    struct tail_group *group = fl_vec_push(&t->groups, NULL);

    if (!group)
        return fl_error_nomem(err);
    group->name = name;
    fl_vec_init(&group->headers, t->mem, sizeof(flow_header));
    fl_vec_init(&group->paths, t->mem, sizeof(char *));
    return split_path(t, group, path, err);
}

static struct tail_group *find_group(const struct taildir *t, const char *name, size_t size)
{
    for (size_t i = 0; i < t->groups.count; i++) {
        struct tail_group *group = fl_vec_at(&t->groups, i);
        if (strlen(group->name) == size && memcmp(group->name, name, size) == 0)
            return group;
    }
    return NULL;
}

/* KEY is GROUP.NAME, and NAME may hold further dots. */
static int add_header(struct taildir *t, const char *key, const char *value, flow_error **err)
{
    const char *dot = strchr(key, '.');

    if (!dot || dot[1] == '\0')
        return refuse(t, "headers.", key, "must be headers.GROUP.HEADER", err);
    struct tail_group *group = find_group(t, key, (size_t)(dot - key));
    if (!group) {
        flow_context_logf(t->ctx, FLOW_LOG_WARN, "headers.%s is of no group in filegroups", key);
        return FLOW_OK;
    }
    const flow_header header = {
        .name = dot + 1,
        .value = value,
        .name_size = (uint32_t)strlen(dot + 1),
        .value_size = (uint32_t)strlen(value),
    };
    return fl_vec_push(&group->headers, &header) ? FLOW_OK : fl_error_nomem(err);
}

static int add_headers(struct taildir *t, flow_error **err)
{
    const char *key;
    const char *value;
    int rc = FLOW_OK;

    for (size_t i = 0; rc == FLOW_OK && flow_context_below(t->ctx, "headers.", i, &key, &value);
         i++)
        rc = add_header(t, key, value, err);
    return rc;
}

/* A path without a group is one that was forgotten in the list. */
static void warn_of_strays(const struct taildir *t)
{
    const char *key;
    const char *value;

    for (size_t i = 0; flow_context_below(t->ctx, "filegroups.", i, &key, &value); i++) {
        if (find_group(t, key, strlen(key)) == NULL)
            flow_context_logf(t->ctx, FLOW_LOG_WARN,
                              "filegroups.%s is not in the list filegroups and has no effect", key);
    }
}

int tail_groups_init(struct taildir *t, flow_error **err)
{
    const char *name;
    int rc = FLOW_OK;

    for (size_t i = 0; rc == FLOW_OK && (name = flow_context_word(t->ctx, "filegroups", i)) != NULL;
         i++) {
        const char *path = below(t, "filegroups.", name);
        if (!path)
            flow_context_logf(t->ctx, FLOW_LOG_WARN, "the group %s has no files: set filegroups.%s",
                              name, name);
        else if (find_group(t, name, strlen(name)) == NULL)
            rc = add_group(t, name, path, err);
    }
    if (rc == FLOW_OK && t->groups.count == 0)
        rc = flow_context_refuse(t->ctx, "filegroups", "names no group that has a filegroups.GROUP",
                                 err);
    rc = rc == FLOW_OK ? add_headers(t, err) : rc;
    if (rc == FLOW_OK)
        warn_of_strays(t);
    return rc;
}

void tail_groups_free(struct taildir *t)
{
    for (size_t i = 0; i < t->groups.count; i++) {
        struct tail_group *group = fl_vec_at(&t->groups, i);
        for (size_t j = 0; j < group->paths.count; j++)
            fl_free(t->mem, *(char **)fl_vec_at(&group->paths, j));
        fl_vec_free(&group->paths);
        fl_vec_free(&group->headers);
        fl_regex_free(group->regex);
        fl_free(t->mem, group->folder);
    }
    fl_vec_free(&t->groups);
}

int tail_groups_check(const struct taildir *t, flow_error **err)
{
    for (size_t i = 0; i < t->groups.count; i++) {
        const struct tail_group *group = fl_vec_at(&t->groups, i);
        struct stat info;
        int number = t->io->stat(t->io->self, group->folder, &info);
        if (number == 0 && !S_ISDIR(info.st_mode))
            number = -ENOTDIR;
        if (number < 0)
            return fl_error_errno(err, -number, "cannot look into the folder", group->folder);
    }
    return FLOW_OK;
}
