/* SPDX-License-Identifier: Apache-2.0 */

/* The public face of surveys: the folders of a file channel that nobody has open. */

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "core/library.h"
#include "core/table.h"
#include "store/logdir.h"
#include "store/mend.h"

#define PASSES 4 /* what is mended first may let more be seen */

/* ---- locks ---- */

typedef int (*lock_call)(const struct fl_store_env *env, const char *folder,
                         struct fl_folder_lock *lock, flow_error **err);

static void unlock_all(flow_logdir *dir)
{
    for (size_t i = 0; i < dir->locks.count; i++)
        fl_folder_unlock(&dir->env, fl_vec_at(&dir->locks, i));
    dir->locks.count = 0;
}

static int lock_one(flow_logdir *dir, const char *folder, lock_call call, flow_error **err)
{
    struct fl_folder_lock lock;
    struct stat found;
    int result = dir->env.io->stat(dir->env.io->self, folder, &found);

    if (result < 0)
        return fl_error_errno(err, -result, "cannot look at", folder);
    int rc = call(&dir->env, folder, &lock, err);
    if (rc)
        return rc;
    if (fl_vec_push(&dir->locks, &lock))
        return FLOW_OK;
    fl_folder_unlock(&dir->env, &lock);
    return fl_error_nomem(err);
}

static int lock_all(flow_logdir *dir, lock_call call, flow_error **err)
{
    int rc = lock_one(dir, dir->control, call, err);

    for (size_t i = 0; i < dir->folders.count && !rc; i++)
        rc = lock_one(dir, *(char **)fl_vec_at(&dir->folders, i), call, err);
    if (rc)
        unlock_all(dir);
    return rc;
}

/* ---- faults, as they are told ---- */

static void forget_told(flow_logdir *dir)
{
    for (size_t i = 0; i < dir->told.count; i++) {
        struct fl_told *told = fl_vec_at(&dir->told, i);
        fl_free(dir->env.mem, told->file);
        fl_free(dir->env.mem, told->message);
    }
    dir->told.count = 0;
    fl_ranges_trim(&dir->lost, UINT64_MAX);
}

static int describe(const struct fl_fault *fault, struct fl_buf *text)
{
    int rc = fl_buf_text(text, fault->what);

    for (size_t i = 0; i < fault->lost.list.count && !rc; i++) {
        const struct fl_range *range = fl_vec_at(&fault->lost.list, i);
        rc = fl_buf_printf(text, "%s%" PRIu64 " to %" PRIu64, i ? ", " : "; events lost: offsets ",
                           range->first, range->end - 1);
    }
    if (!rc && fault->kind == FL_FAULT_FRAMES && !fault->lost.list.count)
        rc = fl_buf_text(text, "; no event is lost, but some that were acknowledged, or up to "
                               "which a source had read there, may be delivered again");
    return rc;
}

static int tell(flow_logdir *dir, const struct fl_fault *fault)
{
    struct fl_told told = {.at = fault->at, .end = fault->end, .repaired = fault->repaired};
    struct fl_buf text;

    fl_buf_init(&text, dir->env.mem);
    told.file = fl_strdup(dir->env.mem, fault->path);
    told.message = describe(fault, &text) ? NULL : fl_buf_detach(&text);
    fl_buf_free(&text);
    if (!told.file || !told.message || fl_ranges_reserve(&dir->lost, fault->lost.list.count) ||
        !fl_vec_push(&dir->told, &told)) {
        fl_free(dir->env.mem, told.file);
        fl_free(dir->env.mem, told.message);
        return FLOW_ENOMEM;
    }
    for (size_t i = 0; i < fault->lost.list.count; i++) {
        const struct fl_range *range = fl_vec_at(&fault->lost.list, i);
        fl_ranges_add(&dir->lost, range->first, range->end);
    }
    return FLOW_OK;
}

/* Tells the faults of the survey that were repaired, or those that were not. */
static int tell_all(flow_logdir *dir, int repaired, flow_error **err)
{
    for (size_t i = 0; i < dir->survey.faults.count; i++) {
        const struct fl_fault *fault = fl_vec_at(&dir->survey.faults, i);
        if (fault->repaired == repaired && tell(dir, fault))
            return fl_error_nomem(err);
    }
    return FLOW_OK;
}

/* ---- opening ---- */

static void free_spans(flow_logdir *dir)
{
    if (dir->spans)
        fl_spans_free(dir->spans);
    fl_free(dir->env.mem, dir->spans);
    dir->spans = NULL;
}

