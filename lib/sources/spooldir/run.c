/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The source's thread: one file after the other, batch after batch.  A batch is kept until every
 * channel has committed it; only then does the position move, and only behind the last batch is
 * the file retired.
 */

#include "sources/spooldir/spooldir.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "sources/patience.h"

#define FIRST_PAUSE_MS 250

/* Bodies in one batch: beyond that it only takes memory. */
#define BATCH_BYTES ((size_t)16 * 1024 * 1024)

/* What came of a step. */
enum step { GO_ON, FILE_ENDS, STOPPING };

static void set_header(struct fl_event_headers *headers, const char *name, const char *value)
{
    headers->items[headers->count++] = (flow_header){
        .name = name,
        .value = value,
        .name_size = (uint32_t)strlen(name),
        .value_size = (uint32_t)strlen(value),
    };
}

static void set_headers(struct spooldir *s)
{
    s->headers.count = 0;
    if (s->options.file_key != NULL) {
        set_header(&s->headers, s->options.file_key, s->file.absolute);
    }
    if (s->options.basename_key != NULL) {
        set_header(&s->headers, s->options.basename_key, strrchr(s->file.path, '/') + 1);
    }
}

/* Goes to where the events were committed last, or behind the byte order mark. */
static int find_place(struct spooldir *s, flow_error **err)
{
    const struct spool_tracker *tracker = &s->tracker;
    uint8_t head[4];
    size_t size = spool_file_head(&s->file, head, sizeof head);
    int64_t place = s->options.is_blob ? 0 : (int64_t)fl_line_reader_begin(&s->line, head, size);

    if (tracker->target != NULL && strcmp(tracker->target, s->file.path) == 0) {
        if (tracker->offset > s->file.opened.st_size) {
            flow_context_logf(s->ctx, FLOW_LOG_WARN,
                              "%s is shorter than what was committed of it: it is taken for "
                              "another file and read from its beginning",
                              s->file.path);
        } else {
            s->file.is_first = !tracker->has_offset;
            place = tracker->offset > place ? tracker->offset : place;
        }
    }
    return spool_file_seek(&s->file, place, err);
}

/* The file cannot be read now, and perhaps never: it is left alone until it changes. */
static void give_up(struct spooldir *s, const char *path, const flow_error *fault)
{
    flow_counter_add(s->read_fails, 1);
    flow_context_logf(s->ctx, FLOW_LOG_ERROR, "left alone until it changes: %s",
                      flow_error_message(fault));
    spool_scan_shun(&s->scan, path);
}

/* Opens the next file.  0 when there is none, or none for now: memory and descriptors may come
 * back, and the file is not to blame. */
static int open_next(struct spooldir *s)
{
    flow_error *fault = NULL;
    char *path = spool_scan_next(&s->scan, s->tracker.target);

    if (path == NULL) {
        return 0;
    }
    int rc = spool_file_open(&s->file, path, &fault);
    rc = rc == FLOW_OK ? find_place(s, &fault) : rc;
    int passes = rc == FLOW_ENOMEM || flow_error_retriable(fault);
    if (rc == FLOW_OK) {
        set_headers(s);
    } else {
        if (!passes) {
            give_up(s, path, fault);
        }
        spool_file_close(&s->file);
    }
    flow_error_free(fault);
    fl_free(s->mem, path);
    return rc == FLOW_OK || !passes;
}

/* Adds events of what the window holds; *CONSUMED bytes. */
static int deserialize(struct spooldir *s, size_t max, size_t *consumed, flow_error **err)
{
    struct fl_piece_of_file piece = spool_file_piece(&s->file);

    if (s->options.is_blob) {
        return fl_blob_read(s->options.max_blob, &s->headers, &piece, max, s->batch, consumed, err);
    }
    return fl_line_reader_read(&s->line, &piece, max, s->batch, consumed, err);
}

/* As Flume: an empty file is an event without a body. */
static int add_empty(struct spooldir *s, flow_error **err)
{
    return flow_batch_add_full(s->batch, "", 0, s->headers.items, s->headers.count,
                               sizeof *s->headers.items, err);
}

/*
 * Fills the batch; what it took of the file is in *USED, and *ENDS tells that there is no more.
 * FLOW_EPARSE stands for a line that cannot be decoded, with the events before it in the batch.
 */
