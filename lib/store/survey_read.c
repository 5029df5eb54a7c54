/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The second part of a survey: every frame is read.  Where frames are damaged, what they held is
 * told from their neighbours: offsets only grow in a folder, so what was put there lies between the
 * put before and the one behind, less what other folders have.
 */

#include "base/error.h"
#include "store/survey_inner.h"

/* What is known while one stripe is read, from its newest segment to its oldest. */
struct reading {
    struct fl_survey *survey;
    struct fl_piece *piece;
    struct fl_walk walk;
    size_t open_fault; /* of which `high` is not known yet, plus 1 */
    uint64_t stop;     /* puts of this offset lie behind the segment */
};

static int add_range(struct fl_ranges *ranges, uint64_t first, uint64_t end)
{
    if (first >= end)
        return FLOW_OK;
    if (fl_ranges_reserve(ranges, 1))
        return FLOW_ENOMEM;
    fl_ranges_add(ranges, first, end);
    return FLOW_OK;
}

static const struct fl_scan_point *point_of(const struct fl_survey *survey,
                                            const struct fl_piece *piece)
{
    if (!survey->control.generation)
        return NULL;
    const struct fl_scan_point *point = fl_vec_at(&survey->control.points, piece->stripe);
    return point->epoch == piece->sum.epoch ? point : NULL;
}

int fl_survey_walk(const struct fl_survey *survey, const struct fl_piece *piece,
                   struct fl_state *state, struct fl_walk *walk, flow_error **err)
{
    int rc = fl_walk_open(walk, survey->env, survey->folders[piece->stripe], piece->sum.epoch,
                          state, err);

    if (rc)
        return rc;
    walk->stripe = piece->stripe;
    walk->sealed = piece->sealed;
    walk->end = piece->sum.end;
    walk->last = piece->front.first;
    fl_survey_cuts(survey, piece->stripe, piece->sum.epoch, walk->cuts);
    return FLOW_OK;
}

/* ---- one segment ---- */

static void close_fault(struct reading *r, uint64_t high)
{
    if (!r->open_fault)
        return;
    struct fl_fault *fault = fl_vec_at(&r->survey->faults, r->open_fault - 1);
    fault->high = high > fault->low ? high : fault->low;
    r->open_fault = 0;
}

static int note_damage(struct reading *r, const struct fl_step *step)
{
    struct fl_fault *fault =
        fl_survey_fault(r->survey, FL_FAULT_FRAMES, r->piece->stripe, r->piece->sum.epoch);

    if (!fault)
        return FLOW_ENOMEM;
    fault->at = step->at;
    fault->end = step->end;
    fault->what = step->fault;
    fault->synced = r->walk.synced;
    fault->time = step->frame.time;
    fault->low = r->walk.last;
    if (step->frame.type == FL_FRAME_PUT) {
        close_fault(r, step->frame.first);
        fault->exact = 1;
        fault->low = step->frame.first;
        fault->high = fault->low + step->frame.count;
        if (r->walk.last < fault->high)
            r->walk.last = fault->high;
    } else if (step->frame.type) { /* it held no events */
        fault->exact = 1;
        fault->high = fault->low;
    } else if (!r->open_fault) {
        r->open_fault = r->survey->faults.count;
    } else { /* nothing sound was put between them: the first stands for both */
        fault->exact = 1;
        fault->high = fault->low;
    }
    return FLOW_OK;
}

static int note_frame(struct reading *r, const struct fl_frame *frame)
{
    uint64_t end = frame->first + frame->count;

    if (!r->piece->first_time)
        r->piece->first_time = frame->time;
    if (frame->type == FL_FRAME_LOST)
        return add_range(&r->survey->given_up, frame->first, end);
    if (frame->type != FL_FRAME_PUT || !frame->count)
        return FLOW_OK;
    close_fault(r, frame->first);
    if (r->piece->first_put == UINT64_MAX)
        r->piece->first_put = frame->first;
    r->piece->events += frame->count;
    return add_range(&r->survey->present, frame->first, end);
}

