/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Chooses the next file.  Flume reads the folder anew for each file, which takes longer the more
 * files wait; here a list serves until it is used up or as old as pollDelay.
 */

#include "sources/spooldir/spooldir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"

/* A reading of the folder under way. */
struct walk {
    struct spool_scan *scan;
    struct fl_vec folders; /* of char *: still to be read */
    int rc;
};

int spool_scan_init(struct spool_scan *scan, flow_error **err)
{
    const char *include = flow_context_string(scan->ctx, "includePattern");
    const char *ignore = flow_context_string(scan->ctx, "ignorePattern");

    fl_vec_init(&scan->found, scan->mem, sizeof(struct spool_candidate));
    fl_map_init(&scan->shunned, scan->mem);
    int rc = fl_regex_new(scan->mem, include, &scan->include, err);
    return rc == FLOW_OK ? fl_regex_new(scan->mem, ignore, &scan->ignore, err) : rc;
}

static void forget_found(struct spool_scan *scan)
{
    for (size_t i = 0; i < scan->found.count; i++) {
        struct spool_candidate *candidate = fl_vec_at(&scan->found, i);
        fl_free(scan->mem, candidate->path);
    }
    scan->found.count = 0;
}

void spool_scan_free(struct spool_scan *scan)
{
    forget_found(scan);
    fl_vec_free(&scan->found);
    for (size_t i = 0; i < scan->shunned.count; i++)
        fl_free(scan->mem, scan->shunned.entries[i].value);
    fl_map_free(&scan->shunned);
    fl_regex_free(scan->include);
    fl_regex_free(scan->ignore);
}

static char *join(const flow_allocator *mem, const char *folder, const char *name,
                  const char *suffix)
{
    struct fl_buf path;
    char *joined = NULL;

    fl_buf_init(&path, mem);
    if (fl_buf_printf(&path, "%s/%s%s", folder, name, suffix) == FLOW_OK)
        joined = fl_buf_detach(&path);
    fl_buf_free(&path);
    return joined;
}

char *spool_marker(const struct spool_scan *scan, const char *path)
{
    return join(scan->mem, scan->paths->tracker, path + scan->paths->spool_size + 1,
                scan->options->suffix);
}

static int64_t change_time(const struct stat *info)
{
    return info->st_ctim.tv_sec * INT64_C(1000000000) + info->st_ctim.tv_nsec;
}

void spool_scan_shun(struct spool_scan *scan, const char *path)
{
    struct stat info;
    int64_t *when = fl_map_get(&scan->shunned, path);

    if (scan->io->stat(scan->io->self, path, &info) != 0)
        return;
    int is_new = when == NULL;
    when = is_new ? fl_alloc(scan->mem, sizeof *when) : when;
    if (!when)
        return;
    *when = change_time(&info);
    if (is_new && fl_map_put(&scan->shunned, path, when) != FLOW_OK)
        fl_free(scan->mem, when);
}

/* Whether the file is one that could not be dealt with, and has not changed since. */
static int is_shunned(struct spool_scan *scan, const char *path, const struct stat *info)
{
    const int64_t *when = fl_map_get(&scan->shunned, path);

    if (!when)
        return 0;
    if (*when == change_time(info))
        return 1;
    fl_free(scan->mem, fl_map_remove(&scan->shunned, path));
    return 0;
}

static int matches(const struct fl_regex *regex, const char *name)
{
    return fl_regex_matches(regex, name, strlen(name)) == 1;
}

static int ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name);
    size_t suffix_size = strlen(suffix);

    return size >= suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static int is_candidate_name(const struct spool_scan *scan, const char *name)
{
    return *name != '.' && !ends_with(name, scan->options->suffix) &&
           matches(scan->include, name) && !matches(scan->ignore, name);
}

/* Whether the tracker's folder says that PATH is done.  Without memory it is left for later. */
static int is_marked(const struct spool_scan *scan, const char *path)
{
    struct stat info;

    if (scan->options->tracking != SPOOL_TRACKER_DIR || scan->options->delete_done)
        return 0;
    char *marker = spool_marker(scan, path);
    int marked = !marker || scan->io->stat(scan->io->self, marker, &info) == 0;
    fl_free(scan->mem, marker);
    return marked;
}

/* Whether PATH is a file to be read; fills INFO. */
static int is_candidate(struct spool_scan *scan, const char *path, struct stat *info)
{
    const char *name = strrchr(path, '/') + 1;

    return is_candidate_name(scan, name) && scan->io->stat(scan->io->self, path, info) == 0 &&
           S_ISREG(info->st_mode) && !is_shunned(scan, path, info) && !is_marked(scan, path);
}

static int add_file(struct walk *walk, char *path)
{
    struct stat info;

    if (!is_candidate(walk->scan, path, &info)) {
        fl_free(walk->scan->mem, path);
        return FLOW_OK;
    }
    struct spool_candidate candidate = {
        .path = path,
        .mtime_ms = info.st_mtim.tv_sec * INT64_C(1000) + info.st_mtim.tv_nsec / 1000000,
    };
    if (fl_vec_push(&walk->scan->found, &candidate))
        return FLOW_OK;
    fl_free(walk->scan->mem, path);
    return FLOW_ENOMEM;
}