static int fill(struct spooldir *s, size_t *used, int *ends, flow_error **err)
{
    int rc = FLOW_OK;

    *used = 0;
    *ends = 0;
    while (flow_batch_count(s->batch) < s->options.batch_size && *used < BATCH_BYTES) {
        size_t consumed = 0;
        rc = deserialize(s, s->options.batch_size - flow_batch_count(s->batch), &consumed, err);
        /* Not before the commit is this the file's position. */
        s->file.begin += consumed;
        *used += consumed;
        if (rc != FLOW_OK) {
            return rc;
        }
        if (consumed == 0 && s->file.at_end) {
            *ends = 1;
            return s->file.is_first && flow_batch_count(s->batch) == 0 ? add_empty(s, err) : rc;
        }
        if (consumed == 0 || s->file.begin == s->file.end) {
            rc = spool_file_more(&s->file, err);
            if (rc != FLOW_OK) {
                return rc;
            }
        }
    }
    return rc;
}

/* Hands the batch over and notes that USED more bytes are committed. */
static int commit(struct spooldir *s, size_t used, int ends)
{
    flow_error *fault = NULL;
    size_t count = flow_batch_count(s->batch);

    if (count == 0) {
        return FLOW_OK;
    }
    if (fl_emit_patiently(s->ctx, s->emitter, s->batch, FIRST_PAUSE_MS, s->options.max_backoff) !=
        FLOW_OK) {
        return FLOW_ECLOSED;
    }
    flow_batch_clear(s->batch);
    s->file.offset += (int64_t)used;
    s->file.is_first = 0;
    /* Behind the last batch the file is retired at once, which says the same. */
    if (!ends &&
        spool_tracker_store(&s->tracker, s->file.path, s->file.offset, &fault) != FLOW_OK) {
        flow_context_logf(s->ctx, FLOW_LOG_ERROR,
                          "the position is not kept, so a restart would repeat events: %s",
                          flow_error_message(fault));
    }
    flow_error_free(fault);
    return FLOW_OK;
}

static void note_cuts(struct spooldir *s)
{
    if (s->line.cuts == 0) {
        return;
    }
    flow_counter_add(s->cuts, (int64_t)s->line.cuts);
    flow_context_logf(s->ctx, FLOW_LOG_WARN,
                      "%llu lines of %s were longer than maxLineLength and became several events",
                      (unsigned long long)s->line.cuts, s->file.path);
    s->line.cuts = 0;
}

/* The file went wrong at its present place: a line is not decoded, or it cannot be read. */
static void end_badly(struct spooldir *s, int rc, const flow_error *fault)
{
    struct fl_buf why;

    flow_counter_add(s->read_fails, 1);
    if (rc != FLOW_EPARSE) {
        give_up(s, s->file.path, fault);
        return;
    }
    fl_buf_init(&why, s->mem);
    int known = fl_buf_printf(&why, "holds a line, at byte %lld, that cannot be decoded (%s)",
                              (long long)s->file.offset, flow_error_message(fault)) == FLOW_OK;
    spool_set_aside(s, "undecodable",
                    known ? (const char *)why.data : "holds a line that cannot be decoded");
    fl_buf_free(&why);
}

/* One batch of the open file. */
static enum step step(struct spooldir *s)
{
    flow_error *fault = NULL;
    size_t used;
    int ends;
    int rc = fill(s, &used, &ends, &fault);
    enum step next = GO_ON;

    if (commit(s, used, ends) != FLOW_OK) {
        next = STOPPING;
    } else if (rc == FLOW_ENOMEM) {
        /* The rest of the window is still there: memory may come back. */
        next = flow_wait(s->ctx, s->options.max_backoff) == FLOW_OK ? GO_ON : STOPPING;
    } else if (rc != FLOW_OK) {
        end_badly(s, rc, fault);
        next = FILE_ENDS;
    } else if (ends) {
        spool_retire(s);
        next = FILE_ENDS;
    }
    flow_error_free(fault);
    return next;
}

static enum step read_file(struct spooldir *s)
{
    enum step next;

    do {
        next = flow_context_stopping(s->ctx) ? STOPPING : step(s);
    } while (next == GO_ON);
    note_cuts(s);
    spool_file_close(&s->file);
    flow_batch_clear(s->batch);
    return next;
}

void spool_run(void *self)
{
    struct spooldir *s = self;

    while (!flow_context_stopping(s->ctx)) {
        if (!open_next(s)) {
            if (flow_wait(s->ctx, s->options.poll_delay) != FLOW_OK) {
                break;
            }
        } else if (spool_file_is_open(&s->file) && read_file(s) == STOPPING) {
            break;
        }
    }
}
