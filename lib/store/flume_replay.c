/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finds what is in the channel: from the checkpoint, if there is one, on through all records that
 * came later, merged from all logs in the order in which Flume wrote them.
 */

#include <string.h>

#include "base/error.h"
#include "store/flume_inner.h"

/* The next record of a log. */
struct head {
    struct fl_flume_record record;
    int64_t at;
    size_t log; /* index */
};

/* ---- a heap, with the steps of Java's PriorityQueue, so that equals come out as there ---- */

/* Where a record of a kind stands among those of its transaction that have the same order, which
 * Flume 1.2 gave to several. */
static int rank(enum fl_flume_kind kind)
{
    return kind == FL_FLUME_TAKE ? 0 : (int)kind;
}

static int64_t three_way(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t compare(const struct head *a, const struct head *b)
{
    int64_t by = three_way(a->record.order, b->record.order);

    if (by == 0)
        by = three_way(a->record.transaction, b->record.transaction);
    return by ? by : rank(a->record.kind) - rank(b->record.kind);
}

static void sift_up(struct fl_vec *heads, size_t at, const struct head *moved)
{
    struct head *items = heads->items;

    while (at > 0 && compare(moved, &items[(at - 1) / 2]) < 0) {
        items[at] = items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    items[at] = *moved;
}

static void sift_down(struct fl_vec *heads, const struct head *moved)
{
    struct head *items = heads->items;
    size_t at = 0;
    size_t child;

    while ((child = 2 * at + 1) < heads->count) {
        if (child + 1 < heads->count && compare(&items[child], &items[child + 1]) > 0)
            child++;
        if (compare(moved, &items[child]) <= 0)
            break;
        items[at] = items[child];
        at = child;
    }
    items[at] = *moved;
}

static struct head pop(struct fl_vec *heads)
{
    struct head *items = heads->items;
    struct head first = items[0];
    struct head last = items[--heads->count];

    if (heads->count > 0)
        sift_down(heads, &last);
    return first;
}

/* Reads the next record of a log into the heap; a log at its end gives its memory back. */
static int push_next(struct fl_flume_replay *replay, size_t log, flow_error **err)
{
    struct fl_flume_cursor *cursor = &replay->cursors[log];
    struct head head = {.log = log};
    int rc = fl_flume_cursor_next(replay->import, cursor, &head.record, &head.at, err);

    if (rc == 0)
        fl_buf_free(&cursor->window.bytes);
    if (rc <= 0)
        return rc;
    /* Of the record nothing is kept that points into the window. */
    head.record.put = (struct fl_flume_put){0};
    if (!fl_vec_push(&replay->heads, &head))
        return fl_error_nomem(err);
    sift_up(&replay->heads, replay->heads.count - 1, &head);
    return FLOW_OK;
}

/* ---- records ---- */

/* What was taken by a transaction that comes earlier here is not in the channel. */
static int commit_puts(struct fl_flume_replay *replay,
                       const struct fl_flume_transaction *transaction)
{
    for (size_t i = 0; i < transaction->pointers.count; i++) {
        uint64_t pointer;
        if (fl_flume_transaction_at(transaction, i, &pointer) ||
            fl_flume_queue_remove(&replay->pending, pointer))
            continue;
        if (fl_flume_queue_add(&replay->import->queue, pointer))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int commit_takes(struct fl_flume_replay *replay,
                        const struct fl_flume_transaction *transaction)
{
    for (size_t i = 0; i < transaction->pointers.count; i++) {
        uint64_t pointer;
        /* An event of a log that was deleted since never comes. */
        if (!fl_flume_transaction_at(transaction, i, &pointer) ||
            fl_flume_queue_remove(&replay->import->queue, pointer) ||
            !fl_flume_log_at(replay->import, (uint32_t)(pointer >> 32)))
            continue;
        if (fl_flume_queue_add(&replay->pending, pointer))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int commit(struct fl_flume_replay *replay, const struct fl_flume_record *record)
{
    struct fl_flume_transaction *ended =
        fl_flume_transactions_end(&replay->open, record->transaction);
    struct fl_flume_transaction *taken = NULL;
    int rc = FLOW_OK;

    replay->import->counts.commits++;
    if (record->committed == FL_FLUME_TAKE)
        taken = fl_flume_transactions_end(&replay->taken, record->transaction);
    if (ended && record->committed == FL_FLUME_PUT)
        rc = commit_puts(replay, ended);
    else if (ended)
        rc = commit_takes(replay, ended);
    if (taken && !rc)
        rc = commit_takes(replay, taken);
    fl_flume_transaction_free(ended);
    fl_flume_transaction_free(taken);
    return rc;
}

static int apply(struct fl_flume_replay *replay, const struct head *head)
{
    const struct fl_flume_record *record = &head->record;
    struct fl_flume_counts *counts = &replay->import->counts;
    const struct fl_flume_log *log = replay->cursors[head->log].window.log;

    switch (record->kind) {
    case FL_FLUME_PUT:
        counts->puts++;
        return fl_flume_transactions_add(&replay->open, record->transaction,
                                         fl_flume_pointer(log->number, (uint32_t)head->at), 0);
    case FL_FLUME_TAKE:
        counts->takes++;
        return fl_flume_transactions_add(&replay->open, record->transaction, record->taken, 1);
    case FL_FLUME_COMMIT: return commit(replay, record);
    default: break;
    }
    counts->rollbacks++;
    fl_flume_transaction_free(fl_flume_transactions_end(&replay->open, record->transaction));
    return FLOW_OK;
}

/* ---- all of it ---- */

/* Where the records begin that the checkpoint of ORDER does not know. */
static int64_t start_of(const struct fl_flume_log *log, int64_t order)
{
    const struct fl_flume_log_meta *meta = &log->meta;
    int64_t first = meta->version == FL_FLUME_VERSION_2 ? FL_FLUME_LOG_HEAD_SIZE : 0;
    int64_t start = first;

    if (order > 0 && meta->order <= order)
        start = meta->position;
    else if (order > 0 && meta->backup_order <= order)
        start = meta->backup_position;
    return start > first ? start : first;
}

static int merge(struct fl_flume_replay *replay, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < replay->import->logs.count && !rc; i++) {
        struct fl_flume_cursor *cursor = &replay->cursors[i];
        const struct fl_flume_log *log = fl_vec_at(&replay->import->logs, i);
        fl_flume_window_init(&cursor->window, replay->import->options.mem);
        cursor->window.log = log;
        cursor->offset = start_of(log, replay->order);
        rc = push_next(replay, i, err);
    }
    while (!rc && replay->heads.count > 0) {
        struct head head = pop(&replay->heads);
        if (head.record.order > replay->order && apply(replay, &head))
            rc = fl_error_nomem(err);
        if (!rc)
            rc = push_next(replay, head.log, err);
    }
    return rc;
}

static int by_order(const void *a, const void *b)
{
    const struct fl_flume_returned *one = a;
    const struct fl_flume_returned *other = b;
    int64_t by = three_way(one->order, other->order);

    return (int)(by ? by : three_way((int64_t)one->pointer, (int64_t)other->pointer));
}

/* Puts what a transaction had taken at the checkpoint back to the front, unless it is gone. */
static int give_back(struct fl_flume_replay *replay, uint64_t pointer, flow_error **err)
{
    struct fl_flume_import *import = replay->import;
    struct fl_flume_returned returned = {.pointer = pointer};
    struct fl_flume_record record;

    /* Another transaction got it when this one rolled back. */
    if (fl_flume_queue_has(&replay->pending, pointer) ||
        fl_flume_queue_has(&import->queue, pointer))
        return FLOW_OK;
    int rc = fl_flume_put_at(import, pointer, &record, err);
    if (rc <= 0)
        return rc;
    returned.order = record.order;
    return fl_vec_push(&import->returned, &returned) ? FLOW_OK : fl_error_nomem(err);
}

/* What was taken at the checkpoint and by no transaction that committed goes to the front, in the
 * order in which it was put. */
static int give_all_back(struct fl_flume_replay *replay, flow_error **err)
{
    const struct fl_flume_transaction *transaction = NULL;
    int rc = FLOW_OK;

    while (!rc && (transaction = fl_flume_transactions_next(&replay->taken, transaction))) {
        for (size_t i = 0; i < transaction->pointers.count && !rc; i++) {
            uint64_t pointer;
            (void)fl_flume_transaction_at(transaction, i, &pointer);
            rc = give_back(replay, pointer, err);
        }
    }
    fl_vec_sort(&replay->import->returned, by_order);
    return rc;
}

/* What transactions that are still open at the end did. */
static void count(struct fl_flume_replay *replay)
{
    struct fl_flume_counts *counts = &replay->import->counts;
    const struct fl_flume_transaction *transaction = NULL;

    while ((transaction = fl_flume_transactions_next(&replay->open, transaction))) {
        counts->open_takes += transaction->takes;
        counts->open_puts += transaction->pointers.count - transaction->takes;
    }
    counts->returned = replay->import->returned.count;
    counts->open_takes += counts->returned;
    counts->events = replay->import->returned.count + replay->import->queue.live;
}

static void free_replay(struct fl_flume_replay *replay)
{
    for (size_t i = 0; replay->cursors && i < replay->import->logs.count; i++)
        fl_buf_free(&replay->cursors[i].window.bytes);
    fl_free(replay->import->options.mem, replay->cursors);
    fl_vec_free(&replay->heads);
    fl_flume_transactions_free(&replay->open);
    fl_flume_transactions_free(&replay->taken);
    fl_flume_queue_free(&replay->pending);
}

int fl_flume_replay(struct fl_flume_import *import, flow_error **err)
{
    const flow_allocator *mem = import->options.mem;
    struct fl_flume_replay replay = {.import = import};

    fl_vec_init(&replay.heads, mem, sizeof(struct head));
    fl_flume_transactions_init(&replay.open, mem);
    fl_flume_transactions_init(&replay.taken, mem);
    fl_flume_queue_init(&replay.pending, mem);
    int rc = fl_flume_restore(import, &replay, err);
    if (!rc && import->logs.count > 0) {
        replay.cursors = fl_calloc(mem, import->logs.count, sizeof *replay.cursors);
        rc = replay.cursors ? merge(&replay, err) : fl_error_nomem(err);
    }
    if (!rc)
        rc = give_all_back(&replay, err);
    if (!rc)
        count(&replay);
    free_replay(&replay);
    return rc;
}
