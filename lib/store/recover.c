/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a store finds when it is opened.  The control folder says from where on the log has to be
 * read; without it, all of it is.  A segment that has a successor must be whole up to where that
 * says; the last one ends at its first place without a frame, unless a later frame proves that
 * there was one.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "core/context.h"
#include "store/scan.h"
#include "store/store_inner.h"

/* A segment that is not there. */
struct absent {
    const struct fl_stripe *stripe;
    struct fl_segment_sum sum;
    uint64_t successor;
};

/* A file that is there and no part of the log any more. */
struct dead {
    const struct fl_stripe *stripe;
    uint64_t epoch;
};

struct recovery {
    struct fl_vec absent; /* of struct absent */
    struct fl_vec dead;   /* of struct dead */
    struct fl_store *store;
    struct fl_control control;
    struct fl_state state;
    struct fl_buf payload;
    uint32_t stripe; /* that is read */
    int damaged;     /* control files that are not whole */
    int has_id;
    int has_keys; /* some segment is encrypted */
};

/* ---- what is in a folder ---- */

struct listing {
    struct fl_stripe *stripe;
    struct fl_vec segments; /* of uint64_t */
    uint64_t highest;
};

static int note_name(void *arg, const char *name)
{
    struct listing *listing = arg;
    uint64_t number = 0;
    struct fl_vec *to = NULL;

    if (fl_segment_is_name(name, &number))
        to = &listing->segments;
    else if (fl_spare_is_name(name, &number))
        to = &listing->stripe->spares;
    if (number > listing->highest)
        listing->highest = number;
    return to && !fl_vec_push(to, &number) ? FLOW_ENOMEM : 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

    return first < second ? -1 : first > second;
}

static int list_folder(struct fl_store *store, struct listing *listing, flow_error **err)
{
    const struct fl_io *io = store->env.io;
    int result = io->list(io->self, listing->stripe->folder, note_name, listing);

    if (result == FLOW_ENOMEM)
        return fl_error_nomem(err);
    if (result < 0)
        return fl_error_errno(err, -result, "cannot list", listing->stripe->folder);
    fl_vec_sort(&listing->segments, by_number);
    return FLOW_OK;
}

/* ---- single segments ---- */

/* A file whose making was interrupted holds no frame; anything else is not for us to remove. */
static int drop_unborn(struct recovery *r, struct fl_stripe *stripe, uint64_t number,
                       flow_error *why, flow_error **err)
{
    struct fl_store_env *env = &r->store->env;
    struct fl_frame frame;
    struct fl_scan scan;
    uint64_t place = 0;
    int rc = fl_scan_open(&scan, env, stripe->folder, number, FL_SEGMENT_FRONT, err);

    if (rc)
        return rc;
    rc = fl_scan_find(&scan, FL_SEGMENT_FRONT, &frame, &place, err);
    int found = place != 0;
    for (size_t i = 0; i < r->control.points.count; i++) {
        const struct fl_scan_point *point = fl_vec_at(&r->control.points, i);
        found |= point->epoch == number;
    }
    if (!rc && found)
        rc = flow_error_setf(err, FLOW_EPARSE, "%s; see `flow log repair`",
                             flow_error_message(why));
    if (!rc)
        env->io->unlink(env->io->self, scan.path);
    fl_scan_close(&scan);
    return rc;
}

static int check_owner(struct recovery *r, const struct fl_stripe *stripe,
                       const struct fl_segment_front *front, flow_error **err)
{
    struct fl_store *store = r->store;

    if (!r->has_id) {
        memcpy(store->env.id, front->store, FL_STORE_ID);
        r->has_id = 1;
    }
    if (memcmp(store->env.id, front->store, FL_STORE_ID))
        return flow_error_setf(err, FLOW_ECONFIG,
                               "the segments in %s belong to another channel than those found "
                               "before",
                               stripe->folder);
    if (front->stripe != stripe->number || front->stripes != store->stripe_count)
        return flow_error_setf(err, FLOW_ECONFIG,
                               "%s was data directory %u of %u of its channel and is now %u of "
                               "%zu; dataDirs must stay as they are while the channel holds events",
                               stripe->folder, front->stripe + 1, front->stripes,
                               stripe->number + 1, store->stripe_count);
    return FLOW_OK;
}

