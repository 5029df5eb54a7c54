/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happened to an upload whose answer is missing or bad?  All of it may have arrived, a part,
 * or nothing; and a request that waits in a DataNode that hangs may be carried out much later.
 *
 *   1. The file is renamed.  A late request then finds nothing under the name it has, and one that
 *      has begun already keeps the file open, which 3. notices.
 *   2. Its length says what arrived.
 *   3. TRUNCATE to just that length succeeds only when nobody has the file open, and makes sure
 *      that the length is what 2. said.  While it is refused, 2. and 3. are tried again: HDFS
 *      releases the file of a writer that died after a minute.
 *
 * Then the rest is appended.  A rollback takes the same way, but cuts to what is committed.  Until
 * the way has been gone to its end the transactions stay open, however long that takes.
 *
 * Local folders know no late requests; there 1. is left out.
 *
 * A file that an earlier run left takes this way too, to what is committed of it and, when that is
 * nothing, out of the world.
 */

#include "base/error.h"
#include "sinks/hdfs/mark.h"

/* For which a request of an earlier run may still be carried out: a DataNode, which has to make a
 * file first, can hang. */
#define LATE_MAKING_MS 30000
#define LATE_MOVING_MS 5000

#define LOST_MS 600000 /* after which HDFS will not find more of a file that nobody writes */

void fl_hdfs_recover(struct fl_hdfs_file *file)
{
    struct fl_hdfs_request *request = &file->request;

    flow_context_logf(file->host->options->ctx, FLOW_LOG_WARN,
                      "what arrived of %s is in doubt: %s; asking for its length", file->in_use,
                      flow_error_message(request->error));
    flow_error_free(file->doubt_error);
    file->doubt = request->answer;
    file->doubt_error = request->error;
    request->error = NULL;
    file->maybe_created |= request->op == FL_HDFS_CREATE;
    file->recovery = file->host->target->late ? FL_STEP_FENCE : FL_STEP_MEASURE;
}

/* Chooses the next fence, which has to be known before the file can be behind it. */
static void choose_fence(struct fl_hdfs_file *file)
{
    file->fence = fl_hdfs_file_fence_name(file, file->fences + 1);
    if (!file->fence || !fl_hdfs_mark_note(file, file->fences + 1, NULL))
        return;
    fl_free(file->host->mem, file->fence);
    file->fence = NULL;
}

static void prepare_fence(struct fl_hdfs_file *file)
{
    if (!file->fence)
        choose_fence(file);
    if (!file->fence)
        file->step = FL_STEP_FIND_OLD; /* no memory: harmless, and leads back here */
    file->request.op = file->fence ? FL_HDFS_RENAME : FL_HDFS_LENGTH;
    file->request.to = file->fence;
}

void fl_hdfs_recover_prepare(struct fl_hdfs_file *file)
{
    struct fl_hdfs_request *request = &file->request;

    request->path = file->in_use;
    request->op = FL_HDFS_LENGTH;
    if (file->step == FL_STEP_FENCE) {
        prepare_fence(file);
    } else if (file->step == FL_STEP_FIND_NEW) {
        request->path = file->fence;
    } else if (file->step == FL_STEP_CUT) {
        request->op = FL_HDFS_TRUNCATE;
        request->length = file->goal;
    } else if (file->step == FL_STEP_REMOVE) {
        request->op = FL_HDFS_REMOVE;
    }
}

static void moved(struct fl_hdfs_file *file)
{
    fl_free(file->host->mem, file->in_use);
    file->in_use = file->fence;
    file->fence = NULL;
    file->fences++;
}

/* Goes on with STEP after a pause. */
static void again(struct fl_hdfs_file *file, enum fl_hdfs_step step, const char *what)
{
    file->recovery = step;
    if (!file->request.error)
        flow_error_set(&file->request.error, FLOW_EIO, "not carried out yet");
    fl_hdfs_file_pause(file, what);
}

