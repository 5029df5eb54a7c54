/* SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "store/stripe.h"

#define AHEAD ((uint64_t)1 << 20)
#define ZEROES ((size_t)64 << 10)
#define SEALED_KEPT ((size_t)4 << 20) /* room for encrypted bytes that is kept between writes */
#define YIELDS 20 /* each about a microsecond when nobody else wants to run */

int fl_stripe_init(struct fl_stripe *stripe, struct fl_store_env *env, const char *folder,
                   uint32_t number, uint32_t stripes)
{
    memset(stripe, 0, sizeof *stripe);
    stripe->env = env;
    stripe->number = number;
    stripe->stripes = stripes;
    stripe->fd = -1;
    stripe->queue_end = &stripe->queue;
    fl_vec_init(&stripe->spares, env->mem, sizeof(uint64_t));
    fl_vec_init(&stripe->parts, env->mem, sizeof(struct iovec));
    fl_buf_init(&stripe->sealed, env->mem);
    if (fl_lock_init(&stripe->lock))
        return FLOW_ENOMEM;
    stripe->folder = fl_strdup(env->mem, folder);
    if (stripe->folder)
        return FLOW_OK;
    fl_lock_destroy(&stripe->lock);
    return FLOW_ENOMEM;
}

void fl_stripe_destroy(struct fl_stripe *stripe)
{
    const flow_allocator *mem = stripe->env->mem;

    for (struct fl_segment *segment = stripe->oldest, *newer; segment; segment = newer) {
        newer = segment->newer;
        fl_free(mem, segment);
    }
    fl_file_close(stripe->env->io, stripe->fd);
    fl_vec_free(&stripe->spares);
    fl_vec_free(&stripe->parts);
    fl_gcm_free(stripe->gcm);
    fl_buf_free(&stripe->sealed);
    fl_free(mem, stripe->zeroes);
    fl_free(mem, stripe->folder);
    fl_lock_destroy(&stripe->lock);
}

/* ---- segments ---- */

static void link_segment(struct fl_stripe *stripe, struct fl_segment *segment)
{
    if (stripe->newest && segment->before < stripe->newest->before)
        segment->before = stripe->newest->before; /* nothing was put to that one */
    if (stripe->newest)
        stripe->newest->newer = segment;
    else
        stripe->oldest = segment;
    stripe->newest = segment;
}

static struct fl_segment *make_segment(const struct fl_stripe *stripe,
                                       const struct fl_segment_front *front)
{
    struct fl_segment *made = fl_zalloc(stripe->env->mem, sizeof *made);

    if (made) {
        made->sum = (struct fl_segment_sum){.epoch = front->epoch, .end = FL_SEGMENT_FRONT};
        made->first = front->first;
        made->before = front->before.last;
        made->time = front->time;
        made->encrypted = front->seal.name[0] != '\0';
    }
    return made;
}

struct fl_segment *fl_stripe_add(struct fl_stripe *stripe, const struct fl_segment_front *front)
{
    struct fl_segment *made = make_segment(stripe, front);

    if (made)
        link_segment(stripe, made);
    return made;
}

/* Free room on the disk is looked at where more of it is taken. */
static int check_space(const struct fl_stripe *stripe, uint64_t wanted, flow_error **err)
{
    const struct fl_store_env *env = stripe->env;
    uint64_t room = 0;
    int result = env->io->free_space(env->io->self, stripe->folder, &room);

    if (result < 0)
        return fl_error_errno(err, -result, "cannot ask for free space below", stripe->folder);
    if (room >= env->required_space && room - env->required_space >= wanted)
        return FLOW_OK;
    flow_error_setf(err, FLOW_EIO,
                    "usable space exhausted: only %" PRIu64 " bytes remain below %s, where %" PRIu64
                    " are required (minimumRequiredSpace)",
                    room, stripe->folder, env->required_space);
    flow_error_set_retriable(err, 1);
    return FLOW_EIO;
}

static uint64_t take_spare(struct fl_stripe *stripe)
{
    uint64_t number = 0;

    fl_lock(&stripe->lock);
    if (stripe->spares.count) {
        number = *(uint64_t *)fl_vec_at(&stripe->spares, stripe->spares.count - 1);
        stripe->spares.count--;
    }
    fl_unlock(&stripe->lock);
    return number;
}

/* The front of the segment behind the newest one. */
static struct fl_segment_front next_front(struct fl_stripe *stripe, uint64_t first)
{
    struct fl_store_env *env = stripe->env;
    struct fl_segment_front front = {
        .stripe = stripe->number,
        .stripes = stripe->stripes,
        .epoch = atomic_fetch_add(&env->next_epoch, 1),
        .first = first,
        .time = flow_context_time(env->ctx),
        .origin = env->origin,
    };