static int walk_piece(struct reading *r, flow_error **err)
{
    struct fl_step step;
    int found = 1;
    int rc = FLOW_OK;

    while (!rc && found) {
        rc = fl_walk_next(&r->walk, &step, &found, err);
        if (!rc && found && (step.fault ? note_damage(r, &step) : note_frame(r, &step.frame)))
            rc = fl_error_nomem(err);
    }
    return rc;
}

/* What the walk has found out about a segment of which no successor tells. */
static void conclude(struct reading *r, const struct fl_scan_point *point)
{
    struct fl_piece *piece = r->piece;
    const struct fl_walk *walk = &r->walk;
    uint64_t high = walk->last > walk->needed ? walk->last : walk->needed;

    if (piece->sealed) {
        close_fault(r, piece->sum.last);
        return;
    }
    piece->sealed = 1;
    piece->sum.end = walk->scan.at;
    if (point && point->last > high)
        high = point->last;
    if (r->survey->state.next_offset > high)
        high = r->survey->state.next_offset;
    if (high > r->stop)
        high = r->stop;
    if (r->open_fault)
        piece->sum.last = piece->sum.needed = high;
    else
        piece->sum.last = walk->last;
    piece->sum.needed = walk->needed > piece->sum.last ? walk->needed : piece->sum.last;
    close_fault(r, r->stop == UINT64_MAX ? UINT64_MAX : high);
}

static int read_piece(struct reading *r, flow_error **err)
{
    struct fl_piece *piece = r->piece;
    const struct fl_scan_point *point = point_of(r->survey, piece);
    int rc = fl_survey_walk(r->survey, piece, &r->survey->state, &r->walk, err);

    if (rc)
        return rc;
    if (!piece->sealed) {
        r->walk.stop = r->stop;
        r->walk.end = point ? point->at : 0;
    }
    rc = walk_piece(r, err);
    if (!rc)
        conclude(r, point);
    fl_walk_close(&r->walk);
    if (piece->first_put < r->stop)
        r->stop = piece->first_put;
    return rc;
}

/* ---- segments that are damaged as such ---- */

/* Fills in what the front of a broken segment said, as far as its neighbours tell. */
static void guess_front(struct fl_survey *survey, size_t index)
{
    struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
    const struct fl_piece *before = fl_survey_before(survey, index);
    struct fl_segment_front *front = &piece->front;
    uint64_t first = before ? before->sum.last : fl_state_floor(&survey->state);

    *front = (struct fl_segment_front){.stripe = piece->stripe,
                                       .stripes = survey->stripes,
                                       .epoch = piece->sum.epoch,
                                       .first = first < piece->first_put ? first : piece->first_put,
                                       .time = piece->first_time,
                                       .seal = front->seal};
    if (before)
        front->before = before->sum;
    piece->low = front->first;
}

static int note_front(struct fl_survey *survey, size_t index)
{
    const struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
    struct fl_fault *fault =
        fl_survey_fault(survey, FL_FAULT_FRONT, piece->stripe, piece->sum.epoch);

    if (!fault)
        return FLOW_ENOMEM;
    fault->end = FL_SEGMENT_FRONT;
    fault->what = "its front is damaged";
    /* A segment that was before it may be gone too, and only the front told of that. */
    fault->low = piece->low;
    fault->high = piece->first_put == UINT64_MAX ? piece->low : piece->first_put;
    for (size_t i = 0; i < survey->faults.count; i++) {
        struct fl_fault *other = fl_vec_at(&survey->faults, i);
        if (other != fault && other->stripe == piece->stripe && other->epoch == piece->sum.epoch &&
            !other->low && !other->exact)
            other->low = piece->low;
    }
    return FLOW_OK;
}

