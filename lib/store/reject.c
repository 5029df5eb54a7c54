/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events that cannot be delivered: those that failed are counted, the one that it is for is sought,
 * put aside as a dead letter, and returned when somebody asks for it.
 */

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "core/context.h"
#include "store/scan.h"
#include "store/store_inner.h"

/* ---- writing letters ---- */

static struct fl_letter *find_letter(struct fl_cursor *cursor, uint64_t number)
{
    for (size_t i = 0; i < cursor->letters.count; i++) {
        struct fl_letter *letter = fl_vec_at(&cursor->letters, i);
        if (letter->number == number)
            return letter;
    }
    return NULL;
}

/* The letter is in the list before its frame is written, so that a state which knows its number
 * lists it.  Returns 1 when an older one had to go for it, -1 without memory. */
static int list_letter(struct fl_cursor *cursor, struct fl_letter *letter)
{
    struct fl_store *store = cursor->store;

    fl_lock(&cursor->lock);
    fl_lock(&store->lock);
    letter->number = store->next_letter++;
    fl_unlock(&store->lock);
    int full = cursor->letters.count >= FL_LETTERS_MOST;
    if (full) {
        fl_vec_remove(&cursor->letters, 0);
        cursor->skipped++;
    }
    int there = fl_vec_push(&cursor->letters, letter) != NULL;
    fl_unlock(&cursor->lock);
    return there ? full : -1;
}

static void unlist_letter(struct fl_cursor *cursor, uint64_t number)
{
    fl_lock(&cursor->lock);
    struct fl_letter *letter = find_letter(cursor, number);
    if (letter)
        fl_vec_remove(&cursor->letters,
                      (size_t)(letter - (struct fl_letter *)cursor->letters.items));
    fl_unlock(&cursor->lock);
}

static void place_letter(struct fl_cursor *cursor, uint64_t number, const struct fl_stripe *stripe,
                         const struct fl_entry *entry)
{
    fl_lock(&cursor->lock);
    struct fl_letter *letter = find_letter(cursor, number);
    if (letter) {
        letter->epoch = entry->epoch;
        letter->at = entry->at;
        letter->stripe = stripe->number;
    }
    fl_unlock(&cursor->lock);
}

static struct fl_entry entry_of(struct fl_store *store, const struct fl_buf *payload,
                                uint64_t offset, uint64_t needed)
{
    struct fl_entry entry = {.payload = payload->data, .secret = 1, .needed = needed};

    entry.frame.type = FL_FRAME_DEAD;
    entry.frame.size = (uint32_t)payload->size;
    entry.frame.first = offset;
    entry.frame.count = 1;
    entry.frame.time = flow_context_time(store->env.ctx);
    entry.frame.crc = fl_crc32c(0, payload->data, payload->size);
    return entry;
}

/* The frame of a letter acknowledges its event too.  Its place is known before it has landed, so
 * that no checkpoint passes it. */
static int write_letter(struct fl_cursor *cursor, struct fl_lot_ref **lots,
                        const struct fl_letter *letter, const struct fl_buf *payload,
                        flow_error **err)
{
    struct fl_store *store = cursor->store;
    struct fl_entry entry = entry_of(store, payload, letter->offset, letter->offset + 1);
    size_t count = 0;

    if (fl_cursor_pledge(cursor, lots, &count))
        return fl_error_nomem(err);
    struct fl_stripe *stripe = fl_store_stripe(store);
    int rc = fl_stripe_write(stripe, &entry, NULL, NULL, err);
    if (rc) {
        fl_cursor_unpledge(cursor, count);
    } else {
        fl_cursor_acknowledge(cursor, lots, count);
        place_letter(cursor, letter->number, stripe, &entry);
    }
    fl_stripe_land(stripe, &entry);
    fl_store_changed(store);
    return rc;
}

static void tell(struct fl_cursor *cursor, const struct fl_letter *letter, const char *reason)
{
    flow_context_logf(cursor->store->env.ctx, FLOW_LOG_WARN,
                      "event %" PRIu64 " is a dead letter of consumer '%s' after %u deliveries: %s",
                      letter->offset, cursor->name, letter->deliveries, reason);
}