    memcpy(front.store, env->id, FL_STORE_ID);
    if (stripe->newest)
        front.before = stripe->newest->sum;
    if (stripe->newest && front.before.last < stripe->newest->before)
        front.before.last = stripe->newest->before; /* nothing was put to it */
    return front;
}

static void open_segment(struct fl_stripe *stripe, struct fl_segment *segment, int fd,
                         uint64_t filled)
{
    fl_lock(&stripe->lock);
    if (stripe->newest)
        stripe->newest->sealed = 1;
    link_segment(stripe, segment);
    stripe->synced = FL_SEGMENT_FRONT;
    fl_unlock(&stripe->lock);
    stripe->fd = fd;
    stripe->at = FL_SEGMENT_FRONT;
    stripe->limit = stripe->env->segment_size;
    stripe->filled = filled;
}

/* What was not synced when a sync failed cannot be relied on. */
static void cut_unsynced(struct fl_stripe *stripe)
{
    fl_lock(&stripe->lock);
    stripe->newest->sum.end = stripe->synced;
    fl_unlock(&stripe->lock);
}

/* Ends the segment that is open, if one is. */
static void close_segment(struct fl_stripe *stripe)
{
    const struct fl_io *io = stripe->env->io;
    flow_error *error = NULL;

    if (stripe->fd < 0)
        return;
    if (stripe->synced < stripe->at && fl_file_sync(io, stripe->fd, stripe->folder, &error)) {
        cut_unsynced(stripe);
        flow_context_logf(stripe->env->ctx, FLOW_LOG_ERROR,
                          "%s: what was committed since the last sync may be lost",
                          flow_error_message(error));
        flow_error_free(error);
    }
    fl_file_close(io, stripe->fd);
    stripe->fd = -1;
}

/* Makes the segment of FRONT, as the newest. */
static int create_segment(struct fl_stripe *stripe, const struct fl_segment_front *front,
                          uint64_t spare, flow_error **err)
{
    struct fl_store_env *env = stripe->env;
    struct fl_segment *segment = make_segment(stripe, front);
    int fd = -1;

    if (!segment)
        return fl_error_nomem(err);
    int rc = fl_segment_create(env, stripe->folder, front, spare, &fd, err);
    if (rc)
        fl_free(env->mem, segment);
    else
        open_segment(stripe, segment, fd, spare ? env->segment_size : FL_SEGMENT_FRONT);
    return rc;
}

/* Begins a segment for a frame of SPAN bytes whose event is FIRST. */
static int roll(struct fl_stripe *stripe, uint64_t first, uint64_t span, flow_error **err)
{
    struct fl_store_env *env = stripe->env;
    struct fl_gcm *gcm = NULL;

    close_segment(stripe);
    uint64_t spare = take_spare(stripe);
    int rc = spare ? FLOW_OK : check_space(stripe, span + FL_SEGMENT_FRONT, err);
    if (rc)
        return rc;
    struct fl_segment_front front = next_front(stripe, first);
    if (fl_sealing_is_active(env->sealing))
        rc = fl_seal_begin(env->sealing, front.epoch, &front.seal, &gcm, err);
    if (!rc)
        rc = create_segment(stripe, &front, spare, err);
    if (rc) {
        fl_gcm_free(gcm);
        return rc;
    }
    fl_gcm_free(stripe->gcm);
    stripe->gcm = gcm;
    env->nudge(env->self);
    return FLOW_OK;
}

/* ---- writing ---- */

/* Makes sure that a segment is open that has room for ENTRY. */
static int make_ready(struct fl_stripe *stripe, const struct fl_entry *entry, flow_error **err)
{
    uint64_t span = fl_frame_span(&entry->frame);
    int fits = stripe->at == FL_SEGMENT_FRONT || stripe->at + span <= stripe->limit;

    if (stripe->fd >= 0 && fits)
        return FLOW_OK;
    return roll(stripe, entry->frame.first, span, err);
}

/* Makes room for all that is encrypted of the entries from FIRST on, as many as the segment takes.
 */