static int note_seal(struct fl_survey *survey, const struct fl_piece *piece)
{
    struct fl_fault *fault =
        fl_survey_fault(survey, FL_FAULT_SEAL, piece->stripe, piece->sum.epoch);

    if (!fault)
        return FLOW_ENOMEM;
    fault->at = piece->front.seal_lost;
    fault->end = fault->at + FL_SEAL_FRONT;
    fault->what = "a copy of how its key is made is damaged; nothing is lost with it";
    fault->exact = 1;
    return FLOW_OK;
}

/* All older segments of the stripe may be gone, as this one is, when nobody needs it. */
static void give_up_before(struct fl_survey *survey, size_t index)
{
    struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
    uint32_t stripe = piece->stripe;
    uint64_t epoch = piece->sum.epoch;

    for (size_t i = survey->faults.count; i-- > 0;) {
        struct fl_fault *fault = fl_vec_at(&survey->faults, i);
        if (!fault->epoch || fault->stripe != stripe || fault->epoch > epoch)
            continue;
        fl_fault_free(survey->env, fault);
        fl_vec_remove(&survey->faults, i);
    }
    do {
        piece->kind = FL_PIECE_UNUSED;
        piece = fl_survey_before(survey, index);
    } while (piece);
}

static int is_last(const struct fl_survey *survey, size_t index)
{
    uint32_t stripe = ((const struct fl_piece *)fl_vec_at(&survey->pieces, index))->stripe;

    while (++index < survey->pieces.count) {
        const struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
        if (piece->stripe == stripe && piece->kind != FL_PIECE_UNUSED)
            return 0;
    }
    return 1;
}

static int note_absent(struct fl_survey *survey, size_t index)
{
    const struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
    const struct fl_piece *before = fl_survey_before(survey, index);
    int is_newest = point_of(survey, piece) && is_last(survey, index);

    if (!is_newest && !fl_state_lacks(&survey->state, &piece->sum)) {
        give_up_before(survey, index);
        return FLOW_OK;
    }
    struct fl_fault *fault =
        fl_survey_fault(survey, FL_FAULT_ABSENT, piece->stripe, piece->sum.epoch);
    if (!fault)
        return FLOW_ENOMEM;
    fault->at = 0;
    fault->end = piece->sum.end;
    fault->what = "the file is not there, and what was in it is needed";
    fault->low = before ? before->sum.last : fl_state_floor(&survey->state);
    fault->high = is_newest ? UINT64_MAX : piece->sum.last;
    return FLOW_OK;
}

static int note_whole(struct fl_survey *survey, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < survey->pieces.count && !rc; i++) {
        const struct fl_piece *piece = fl_vec_at(&survey->pieces, i);
        if (piece->kind == FL_PIECE_BROKEN) {
            guess_front(survey, i);
            rc = note_front(survey, i);
        } else if (piece->kind == FL_PIECE_ABSENT) {
            rc = note_absent(survey, i);
        } else if (piece->kind == FL_PIECE_SOUND && piece->front.seal_lost) {
            rc = note_seal(survey, piece);
        }
    }
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

/* ---- what is lost ---- */

/* Adds to the fault's losses what of its offsets is found nowhere, and notes that it is told. */
static int claim(struct fl_survey *survey, struct fl_fault *fault, struct fl_ranges *told)
{
    uint64_t at = fault->low;
    int rc = FLOW_OK;

    while (at < fault->high && !rc) {
        const struct fl_range *range = fl_ranges_find(told, at);
        uint64_t end = range && range->first < fault->high ? range->first : fault->high;
        rc = add_range(&fault->lost, at, end);
        at = range && range->first < fault->high ? range->end : fault->high;
    }
    return rc ? rc : add_range(told, fault->low, fault->high);
}

static int add_all(struct fl_ranges *to, const struct fl_ranges *from)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < from->list.count && !rc; i++) {
        const struct fl_range *range = fl_vec_at(&from->list, i);
        rc = add_range(to, range->first, range->end);
    }
    return rc;
}