/* A folder that links to one above would be read for ever, so links to folders are not followed. */
static int is_folder(const char *path, const struct dirent *entry)
{
    struct stat info;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int add_folder(struct walk *walk, char *path, const char *name)
{
    const struct spool_scan *scan = walk->scan;
    int wanted = scan->options->recursive && *name != '.' && !matches(scan->ignore, name) &&
                 strcmp(path, scan->paths->tracker) != 0 && walk->folders.count < 1000000;

    if (wanted && fl_vec_push(&walk->folders, &path))
        return FLOW_OK;
    fl_free(scan->mem, path);
    return wanted ? FLOW_ENOMEM : FLOW_OK;
}

static int add_entry(struct walk *walk, const char *folder, const struct dirent *entry)
{
    if (entry->d_name[0] == '.')
        return FLOW_OK;
    char *path = join(walk->scan->mem, folder, entry->d_name, "");
    if (!path)
        return FLOW_ENOMEM;
    return is_folder(path, entry) ? add_folder(walk, path, entry->d_name) : add_file(walk, path);
}

/* Reads one folder.  One that has gone meanwhile, or is not ours to read, has no files. */
static void read_folder(struct walk *walk, const char *folder, int is_top)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    if (!dir) {
        if (!walk->scan->fault_told)
            flow_context_logf(walk->scan->ctx, FLOW_LOG_ERROR, "cannot read the folder %s: %s",
                              folder, fl_errno_text(errno));
        walk->scan->fault_told = 1;
        return;
    }
    walk->scan->fault_told = is_top ? 0 : walk->scan->fault_told;
    while (walk->rc == FLOW_OK && (entry = readdir(dir)) != NULL)
        walk->rc = add_entry(walk, folder, entry);
    closedir(dir);
}

/* The last one is read next, so the order is turned round. */
static int compare_oldest(const void *a, const void *b)
{
    const struct spool_candidate *left = a;
    const struct spool_candidate *right = b;

    if (left->mtime_ms != right->mtime_ms)
        return left->mtime_ms < right->mtime_ms ? 1 : -1;
    return strcmp(right->path, left->path);
}

static int compare_youngest(const void *a, const void *b)
{
    const struct spool_candidate *left = a;
    const struct spool_candidate *right = b;

    if (left->mtime_ms != right->mtime_ms)
        return left->mtime_ms < right->mtime_ms ? -1 : 1;
    return strcmp(right->path, left->path);
}

static void shuffle(struct fl_vec *found)
{
    uint64_t seed = 1;

    (void)fl_random(&seed, sizeof seed, NULL); /* without it the order is only less surprising */
    for (size_t i = found->count; i > 1; i--) {
        struct spool_candidate *last = fl_vec_at(found, i - 1);
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        struct spool_candidate *other = fl_vec_at(found, (size_t)((seed >> 33) % i));
        struct spool_candidate kept = *last;
        *last = *other;
        *other = kept;
    }
}

static void order(struct spool_scan *scan)
{
    switch (scan->options->order) {
    case SPOOL_OLDEST: fl_vec_sort(&scan->found, compare_oldest); break;
    case SPOOL_YOUNGEST: fl_vec_sort(&scan->found, compare_youngest); break;
    default: shuffle(&scan->found); break;
    }
}

/* Reads the folder, and those in it. */
static void look(struct spool_scan *scan)
{
    struct walk walk = {.scan = scan};

    forget_found(scan);
    fl_vec_init(&walk.folders, scan->mem, sizeof(char *));
    read_folder(&walk, scan->paths->spool, 1);
    while (walk.folders.count > 0) {
        char *folder = *(char **)fl_vec_at(&walk.folders, walk.folders.count - 1);
        walk.folders.count--;
        if (walk.rc == FLOW_OK && strlen(folder) < PATH_MAX)
            read_folder(&walk, folder, 0);
        fl_free(scan->mem, folder);
    }
    fl_vec_free(&walk.folders);
    if (walk.rc != FLOW_OK)
        flow_context_log(scan->ctx, FLOW_LOG_ERROR, "not all files were found: out of memory");
    order(scan);
    scan->looked_at = flow_context_now(scan->ctx);
}

/* Takes the last candidate that still is one. */
static char *take(struct spool_scan *scan)
{
    struct stat info;

    while (scan->found.count > 0) {
        struct spool_candidate *last = fl_vec_at(&scan->found, scan->found.count - 1);
        scan->found.count--;
        if (is_candidate(scan, last->path, &info))
            return last->path;
        fl_free(scan->mem, last->path);
    }
    return NULL;
}

static int is_within(const struct spool_paths *paths, const char *path)
{
    return strncmp(path, paths->spool, paths->spool_size) == 0 && path[paths->spool_size] == '/';
}

char *spool_scan_next(struct spool_scan *scan, const char *preferred)
{
    struct stat info;
    int64_t age = flow_context_now(scan->ctx) - scan->looked_at;
    int keeps_list = scan->options->order == SPOOL_RANDOM;
    int stale = scan->found.count == 0 || (age >= scan->options->poll_delay && !keeps_list);

    if (preferred && is_within(scan->paths, preferred) && is_candidate(scan, preferred, &info))
        return fl_strdup(scan->mem, preferred);
    if (stale)
        look(scan);
    char *path = take(scan);
    if (!path && !stale) {
        look(scan);
        path = take(scan);
    }
    return path;
}