static int reserve_sealed(struct fl_stripe *stripe, const struct fl_entry *first, flow_error **err)
{
    uint64_t at = stripe->at, size = 0;

    for (const struct fl_entry *entry = first; entry; entry = entry->next) {
        at += fl_frame_span(&entry->frame);
        if (entry != first && at > stripe->limit)
            break;
        if (entry->frame.flags & FL_FRAME_SEALED)
            size += FL_FRAME_ROUND((uint64_t)entry->frame.size);
    }
    if (stripe->sealed.capacity > SEALED_KEPT && size < SEALED_KEPT)
        fl_buf_free(&stripe->sealed);
    fl_buf_clear(&stripe->sealed);
    return fl_buf_reserve(&stripe->sealed, size) ? FLOW_OK : fl_error_nomem(err);
}

/*
 * Encrypts the payload of ENTRY for its place.  What is there already is left as it is: when this
 * write fails, it is encrypted again for another place.
 */
static int seal(struct fl_stripe *stripe, struct fl_entry *entry, uint64_t at, const void **payload,
                flow_error **err)
{
    uint8_t nonce[FL_GCM_NONCE], aad[FL_FRAME_FRONT];
    uint8_t *out = stripe->sealed.data + stripe->sealed.size;
    size_t size = entry->frame.size, room = (size_t)FL_FRAME_ROUND((uint64_t)size);
    const struct fl_gcm_text text = {
        nonce,
        {aad, FL_FRAME_AAD},
        {*payload, size - FL_SEAL_TAG},
    };

    fl_frame_nonce(at, nonce);
    fl_frame_aad(&entry->frame, aad);
    int rc = fl_gcm_encrypt(stripe->gcm, &text, out, err);
    memset(out + size, 0, room - size);
    entry->frame.crc = fl_crc32c(0, out, size);
    stripe->sealed.size += room;
    *payload = out;
    return rc;
}

/* Gives ENTRY its place at the end and adds it to the parts to write. */
static int place(struct fl_stripe *stripe, struct fl_entry *entry, uint64_t at, flow_error **err)
{
    size_t size = (size_t)FL_FRAME_ROUND((uint64_t)entry->frame.size);
    const void *payload = entry->payload;
    int rc = FLOW_OK;

    entry->frame.epoch = stripe->newest->sum.epoch;
    entry->frame.synced = (uint32_t)stripe->synced;
    if (entry->frame.flags & FL_FRAME_SEALED)
        rc = seal(stripe, entry, at, &payload, err);
    if (rc)
        return rc;
    fl_frame_write(&entry->frame, entry->front);
    const struct iovec parts[] = {{entry->front, FL_FRAME_FRONT},
                                  {(void *)(uintptr_t)payload, size}};
    if (!fl_vec_push(&stripe->parts, &parts[0]) ||
        (size && !fl_vec_push(&stripe->parts, &parts[1])))
        return fl_error_nomem(err);
    entry->at = at;
    return FLOW_OK;
}

/* Places entries from FIRST on, as many as the segment takes; *BEHIND is the first that it does
 * not. */
static int gather(struct fl_stripe *stripe, struct fl_entry *first, struct fl_entry **behind,
                  uint64_t *end, flow_error **err)
{
    struct fl_entry *entry = first;
    uint64_t at = stripe->at;
    int rc = stripe->gcm ? reserve_sealed(stripe, first, err) : FLOW_OK;

    stripe->parts.count = 0;
    for (; entry && !rc; entry = entry->next) {
        uint64_t span = fl_frame_span(&entry->frame);
        if (entry != first && at + span > stripe->limit)
            break;
        rc = place(stripe, entry, at, err);
        at += span;
    }
    *behind = entry;
    *end = at;
    return rc;
}

/*
 * A file that grows with each write makes the disk note its new size with each sync, which costs as
 * much as the sync itself.  So a small write behind the end takes zeroes along for those to come.
 */
static void add_zeroes(struct fl_stripe *stripe, uint64_t end)
{
    uint64_t to = end + AHEAD < stripe->limit ? end + AHEAD : stripe->limit;

    if (end <= stripe->filled || end - stripe->at > AHEAD / 8)
        return;
    if (!stripe->zeroes)
        stripe->zeroes = fl_zalloc(stripe->env->mem, ZEROES);
    while (stripe->zeroes && end < to) {
        struct iovec part = {stripe->zeroes, to - end < ZEROES ? (size_t)(to - end) : ZEROES};
        if (!fl_vec_push(&stripe->parts, &part))
            return; /* it works without */
        end += part.iov_len;
    }
    stripe->filled = end;
}

static int write_parts(struct fl_stripe *stripe, flow_error **err)
{
    const struct fl_store_env *env = stripe->env;
    const char *path = stripe->folder;
    int rc = fl_file_write_at(env->io, stripe->fd, stripe->parts.items, stripe->parts.count,
                              (int64_t)stripe->at, path, err);

    return rc || env->lazy ? rc : fl_file_sync(env->io, stripe->fd, path, err);
}