static int make_spans(flow_logdir *dir)
{
    free_spans(dir);
    struct fl_spans *made = fl_alloc(dir->env.mem, sizeof *made);
    if (!made || fl_spans_init(made, dir->env.mem)) {
        fl_free(dir->env.mem, made);
        return FLOW_ENOMEM;
    }
    dir->spans = made;
    return FLOW_OK;
}

static int survey(flow_logdir *dir, flow_error **err)
{
    fl_survey_free(&dir->survey);
    fl_survey_init(&dir->survey, &dir->env);
    if (make_spans(dir))
        return fl_error_nomem(err);
    dir->survey.state.spans = dir->spans;
    dir->survey.control_folder = dir->control;
    dir->survey.folders = dir->folders.items;
    dir->survey.stripes = (uint32_t)dir->folders.count;
    int rc = fl_survey_run(&dir->survey, err);
    flow_logdir_rewind(dir);
    return rc;
}

static flow_logdir *logdir_new(flow_library *lib)
{
    const flow_allocator *mem = &lib->allocator;
    flow_logdir *dir = fl_zalloc(mem, sizeof *dir);

    if (!dir)
        return NULL;
    dir->lib = lib;
    dir->env.mem = mem;
    dir->env.io = lib->io;
    dir->env.pool = lib->pool;
    dir->env.blind = 1;
    fl_vec_init(&dir->folders, mem, sizeof(char *));
    fl_vec_init(&dir->locks, mem, sizeof(struct fl_folder_lock));
    fl_vec_init(&dir->told, mem, sizeof(struct fl_told));
    fl_ranges_init(&dir->lost, mem);
    fl_state_init(&dir->scratch, mem, NULL, NULL);
    fl_buf_init(&dir->reason, mem);
    fl_survey_init(&dir->survey, &dir->env);
    atomic_fetch_add(&lib->users, 1);
    return dir;
}

static int copy_folders(flow_logdir *dir, const char *checkpoint, const char *const *data,
                        size_t count)
{
    dir->control = fl_strdup(dir->env.mem, checkpoint);
    if (!dir->control)
        return FLOW_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        char *copy = fl_strdup(dir->env.mem, data[i]);
        if (!copy || !fl_vec_push(&dir->folders, &copy)) {
            fl_free(dir->env.mem, copy);
            return FLOW_ENOMEM;
        }
    }
    return FLOW_OK;
}

static int open_all(flow_logdir *dir, const struct fl_logdir_place *place,
                    const struct fl_key_provider *provider, flow_error **err)
{
    int rc = copy_folders(dir, place->checkpoint, place->data, place->count) ? fl_error_nomem(err)
                                                                             : FLOW_OK;

    if (!rc && provider)
        rc = fl_sealing_open(dir->env.mem, provider, NULL, &dir->env.sealing, err);
    if (!rc)
        rc = lock_all(dir, fl_folder_lock_quietly, err);
    if (!rc)
        rc = survey(dir, err);
    return rc ? rc : tell_all(dir, 0, err);
}

int fl_logdir_open(flow_library *lib, const struct fl_logdir_place *place,
                   const struct fl_key_provider *provider, flow_logdir **dir, flow_error **err)
{
    *dir = NULL;
    if (!place->checkpoint || !place->data || !place->count || place->count > UINT32_MAX)
        return flow_error_setf(err, FLOW_EINVAL,
                               "a log has a checkpoint folder and at least one data folder");
    flow_logdir *made = logdir_new(lib);
    if (!made)
        return fl_error_nomem(err);
    int rc = open_all(made, place, provider, err);
    if (rc)
        flow_logdir_free(made);
    else
        *dir = made;
    return rc;
}

int flow_logdir_open(flow_library *lib, const char *checkpoint, const char *const *data,
                     size_t count, flow_logdir **dir, flow_error **err)
{
    return flow_logdir_open_keys(lib, checkpoint, data, count, NULL, dir, err);
}

int flow_logdir_open_keys(flow_library *lib, const char *checkpoint, const char *const *data,
                          size_t count, const flow_logdir_keys *keys, flow_logdir **dir,
                          flow_error **err)
{
    const struct fl_logdir_place place = {checkpoint, data, count};
    const struct fl_key_provider *provider = NULL;
    struct fl_logdir_keys opened = {.store = NULL};
    int rc = fl_library_check(lib, err);

    *dir = NULL;
    if (rc)
        return rc;
    if (keys) {
        rc = fl_logdir_keys_open(&opened, lib, keys, err);
        provider = rc ? NULL : fl_flume_keys_provider(opened.store);
    }
    if (!rc)
        rc = fl_logdir_open(lib, &place, provider, dir, err);
    if (rc)
        fl_logdir_keys_close(&opened);
    else
        (*dir)->keys = opened;
    return rc;
}