/* Takes the segments behind LAST, or all, out of the log. */
static int drop_behind(struct recovery *r, struct fl_stripe *stripe, struct fl_segment *last,
                       flow_error **err)
{
    struct fl_segment **link = last ? &last->newer : &stripe->oldest;

    stripe->newest = last;
    while (*link) {
        struct fl_segment *segment = *link;
        const struct dead dead = {stripe, segment->sum.epoch};
        if (!fl_vec_push(&r->dead, &dead))
            return fl_error_nomem(err);
        *link = segment->newer;
        fl_free(r->store->env.mem, segment);
    }
    return FLOW_OK;
}

/*
 * The segment before the one of FRONT is missing.  Segments are given up in order and durably said
 * not to be needed before; so it, and with it all that are older, may be gone or not.  Whether that
 * is so is seen when it is known what is needed.
 */
static int pass_over(struct recovery *r, struct fl_stripe *stripe,
                     const struct fl_segment_front *front, flow_error **err)
{
    const struct absent absent = {stripe, front->before, front->epoch};

    if (!fl_vec_push(&r->absent, &absent))
        return fl_error_nomem(err);
    return drop_behind(r, stripe, NULL, err);
}

/* The segment of FRONT says how much the one before it counts for. */
static int seal_before(struct recovery *r, struct fl_stripe *stripe,
                       const struct fl_segment_front *front, flow_error **err)
{
    struct fl_segment *before = stripe->oldest;

    while (before && before->sum.epoch != front->before.epoch)
        before = before->newer;
    if (!before)
        return front->before.epoch ? pass_over(r, stripe, front, err) : FLOW_OK;
    before->sum = front->before;
    before->sealed = 1;
    /* What lies between was made and, as that failed, never used. */
    return drop_behind(r, stripe, before, err);
}

static int join_segment(struct recovery *r, struct fl_stripe *stripe,
                        const struct fl_segment_front *front, flow_error **err)
{
    int rc = seal_before(r, stripe, front, err);

    if (rc)
        return rc;
    r->has_keys |= front->seal.name[0] != '\0';
    if (fl_store_note_life(r->store, front))
        return fl_error_nomem(err);
    return fl_stripe_add(stripe, front) ? FLOW_OK : fl_error_nomem(err);
}

/* Adds the segment NUMBER to its stripe. */
static int add_segment(struct recovery *r, struct fl_stripe *stripe, uint64_t number,
                       flow_error **err)
{
    struct fl_store_env *env = &r->store->env;
    struct fl_segment_front front;
    char name[FL_SEGMENT_NAME];
    flow_error *why = NULL;

    fl_segment_name(name, number);
    char *path = fl_store_path(env->mem, stripe->folder, name);
    if (!path)
        return fl_error_nomem(err);
    int rc = fl_segment_load(env, path, &front, &why);
    if (rc == FLOW_EPARSE)
        rc = drop_unborn(r, stripe, number, why, err);
    else if (rc)
        flow_error_setf(err, rc, "%s", flow_error_message(why));
    else if (!(rc = check_owner(r, stripe, &front, err)) &&
             !(rc = fl_segment_check_name(path, number, &front, err)))
        rc = join_segment(r, stripe, &front, err);
    flow_error_free(why);
    fl_free(env->mem, path);
    return rc;
}

/* Whether a spare file holds what was a segment with nothing in it encrypted. */
static int is_plain(const struct fl_store_env *env, const char *path)
{
    struct fl_segment_front front;

    return fl_segment_load(env, path, &front, NULL) == FLOW_OK && !front.seal.name[0];
}

/* Removes what events of long ago could still be read in. */
static int drop_plain_spares(struct recovery *r, struct fl_stripe *stripe, flow_error **err)
{
    const struct fl_store_env *env = &r->store->env;
    char name[FL_SEGMENT_NAME];

    for (size_t i = stripe->spares.count; i-- > 0;) {
        fl_spare_name(name, *(uint64_t *)fl_vec_at(&stripe->spares, i));
        char *path = fl_store_path(env->mem, stripe->folder, name);
        if (!path)
            return fl_error_nomem(err);
        if (is_plain(env, path)) {
            env->io->unlink(env->io->self, path);
            fl_vec_remove(&stripe->spares, i);
        }
        fl_free(env->mem, path);
    }
    return FLOW_OK;
}