static void count_entry(struct fl_segment *segment, const struct fl_entry *entry)
{
    const struct fl_frame *frame = &entry->frame;

    if (entry->needed > segment->sum.needed)
        segment->sum.needed = entry->needed;
    if (frame->type != FL_FRAME_PUT)
        return;
    segment->end_time = frame->time;
    if (frame->count)
        segment->sum.last = frame->first + frame->count;
}

/* Entries from FIRST up to BEHIND are on disk. */
static void succeed(struct fl_stripe *stripe, struct fl_entry *first, const struct fl_entry *behind,
                    uint64_t end)
{
    struct fl_segment *segment = stripe->newest;

    fl_lock(&stripe->lock);
    int was_busy = segment->busy;
    stripe->at = end;
    segment->sum.end = end;
    segment->busy = end >= stripe->limit / 4;
    if (!stripe->env->lazy)
        stripe->synced = end;
    for (struct fl_entry *entry = first; entry != behind; entry = entry->next) {
        count_entry(segment, entry);
        entry->epoch = segment->sum.epoch;
        entry->done = 1;
    }
    int now_busy = segment->busy && !was_busy;
    fl_unlock(&stripe->lock);
    if (now_busy)
        stripe->env->nudge(stripe->env->self);
}

/* Writes those entries of a list that go into the open segment; *LIST is what is left. */
static int write_portion(struct fl_stripe *stripe, struct fl_entry **list, flow_error **err)
{
    struct fl_entry *behind = NULL;
    uint64_t end = 0;
    int rc = gather(stripe, *list, &behind, &end, err);

    if (rc)
        return rc;
    add_zeroes(stripe, end);
    rc = write_parts(stripe, err);
    if (rc) {
        fl_file_close(stripe->env->io, stripe->fd);
        stripe->fd = -1; /* nobody knows what it holds now */
        return rc;
    }
    succeed(stripe, *list, behind, end);
    *list = behind;
    return FLOW_OK;
}

static void fail(struct fl_stripe *stripe, struct fl_entry *list, int rc, const flow_error *error)
{
    fl_lock(&stripe->lock);
    for (; list; list = list->next) {
        list->rc = rc;
        list->error = fl_error_copy(error);
        list->done = 1;
    }
    fl_unlock(&stripe->lock);
}

/*
 * Writes a list of entries.  What failed is still in memory, so it is written once more, to a new
 * segment: a disk that lost a page may well take the next one.
 */
static void write_all(struct fl_stripe *stripe, struct fl_entry *list)
{
    flow_error *error = NULL;
    int rc = FLOW_OK, tries = 0;

    while (list && !rc) {
        rc = make_ready(stripe, list, &error);
        if (rc)
            break;
        rc = write_portion(stripe, &list, &error);
        if (!rc || tries++)
            continue;
        flow_context_logf(stripe->env->ctx, FLOW_LOG_WARN, "%s; the log goes on in a new segment",
                          flow_error_message(error));
        flow_error_free(error);
        error = NULL;
        rc = FLOW_OK;
    }
    if (rc)
        fail(stripe, list, rc, error);
    flow_error_free(error);
}

static int is_queued(const struct fl_stripe *stripe, pthread_t owner)
{
    const struct fl_entry *entry = stripe->queue;

    while (entry && !pthread_equal(entry->owner, owner))
        entry = entry->next;
    return entry != NULL;
}

/* How many of those whose frames were just written have not come back with others. */
static uint32_t missing(const struct fl_stripe *stripe)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < stripe->last_count; i++)
        count += !is_queued(stripe, stripe->last[i]);
    return count;
}

/* Notes who is in the queue, without telling anybody twice. */
static void note_group(struct fl_stripe *stripe)
{
    stripe->last_count = 0;
    for (const struct fl_entry *e = stripe->queue; e; e = e->next) {
        if (stripe->last_count < FL_STRIPE_SIBLINGS)
            stripe->last[stripe->last_count++] = e->owner;
    }
}

/*
 * Under the lock, which it gives up meanwhile.  Two threads that commit in turn would each wait for
 * the sync of the other; so whoever writes lets those who have just returned from a commit come
 * back with the next, for a fraction of what a sync takes.  Alone, nobody waits.
 */
static void await_siblings(struct fl_stripe *stripe)
{
    uint32_t wanted = atomic_load(&stripe->queued) + missing(stripe);

    fl_unlock(&stripe->lock);
    for (int i = 0; i < YIELDS && atomic_load(&stripe->queued) < wanted; i++)
        sched_yield();
    fl_lock(&stripe->lock);
}