void flow_logdir_free(flow_logdir *dir)
{
    if (!dir)
        return;
    flow_library *lib = dir->lib;
    const flow_allocator *mem = dir->env.mem;
    fl_tour_end(&dir->tour);
    unlock_all(dir);
    forget_told(dir);
    fl_survey_free(&dir->survey);
    free_spans(dir);
    fl_state_free(&dir->scratch);
    fl_buf_free(&dir->reason);
    for (size_t i = 0; i < dir->folders.count; i++)
        fl_free(mem, *(char **)fl_vec_at(&dir->folders, i));
    fl_vec_free(&dir->folders);
    fl_vec_free(&dir->locks);
    fl_vec_free(&dir->told);
    fl_ranges_free(&dir->lost);
    fl_free(mem, dir->control);
    fl_sealing_close(dir->env.sealing);
    fl_logdir_keys_close(&dir->keys);
    fl_free(mem, dir);
    atomic_fetch_sub(&lib->users, 1);
}

/* ---- repair ---- */

static int mend_all(flow_logdir *dir, flow_error **err)
{
    int rc = FLOW_OK;

    for (int pass = 0; pass < PASSES && dir->survey.faults.count && !rc; pass++) {
        rc = fl_survey_mend(&dir->survey, err);
        int told = tell_all(dir, 1, rc ? NULL : err);
        if (!rc)
            rc = told;
        if (!rc)
            rc = survey(dir, err);
    }
    if (!rc)
        rc = tell_all(dir, 0, err);
    if (!rc && dir->survey.faults.count)
        rc = flow_error_setf(err, FLOW_EPARSE, "%zu faults are left that cannot be repaired",
                             dir->survey.faults.count);
    return rc;
}

int flow_logdir_repair(flow_logdir *dir, flow_error **err)
{
    int rc = fl_library_check(dir->lib, err);

    if (rc)
        return rc;
    fl_tour_end(&dir->tour);
    forget_told(dir);
    /* Closing a file gives up the process's lock of it, so the first one goes before. */
    unlock_all(dir);
    rc = lock_all(dir, fl_folder_lock, err);
    return rc ? rc : mend_all(dir, err);
}

/* ---- frames ---- */

void flow_logdir_rewind(flow_logdir *dir)
{
    fl_tour_end(&dir->tour);
    fl_tour_begin(&dir->tour, &dir->survey, &dir->scratch, 0, dir->survey.pieces.count);
}

/* Tells of a dead letter why it is one. */
static int tell_letter(flow_logdir *dir, flow_logdir_frame *frame, flow_error **err)
{
    const struct fl_walk *walk = &dir->tour.walk;

    if (frame->type != FL_FRAME_DEAD || !walk->run) /* damaged, or encrypted without keys */
        return FLOW_OK;
    fl_buf_clear(&dir->reason);
    if (fl_buf_append(&dir->reason, walk->text.reason, walk->text.reason_size))
        return fl_error_nomem(err);
    frame->reason = fl_buf_cstr(&dir->reason);
    frame->deliveries = walk->letter.deliveries;
    frame->cursor = walk->text.cursor;
    return frame->reason ? FLOW_OK : fl_error_nomem(err);
}

int flow_logdir_next(flow_logdir *dir, flow_logdir_frame *frame, flow_error **err)
{
    struct fl_step step;
    int found = 0;
    int rc = fl_library_check(dir->lib, err);

    if (!rc)
        rc = fl_tour_next(&dir->tour, &step, &found, err);
    if (rc || !found)
        return rc ? rc : FLOW_ENOENT;
    flow_logdir_frame mine = {
        .struct_size = sizeof mine,
        .type = step.frame.type,
        .file = dir->tour.walk.scan.path,
        .at = step.at,
        .size = step.end - step.at,
        .payload = step.frame.size,
        .positions = step.frame.positions,
        .first = step.frame.first,
        .count = step.frame.count,
        .checksum = step.frame.crc,
        .time = step.frame.time,
        .fault = step.fault,
        .flags = step.frame.flags,
        .raw = fl_frame_plain(&step.frame),
        .spans = step.frame.spans,
    };
    rc = tell_letter(dir, &mine, err);
    if (rc)
        return rc;
    rc = fl_table_export(frame, &mine, sizeof mine, sizeof(uint32_t));
    return rc ? flow_error_set(err, rc, "struct_size is not that of a flow_logdir_frame") : rc;
}

const flow_event *flow_logdir_event(const flow_logdir *dir, size_t index)
{
    const struct fl_run *run = dir->tour.open ? dir->tour.walk.run : NULL;

    return run && index < run->count ? run->events[index] : NULL;
}
