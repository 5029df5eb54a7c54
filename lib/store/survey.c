/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looks at a log from outside: the control files, then which segments there are and how they follow
 * each other.  What recovery refuses is a fault here, with as much as can be told of it.
 */

#include <string.h>

#include "base/error.h"
#include "store/survey_inner.h"

void fl_survey_init(struct fl_survey *survey, const struct fl_store_env *env)
{
    memset(survey, 0, sizeof *survey);
    survey->env = env;
    fl_vec_init(&survey->control.points, env->mem, sizeof(struct fl_scan_point));
    fl_vec_init(&survey->points, env->mem, sizeof(struct fl_scan_point));
    fl_state_init(&survey->state, env->mem, NULL, NULL);
    fl_vec_init(&survey->pieces, env->mem, sizeof(struct fl_piece));
    fl_vec_init(&survey->faults, env->mem, sizeof(struct fl_fault));
    fl_ranges_init(&survey->present, env->mem);
    fl_ranges_init(&survey->given_up, env->mem);
}

void fl_fault_free(const struct fl_store_env *env, struct fl_fault *fault)
{
    fl_free(env->mem, fault->path);
    fl_ranges_free(&fault->lost);
}

void fl_survey_free(struct fl_survey *survey)
{
    for (size_t i = 0; i < survey->faults.count; i++)
        fl_fault_free(survey->env, fl_vec_at(&survey->faults, i));
    fl_vec_free(&survey->faults);
    fl_vec_free(&survey->pieces);
    fl_vec_free(&survey->control.points);
    fl_vec_free(&survey->points);
    fl_state_free(&survey->state);
    fl_ranges_free(&survey->present);
    fl_ranges_free(&survey->given_up);
}

char *fl_survey_path(const struct fl_survey *survey, uint32_t stripe, uint64_t epoch)
{
    char name[FL_SEGMENT_NAME];

    fl_segment_name(name, epoch);
    return fl_store_path(survey->env->mem, survey->folders[stripe], name);
}

struct fl_fault *fl_survey_fault(struct fl_survey *survey, enum fl_fault_kind kind, uint32_t stripe,
                                 uint64_t epoch)
{
    struct fl_fault *fault = fl_vec_push(&survey->faults, NULL);

    if (!fault)
        return NULL;
    fault->kind = kind;
    fault->stripe = stripe;
    fault->epoch = epoch;
    fl_survey_cuts(survey, stripe, epoch, fault->cuts);
    fl_ranges_init(&fault->lost, survey->env->mem);
    if (epoch && !(fault->path = fl_survey_path(survey, stripe, epoch))) {
        fl_vec_remove(&survey->faults, survey->faults.count - 1);
        return NULL;
    }
    return fault;
}

/* ---- control files ---- */

/* Keeps the scan points of one file; the older one may be used when the other is damaged. */
static int note_points(struct fl_survey *survey, const char *path, flow_error **err)
{
    struct fl_control control = {0};
    int damaged = 0;

    fl_vec_init(&control.points, survey->env->mem, sizeof(struct fl_scan_point));
    int rc = fl_control_read_slot(survey->env, path, &control, NULL, &damaged, err);
    for (size_t i = 0; i < survey->stripes && !rc && !damaged; i++) {
        const struct fl_scan_point none = {0};
        const struct fl_scan_point *point =
            i < control.points.count ? fl_vec_at(&control.points, i) : &none;
        if (!fl_vec_push(&survey->points, point))
            rc = fl_error_nomem(err);
    }
    fl_vec_free(&control.points);
    return rc;
}

void fl_survey_cuts(const struct fl_survey *survey, uint32_t stripe, uint64_t epoch,
                    uint64_t cuts[2])
{
    for (size_t i = 0; i < 2; i++) {
        size_t index = i * survey->stripes + stripe;
        const struct fl_scan_point *point =
            index < survey->points.count ? fl_vec_at(&survey->points, index) : NULL;
        cuts[i] = point && point->epoch == epoch ? point->at : 0;
    }
}

/* Reads one file by itself, to know whether it is the damaged one. */
static int read_control(struct fl_survey *survey, unsigned slot, flow_error **err)
{
    const struct fl_store_env *env = survey->env;
    char *path = fl_control_path(env, survey->control_folder, slot);
    struct stat found;
    int damaged = 0;

    if (!path)
        return fl_error_nomem(err);
    /* One that was just made when the machine stopped is empty, and no fault. */
    int there = env->io->stat(env->io->self, path, &found) == 0 && found.st_size > 0;
    int rc = there ? note_points(survey, path, err) : FLOW_OK;
    if (there && !rc)
        rc = fl_control_read_slot(env, path, &survey->control, &survey->state, &damaged, err);
    struct fl_fault *fault =
        !rc && damaged ? fl_survey_fault(survey, FL_FAULT_CONTROL, 0, 0) : NULL;
    if (fault) {
        fault->path = path;
        fault->end = (uint64_t)found.st_size;
        fault->what = "it is not whole; nothing is lost with it";
        return FLOW_OK;
    }
    fl_free(env->mem, path);
    return !rc && damaged ? fl_error_nomem(err) : rc;
}