static int find_segments(struct recovery *r, struct fl_stripe *stripe, flow_error **err)
{
    struct listing listing = {.stripe = stripe};

    fl_vec_init(&listing.segments, r->store->env.mem, sizeof(uint64_t));
    int rc = list_folder(r->store, &listing, err);
    for (size_t i = 0; i < listing.segments.count && !rc; i++)
        rc = add_segment(r, stripe, *(uint64_t *)fl_vec_at(&listing.segments, i), err);
    if (!rc && fl_sealing_is_active(r->store->env.sealing))
        rc = drop_plain_spares(r, stripe, err);
    if (listing.highest >= atomic_load(&r->store->env.next_epoch))
        atomic_store(&r->store->env.next_epoch, listing.highest + 1);
    fl_vec_free(&listing.segments);
    return rc;
}

/* ---- frames ---- */

static int read_payload(struct recovery *r, struct fl_scan *scan, const struct fl_frame *frame,
                        flow_error **err)
{
    fl_buf_clear(&r->payload);
    void *to = fl_buf_reserve(&r->payload, fl_frame_plain(frame));

    return to ? fl_scan_payload(scan, frame, to, err) : fl_error_nomem(err);
}

static int bad_frame(const struct fl_scan *scan, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE,
                           "%s: the frame at byte %" PRIu64 " makes no sense; see `flow log "
                           "verify` and `flow log repair`",
                           scan->path, scan->payload_at - FL_FRAME_FRONT);
}

/* A put may be one of positions only. */
static int apply_put(struct recovery *r, struct fl_segment *segment, const struct fl_frame *frame)
{
    const uint8_t *behind = r->payload.data + fl_frame_plain(frame);
    uint64_t end = frame->first + frame->count;

    if (frame->count) {
        segment->end_time = frame->time;
        segment->sum.last = end > segment->sum.last ? end : segment->sum.last;
        segment->sum.needed = end > segment->sum.needed ? end : segment->sum.needed;
    }
    return fl_state_join_put(&r->state, frame, behind);
}

static int apply_dead(struct recovery *r, struct fl_segment *segment, const struct fl_scan *scan,
                      uint32_t size)
{
    const struct fl_letter place = {
        .epoch = segment->sum.epoch, .at = scan->payload_at - FL_FRAME_FRONT, .stripe = r->stripe};
    uint64_t end = 0;
    int rc = fl_state_join_dead(&r->state, r->payload.data, size, &place, &end);

    segment->sum.needed = end > segment->sum.needed ? end : segment->sum.needed;
    return rc;
}

/* Takes note of a frame whose payload was read. */
static int apply(struct recovery *r, struct fl_segment *segment, const struct fl_scan *scan,
                 const struct fl_frame *frame, flow_error **err)
{
    const uint8_t *data = r->payload.data;
    uint32_t size = fl_frame_plain(frame);
    int rc = FLOW_OK;

    if (frame->type == FL_FRAME_PUT) {
        rc = apply_put(r, segment, frame);
    } else if (frame->type == FL_FRAME_ACK) {
        uint64_t end = 0;
        rc = fl_state_join_ack(&r->state, data, size, frame->positions, &end);
        segment->sum.needed = end > segment->sum.needed ? end : segment->sum.needed;
    } else if (frame->type == FL_FRAME_DEAD) {
        rc = apply_dead(r, segment, scan, size);
    } else if (frame->type == FL_FRAME_STATE) {
        r->store->keeper.state_epoch = segment->sum.epoch;
        rc = fl_state_join(&r->state, data, size);
    } else if (frame->type == FL_FRAME_LOST) { /* its offsets are not given out again */
        uint64_t end = frame->first + frame->count;
        segment->sum.last = end > segment->sum.last ? end : segment->sum.last;
    } else {
        rc = FLOW_EPARSE;
    }
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    return rc ? bad_frame(scan, err) : FLOW_OK;
}

