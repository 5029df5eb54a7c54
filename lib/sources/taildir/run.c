/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One look at the files: each that changed is read to its last line end, batch by batch.  A batch
 * holds lines of one file, and is kept until every channel has committed it; only then does the
 * position of the file move.
 */

#include <string.h>

#include "base/error.h"
#include "sources/taildir/taildir.h"

/* Bodies in one batch: beyond that it only takes memory. */
#define BATCH_BYTES ((size_t)16 * 1024 * 1024)

/* A look under way. */
struct look {
    struct taildir *t;
    flow_emitter *emitter;
    int emitted; /* events */
    int more;    /* a file was left before its end */
};

/* Emits what is in the batch: all that `reading` holds from its position up to `reading_to`. */
static int hand_over(struct look *look, flow_error **err)
{
    struct taildir *t = look->t;
    int rc = flow_emitter_emit(look->emitter, t->batch, err);

    if (rc != FLOW_OK)
        return rc;
    flow_batch_clear(t->batch);
    t->reading->pos = t->reading_to;
    t->positions_changed = 1;
    look->emitted = 1;
    tail_positions_write(t, 0);
    return FLOW_OK;
}

static int add_header(struct taildir *t, const char *name, const char *value)
{
    const flow_header header = {
        .name = name,
        .value = value,
        .name_size = (uint32_t)strlen(name),
        .value_size = (uint32_t)strlen(value),
    };

    return fl_vec_push(&t->headers, &header) ? FLOW_OK : FLOW_ENOMEM;
}

/* The headers of all events of FILE; that of the offset is the last. */
static int set_headers(struct taildir *t, const struct tail_file *file, flow_error **err)
{
    int rc = FLOW_OK;

    t->headers.count = 0;
    for (size_t i = 0; rc == FLOW_OK && i < file->group->headers.count; i++) {
        const void *header = fl_vec_at(&file->group->headers, i);
        rc = fl_vec_push(&t->headers, header) ? FLOW_OK : FLOW_ENOMEM;
    }
    if (rc == FLOW_OK && t->options.file_key)
        rc = add_header(t, t->options.file_key, file->path);
    if (rc == FLOW_OK && t->options.byte_offset) {
        t->offset_text[0] = '\0';
        rc = add_header(t, "byteoffset", t->offset_text);
    }
    return rc == FLOW_OK ? rc : fl_error_nomem(err);
}

/* Adds lines that the window holds.  Where one channel is ahead of others a position follows each,
 * so that each channel is spared exactly what it has; and what was a line then is one again. */
static int add_lines(struct taildir *t, struct tail_file *file, flow_error **err)
{
    int64_t before = -1;
    int rc = FLOW_OK;

    while (rc == FLOW_OK && t->window.offset < file->ahead && t->window.offset > before &&
           flow_batch_count(t->batch) < t->batch_size) {
        before = t->window.offset;
        rc = tail_window_line(t, file->ahead, err);
        if (rc == FLOW_OK && t->window.offset > before)
            rc = tail_standing_note(t, file, t->window.offset, err);
    }
    return rc == FLOW_OK && t->window.offset >= file->ahead ? tail_window_lines(t, err) : rc;
}

/*
 * Fills the batch from the window and the file behind it; *ENDS tells that no line is left.  With
 * FLUSH what is behind the last line end counts as a line.
 */
static int fill(struct taildir *t, struct tail_file *file, int flush, int *ends, flow_error **err)
{
    int64_t start = t->window.offset;

    *ends = 0;
    flow_batch_clear(t->batch);
    t->noted = -1;
    for (;;) {
        int rc = add_lines(t, file, err);
        if (rc != FLOW_OK || flow_batch_count(t->batch) >= t->batch_size ||
            t->window.offset - start >= (int64_t)BATCH_BYTES)
            return rc;
        if (t->window.at_end) {
            *ends = 1;
            return flush ? tail_window_rest(t, err) : rc;
        }
        rc = tail_window_more(&t->window, t->io, file, err);
        if (rc != FLOW_OK)
            return rc;
    }
}

/* Says where the file goes on behind the batch, without which that must not be emitted: its lines
 * are read again when there is memory. */
static int note_end_of_batch(struct taildir *t, struct tail_file *file, flow_error **err)
{
    int rc = FLOW_OK;

    if (flow_batch_count(t->batch) > 0 && t->noted != t->window.offset)
        rc = tail_standing_note(t, file, t->window.offset, err);
    if (rc != FLOW_OK)
        flow_batch_clear(t->batch);
    return rc;
}

/* One batch.  What could be read before a fault is emitted before it is told. */
static int read_batch(struct look *look, struct tail_file *file, int flush, int *ends,
                      flow_error **err)
{
    struct taildir *t = look->t;
    flow_error *fault = NULL;
    int rc = fill(t, file, flush, ends, &fault);

    if (note_end_of_batch(t, file, NULL) != FLOW_OK) {
        flow_error_free(fault);
        return fl_error_nomem(err);
    }
    t->reading = file;
    t->reading_to = t->window.offset;
    if (flow_batch_count(t->batch) > 0) {
        int emitted = hand_over(look, err);
        if (emitted != FLOW_OK) {
            flow_error_free(fault);
            return emitted;
        }
    }
    if (rc != FLOW_OK && rc != FLOW_ENOMEM) {
        tail_file_fault(t, file, rc, fault);
        *ends = 1;
        rc = FLOW_OK;
    } else if (rc == FLOW_OK) {
        file->fault = FLOW_OK;
    }
    if (rc != FLOW_OK)
        (void)fl_error_nomem(err);
    flow_error_free(fault);
    return rc;
}