static int read_controls(struct fl_survey *survey, flow_error **err)
{
    unsigned later = fl_control_later(survey->env, survey->control_folder);
    int rc = read_control(survey, later, err);

    if (!rc)
        rc = read_control(survey, !later, err);
    if (rc || !survey->control.generation)
        return rc;
    memcpy(survey->id, survey->control.id, FL_STORE_ID);
    survey->has_id = 1;
    if (survey->control.points.count == survey->stripes)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ECONFIG,
                           "%s is of a channel with %zu data directories; give all of them, in "
                           "their order",
                           survey->control_folder, survey->control.points.count);
}

/* ---- which segments there are ---- */

struct listing {
    struct fl_survey *survey;
    uint32_t stripe;
};

static uint64_t size_of(const struct fl_store_env *env, const char *folder, const char *name)
{
    char *path = fl_store_path(env->mem, folder, name);
    struct stat found;
    int there = path && env->io->stat(env->io->self, path, &found) == 0;

    fl_free(env->mem, path);
    return there ? (uint64_t)found.st_size : 0;
}

static int note_name(void *arg, const char *name)
{
    struct listing *listing = arg;
    struct fl_survey *survey = listing->survey;
    uint64_t number = 0;
    uint64_t size = size_of(survey->env, survey->folders[listing->stripe], name);

    if (fl_spare_is_name(name, &number)) {
        survey->spares++;
        survey->spare_bytes += size;
    }
    if (!fl_segment_is_name(name, &number))
        return 0;
    const struct fl_piece piece = {.stripe = listing->stripe,
                                   .sum = {.epoch = number},
                                   .bytes = size,
                                   .first_put = UINT64_MAX};
    return fl_vec_push(&survey->pieces, &piece) ? 0 : FLOW_ENOMEM;
}

static int by_place(const void *a, const void *b)
{
    const struct fl_piece *first = a, *second = b;

    if (first->stripe != second->stripe)
        return first->stripe < second->stripe ? -1 : 1;
    return first->sum.epoch < second->sum.epoch ? -1 : first->sum.epoch > second->sum.epoch;
}

static int list_all(struct fl_survey *survey, flow_error **err)
{
    const struct fl_io *io = survey->env->io;

    for (uint32_t i = 0; i < survey->stripes; i++) {
        struct listing listing = {survey, i};
        int result = io->list(io->self, survey->folders[i], note_name, &listing);
        if (result == FLOW_ENOMEM)
            return fl_error_nomem(err);
        if (result < 0)
            return fl_error_errno(err, -result, "cannot list", survey->folders[i]);
    }
    fl_vec_sort(&survey->pieces, by_place);
    return FLOW_OK;
}

/* ---- their fronts ---- */

static int check_owner(struct fl_survey *survey, const struct fl_piece *piece, const char *path,
                       flow_error **err)
{
    const struct fl_segment_front *front = &piece->front;

    if (!survey->has_id) {
        memcpy(survey->id, front->store, FL_STORE_ID);
        survey->has_id = 1;
    }
    if (memcmp(survey->id, front->store, FL_STORE_ID))
        return flow_error_setf(err, FLOW_ECONFIG, "%s belongs to another channel", path);
    if (front->stripe == piece->stripe && front->stripes == survey->stripes)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ECONFIG,
                           "%s lies in data directory %u of %u of its channel, and here that is "
                           "%u of %u; give all of them, in their order",
                           path, front->stripe + 1, front->stripes, piece->stripe + 1,
                           survey->stripes);
}

/* A front that is damaged counts only where somebody used the segment. */
static int judge_broken(struct fl_survey *survey, struct fl_piece *piece, flow_error **err)
{
    struct fl_frame frame;
    struct fl_scan scan;
    uint64_t place = 0;
    int rc = fl_scan_open(&scan, survey->env, survey->folders[piece->stripe], piece->sum.epoch,
                          FL_SEGMENT_FRONT, err);

    if (rc)
        return rc;
    rc = fl_scan_find(&scan, FL_SEGMENT_FRONT, &frame, &place, err);
    fl_scan_close(&scan);
    piece->kind = place ? FL_PIECE_BROKEN : FL_PIECE_UNUSED;
    for (size_t i = 0; i < survey->control.points.count; i++) {
        const struct fl_scan_point *point = fl_vec_at(&survey->control.points, i);
        if (point->epoch == piece->sum.epoch && i == piece->stripe)
            piece->kind = FL_PIECE_BROKEN;
    }
    return rc;
}