/* The doubt is gone: goes on with what is left, or gives up when that would be refused again. */
static void settle(struct fl_hdfs_file *file)
{
    flow_error *error = file->doubt_error;

    file->recovery = FL_STEP_NONE;
    file->doubt_error = NULL;
    fl_hdfs_file_trim(file);
    int refused = file->doubt == FL_HDFS_REFUSED || fl_hdfs_file_given_up(file);
    if (error && refused && file->delivered < file->appended) {
        flow_error_setf(&error, FLOW_EDELIVERY, "cannot write %s", file->in_use);
        fl_hdfs_host_fail(file->host, error);
    } else {
        flow_error_free(error);
    }
}

/* The file has LENGTH bytes and is closed. */
static void fixed(struct fl_hdfs_file *file, uint64_t length)
{
    if (length > file->delivered)
        fl_hdfs_file_succeed(file);
    else
        fl_hdfs_file_delay(file);
    if (file->host->failure)
        file->retry_at = 0;
    file->exists = 1;
    file->maybe_created = 0;
    file->delivered = length;
    file->host->progress = 1;
    settle(file);
}

/* Whether no request of the earlier run can make it appear any more. */
static int is_gone(const struct fl_hdfs_file *file)
{
    int64_t now = flow_context_now(file->host->options->ctx);
    int64_t limit = file->floor ? LATE_MOVING_MS : LATE_MAKING_MS;

    return !file->host->target->late || (file->failing_since && now - file->failing_since >= limit);
}

/* A file of an earlier run is not where it was looked for: it may be behind a fence before, or have
 * its final name already, or never have been made. */
static void look_elsewhere(struct fl_hdfs_file *file)
{
    char *name = file->behind ? fl_hdfs_file_fence_name(file, file->behind - 1) : NULL;

    if (name) {
        fl_free(file->host->mem, file->in_use);
        file->in_use = name;
        file->behind--;
    } else if (!file->behind && is_gone(file)) {
        file->exists = 0;
        file->recovery = FL_STEP_NONE;
        fl_hdfs_file_succeed(file);
        return;
    } else {
        file->behind = file->fences + 1; /* and all over again */
        fl_hdfs_file_delay(file);
    }
    file->recovery = file->host->target->late ? FL_STEP_FENCE : FL_STEP_MEASURE;
}

/* There is no such file, and none is to be expected except from a late creation. */
static void absent(struct fl_hdfs_file *file)
{
    flow_error *error = NULL;

    if (file->earlier) {
        look_elsewhere(file);
        return;
    }
    if (file->exists) {
        flow_error_setf(&error, FLOW_EDELIVERY, "%s has vanished; it held %llu committed bytes",
                        file->in_use, (unsigned long long)file->floor);
        flow_context_log(file->host->options->ctx, FLOW_LOG_ERROR, flow_error_message(error));
        fl_hdfs_host_fail(file->host, error);
    }
    file->exists = 0;
    file->delivered = file->floor;
    fl_hdfs_file_delay(file);
    settle(file);
}

/* A file of an earlier run has less than was committed, and it is not to be expected that it gets
 * more: a machine has crashed that had not synced it. */
static int has_lost(const struct fl_hdfs_file *file, uint64_t length)
{
    int64_t now = flow_context_now(file->host->options->ctx);

    return file->earlier && length < file->floor &&
           (!file->host->target->late ||
            (file->failing_since && now - file->failing_since >= LOST_MS));
}

static void give_up_rest(struct fl_hdfs_file *file, uint64_t length)
{
    flow_context_logf(file->host->options->ctx, FLOW_LOG_ERROR,
                      "%s has %llu bytes, but %llu were delivered to it: the rest is lost",
                      file->in_use, (unsigned long long)length, (unsigned long long)file->floor);
    file->floor = file->delivered = file->sent = file->appended = length;
}