/* There is no frame where the scan stands: is that the end? */
static int check_end(struct fl_scan *scan, const struct fl_segment *segment, flow_error **err)
{
    uint64_t proof = 0;

    if (segment->sealed) {
        if (scan->at >= segment->sum.end)
            return FLOW_OK;
        proof = segment->sum.end;
    } else {
        int rc = fl_scan_proof(scan, &proof, err);
        if (rc)
            return rc;
    }
    if (!proof)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EPARSE,
                           "%s is damaged at byte %" PRIu64 ": what follows up to byte %" PRIu64
                           " was durable once; see `flow log verify` and `flow log repair`",
                           scan->path, scan->at, proof);
}

/* Reads a payload; one that is damaged at the very end was never whole, if its checksum says so
 * too. */
static int take_frame(struct recovery *r, struct fl_scan *scan, struct fl_segment *segment,
                      const struct fl_frame *frame, int *ended, flow_error **err)
{
    flow_error *fault = NULL;
    uint64_t behind = scan->at;
    int rc = FLOW_OK;

    if (frame->type != FL_FRAME_LOST) /* that means nothing there */
        rc = read_payload(r, scan, frame, &fault);
    if (rc == FLOW_EPARSE && !scan->whole) {
        scan->at = scan->payload_at - FL_FRAME_FRONT;
        *ended = 1;
        rc = check_end(scan, segment, err);
        flow_error_free(fault);
        return rc;
    }
    if (rc) {
        fl_error_pass(err, fault);
        return rc;
    }
    scan->at = behind;
    return apply(r, segment, scan, frame, err);
}

static int scan_segment(struct recovery *r, struct fl_stripe *stripe, struct fl_segment *segment,
                        uint64_t from, flow_error **err)
{
    struct fl_scan scan;
    int found = 1, ended = 0;
    int rc = fl_scan_open(&scan, &r->store->env, stripe->folder, segment->sum.epoch, from, err);

    if (rc)
        return rc;
    if (segment->sealed)
        scan.limit = segment->sum.end;
    while (!rc && found && !ended) {
        struct fl_frame frame;
        rc = fl_scan_next(&scan, &frame, &found, err);
        if (!rc && found)
            rc = take_frame(r, &scan, segment, &frame, &ended, err);
    }
    if (!rc && !ended)
        rc = check_end(&scan, segment, err);
    if (!segment->sealed)
        segment->sum.end = scan.at;
    fl_scan_close(&scan);
    return rc;
}

/* Reads a stripe from POINT on. */
static int scan_stripe(struct recovery *r, struct fl_stripe *stripe,
                       const struct fl_scan_point *point, flow_error **err)
{
    int rc = FLOW_OK;

    r->stripe = stripe->number;
    for (struct fl_segment *s = stripe->oldest; s && !rc; s = s->newer) {
        uint64_t from = FL_SEGMENT_FRONT;
        if (s->sum.epoch < point->epoch)
            continue;
        if (s->sum.epoch == point->epoch) {
            from = point->at;
            s->sum.last = s->sum.last > point->last ? s->sum.last : point->last;
            s->sum.needed = s->sum.needed > point->needed ? s->sum.needed : point->needed;
        }
        rc = scan_segment(r, stripe, s, from, err);
    }
    return rc;
}

/* ---- all of it ---- */

static int read_control(struct recovery *r, flow_error **err)
{
    const struct fl_store_options *options = &r->store->options;
    int rc = fl_control_read(&r->store->env, options->control, &r->control, &r->state, &r->damaged,
                             err);

    if (!rc && options->backup)
        rc = fl_control_read(&r->store->env, options->backup, &r->control, &r->state, &r->damaged,
                             err);
    if (rc || !r->control.generation)
        return rc;
    memcpy(r->store->env.id, r->control.id, FL_STORE_ID);
    r->has_id = 1;
    if (r->control.points.count == r->store->stripe_count)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ECONFIG,
                           "the channel has %zu data directories and is configured with %zu; "
                           "dataDirs must stay as they are while the channel holds events",
                           r->control.points.count, r->store->stripe_count);
}