/* Notes that all lines are read, as far as the file went when that was found. */
static void note_end(struct taildir *t, struct tail_file *file)
{
    if (file->fault == FLOW_OK) {
        file->read_size = t->window.offset + (int64_t)(t->window.end - t->window.begin);
        file->read_mtime = file->mtime;
    }
}

/* Reads an open file to its end, or as far as its turn goes. */
static int read_on(struct look *look, struct tail_file *file, int flush, flow_error **err)
{
    struct taildir *t = look->t;
    int64_t batches = 0;
    int ends = 0;
    int rc = set_headers(t, file, err);

    tail_window_seek(&t->window, file->pos);
    file->read_size = -1;
    while (rc == FLOW_OK && !ends && !flow_context_stopping(t->ctx)) {
        rc = read_batch(look, file, flush, &ends, err);
        if (rc == FLOW_OK && !ends && ++batches >= t->options.max_batches) {
            look->more = 1;
            break;
        }
    }
    if (rc == FLOW_OK && ends)
        note_end(t, file);
    tail_window_shrink(&t->window);
    return rc;
}

/* Reads FILE.  Only what concerns all files is a failure: no memory, and channels that take
 * nothing. */
static int follow(struct look *look, struct tail_file *file, int flush, flow_error **err)
{
    struct taildir *t = look->t;
    flow_error *fault = NULL;
    int rc = tail_file_begin(t, file, &fault, err);

    if (fault) {
        /* One that has gone meanwhile is found again under its new name, if it has one. */
        if (rc != FLOW_ENOENT)
            tail_file_fault(t, file, rc, fault);
        flow_error_free(fault);
        return rc == FLOW_ENOMEM ? fl_error_nomem(err) : FLOW_OK;
    }
    return rc == FLOW_OK ? read_on(look, file, flush, err) : rc;
}

static int has_changed(const struct tail_file *file)
{
    return file->size != file->read_size || file->mtime != file->read_mtime;
}

/* Closes a file that has not changed for long; a line without an end is not waited for longer. */
static int close_idle(struct look *look, struct tail_file *file, flow_error **err)
{
    struct taildir *t = look->t;
    int64_t idle = flow_context_now(t->ctx) - file->active_at;
    int rc = FLOW_OK;

    if (file->fd < 0 || file->read_size != file->size || idle <= t->options.idle_timeout)
        return FLOW_OK;
    if (file->pos != file->size)
        rc = follow(look, file, 1, err);
    if (rc == FLOW_OK && file->fault == FLOW_OK && file->read_size == file->pos) {
        tail_file_close(t, file);
        t->positions_changed = t->positions_changed || tail_is_gone(t, file);
        t->identities_changed = t->identities_changed || tail_is_gone(t, file);
    }
    return rc;
}

/* Notes which files are found no more, and once there are too many of them forgets the one that was
 * not found for the longest time. */
static void note_gone(struct taildir *t)
{
    struct tail_file *oldest = NULL;
    size_t gone = 0;

    for (size_t i = 0; i < t->table.files.count; i++) {
        struct tail_file *file = *(struct tail_file **)fl_vec_at(&t->table.files, i);
        if (file->fd < 0 && tail_is_gone(t, file)) {
            gone++;
            if (file->seen + 1 == t->scan) {
                t->positions_changed = 1;
                t->identities_changed = 1;
            }
            oldest = !oldest || file->seen < oldest->seen ? file : oldest;
        }
    }
    if (gone > TAIL_GONE_MAX) {
        tail_standing_forget(t, oldest);
        tail_table_drop(&t->table, t->io, oldest);
        t->identities_changed = 1;
    }
}

static int look_at_all(struct look *look, flow_error **err)
{
    struct taildir *t = look->t;
    int rc = tail_scan(t, err);

    rc = rc == FLOW_OK ? tail_standing_adopt(t, err) : rc;
    for (size_t i = 0; rc == FLOW_OK && i < t->turn.count && !flow_context_stopping(t->ctx); i++) {
        struct tail_file *file = *(struct tail_file **)fl_vec_at(&t->turn, i);
        if (has_changed(file))
            rc = follow(look, file, 0, err);
        rc = rc == FLOW_OK ? close_idle(look, file, err) : rc;
    }
    if (rc == FLOW_OK) {
        note_gone(t);
        tail_standing_tidy(t);
    }
    return rc;
}

int tail_poll(void *self, flow_emitter *emitter, flow_error **err)
{
    struct look look = {.t = self, .emitter = emitter};
    int rc = FLOW_OK;

    /* A batch that failed is emitted again as it is: part of it may have arrived. */
    if (flow_batch_count(look.t->batch) > 0)
        rc = hand_over(&look, err);
    rc = rc == FLOW_OK ? look_at_all(&look, err) : rc;
    tail_positions_write(look.t, 0);
    if (rc != FLOW_OK)
        return rc;
    return look.emitted || look.more ? FLOW_READY : FLOW_BACKOFF;
}
