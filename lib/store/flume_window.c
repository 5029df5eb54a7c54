/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pieces of logs in memory.  A log is opened for each piece, which is large, so that thousands of
 * logs need no descriptors.
 */

#include <fcntl.h>

#include "base/error.h"
#include "store/flume_inner.h"

/* A window that one large record made larger than this is given back. */
#define WINDOW_KEPT (4 * FL_FLUME_AHEAD)

void fl_flume_window_init(struct fl_flume_window *window, const flow_allocator *mem)
{
    *window = (struct fl_flume_window){0};
    fl_buf_init(&window->bytes, mem);
}

const uint8_t *fl_flume_window_at(const struct fl_flume_window *window, int64_t offset)
{
    return window->bytes.data + (offset - window->offset);
}

static int is_within(const struct fl_flume_window *window, int64_t offset, size_t size)
{
    return offset >= window->offset && size <= window->bytes.size &&
           offset - window->offset <= (int64_t)(window->bytes.size - size);
}

/* Fills a window from its offset on.  The size of a log was looked up once, and Flume is stopped.
 */
static int read_window(const struct fl_flume_import *import, struct fl_flume_window *window,
                       size_t size, flow_error **err)
{
    const char *path = window->log->path;
    size_t got;
    int fd;

    fl_buf_clear(&window->bytes);
    if (window->bytes.capacity > WINDOW_KEPT && size <= WINDOW_KEPT)
        fl_buf_free(&window->bytes);
    const struct iovec room = {fl_buf_reserve(&window->bytes, size), size};
    if (!room.iov_base)
        return fl_error_nomem(err);
    int rc = fl_file_open(import->io, path, O_RDONLY, 0, &fd, err);
    if (rc)
        return rc;
    rc = fl_file_read_at(import->io, fd, &room, window->offset, &got, path, err);
    fl_file_close(import->io, fd);
    if (!rc && got < size)
        return flow_error_setf(err, FLOW_EIO, "%s became shorter while it was read", path);
    window->bytes.size = rc ? 0 : size;
    return rc;
}

int fl_flume_window_get(const struct fl_flume_import *import, struct fl_flume_window *window,
                        int64_t offset, size_t size, size_t ahead, size_t *got, flow_error **err)
{
    uint64_t left = offset < window->log->size ? (uint64_t)(window->log->size - offset) : 0;

    *got = size < left ? size : (size_t)left;
    if (*got == 0 || is_within(window, offset, *got))
        return FLOW_OK;
    window->offset = offset;
    size_t wanted = *got + ahead;
    return read_window(import, window, wanted < left ? wanted : (size_t)left, err);
}

/* Of the windows, the one that LOG has, or the one that was not used for longest. */
struct fl_flume_window *fl_flume_window_of(struct fl_flume_import *import,
                                           const struct fl_flume_log *log)
{
    struct fl_flume_window *chosen = &import->windows[0];

    for (size_t i = 0; i < FL_FLUME_WINDOWS && chosen->log != log; i++) {
        struct fl_flume_window *window = &import->windows[i];
        if (window->log == log || window->turn < chosen->turn)
            chosen = window;
    }
    if (chosen->log != log)
        fl_buf_clear(&chosen->bytes);
    chosen->log = log;
    chosen->turn = ++import->turn;
    return chosen;
}
