/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes a damaged log fit to be opened.  Every change is small and leaves a fault of the same kind
 * when a crash tears it, so that whoever looks next finds less damage and never more.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "store/mend.h"

/* ---- the copy ---- */

static char *copy_path(const struct fl_store_env *env, const struct fl_fault *fault)
{
    const char *name = strrchr(fault->path, '/') + 1;
    struct fl_buf text;

    fl_buf_init(&text, env->mem);
    int rc = fl_buf_printf(&text, "%.*sdamaged-%s-%" PRIu64, (int)(name - fault->path), fault->path,
                           name, fault->at);
    char *path = rc ? NULL : fl_buf_detach(&text);
    fl_buf_free(&text);
    return path;
}

static int read_part(const struct fl_store_env *env, const struct fl_fault *fault,
                     struct fl_buf *bytes, flow_error **err)
{
    size_t size = (size_t)(fault->end - fault->at);
    const struct iovec room = {fl_buf_reserve(bytes, size), size};
    int fd;

    if (!room.iov_base)
        return fl_error_nomem(err);
    int rc = fl_file_open(env->io, fault->path, O_RDONLY, 0, &fd, err);
    if (rc)
        return rc;
    rc = fl_file_read_at(env->io, fd, &room, (int64_t)fault->at, &bytes->size, fault->path, err);
    fl_file_close(env->io, fd);
    return rc;
}

/* One that is there is of an attempt before this one, which may have changed the place since. */
static int keep_copy(const struct fl_store_env *env, const struct fl_fault *fault, flow_error **err)
{
    char *path = copy_path(env, fault);
    struct stat found;
    struct fl_buf bytes;
    int rc = FLOW_OK;

    if (!path)
        return fl_error_nomem(err);
    fl_buf_init(&bytes, env->mem);
    if (env->io->stat(env->io->self, path, &found) < 0) {
        rc = read_part(env, fault, &bytes, err);
        if (!rc)
            rc = fl_file_replace(env->io, path, bytes.data, bytes.size, err);
    }
    fl_buf_free(&bytes);
    fl_free(env->mem, path);
    return rc;
}

/* ---- frames ---- */

/* With so many bytes left there is room for two fronts, whatever reading begins in between. */
#define ROOM (4 * FL_FRAME_FRONT)

struct patch {
    const struct fl_store_env *env;
    const struct fl_fault *fault;
    int fd;
    uint64_t at;
};

static int write_lost(struct patch *patch, const struct fl_range *range, uint64_t span,
                      flow_error **err)
{
    uint64_t count = range ? range->end - range->first : 0;
    const struct fl_frame frame = {
        .type = FL_FRAME_LOST,
        .size = (uint32_t)(span - FL_FRAME_FRONT),
        .epoch = patch->fault->epoch,
        .first = range ? range->first : patch->fault->low,
        .count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX,
        .synced = patch->fault->synced,
        .time = patch->fault->time,
    };
    uint8_t bytes[FL_FRAME_FRONT];
    struct iovec part = {bytes, sizeof bytes};

    fl_frame_write(&frame, bytes);
    int rc = fl_file_write_at(patch->env->io, patch->fd, &part, 1, (int64_t)patch->at,
                              patch->fault->path, err);
    patch->at += span;
    return rc;
}

/* The ranges from INDEX on as one. */
static const struct fl_range *join_from(const struct fl_ranges *lost, size_t index,
                                        struct fl_range *joined)
{
    if (index >= lost->list.count)
        return NULL;
    joined->first = ((const struct fl_range *)fl_vec_at(&lost->list, index))->first;
    joined->end = ((const struct fl_range *)fl_vec_at(&lost->list, lost->list.count - 1))->end;
    return joined;
}

/* How many bytes the next frame takes, about SPAN: it ends where reading may begin, and leaves no
 * less than a front before there. */
static uint64_t span_of(const struct patch *patch, uint64_t span)
{
    for (size_t i = 0; i < 2; i++) {
        uint64_t cut = patch->fault->cuts[i];
        if (cut > patch->at && cut - patch->at < span + FL_FRAME_FRONT)
            span = cut - patch->at;
    }
    return span;
}

/* Writes fronts over what is damaged: one for each range, the last with all the bytes left. */
static int write_all_lost(struct patch *patch, flow_error **err)
{
    const struct fl_fault *fault = patch->fault;
    const struct fl_ranges *lost = &fault->lost;
    struct fl_range joined;
    size_t index = 0;
    int rc = FLOW_OK;

    for (; index + 1 < lost->list.count && fault->end - patch->at >= ROOM && !rc; index++)
        rc = write_lost(patch, fl_vec_at(&lost->list, index), span_of(patch, FL_FRAME_FRONT), err);
    const struct fl_range *range = join_from(lost, index, &joined);
    for (; !rc && patch->at < fault->end; range = NULL) {
        uint64_t left = fault->end - patch->at;
        left = span_of(patch, left > FL_FRAME_MAX ? FL_FRAME_MAX / 2 : left);
        rc = write_lost(patch, range, left, err);
    }
    return rc ? rc : fl_file_sync(patch->env->io, patch->fd, fault->path, err);
}

