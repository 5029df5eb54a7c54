/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file being read: a window of bytes that slides over it.  The deserializer says how many of
 * them it has used up; when it needs more at a time than the window holds, the window grows.
 */

#include "sources/spooldir/spooldir.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* Fits the second-level cache, so that what was read is still near when lines are made of it. */
#define WINDOW ((size_t)256 * 1024)

int spool_file_is_open(const struct spool_file *file)
{
    return file->fd >= 0;
}

void spool_file_close(struct spool_file *file)
{
    fl_file_close(file->io, file->fd);
    file->fd = -1;
    fl_free(file->mem, file->path);
    fl_free(file->mem, file->absolute);
    fl_free(file->mem, file->data);
    file->path = NULL;
    file->absolute = NULL;
    file->data = NULL;
    file->room = 0;
}

/* PATH with the working folder before it, where it is relative. */
static char *absolute(const flow_allocator *mem, const char *path)
{
    char here[PATH_MAX];
    struct fl_buf text;
    char *joined = NULL;

    if (*path == '/' || !getcwd(here, sizeof here))
        return fl_strdup(mem, path);
    fl_buf_init(&text, mem);
    if (fl_buf_printf(&text, "%s/%s", here, path) == FLOW_OK)
        joined = fl_buf_detach(&text);
    fl_buf_free(&text);
    return joined;
}

int spool_file_open(struct spool_file *file, const char *path, flow_error **err)
{
    file->offset = 0;
    file->committed = (struct spool_place){.offset = 0};
    file->begin = 0;
    file->end = 0;
    file->at_end = 0;
    file->is_first = 1;
    file->room = WINDOW;
    file->path = fl_strdup(file->mem, path);
    file->absolute = absolute(file->mem, path);
    file->data = fl_alloc(file->mem, file->room);
    int rc = file->path && file->absolute && file->data
                 ? fl_file_open(file->io, path, O_RDONLY | O_NOCTTY, 0, &file->fd, err)
                 : fl_error_nomem(err);
    if (rc == FLOW_OK) {
        int number = file->io->fstat(file->io->self, file->fd, &file->opened);
        rc = number < 0 ? fl_error_errno(err, -number, "cannot look at", path) : FLOW_OK;
    }
    if (rc != FLOW_OK)
        spool_file_close(file);
    return rc;
}

size_t spool_file_peek(const struct spool_file *file, int64_t offset, void *data, size_t size)
{
    int64_t got = file->io->pread(file->io->self, file->fd, data, size, offset);

    return got > 0 ? (size_t)got : 0;
}

/* Reads up to the offset: the file layer has no call to skip, and this happens once a start. */
int spool_file_seek(struct spool_file *file, int64_t offset, flow_error **err)
{
    int rc = FLOW_OK;

    while (rc == FLOW_OK && file->offset < offset) {
        int64_t left = offset - file->offset;
        size_t there = file->end - file->begin;
        if (there > 0)
            spool_file_consume(file, left < (int64_t)there ? (size_t)left : there);
        else if (!file->at_end)
            rc = spool_file_more(file, err);
        else
            break;
    }
    return rc;
}

/* Makes the window larger when what it holds is one piece. */
static int make_room(struct spool_file *file, flow_error **err)
{
    if (file->begin > 0) {
        memmove(file->data, file->data + file->begin, file->end - file->begin);
        file->end -= file->begin;
        file->begin = 0;
    }
    if (file->end < file->room)
        return FLOW_OK;
    uint8_t *grown =
        file->room <= SIZE_MAX / 2 ? fl_realloc(file->mem, file->data, 2 * file->room) : NULL;
    if (!grown)
        return fl_error_nomem(err);
    file->data = grown;
    file->room *= 2;
    return FLOW_OK;
}

int spool_file_more(struct spool_file *file, flow_error **err)
{
    size_t got;
    int rc = make_room(file, err);

    if (rc != FLOW_OK)
        return rc;
    size_t wanted = file->room - file->end;
    rc = fl_file_read(file->io, file->fd, file->data + file->end, wanted, &got, file->path, err);
    if (rc == FLOW_OK) {
        file->end += got;
        file->at_end = got < wanted;
    }
    return rc;
}

struct fl_piece_of_file spool_file_piece(const struct spool_file *file)
{
    return (struct fl_piece_of_file){.data = file->data + file->begin,
                                     .size = file->end - file->begin,
                                     .last = file->at_end,
                                     .offset = file->offset};
}

void spool_file_consume(struct spool_file *file, size_t size)
{
    file->begin += size;
    file->offset += (int64_t)size;
}