/* Chooses the length to fix when the file has LENGTH now. */
static void choose_goal(struct fl_hdfs_file *file, uint64_t length)
{
    if (has_lost(file, length))
        give_up_rest(file, length);
    int rollback = file->host->failure || file->earlier;
    uint64_t least = rollback ? file->floor : file->delivered;

    if (length < least) {
        flow_error_setf(&file->request.error, FLOW_EIO,
                        "it has %llu bytes though %llu were answered", (unsigned long long)length,
                        (unsigned long long)least);
        again(file, FL_STEP_MEASURE, "cannot go on with");
        return;
    }
    file->goal = rollback || length > file->sent ? least : length;
    file->recovery = rollback && !file->floor ? FL_STEP_REMOVE : FL_STEP_CUT;
}

static void answer_fence(struct fl_hdfs_file *file)
{
    if (file->request.answer == FL_HDFS_DONE) {
        moved(file);
        file->recovery = FL_STEP_MEASURE;
    } else if (file->request.answer == FL_HDFS_NO || file->request.answer == FL_HDFS_ABSENT) {
        file->recovery = FL_STEP_FIND_NEW;
    } else {
        again(file, FL_STEP_FENCE, "cannot move");
    }
}

static void answer_find(struct fl_hdfs_file *file, enum fl_hdfs_step step)
{
    enum fl_hdfs_answer answer = file->request.answer;

    if (answer == FL_HDFS_ABSENT && step == FL_STEP_FIND_NEW) {
        file->recovery = FL_STEP_FIND_OLD;
    } else if (answer == FL_HDFS_ABSENT) {
        absent(file);
    } else if (answer != FL_HDFS_DONE) {
        again(file, step, "cannot find");
    } else if (step == FL_STEP_FIND_NEW) {
        moved(file);
        choose_goal(file, file->request.length);
    } else {
        again(file, FL_STEP_FENCE, "cannot move");
    }
}

static void answer_measure(struct fl_hdfs_file *file)
{
    if (file->request.answer == FL_HDFS_DONE)
        choose_goal(file, file->request.length);
    else if (file->request.answer == FL_HDFS_ABSENT)
        absent(file);
    else
        again(file, FL_STEP_MEASURE, "cannot look at");
}

static void answer_cut(struct fl_hdfs_file *file)
{
    if (file->request.answer == FL_HDFS_DONE)
        fixed(file, file->goal);
    else if (file->request.answer == FL_HDFS_ABSENT)
        absent(file);
    else
        again(file, FL_STEP_MEASURE, "cannot fix the length of");
}

static void answer_remove(struct fl_hdfs_file *file)
{
    enum fl_hdfs_answer answer = file->request.answer;

    if (answer == FL_HDFS_DONE || answer == FL_HDFS_NO || answer == FL_HDFS_ABSENT) {
        file->exists = 0;
        file->delivered = 0;
        settle(file);
    } else {
        again(file, FL_STEP_REMOVE, "cannot remove");
    }
}

/* What was to be cut off may have been committed meanwhile. */
enum fl_hdfs_step fl_hdfs_recover_next(struct fl_hdfs_file *file)
{
    if (file->goal < file->floor)
        file->goal = file->floor;
    if (file->recovery == FL_STEP_REMOVE && file->floor)
        file->recovery = FL_STEP_CUT;
    return file->recovery;
}

void fl_hdfs_recover_answer(struct fl_hdfs_file *file, enum fl_hdfs_step step)
{
    switch (step) {
    case FL_STEP_FENCE: answer_fence(file); break;
    case FL_STEP_FIND_NEW:
    case FL_STEP_FIND_OLD: answer_find(file, step); break;
    case FL_STEP_MEASURE: answer_measure(file); break;
    case FL_STEP_CUT: answer_cut(file); break;
    default: answer_remove(file); break;
    }
    flow_error_free(file->request.error);
    file->request.error = NULL;
}