/* Makes a dead letter of the one event of *LOTS. */
static int bury(struct fl_cursor *cursor, struct fl_lot_ref **lots, const char *reason,
                flow_error **err)
{
    const struct fl_lot_ref *lot = *lots;
    struct fl_letter letter = {.offset = fl_lot_first(lot),
                               .time = flow_context_time(cursor->store->env.ctx),
                               .deliveries = lot->failures};
    size_t size = strlen(reason);
    const struct fl_letter_text text = {.cursor = lot->id,
                                        .reason = reason,
                                        .reason_size = size < FL_LETTER_REASON ? (uint32_t)size
                                                                               : FL_LETTER_REASON};
    struct fl_buf payload;

    int full = list_letter(cursor, &letter);
    if (full < 0)
        return fl_error_nomem(err);
    fl_buf_init(&payload, cursor->store->env.mem);
    int rc = fl_letter_write(&payload, &letter, &text, lot->run->events[lot->index])
                 ? fl_error_nomem(err)
                 : FLOW_OK;
    if (!rc)
        rc = write_letter(cursor, lots, &letter, &payload, err);
    fl_buf_free(&payload);
    if (rc) {
        unlist_letter(cursor, letter.number);
        return rc;
    }
    tell(cursor, &letter, reason);
    if (full)
        flow_context_logf(cursor->store->env.ctx, FLOW_LOG_WARN,
                          "consumer '%s' has %u dead letters; the oldest was given up",
                          cursor->name, FL_LETTERS_MOST);
    return FLOW_OK;
}

/* ---- deliveries that failed ---- */

/* Counts a failure of each lot; returns how many events there are. */
static size_t count_failure(struct fl_cursor *cursor, struct fl_lot_ref *lots, int *suspects)
{
    size_t total = 0;

    *suspects = 0;
    for (; lots; lots = lots->next) {
        lots->failures += lots->failures < UINT32_MAX;
        total += lots->count;
        *suspects |= fl_lot_is_suspect(cursor, lots);
    }
    return total;
}

void fl_cursor_reject(struct fl_cursor *cursor, struct fl_lot_ref **lots, const char *reason)
{
    flow_error *error = NULL;
    int suspects = 0;

    fl_lock(&cursor->lock);
    fl_cursor_drop_void(cursor, lots);
    size_t total = count_failure(cursor, *lots, &suspects);
    int found = suspects && total == 1;
    if (suspects && !found)
        cursor->probe = (total + 1) / 2;
    if (!found)
        fl_cursor_return_locked(cursor, lots);
    fl_unlock(&cursor->lock);
    if (!found || !bury(cursor, lots, reason, &error))
        return;
    flow_context_logf(cursor->store->env.ctx, FLOW_LOG_ERROR,
                      "an event that cannot be delivered could not be put aside, tried again: %s",
                      flow_error_message(error));
    flow_error_free(error);
    fl_cursor_return(cursor, lots);
}

/* ---- reading letters ---- */

static int damaged(const struct fl_scan *scan, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE,
                           "%s: no dead letter is at byte %" PRIu64 "; see `flow log verify`",
                           scan->path, scan->at);
}

/* Reads the payload of the frame of LETTER. */
static int read_frame(struct fl_store *store, const struct fl_letter *letter,
                      struct fl_buf *payload, flow_error **err)
{
    const char *folder = store->stripes[letter->stripe].folder;
    struct fl_frame frame;
    struct fl_scan scan;
    int found = 0;
    int rc = fl_scan_open(&scan, &store->env, folder, letter->epoch, letter->at, err);

    if (rc)
        return rc;
    rc = fl_scan_next(&scan, &frame, &found, err);
    if (!rc && (!found || frame.type != FL_FRAME_DEAD))
        rc = damaged(&scan, err);
    if (!rc) {
        fl_buf_clear(payload);
        void *to =
            fl_buf_reserve(payload, (size_t)FL_FRAME_ROUND((uint64_t)fl_frame_plain(&frame)));
        rc = to ? fl_scan_payload(&scan, &frame, to, err) : fl_error_nomem(err);
    }
    if (!rc) {
        size_t size = fl_frame_plain(&frame);
        memset(payload->data + size, 0, (size_t)FL_FRAME_ROUND((uint64_t)size) - size);
        payload->size = size;
    }
    fl_scan_close(&scan);
    return rc;
}