static int mend_frames(const struct fl_store_env *env, const struct fl_fault *fault,
                       flow_error **err)
{
    struct patch patch = {.env = env, .fault = fault, .at = fault->at};

    if (fault->end - fault->at < FL_FRAME_FRONT)
        return flow_error_setf(err, FLOW_EPARSE,
                               "%s: between byte %" PRIu64 " and %" PRIu64
                               " there is no room to say that something was lost",
                               fault->path, fault->at, fault->end);
    int rc = fl_file_open(env->io, fault->path, O_RDWR, 0, &patch.fd, err);
    if (rc)
        return rc;
    rc = write_all_lost(&patch, err);
    fl_file_close(env->io, patch.fd);
    return rc;
}

/* ---- segments ---- */

static size_t find_piece(const struct fl_survey *survey, const struct fl_fault *fault)
{
    size_t at = 0;

    for (size_t i = 0; i < survey->pieces.count; i++) {
        const struct fl_piece *piece = fl_vec_at(&survey->pieces, i);
        if (piece->stripe == fault->stripe && piece->sum.epoch == fault->epoch)
            at = i;
    }
    return at;
}

static int set_id(struct fl_survey *survey, struct fl_segment_front *front, flow_error **err)
{
    int rc = survey->has_id ? FLOW_OK : fl_random(survey->id, FL_STORE_ID, err);

    survey->has_id = !rc;
    memcpy(front->store, survey->id, FL_STORE_ID);
    return rc;
}

static int mend_front(struct fl_survey *survey, const struct fl_fault *fault, flow_error **err)
{
    const struct fl_store_env *env = survey->env;
    struct fl_piece *piece = fl_vec_at(&survey->pieces, find_piece(survey, fault));
    uint8_t bytes[FL_SEGMENT_FRONT];
    struct iovec part = {bytes, sizeof bytes};
    int fd;
    int rc = set_id(survey, &piece->front, err);

    if (!rc)
        rc = fl_file_open(env->io, fault->path, O_RDWR, 0, &fd, err);
    if (rc)
        return rc;
    fl_segment_front_write(&piece->front, bytes);
    rc = fl_file_write_at(env->io, fd, &part, 1, 0, fault->path, err);
    if (!rc)
        rc = fl_file_sync(env->io, fd, fault->path, err);
    fl_file_close(env->io, fd);
    return rc;
}

/* Makes a segment that says what was in the one that is gone. */
static int replace(struct fl_survey *survey, const struct fl_fault *fault, flow_error **err)
{
    size_t index = find_piece(survey, fault);
    const struct fl_piece *before = fl_survey_before(survey, index);
    struct fl_segment_front front = {.stripe = fault->stripe,
                                     .stripes = survey->stripes,
                                     .epoch = fault->epoch,
                                     .first = fault->low};
    struct patch patch = {.env = survey->env, .fault = fault, .at = FL_SEGMENT_FRONT};
    int rc = set_id(survey, &front, err);

    if (before)
        front.before = before->sum;
    if (!rc)
        rc = fl_segment_create(survey->env, survey->folders[fault->stripe], &front, 0, &patch.fd,
                               err);
    if (rc)
        return rc;
    if (fault->end >= FL_SEGMENT_FRONT + FL_FRAME_FRONT)
        rc = write_all_lost(&patch, err);
    fl_file_close(survey->env->io, patch.fd);
    return rc;
}

/* ---- all of it ---- */

/* A control file that is not whole is of no use; the next checkpoint makes it anew. */
static int drop_control(struct fl_survey *survey, const struct fl_fault *fault, flow_error **err)
{
    int rc = fl_file_remove(survey->env->io, fault->path, err);

    return rc ? rc : fl_folder_sync(survey->env->io, survey->control_folder, err);
}

static int mend(struct fl_survey *survey, const struct fl_fault *fault, flow_error **err)
{
    int rc = fault->kind == FL_FAULT_ABSENT ? FLOW_OK : keep_copy(survey->env, fault, err);

    if (rc)
        return rc;
    switch (fault->kind) {
    case FL_FAULT_FRONT:
    case FL_FAULT_SEAL: return mend_front(survey, fault, err);
    case FL_FAULT_FRAMES: return mend_frames(survey->env, fault, err);
    case FL_FAULT_ABSENT: return replace(survey, fault, err);
    default: return drop_control(survey, fault, err);
    }
}

int fl_survey_mend(struct fl_survey *survey, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < survey->faults.count && !rc; i++) {
        struct fl_fault *fault = fl_vec_at(&survey->faults, i);
        rc = mend(survey, fault, err);
        fault->repaired = !rc;
    }
    return rc;
}
