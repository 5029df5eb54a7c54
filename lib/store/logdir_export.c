/* SPDX-License-Identifier: Apache-2.0 */

/* Writes the events of a log as a serializer would write a file of them. */

#include "base/error.h"
#include "core/context.h"
#include "core/serializer.h"
#include "core/settings.h"
#include "store/logdir.h"

#define PIECE ((size_t)1 << 20) /* so much is written at once */

/* One folder's next put. */
struct track {
    struct fl_tour tour;
    struct fl_step step;
    int has_put;
};

struct export {
    flow_logdir *dir;
    struct fl_vec tracks; /* of struct track */
    struct fl_settings *settings;
    const flow_serializer_ops *ops;
    flow_context *ctx;
    void *serializer;
    flow_buffer out;
    uint32_t flags;
    int fd;
    uint64_t count;
};

/* ---- the serializer ---- */

static void no_finding(void *self, int32_t severity, const struct fl_raw *where,
                       const char *message, const char *hint)
{
}

/* Makes it with the defaults of its properties. */
static int make_serializer(struct export *export, const char *name, flow_error **err)
{
    flow_library *lib = export->dir->lib;
    const struct fl_raw owner = {.key = "", .full = "", .value = "", .file = ""};
    const struct fl_findings findings = {NULL, no_finding};
    const struct fl_type *type;
    size_t faults = 0;
    int rc = fl_registry_lookup(lib->registry, FLOW_KIND_SERIALIZER, name, &type, NULL, err);

    if (rc)
        return rc;
    if (fl_settings_make(lib->registry, type, NULL, 0, &owner, &findings, &faults,
                         &export->settings))
        return fl_error_nomem(err);
    if (faults)
        return flow_error_setf(err, FLOW_ECONFIG, "the serializer %s has properties to be set",
                               name);
    rc = fl_context_new(lib, type, name, export->settings, NULL, &export->ctx, err);
    if (rc)
        return rc;
    rc = type->ops.serializer.create(export->ctx, &export->serializer, err);
    if (!rc)
        export->ops = &type->ops.serializer;
    return rc;
}

/* ---- the tracks ---- */

/* A track for each run of pieces of one stripe. */
static int make_tracks(struct export *export, flow_error **err)
{
    const struct fl_survey *survey = &export->dir->survey;
    size_t first = 0;

    while (first < survey->pieces.count) {
        uint32_t stripe = ((const struct fl_piece *)fl_vec_at(&survey->pieces, first))->stripe;
        size_t end = first + 1;
        while (end < survey->pieces.count &&
               ((const struct fl_piece *)fl_vec_at(&survey->pieces, end))->stripe == stripe)
            end++;
        struct track *track = fl_vec_push(&export->tracks, NULL);
        if (!track)
            return fl_error_nomem(err);
        fl_tour_begin(&track->tour, survey, &export->dir->scratch, first, end);
        first = end;
    }
    return FLOW_OK;
}

/* Events that are there and cannot be read are not passed over. */
static int check_hidden(const struct track *track, flow_error **err)
{
    const struct fl_scan *scan = &track->tour.walk.scan;
    const struct fl_frame *frame = &track->step.frame;

    if (frame->type != FL_FRAME_PUT || !frame->count || track->step.fault || track->has_put)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_ECONFIG,
                           "%s is encrypted with the key '%s', and there are no keys", scan->path,
                           scan->seal.name);
}

static int find_put(struct track *track, flow_error **err)
{
    int found = 1;
    int rc = FLOW_OK;

    while (!rc && found && !track->has_put) {
        rc = fl_tour_next(&track->tour, &track->step, &found, err);
        track->has_put = !rc && found && track->tour.walk.run;
        if (!rc && found)
            rc = check_hidden(track, err);
    }
    return rc;
}

/* The track that has the smallest offset, or NULL at the end. */
static int first_track(struct export *export, struct track **first, flow_error **err)
{
    *first = NULL;
    for (size_t i = 0; i < export->tracks.count; i++) {
        struct track *track = fl_vec_at(&export->tracks, i);
        int rc = find_put(track, err);
        if (rc)
            return rc;
        if (track->has_put && (!*first || track->step.frame.first < (*first)->step.frame.first))
            *first = track;
    }
    return FLOW_OK;
}

/* ---- the output ---- */

static int write_out(struct export *export, size_t least, flow_error **err)
{
    struct fl_buf *bytes = &export->out.bytes;

    if (bytes->size < least)
        return FLOW_OK;
    int rc = fl_file_write(fl_io_system(), export->fd, bytes->data, bytes->size, "the output", err);
    fl_buf_clear(bytes);
    return rc;
}

/* Writes those events of RUN that are wanted, which its own array of them does not need after. */
static int write_run(struct export *export, const struct fl_run *run, flow_error **err)
{
    int all = (export->flags & FLOW_LOGDIR_ALL) != 0;
    int rc = FLOW_OK;

    for (size_t i = 0; i < run->count && !rc;) {
        size_t end = i;
        while (end < run->count &&
               (all || fl_state_needs(&export->dir->survey.state, run->first + end)))
            end++;
        if (end > i)
            rc =
                export->ops->write(export->serializer, run->events + i, end - i, &export->out, err);
        export->count += rc ? 0 : end - i;
        i = end > i ? end : i + 1;
    }
    return rc ? rc : write_out(export, PIECE, err);
}

static int write_all(struct export *export, flow_error **err)
{
    const flow_serializer_ops *ops = export->ops;
    struct track *track = NULL;
    int rc = ops->begin ? ops->begin(export->serializer, &export->out, err) : FLOW_OK;

    if (!rc)
        rc = first_track(export, &track, err);
    while (!rc && track) {
        rc = write_run(export, track->tour.walk.run, err);
        track->has_put = 0;
        if (!rc)
            rc = first_track(export, &track, err);
    }
    if (!rc && ops->flush)
        rc = ops->flush(export->serializer, &export->out, err);
    if (!rc && ops->end)
        rc = ops->end(export->serializer, &export->out, err);
    return rc ? rc : write_out(export, 1, err);
}

static void clean_up(struct export *export)
{
    for (size_t i = 0; i < export->tracks.count; i++)
        fl_tour_end(&((struct track *)fl_vec_at(&export->tracks, i))->tour);
    if (export->ops)
        export->ops->destroy(export->serializer);
    fl_context_free(export->ctx);
    fl_settings_free(export->settings);
    fl_vec_free(&export->tracks);
    fl_buf_free(&export->out.bytes);
}

int flow_logdir_export(flow_logdir *dir, const char *serializer, uint32_t flags, int fd,
                       uint64_t *count, flow_error **err)
{
    struct export export = {.dir = dir, .flags = flags, .fd = fd};
    int rc = fl_library_check(dir->lib, err);

    *count = 0;
    if (rc)
        return rc;
    if (flags & ~FLOW_LOGDIR_ALL)
        return flow_error_setf(err, FLOW_EINVAL, "the flags of an export are 0 or FLOW_LOGDIR_ALL");
    fl_vec_init(&export.tracks, dir->env.mem, sizeof(struct track));
    fl_buf_init(&export.out.bytes, dir->env.mem);
    rc = make_serializer(&export, serializer, err);
    if (!rc)
        rc = make_tracks(&export, err);
    if (!rc)
        rc = write_all(&export, err);
    *count = export.count;
    clean_up(&export);
    return rc;
}
