/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as the files of a channel of Flume's: each file is one byte that names it, its size in
 * two bytes, big-endian, and its content.  The import sees them by a table of its own, so that no
 * disk is touched.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "store/flume_import.h"

static const char *const names[] = {
    "d/log-1",          "d/log-1.meta",        "d/log-2",        "d/log-2.meta",
    "c/checkpoint",     "c/checkpoint.meta",   "c/inflightputs", "c/inflighttakes",
    "c/backupComplete", "c/checkpoint.snappy",
};

#define NAMES (sizeof names / sizeof names[0])

struct file {
    const uint8_t *data; /* NULL: it does not exist */
    size_t size;
    size_t position;
};

struct files {
    struct file files[NAMES];
};

static int find(struct files *files, const char *path)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(path, names[i]) == 0 && files->files[i].data)
            return (int)i;
    }
    return -ENOENT;
}

static int mem_open(void *self, const char *path, int flags, uint32_t mode)
{
    int fd = find(self, path);

    if (fd >= 0)
        ((struct files *)self)->files[fd].position = 0;
    return fd;
}

static int mem_close(void *self, int fd)
{
    return 0;
}

static int64_t mem_pread(void *self, int fd, void *data, size_t size, int64_t offset)
{
    const struct file *file = &((struct files *)self)->files[fd];
    size_t at = (uint64_t)offset < file->size ? (size_t)offset : file->size;
    size_t some = size < file->size - at ? size : file->size - at;

    memcpy(data, file->data + at, some);
    return (int64_t)some;
}

static int64_t mem_read(void *self, int fd, void *data, size_t size)
{
    struct file *file = &((struct files *)self)->files[fd];
    int64_t got = mem_pread(self, fd, data, size, (int64_t)file->position);

    file->position += (size_t)got;
    return got;
}

static int mem_stat(void *self, const char *path, struct stat *out)
{
    *out = (struct stat){.st_mode = S_IFDIR, .st_ino = (ino_t)path[0]};
    if (strcmp(path, "c") == 0 || strcmp(path, "d") == 0)
        return 0;
    int fd = find(self, path);
    if (fd < 0)
        return fd;
    *out =
        (struct stat){.st_mode = S_IFREG, .st_size = (off_t)((struct files *)self)->files[fd].size};
    return 0;
}

static int mem_list(void *self, const char *path, int (*each)(void *arg, const char *name),
                    void *arg)
{
    int rc = 0;

    for (size_t i = 0; i < NAMES && !rc; i++) {
        if (names[i][0] == path[0] && ((struct files *)self)->files[i].data)
            rc = each(arg, names[i] + 2);
    }
    return rc;
}

static int mem_is_written(void *self, int fd)
{
    return 0;
}

static void split(struct files *files, const uint8_t *data, size_t size)
{
    while (size >= 3) {
        size_t inner = (size_t)data[1] << 8 | data[2];
        struct file *file = &files->files[data[0] % NAMES];
        data += 3;
        size -= 3;
        file->size = inner < size ? inner : size;
        file->data = data;
        data += file->size;
        size -= file->size;
    }
}

static int count(void *arg, const struct fl_flume_event *event, flow_error **err)
{
    for (size_t i = 0; i < event->header_count; i++) {
        if (event->headers[i].name[event->headers[i].name_size] != '\0')
            abort();
    }
    ++*(uint64_t *)arg;
    return FLOW_OK;
}

static void import(const struct fl_io *io, int is_lenient, int with_checkpoint)
{
    static const char *const dirs[] = {"d"};
    struct fl_flume_options options = {
        .data_dirs = dirs,
        .data_dir_count = 1,
        .checkpoint_dir = with_checkpoint ? "c" : NULL,
        .is_lenient = is_lenient,
    };
    struct fl_flume_import *opened;
    uint64_t events = 0;

    if (fl_flume_open(io, &options, &opened, NULL))
        return;
    int rc = fl_flume_each(opened, count, &events, NULL);
    const struct fl_flume_counts *counts = fl_flume_counts(opened);
    if (rc == FLOW_OK && events + counts->damaged + counts->removed < counts->events)
        abort();
    fl_flume_close(opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct files files = {0};
    struct fl_io io = {
        .self = &files,
        .open = mem_open,
        .close = mem_close,
        .read = mem_read,
        .pread = mem_pread,
        .stat = mem_stat,
        .list = mem_list,
        .is_written = mem_is_written,
    };

    split(&files, data, size);
    for (int i = 0; i < 4; i++)
        import(&io, i & 1, i & 2);
    return 0;
}