/* Reads the text of LETTER from PAYLOAD, and makes a run of its event. */
static int read_text(struct fl_store *store, const struct fl_letter *letter,
                     const struct fl_buf *payload, struct fl_buf *reason, struct fl_run **run,
                     flow_error **err)
{
    struct fl_letter_text text;
    struct fl_letter mine;
    int rc = fl_letter_read(payload->data, payload->size, &mine, &text);

    if (!rc && mine.number != letter->number)
        rc = FLOW_EPARSE;
    if (!rc && reason)
        rc = fl_buf_append(reason, text.reason, text.reason_size);
    if (!rc && run)
        rc = fl_letter_run(&store->env, &text, letter->offset, run);
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    return rc ? flow_error_setf(err, FLOW_EPARSE,
                                "the dead letter of event %" PRIu64 " makes no sense",
                                letter->offset)
              : FLOW_OK;
}

/* Finds, under the cursor's lock, the first letter from FROM on that has its place. */
static const struct fl_letter *next_letter(const struct fl_cursor *cursor, uint64_t from)
{
    const struct fl_letter *best = NULL;

    for (size_t i = 0; i < cursor->letters.count; i++) {
        const struct fl_letter *letter = fl_vec_at(&cursor->letters, i);
        if (letter->epoch && letter->offset >= from && (!best || letter->offset < best->offset))
            best = letter;
    }
    return best;
}

static int get_letter(struct fl_cursor *cursor, uint64_t from, struct fl_letter *letter)
{
    fl_lock(&cursor->lock);
    const struct fl_letter *found = next_letter(cursor, from);
    if (found)
        *letter = *found;
    fl_unlock(&cursor->lock);
    return found ? FLOW_OK : FLOW_ENOENT;
}

/* Under the checkpoint's lock, so that no segment goes meanwhile. */
static int load_letter(struct fl_store *store, const struct fl_letter *letter,
                       struct fl_buf *reason, struct fl_run **run, flow_error **err)
{
    struct fl_buf payload;

    fl_buf_init(&payload, store->env.mem);
    int rc = read_frame(store, letter, &payload, err);
    if (!rc)
        rc = read_text(store, letter, &payload, reason, run, err);
    fl_buf_free(&payload);
    return rc;
}

int fl_cursor_letter(struct fl_cursor *cursor, uint64_t from, struct fl_letter *letter,
                     struct fl_buf *reason, struct fl_run **run, flow_error **err)
{
    struct fl_store *store = cursor->store;

    fl_lock(&store->checkpoint_lock);
    int rc = get_letter(cursor, from, letter);
    if (!rc && reason)
        rc = load_letter(store, letter, reason, run, err);
    fl_unlock(&store->checkpoint_lock);
    return rc;
}

/* ---- returning them ---- */

/* Puts the event of LETTER among those that were returned, unless the letter is gone meanwhile. */
static int return_letter(struct fl_cursor *cursor, const struct fl_letter *letter,
                         struct fl_run *run, flow_error **err)
{
    int rc = FLOW_OK;

    fl_lock(&cursor->lock);
    struct fl_letter *mine = find_letter(cursor, letter->number);
    struct fl_lot_ref *lot = mine && !mine->replayed ? fl_lot_new(cursor, run, 0, 1) : NULL;
    if (lot) {
        lot->letter = 1;
        mine->replayed = 1;
        fl_cursor_insert(cursor, lot);
        atomic_fetch_sub(&cursor->gone, 1);
    } else if (mine && !mine->replayed) {
        rc = fl_error_nomem(err);
    }
    fl_unlock(&cursor->lock);
    return rc;
}

int fl_cursor_replay(struct fl_cursor *cursor, uint64_t offset, flow_error **err)
{
    struct fl_store *store = cursor->store;
    struct fl_letter letter;
    struct fl_run *run = NULL;

    fl_lock(&store->checkpoint_lock);
    int rc = get_letter(cursor, offset, &letter);
    if (rc || letter.offset != offset)
        rc = flow_error_setf(err, FLOW_ENOENT, "consumer '%s' has no dead letter of event %" PRIu64,
                             cursor->name, offset);
    else if (!letter.replayed)
        rc = load_letter(store, &letter, NULL, &run, err);
    if (!rc && run)
        rc = return_letter(cursor, &letter, run, err);
    fl_unlock(&store->checkpoint_lock);
    fl_run_unref(run);
    return rc;
}