/* Behind the last offset that anything in the log tells of. */
static uint64_t known_end(const struct fl_survey *survey)
{
    const struct fl_vec *present = &survey->present.list;
    uint64_t end = survey->state.next_offset;

    if (present->count) {
        const struct fl_range *last = fl_vec_at(present, present->count - 1);
        end = last->end > end ? last->end : end;
    }
    for (size_t i = 0; i < survey->control.points.count; i++) {
        const struct fl_scan_point *point = fl_vec_at(&survey->control.points, i);
        end = point->needed > end ? point->needed : end;
    }
    for (size_t i = 0; i < survey->pieces.count; i++) {
        const struct fl_piece *piece = fl_vec_at(&survey->pieces, i);
        end = piece->sum.needed > end ? piece->sum.needed : end;
    }
    return end;
}

/* What nothing bounds from above ends where all ends. */
static void bound_faults(struct fl_survey *survey)
{
    uint64_t end = known_end(survey);

    for (size_t i = 0; i < survey->faults.count; i++) {
        struct fl_fault *fault = fl_vec_at(&survey->faults, i);
        if (fault->high == UINT64_MAX)
            fault->high = end;
        if (fault->high < fault->low)
            fault->high = fault->low;
    }
}

static int claim_all(struct fl_survey *survey, flow_error **err)
{
    struct fl_ranges told;

    bound_faults(survey);
    fl_ranges_init(&told, survey->env->mem);
    int rc = add_all(&told, &survey->present);
    if (!rc)
        rc = add_all(&told, &survey->given_up);
    for (int exact = 1; exact >= 0; exact--) {
        for (size_t i = 0; i < survey->faults.count && !rc; i++) {
            struct fl_fault *fault = fl_vec_at(&survey->faults, i);
            if (fault->exact == exact)
                rc = claim(survey, fault, &told);
        }
    }
    if (told.list.count) {
        const struct fl_range *last = fl_vec_at(&told.list, told.list.count - 1);
        survey->end = last->end;
    }
    if (survey->present.list.count)
        survey->first = ((const struct fl_range *)fl_vec_at(&survey->present.list, 0))->first;
    fl_ranges_free(&told);
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

int fl_state_needs(const struct fl_state *state, uint64_t offset)
{
    int named = 0;

    for (size_t i = 0; i < state->marks.count; i++) {
        const struct fl_mark *mark = fl_vec_at(&state->marks, i);
        if (!mark->name)
            continue;
        const struct fl_range *range = fl_ranges_find(&mark->acked, offset);
        named = 1;
        if (offset >= mark->watermark && (!range || range->first > offset))
            return 1;
    }
    return !named;
}

/* A log whose state was never written, or lost, has the one cursor that there always is. */
static int name_first(struct fl_state *state, flow_error **err)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        if (((const struct fl_mark *)fl_vec_at(&state->marks, i))->name)
            return FLOW_OK;
    }
    struct fl_mark *mark = fl_state_mark(state, 1);
    if (mark)
        mark->name = fl_strdup(state->mem, "");
    return mark && mark->name ? FLOW_OK : fl_error_nomem(err);
}

int fl_survey_read(struct fl_survey *survey, flow_error **err)
{
    struct reading r = {.survey = survey};
    uint32_t stripe = UINT32_MAX;
    int rc = FLOW_OK;

    for (size_t i = survey->pieces.count; i-- > 0 && !rc;) {
        r.piece = fl_vec_at(&survey->pieces, i);
        if (r.piece->stripe != stripe)
            r.stop = UINT64_MAX;
        stripe = r.piece->stripe;
        if (r.piece->kind == FL_PIECE_SOUND || r.piece->kind == FL_PIECE_BROKEN)
            rc = read_piece(&r, err);
    }
    if (!rc)
        rc = name_first(&survey->state, err);
    if (!rc && fl_state_settle_letters(&survey->state))
        rc = fl_error_nomem(err);
    if (!rc)
        rc = note_whole(survey, err);
    return rc ? rc : claim_all(survey, err);
}