static int load_front(struct fl_survey *survey, struct fl_piece *piece, flow_error **err)
{
    char *path = fl_survey_path(survey, piece->stripe, piece->sum.epoch);
    flow_error *why = NULL;

    if (!path)
        return fl_error_nomem(err);
    int rc = fl_segment_load(survey->env, path, &piece->front, &why);
    if (rc == FLOW_EPARSE)
        rc = judge_broken(survey, piece, err);
    else if (rc)
        flow_error_setf(err, rc, "%s", flow_error_message(why));
    else if (!(rc = check_owner(survey, piece, path, err)))
        rc = fl_segment_check_name(path, piece->sum.epoch, &piece->front, err);
    flow_error_free(why);
    fl_free(survey->env->mem, path);
    return rc;
}

static int load_fronts(struct fl_survey *survey, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < survey->pieces.count && !rc; i++)
        rc = load_front(survey, fl_vec_at(&survey->pieces, i), err);
    return rc;
}

/* ---- how they follow each other ---- */

struct fl_piece *fl_survey_before(const struct fl_survey *survey, size_t index)
{
    uint32_t stripe = ((struct fl_piece *)fl_vec_at(&survey->pieces, index))->stripe;

    while (index-- > 0) {
        struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
        if (piece->stripe != stripe)
            return NULL;
        if (piece->kind != FL_PIECE_UNUSED)
            return piece;
    }
    return NULL;
}

/* Adds the segment that WHOSE front says was before it, and that is not there. */
static int add_absent(struct fl_survey *survey, const struct fl_piece *whose, flow_error **err)
{
    const struct fl_piece piece = {.kind = FL_PIECE_ABSENT,
                                   .stripe = whose->stripe,
                                   .sealed = 1,
                                   .sum = whose->front.before,
                                   .first_put = UINT64_MAX};

    return fl_vec_push(&survey->pieces, &piece) ? FLOW_OK : fl_error_nomem(err);
}

/* A file that a successor tells of is part of the log, though nothing in it says so any more. */
static void take_in(struct fl_survey *survey, size_t index, uint64_t epoch)
{
    uint32_t stripe = ((const struct fl_piece *)fl_vec_at(&survey->pieces, index))->stripe;

    while (index-- > 0) {
        struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
        if (piece->stripe == stripe && piece->sum.epoch == epoch && piece->kind == FL_PIECE_UNUSED)
            piece->kind = FL_PIECE_BROKEN;
    }
}

/* What lies between a segment and the one it names was made and, as that failed, never used. */
static int seal_before(struct fl_survey *survey, size_t index, flow_error **err)
{
    const struct fl_piece *piece = fl_vec_at(&survey->pieces, index);
    const struct fl_segment_sum *sum = &piece->front.before;
    struct fl_piece *before;

    if (piece->kind != FL_PIECE_SOUND || !sum->epoch)
        return FLOW_OK;
    take_in(survey, index, sum->epoch);
    while ((before = fl_survey_before(survey, index)) != NULL && before->sum.epoch > sum->epoch)
        before->kind = FL_PIECE_UNUSED;
    if (!before || before->sum.epoch != sum->epoch)
        return add_absent(survey, piece, err);
    before->sum = *sum;
    before->sealed = 1;
    return FLOW_OK;
}

/* The newest segment of each folder is there when the last checkpoint knew it. */
static int add_newest(struct fl_survey *survey, uint32_t stripe, flow_error **err)
{
    const struct fl_scan_point *point = fl_vec_at(&survey->control.points, stripe);
    const struct fl_piece piece = {
        .kind = FL_PIECE_ABSENT,
        .stripe = stripe,
        .sealed = 1,
        .sum = {point->epoch, point->at, point->last, point->needed},
        .first_put = UINT64_MAX,
    };

    for (size_t i = 0; i < survey->pieces.count; i++) {
        const struct fl_piece *other = fl_vec_at(&survey->pieces, i);
        if (other->stripe == stripe && other->sum.epoch >= point->epoch &&
            other->kind != FL_PIECE_UNUSED)
            return FLOW_OK;
    }
    if (!point->epoch || fl_vec_push(&survey->pieces, &piece))
        return FLOW_OK;
    return fl_error_nomem(err);
}

static int link_all(struct fl_survey *survey, flow_error **err)
{
    int rc = FLOW_OK;

    for (uint32_t i = 0; survey->control.generation && i < survey->stripes && !rc; i++)
        rc = add_newest(survey, i, err);
    fl_vec_sort(&survey->pieces, by_place);
    for (size_t i = survey->pieces.count; i-- > 0 && !rc;)
        rc = seal_before(survey, i, err);
    fl_vec_sort(&survey->pieces, by_place);
    return rc;
}

int fl_survey_run(struct fl_survey *survey, flow_error **err)
{
    int rc = read_controls(survey, err);

    if (!rc)
        rc = list_all(survey, err);
    if (!rc)
        rc = load_fronts(survey, err);
    if (!rc)
        rc = link_all(survey, err);
    return rc ? rc : fl_survey_read(survey, err);
}