/* The segment of a scan point was there before the point was written, and stays there while it is
 * the newest. */
static int check_newest(const struct fl_stripe *stripe, const struct fl_scan_point *point,
                        flow_error **err)
{
    if (!point->epoch || (stripe->newest && stripe->newest->sum.epoch >= point->epoch))
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EPARSE,
                           "%s lacks segment %016" PRIx64
                           ", which was its newest; see `flow log repair`",
                           stripe->folder, point->epoch);
}

static int scan_all(struct recovery *r, flow_error **err)
{
    const struct fl_scan_point beginning = {0};
    struct fl_store *store = r->store;
    int rc = FLOW_OK;

    if (!r->control.generation && store->stripes[0].oldest)
        flow_context_logf(store->env.ctx, FLOW_LOG_WARN,
                          "%s has no whole control file, so the whole log is read",
                          store->options.control);
    for (size_t i = 0; i < store->stripe_count && !rc; i++) {
        const struct fl_scan_point *point =
            r->control.generation ? fl_vec_at(&r->control.points, i) : &beginning;
        rc = check_newest(&store->stripes[i], point, err);
        if (!rc)
            rc = scan_stripe(r, &store->stripes[i], point, err);
    }
    return rc;
}

static uint64_t end_of(const struct fl_store *store)
{
    uint64_t end = 0;

    for (size_t i = 0; i < store->stripe_count; i++) {
        for (const struct fl_segment *s = store->stripes[i].oldest; s; s = s->newer)
            end = s->sum.last > end ? s->sum.last : end;
    }
    return end;
}

/* Hands a mark over to a cursor of its name. */
static int make_cursor(struct fl_store *store, struct fl_mark *mark, flow_error **err)
{
    struct fl_cursor *cursor;
    int rc = mark->name ? fl_cursor_new(store, mark->name, mark->id, &cursor, err) : FLOW_OK;

    if (rc || !mark->name)
        return rc;
    struct fl_ranges empty = cursor->acked;
    cursor->watermark = mark->watermark;
    cursor->acked = mark->acked;
    mark->acked = empty;
    cursor->terms = mark->terms;
    cursor->skipped = mark->skipped;
    struct fl_vec none = cursor->letters;
    cursor->letters = mark->letters;
    mark->letters = none;
    fl_cursor_begin(cursor);
    fl_store_add_cursor(store, cursor);
    return FLOW_OK;
}

/* A log whose state was never written, or lost, has the one cursor that there always is. */
static int name_first(struct recovery *r, flow_error **err)
{
    for (size_t i = 0; i < r->state.marks.count; i++) {
        const struct fl_mark *mark = fl_vec_at(&r->state.marks, i);
        if (mark->name)
            return FLOW_OK;
    }
    struct fl_mark *mark = fl_state_mark(&r->state, 1);
    if (mark)
        mark->name = fl_strdup(r->state.mem, "");
    return mark && mark->name ? FLOW_OK : fl_error_nomem(err);
}

/* Everything that is missing has to be known not to be needed. */
static int check_absent(const struct recovery *r, flow_error **err)
{
    for (size_t i = 0; i < r->absent.count; i++) {
        const struct absent *absent = fl_vec_at(&r->absent, i);
        if (fl_state_lacks(&r->state, &absent->sum))
            return flow_error_setf(err, FLOW_EPARSE,
                                   "%s lacks segment %016" PRIx64 ", which was before %016" PRIx64
                                   " and held events that are needed; see `flow log repair`",
                                   absent->stripe->folder, absent->sum.epoch, absent->successor);
    }
    return FLOW_OK;
}

/* Whether there is the key of SEGMENT, if it has one. */
static int check_key(const struct fl_store *store, const struct fl_stripe *stripe,
                     const struct fl_segment *segment, flow_error **err)
{
    const struct fl_store_env *env = &store->env;
    struct fl_segment_front front;
    struct fl_gcm *gcm = NULL;
    char name[FL_SEGMENT_NAME];

    fl_segment_name(name, segment->sum.epoch);
    char *path = fl_store_path(env->mem, stripe->folder, name);
    int rc = path ? fl_segment_load(env, path, &front, err) : fl_error_nomem(err);
    if (!rc && front.seal.name[0])
        rc = fl_seal_open(env->sealing, &front.seal, path, &gcm, err);
    fl_gcm_free(gcm);
    fl_free(env->mem, path);
    return rc;
}

