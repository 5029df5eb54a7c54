/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looks instead of waiting for notices: files come by way of network file systems, renames and
 * symbolic links, of which inotify tells only half.
 */

#include "watch.h"

#include <stdlib.h>
#include <string.h>

#include "setup.h"

static void look(const struct options *options, size_t index, struct stat *now)
{
    char *path = setup_path(options, index);

    if (!path || stat(path, now) != 0)
        *now = (struct stat){.st_size = 0};
    free(path);
}

void watch_begin(struct watch *watch, const struct options *options)
{
    watch->count = options->uris.count ? options->uris.count : options->files.count;
    watch->seen = calloc(watch->count, sizeof *watch->seen);
    if (!watch->seen)
        watch->count = 0;
    for (size_t i = 0; i < watch->count; i++)
        look(options, i, &watch->seen[i]);
}

void watch_end(struct watch *watch)
{
    free(watch->seen);
}

static int is_other(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
           a->st_size != b->st_size || a->st_ino != b->st_ino || a->st_dev != b->st_dev;
}

/* A file that is gone is no news: perhaps it is just being replaced. */
int watch_changed(struct watch *watch, const struct options *options)
{
    int changed = 0;

    for (size_t i = 0; i < watch->count; i++) {
        struct stat now;
        look(options, i, &now);
        if (now.st_ino && is_other(&now, &watch->seen[i])) {
            watch->seen[i] = now;
            changed = 1;
        }
    }
    return changed;
}