/* ---- keeping them while segments go ---- */

int fl_store_has_letters(struct fl_store *store, uint64_t epoch)
{
    int found = 0;

    for (struct fl_cursor *c = store->cursors; c && !found; c = c->next_cursor) {
        fl_lock(&c->lock);
        for (size_t i = 0; i < c->letters.count && !found; i++)
            found = ((struct fl_letter *)fl_vec_at(&c->letters, i))->epoch == epoch;
        fl_unlock(&c->lock);
    }
    return found;
}

/* Writes the frame of LETTER once more, as it is, to where the log is written now. */
static int rewrite(struct fl_cursor *cursor, const struct fl_letter *letter, flow_error **err)
{
    struct fl_store *store = cursor->store;
    struct fl_buf payload;

    fl_buf_init(&payload, store->env.mem);
    int rc = read_frame(store, letter, &payload, err);
    if (!rc) {
        struct fl_entry entry = entry_of(store, &payload, letter->offset, 0);
        struct fl_stripe *stripe = fl_store_stripe(store);
        rc = fl_stripe_write(stripe, &entry, NULL, NULL, err);
        if (!rc)
            place_letter(cursor, letter->number, stripe, &entry);
        fl_stripe_land(stripe, &entry);
    }
    fl_buf_free(&payload);
    return rc;
}

/* A letter of CURSOR in the segment EPOCH; 0 when there is none. */
static int letter_in(struct fl_cursor *cursor, uint64_t epoch, struct fl_letter *letter)
{
    int found = 0;

    fl_lock(&cursor->lock);
    for (size_t i = 0; i < cursor->letters.count && !found; i++) {
        const struct fl_letter *one = fl_vec_at(&cursor->letters, i);
        found = one->epoch == epoch;
        if (found)
            *letter = *one;
    }
    fl_unlock(&cursor->lock);
    return found;
}

static int vacate(struct fl_store *store, uint64_t epoch, flow_error **err)
{
    struct fl_letter letter;
    int rc = FLOW_OK;

    for (struct fl_cursor *c = store->cursors; c && !rc; c = c->next_cursor) {
        while (!rc && letter_in(c, epoch, &letter))
            rc = rewrite(c, &letter, err);
    }
    return rc;
}

static uint64_t floor_of(const struct fl_store *store)
{
    uint64_t floor = UINT64_MAX;

    for (struct fl_cursor *c = store->cursors; c; c = c->next_cursor) {
        fl_lock(&c->lock);
        floor = c->watermark < floor ? c->watermark : floor;
        fl_unlock(&c->lock);
    }
    return floor;
}

/* The oldest segment behind EPOCH, when it could go; 0: none. */
static uint64_t next_spent(struct fl_store *store, struct fl_stripe *stripe, uint64_t epoch,
                           struct fl_verge *verge)
{
    fl_lock(&stripe->lock);
    const struct fl_segment *segment = stripe->oldest;
    while (segment && segment->sum.epoch <= epoch)
        segment = segment->newer;
    uint64_t found = segment && fl_segment_is_spent(store, segment, verge) ? segment->sum.epoch : 0;
    fl_unlock(&stripe->lock);
    return found;
}

void fl_store_move_letters(struct fl_store *store)
{
    struct fl_verge verge = fl_store_verge(store, floor_of(store));
    flow_error *error = NULL;
    int rc = FLOW_OK;

    verge.keep = 0; /* the state that is about to be written is another one */
    uint64_t limit = atomic_load(&store->env.next_epoch); /* what this makes is not looked at */
    for (size_t i = 0; i < store->stripe_count && !rc; i++) {
        struct fl_stripe *stripe = &store->stripes[i];
        uint64_t epoch = next_spent(store, stripe, 0, &verge);
        for (; !rc && epoch && epoch < limit; epoch = next_spent(store, stripe, epoch, &verge))
            rc = vacate(store, epoch, &error);
    }
    if (rc)
        flow_context_logf(store->env.ctx, FLOW_LOG_ERROR,
                          "a dead letter keeps a file that is needed for nothing else: %s",
                          flow_error_message(error));
    flow_error_free(error);
}