/* Every segment has to be readable now, and not only when a consumer goes there, or goes back. */
static int check_keys(const struct recovery *r, flow_error **err)
{
    const struct fl_store *store = r->store;
    int rc = FLOW_OK;

    for (size_t i = 0; r->has_keys && i < store->stripe_count && !rc; i++) {
        const struct fl_stripe *stripe = &store->stripes[i];
        for (const struct fl_segment *s = stripe->oldest; s && !rc; s = s->newer)
            rc = check_key(store, stripe, s, err);
    }
    return rc;
}

static void remove_dead(const struct recovery *r)
{
    const struct fl_store_env *env = &r->store->env;
    char name[FL_SEGMENT_NAME];

    for (size_t i = 0; i < r->dead.count; i++) {
        const struct dead *dead = fl_vec_at(&r->dead, i);
        fl_segment_name(name, dead->epoch);
        char *path = fl_store_path(env->mem, dead->stripe->folder, name);
        if (path)
            env->io->unlink(env->io->self, path);
        fl_free(env->mem, path);
    }
}

static int finish(struct recovery *r, flow_error **err)
{
    struct fl_store *store = r->store;
    uint64_t end = end_of(store);
    int rc = FLOW_OK;

    for (size_t i = 0; i < r->state.marks.count && !rc; i++)
        rc = make_cursor(store, fl_vec_at(&r->state.marks, i), err);
    /* Offsets that were given out to puts that never arrived are given out again, except below what
     * a cursor has. */
    for (const struct fl_cursor *c = store->cursors; c; c = c->next_cursor)
        end = c->watermark > end ? c->watermark : end;
    store->next_offset = end;
    store->released = r->state.released;
    store->next_letter = r->state.next_letter;
    store->recent.first = end;
    store->next_id = r->state.next_id;
    fl_positions_settle(&store->positions);
    store->generation = r->state.generation > r->control.generation ? r->state.generation
                                                                    : r->control.generation;
    atomic_store(&store->visible, end);
    if (!rc && !r->has_id)
        rc = fl_random(store->env.id, FL_STORE_ID, err);
    return rc ? rc : fl_store_begin_life(store, err);
}

static int recover(struct recovery *r, flow_error **err)
{
    int rc = read_control(r, err);

    for (size_t i = 0; i < r->store->stripe_count && !rc; i++)
        rc = find_segments(r, &r->store->stripes[i], err);
    if (!rc)
        rc = scan_all(r, err);
    if (!rc && r->damaged)
        flow_context_logf(r->store->env.ctx, FLOW_LOG_WARN, "%d control file(s) were not whole",
                          r->damaged);
    if (!rc)
        rc = name_first(r, err);
    if (!rc && fl_state_settle_letters(&r->state))
        rc = fl_error_nomem(err);
    if (!rc)
        rc = check_absent(r, err);
    if (!rc)
        rc = check_keys(r, err);
    if (rc)
        return rc;
    remove_dead(r);
    return finish(r, err);
}

int fl_store_recover(struct fl_store *store, flow_error **err)
{
    struct recovery r = {.store = store};

    fl_vec_init(&r.control.points, store->env.mem, sizeof(struct fl_scan_point));
    fl_state_init(&r.state, store->env.mem, &store->positions, &store->spans);
    fl_buf_init(&r.payload, store->env.mem);
    fl_vec_init(&r.absent, store->env.mem, sizeof(struct absent));
    fl_vec_init(&r.dead, store->env.mem, sizeof(struct dead));
    int rc = recover(&r, err);
    fl_vec_free(&r.control.points);
    fl_state_free(&r.state);
    fl_buf_free(&r.payload);
    fl_vec_free(&r.absent);
    fl_vec_free(&r.dead);
    return rc;
}
