/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The source's thread: one file after the other, batch after batch.  A batch is kept until every
 * channel has committed it; only then does the position move, and only behind the last batch is
 * the file retired.
 */

#include "sources/spooldir/spooldir.h"

#include <string.h>

#include "base/error.h"
#include "sources/patience.h"

#define FIRST_PAUSE_MS 250

/* Bodies in one batch: beyond that it only takes memory. */
#define BATCH_BYTES ((int64_t)16 * 1024 * 1024)

/* What came of a step. */
enum step { GO_ON, FILE_ENDS, STOPPING };

/* The file cannot be read now, and perhaps never: it is left alone until it changes. */
static void give_up(struct spooldir *s, const char *path, const flow_error *fault)
{
    flow_counter_add(s->read_fails, 1);
    flow_context_logf(s->ctx, FLOW_LOG_ERROR, "left alone until it changes: %s",
                      flow_error_message(fault));
    spool_scan_shun(&s->scan, path);
}

/* Says what is wrong with the contents, for a message that begins with the file's name. */
static int describe(const struct spooldir *s, const flow_error *fault, struct fl_buf *why)
{
    const char *text = flow_error_message(fault);

    if (s->options.format == SPOOL_AVRO)
        return fl_buf_printf(why, "cannot be decoded (%s)", text);
    return fl_buf_printf(why, "holds a line, at byte %lld, that cannot be decoded (%s)",
                         (long long)s->file.offset, text);
}

/* The file at PATH went wrong: what is at its present place is not decoded, or it cannot be read.
 */
static void end_badly(struct spooldir *s, const char *path, int rc, const flow_error *fault)
{
    struct fl_buf why;

    if (rc != FLOW_EPARSE) {
        give_up(s, path, fault);
        return;
    }
    flow_counter_add(s->read_fails, 1);
    fl_buf_init(&why, s->mem);
    int known = describe(s, fault, &why) == FLOW_OK;
    spool_fail(s, known ? (const char *)why.data : "cannot be decoded");
    fl_buf_free(&why);
}

/* Opens the next file.  0 when there is none, or none for now: memory and descriptors may come
 * back, and the file is not to blame. */
static int open_next(struct spooldir *s)
{
    flow_error *fault = NULL;
    char *path = spool_scan_next(&s->scan, s->tracker.target);

    if (!path)
        return 0;
    int rc = spool_file_open(&s->file, path, &fault);
    rc = rc == FLOW_OK ? spool_begin(s, &fault) : rc;
    int passes = rc == FLOW_ENOMEM || flow_error_retriable(fault);
    if (rc != FLOW_OK && !passes)
        end_badly(s, path, rc, fault);
    if (rc != FLOW_OK)
        spool_end(s);
    flow_error_free(fault);
    fl_free(s->mem, path);
    return rc == FLOW_OK || !passes;
}

/* Whether the batch can take more: of lines and blobs it holds as much as was read. */
static int has_room(const struct spooldir *s)
{
    int64_t left = s->options.format == SPOOL_AVRO
                       ? s->avro.room
                       : BATCH_BYTES - (s->file.offset - s->file.committed.offset);

    return flow_batch_count(s->batch) < s->batch_size && left > 0;
}

/* Makes events of what the window holds.  Where an earlier run has left the channels at different
 * places, one at a time, with a position behind each: so each can be spared exactly what it has. */
static int add_events(struct spooldir *s, int *moved, flow_error **err)
{
    int differs = spool_standing_differs(s);
    size_t most = differs ? 1 : s->batch_size - flow_batch_count(s->batch);
    int rc = spool_deserialize(s, most, moved, err);

    return rc == FLOW_OK && *moved && differs ? spool_standing_note(s, err) : rc;
}

/*
 * Fills the batch; *ENDS tells that there is no more.  FLOW_EPARSE stands for something that cannot
 * be decoded, with the events before it in the batch.
 */
static int fill(struct spooldir *s, int *ends, flow_error **err)
{
    int rc = fl_forgetting_begin(&s->standing.done, s->batch, err);
    int moved;

    *ends = 0;
    s->avro.room = BATCH_BYTES;
    while (rc == FLOW_OK && has_room(s)) {
        rc = add_events(s, &moved, err);
        if (rc != FLOW_OK)
            return rc;
        if (!moved && s->file.at_end) {
            *ends = 1;
            return s->file.is_first && flow_batch_count(s->batch) == 0 ? spool_add_empty(s, err)
                                                                       : rc;
        }
        if (!moved || s->file.begin == s->file.end)
            rc = spool_file_more(&s->file, err);
    }
    return rc;
}

/* Memory may come back; without the place the events must not go. */
static int note_place(struct spooldir *s)
{
    while (spool_standing_note(s, NULL) != FLOW_OK) {
        if (flow_wait(s->ctx, s->options.max_backoff) != FLOW_OK)
            return FLOW_ECLOSED;
    }
    return FLOW_OK;
}

/* Hands the batch over and notes that what was read is committed. */
static int commit(struct spooldir *s, int ends)
{
    flow_error *fault = NULL;
    size_t count = flow_batch_count(s->batch);

    if (count == 0)
        return FLOW_OK;
    if (note_place(s) != FLOW_OK)
        return FLOW_ECLOSED;
    if (fl_emit_patiently(s->ctx, s->emitter, s->batch, FIRST_PAUSE_MS, s->options.max_backoff) !=
        FLOW_OK)
        return FLOW_ECLOSED;
    fl_forgetting_emitted(&s->standing.done);
    flow_batch_clear(s->batch);
    s->file.committed = spool_place_of(s);
    s->file.is_first = 0;
    /* Behind the last batch the file is retired at once, which says the same. */
    if (!ends &&
        spool_tracker_store(&s->tracker, s->file.path, &s->file.committed, &fault) != FLOW_OK)
        flow_context_logf(s->ctx, FLOW_LOG_ERROR,
                          "the position is not kept, so a restart would repeat events: %s",
                          flow_error_message(fault));
    flow_error_free(fault);
    return FLOW_OK;
}

static void note_cuts(struct spooldir *s)
{
    if (s->line.cuts == 0)
        return;
    flow_counter_add(s->cuts, (int64_t)s->line.cuts);
    flow_context_logf(s->ctx, FLOW_LOG_WARN,
                      "%llu lines of %s were longer than maxLineLength and became several events",
                      (unsigned long long)s->line.cuts, s->file.path);
    s->line.cuts = 0;
}

/* One batch of the open file. */
static enum step step(struct spooldir *s)
{
    flow_error *fault = NULL;
    int ends;
    int rc = fill(s, &ends, &fault);
    enum step next = GO_ON;

    if (commit(s, ends) != FLOW_OK) {
        next = STOPPING;
    } else if (rc == FLOW_ENOMEM) {
        /* The rest of the window is still there: memory may come back. */
        next = flow_wait(s->ctx, s->options.max_backoff) == FLOW_OK ? GO_ON : STOPPING;
    } else if (rc != FLOW_OK) {
        end_badly(s, s->file.path, rc, fault);
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
    spool_end(s);
    flow_batch_clear(s->batch);
    return next;
}

void spool_run(void *self)
{
    struct spooldir *s = self;

    spool_standing_look(s);
    while (!flow_context_stopping(s->ctx)) {
        if (!open_next(s)) {
            fl_forgetting_flush(&s->standing.done, s->emitter, s->batch);
            if (flow_wait(s->ctx, s->options.poll_delay) != FLOW_OK)
                break;
        } else if (spool_file_is_open(&s->file) && read_file(s) == STOPPING) {
            break;
        }
    }
}
