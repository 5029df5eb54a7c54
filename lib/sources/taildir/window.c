/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cuts lines as Flume does: they end at a newline, and a carriage return in front of it is not part
 * of them.  A line without an end waits.
 */

#include <string.h>
#include <sys/uio.h>

#include "base/error.h"
#include "sources/taildir/taildir.h"

/* Fits the second-level cache, so that what was read is still near when lines are made of it. */
#define WINDOW ((size_t)256 * 1024)

void tail_window_seek(struct tail_window *window, int64_t offset)
{
    window->begin = 0;
    window->end = 0;
    window->searched = 0;
    window->offset = offset;
    window->at_end = 0;
}

void tail_window_free(struct tail_window *window)
{
    fl_free(window->mem, window->data);
    window->data = NULL;
    window->room = 0;
}

void tail_window_shrink(struct tail_window *window)
{
    if (window->room > WINDOW)
        tail_window_free(window);
}

/* Makes the window larger when what it holds is one piece. */
static int make_room(struct tail_window *window, flow_error **err)
{
    size_t held = window->end - window->begin;
    size_t room = held < window->room ? window->room : held < WINDOW ? WINDOW : 2 * held;

    if (window->begin > 0) {
        memmove(window->data, window->data + window->begin, held);
        window->begin = 0;
        window->end = held;
    }
    if (room > window->room) {
        uint8_t *grown = fl_realloc(window->mem, window->data, room);
        if (!grown)
            return fl_error_nomem(err);
        window->data = grown;
        window->room = room;
    }
    return FLOW_OK;
}

int tail_window_more(struct tail_window *window, const struct fl_io *io,
                     const struct tail_file *file, flow_error **err)
{
    size_t got;
    int rc = make_room(window, err);

    if (rc != FLOW_OK)
        return rc;
    const struct iovec part = {.iov_base = window->data + window->end,
                               .iov_len = window->room - window->end};
    int64_t offset = window->offset + (int64_t)(window->end - window->begin);
    rc = fl_file_read_at(io, file->fd, &part, offset, &got, file->path, err);
    if (rc == FLOW_OK) {
        window->end += got;
        window->at_end = got < part.iov_len;
    }
    return rc;
}

/* Writes the offset of a line for its header. */
static void set_offset(struct taildir *t, int64_t offset)
{
    flow_header *header = fl_vec_at(&t->headers, t->headers.count - 1);
    char digits[sizeof t->offset_text];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + offset % 10);
        offset /= 10;
    } while (offset > 0);
    header->value_size = (uint32_t)(sizeof digits - at);
    memcpy(t->offset_text, digits + at, header->value_size);
    t->offset_text[header->value_size] = '\0';
}

/* Adds an event of SIZE bytes, which take up TAKEN of the window. */
static int add_event(struct taildir *t, size_t size, size_t taken, flow_error **err)
{
    struct tail_window *window = &t->window;
    const uint8_t *body = window->data + window->begin;
    int rc;

    if (t->headers.count == 0) {
        rc = flow_batch_add(t->batch, body, size, err);
    } else {
        if (t->options.byte_offset)
            set_offset(t, window->offset);
        rc = flow_batch_add_full(t->batch, body, size, t->headers.items, t->headers.count,
                                 sizeof(flow_header), err);
    }
    if (rc == FLOW_OK) {
        window->begin += taken;
        window->offset += (int64_t)taken;
        window->searched = 0;
    }
    return rc;
}

/* How much of a line that is too long goes into one event: whole characters. */
static size_t cut_of(const uint8_t *text)
{
    size_t size = TAIL_LINE_MAX;

    while (size > TAIL_LINE_MAX - 4 && (text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static int add_cut(struct taildir *t, flow_error **err)
{
    size_t size = cut_of(t->window.data + t->window.begin);
    int rc = add_event(t, size, size, err);

    if (rc == FLOW_OK)
        flow_counter_add(t->cuts, 1);
    return rc;
}

/* Adds the next line, which goes to END of the file at most; FLOW_BACKOFF when there is none so
 * far. */
static int add_line(struct taildir *t, int64_t end, flow_error **err)
{
    struct tail_window *window = &t->window;
    const uint8_t *line = window->data + window->begin;
    size_t left = window->end - window->begin;
    int ends = (int64_t)left >= end - window->offset;

    left = ends ? (size_t)(end - window->offset) : left;
    const uint8_t *newline = left > window->searched
                                 ? memchr(line + window->searched, '\n', left - window->searched)
                                 : NULL;
    size_t size = newline ? (size_t)(newline - line) : left;

    if (size > TAIL_LINE_MAX)
        return add_cut(t, err);
    if (!newline && !ends) {
        window->searched = left;
        return FLOW_BACKOFF;
    }
    if (!newline)
        return add_event(t, left, left, err);
    size_t body = size > 0 && line[size - 1] == '\r' ? size - 1 : size;
    return add_event(t, body, size + 1, err);
}

int tail_window_line(struct taildir *t, int64_t end, flow_error **err)
{
    int rc = add_line(t, end, err);

    return rc == FLOW_BACKOFF ? FLOW_OK : rc;
}

int tail_window_lines(struct taildir *t, flow_error **err)
{
    int rc = FLOW_OK;

    while (rc == FLOW_OK && flow_batch_count(t->batch) < t->batch_size)
        rc = add_line(t, INT64_MAX, err);
    return rc == FLOW_BACKOFF ? FLOW_OK : rc;
}

int tail_window_rest(struct taildir *t, flow_error **err)
{
    size_t left = t->window.end - t->window.begin;

    return left > 0 ? add_event(t, left, left, err) : FLOW_OK;
}