/* Under the lock: writes what is queued, without the lock. */
static void lead(struct fl_stripe *stripe)
{
    stripe->leading = 1;
    if (missing(stripe))
        await_siblings(stripe);
    struct fl_entry *list = stripe->queue;
    note_group(stripe);
    stripe->queue = NULL;
    stripe->queue_end = &stripe->queue;
    atomic_store(&stripe->queued, 0);
    fl_unlock(&stripe->lock);
    write_all(stripe, list);
    fl_lock(&stripe->lock);
    stripe->leading = 0;
    fl_lock_wake(&stripe->lock);
}

/* ---- for those who write ---- */

static void take_off(struct fl_stripe *stripe, struct fl_entry *entry)
{
    entry->older = stripe->flight_newest;
    entry->newer = NULL;
    if (entry->older)
        entry->older->newer = entry;
    else
        stripe->flight_oldest = entry;
    stripe->flight_newest = entry;
}

int fl_stripe_write(struct fl_stripe *stripe, struct fl_entry *entry,
                    void (*order)(void *arg, struct fl_entry *entry), void *arg, flow_error **err)
{
    entry->next = NULL;
    entry->epoch = 0;
    entry->done = entry->rc = 0;
    entry->error = NULL;
    entry->owner = pthread_self();
    if (entry->secret && fl_sealing_is_active(stripe->env->sealing)) {
        entry->frame.flags |= FL_FRAME_SEALED;
        entry->frame.size += FL_SEAL_TAG;
    }
    fl_lock(&stripe->lock);
    if (order)
        order(arg, entry);
    *stripe->queue_end = entry;
    stripe->queue_end = &entry->next;
    atomic_fetch_add(&stripe->queued, 1);
    take_off(stripe, entry);
    while (!entry->done) {
        if (stripe->leading)
            fl_lock_wait(&stripe->lock, fl_clock_system(), FL_NEVER);
        else
            lead(stripe);
    }
    fl_unlock(&stripe->lock);
    if (entry->rc)
        fl_error_pass(err, entry->error);
    return entry->rc;
}

void fl_stripe_land(struct fl_stripe *stripe, struct fl_entry *entry)
{
    fl_lock(&stripe->lock);
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        stripe->flight_oldest = entry->newer;
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        stripe->flight_newest = entry->older;
    fl_unlock(&stripe->lock);
}

static struct fl_segment *segment_of(const struct fl_stripe *stripe, uint64_t epoch)
{
    struct fl_segment *segment = stripe->oldest;

    while (segment && segment->sum.epoch != epoch)
        segment = segment->newer;
    return segment;
}

/* An entry that is not written yet goes behind everything that is. */
void fl_stripe_scan_point(struct fl_stripe *stripe, struct fl_scan_point *point)
{
    *point = (struct fl_scan_point){0};
    fl_lock(&stripe->lock);
    if (stripe->newest) {
        point->epoch = stripe->newest->sum.epoch;
        point->at = stripe->newest->sum.end;
    }
    for (const struct fl_entry *e = stripe->flight_oldest; e; e = e->newer) {
        if (e->epoch && (e->epoch < point->epoch ||
                         (e->epoch == point->epoch && e->at < point->at))) {
            point->epoch = e->epoch;
            point->at = e->at;
        }
    }
    const struct fl_segment *segment = segment_of(stripe, point->epoch);
    if (segment) {
        point->last = segment->sum.last;
        point->needed = segment->sum.needed;
    }
    fl_unlock(&stripe->lock);
}

int fl_stripe_sync(struct fl_stripe *stripe, flow_error **err)
{
    int rc = FLOW_OK;

    fl_lock(&stripe->lock);
    while (stripe->leading)
        fl_lock_wait(&stripe->lock, fl_clock_system(), FL_NEVER);
    stripe->leading = 1;
    uint64_t end = stripe->at;
    int wanted = stripe->fd >= 0 && stripe->synced < end;
    fl_unlock(&stripe->lock);
    if (wanted)
        rc = fl_file_sync(stripe->env->io, stripe->fd, stripe->folder, err);
    fl_lock(&stripe->lock);
    if (rc) {
        stripe->newest->sum.end = stripe->synced;
        fl_file_close(stripe->env->io, stripe->fd);
        stripe->fd = -1;
    } else if (wanted) {
        stripe->synced = end;
    }
    stripe->leading = 0;
    fl_lock_wake(&stripe->lock);
    fl_unlock(&stripe->lock);
    return rc;
}
