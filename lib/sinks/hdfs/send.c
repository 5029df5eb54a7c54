/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A file's way: upload, upload, ..., rename.  One request at a time; what comes next follows from
 * what is known, so that there is no sequence that a failure could leave half done.  What an
 * unclear answer entails is in recover.c.
 */

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "sinks/hdfs/mark.h"

#define BLOCK_BYTES ((uint64_t)128 << 20) /* of a file in HDFS, usually */
#define UPLOAD_MOST ((uint64_t)1 << 40)   /* however much may be pending */
#define UPLOAD_MS 2000                    /* an upload takes nothing more along after this */
#define LINGER_MS 40                      /* without bytes, in one upload: what a request costs */
#define BUSY_BYTES ((uint64_t)1 << 20)    /* in one upload */
#define PAUSE_MS 200                      /* before the second try, then doubled */
#define PAUSE_MAX_MS 5000
#define REPORT_MS 10000

void fl_hdfs_host_fail(struct fl_hdfs_host *host, flow_error *failure)
{
    flow_counter_add(host->failed, 1);
    if (!failure) /* whoever failed did not say why; that must not look like success */
        flow_error_set(&failure, FLOW_ECALLBACK, "a part of the sink failed without a reason");
    if (host->failure)
        flow_error_free(failure);
    else
        host->failure = failure;
}
/* ---- requests ---- */

/*
 * An upload takes along most of what may be pending, for each costs as much as many bytes do; the
 * rest is what comes while it is answered.  It ends where a block does: the answer to one that
 * reaches a little into the next block waits until the NameNode knows of both.
 */
static uint64_t upload_end(const struct fl_hdfs_file *file)
{
    uint64_t begin = file->delivered;
    uint64_t most = (uint64_t)file->host->options->max_pending_bytes / 5 * 4;
    uint64_t last = (begin + (most < UPLOAD_MOST ? most : UPLOAD_MOST)) / BLOCK_BYTES;
    uint64_t next = begin / BLOCK_BYTES + 1;

    return (last > next ? last : next) * BLOCK_BYTES;
}

/* Whether the upload under way may still grow. */
static int may_grow(const struct fl_hdfs_file *file)
{
    return !file->finishing && !file->host->failure && file->position < file->end_at &&
           flow_context_now(file->host->options->ctx) - file->begun_ms < UPLOAD_MS;
}

/*
 * Whether an upload that has nothing to send waits a little for more, which is cheaper than another
 * upload.  One that began soon after the one before was answered does, and one that has sent much:
 * then events come all the time, only not in this very moment.
 */
static int may_linger(struct fl_hdfs_file *file)
{
    int busy = file->busy || file->position - file->begun_at >= BUSY_BYTES;
    int64_t now = fl_clock_now(fl_clock_system());

    if (!busy || !may_grow(file))
        return 0;
    if (!file->lacking_since)
        file->lacking_since = now;
    return now - file->lacking_since < file->linger_ms;
}

/* There is something to send again. */
static void end_lingering(struct fl_hdfs_file *file)
{
    if (!file->lacking_since)
        return;
    file->linger_ms -= fl_clock_now(fl_clock_system()) - file->lacking_since;
    file->lacking_since = 0;
}

/* The segment that holds `position`, or NULL at the end. */
static struct fl_hdfs_segment *segment_at_position(struct fl_hdfs_file *file)
{
    struct fl_hdfs_segment *segment = file->reading ? file->reading : file->first;

    while (segment && segment->start + segment->size <= file->position)
        segment = segment->next;
    file->reading = segment;
    return segment;
}

/* Gives the upload its next bytes; what was taken from the channel meanwhile comes along. */
static size_t read_upload(void *self, void *data, size_t size)
{
    struct fl_hdfs_file *file = self;
    struct fl_hdfs_segment *segment = segment_at_position(file);
    uint64_t room = file->end_at - file->position;
    int more = 0;

    if (!segment && may_grow(file)) {
        more = file->host->more(file->host->self);
        segment = segment_at_position(file);
    }
    if (!segment && more && may_linger(file))
        return FL_HDFS_READ_WAIT;
    if (!segment || file->host->failure || !room)
        return 0;
    end_lingering(file);
    if (size > room)
        size = (size_t)room;
    size_t part = fl_hdfs_segment_read(segment, file->position - segment->start, data, size);
    file->position += part;
    if (file->sent < file->position)
        file->sent = file->position;
    return part;
}

static void prepare_upload(struct fl_hdfs_file *file, int64_t now)
{
    file->request.op = file->exists ? FL_HDFS_APPEND : FL_HDFS_CREATE;
    file->request.path = file->in_use;
    file->request.read = read_upload;
    file->position = file->begun_at = file->delivered;
    file->end_at = upload_end(file);
    file->begun_ms = now;
    file->busy = file->exists && now - file->answered_ms <= LINGER_MS;
    file->linger_ms = LINGER_MS;
    file->lacking_since = 0;
    file->reading = NULL;
}

static void report(struct fl_hdfs_file *file, const char *what)
{
    const struct fl_hdfs_options *options = file->host->options;
    int64_t now = flow_context_now(options->ctx);

    if (file->reported_ms && now - file->reported_ms < REPORT_MS)
        return;
    file->reported_ms = now ? now : 1;
    flow_context_logf(options->ctx, FLOW_LOG_WARN, "%s %s: %s; trying again", what, file->in_use,
                      flow_error_message(file->request.error));
}

void fl_hdfs_file_delay(struct fl_hdfs_file *file)
{
    int64_t now = flow_context_now(file->host->options->ctx);

    if (!file->failing_since)
        file->failing_since = now ? now : 1;
    file->pause_ms = file->pause_ms ? file->pause_ms * 2 : PAUSE_MS;
    if (file->pause_ms > PAUSE_MAX_MS)
        file->pause_ms = PAUSE_MAX_MS;
    file->retry_at = now + file->pause_ms;
}

void fl_hdfs_file_pause(struct fl_hdfs_file *file, const char *what)
{
    fl_hdfs_file_delay(file);
    report(file, what);
    flow_error_free(file->request.error);
    file->request.error = NULL;
}

void fl_hdfs_file_succeed(struct fl_hdfs_file *file)
{
    file->failing_since = 0;
    file->pause_ms = 0;
    file->retry_at = 0;
    file->reported_ms = 0;
}

int fl_hdfs_file_given_up(const struct fl_hdfs_file *file)
{
    const struct fl_hdfs_options *options = file->host->options;

    return options->call_timeout_ms && file->failing_since &&
           flow_context_now(options->ctx) - file->failing_since >= options->call_timeout_ms;
}

/* Hands the request's error on as the reason to roll back. */
static void fail(struct fl_hdfs_file *file)
{
    flow_error *error = file->request.error;

    file->request.error = NULL;
    flow_error_setf(&error, FLOW_EDELIVERY, "cannot write %s", file->in_use);
    fl_hdfs_host_fail(file->host, error);
}

/* The name turned out to be taken: the next number is tried. */
static void take_next_number(struct fl_hdfs_file *file)
{
    flow_error_free(file->request.error);
    file->request.error = NULL;
    if (fl_hdfs_file_name(file, file->number + 1)) {
        fl_error_nomem(&file->request.error);
        fail(file);
    }
}

static void log_upload(const struct fl_hdfs_file *file)
{
    const flow_context *ctx = file->host->options->ctx;

    if (flow_context_log_enabled(ctx, FLOW_LOG_DEBUG))
        flow_context_logf(ctx, FLOW_LOG_DEBUG, "%s: %llu bytes answered after %lld ms",
                          file->in_use, (unsigned long long)(file->position - file->begun_at),
                          (long long)(flow_context_now(ctx) - file->begun_ms));
}

/* Whether what has the name can come from an earlier try: nobody else chooses one by chance. */
static int may_be_own(const struct fl_hdfs_file *file)
{
    return file->maybe_created || file->chance;
}

static void answer_upload(struct fl_hdfs_file *file)
{
    struct fl_hdfs_request *request = &file->request;
    enum fl_hdfs_answer answer = request->answer;
    int taken = answer == FL_HDFS_EXISTS || answer == FL_HDFS_BUSY;

    if (answer == FL_HDFS_DONE) {
        fl_hdfs_file_succeed(file);
        log_upload(file);
        file->answered_ms = flow_context_now(file->host->options->ctx);
        file->exists = 1;
        file->delivered = file->position;
        fl_hdfs_file_trim(file);
        fl_hdfs_file_raise_floor(file);
        file->host->progress = 1;
    } else if (taken && request->op == FL_HDFS_CREATE && !may_be_own(file)) {
        take_next_number(file);
    } else if (request->unclear || (taken && request->op == FL_HDFS_CREATE)) {
        fl_hdfs_recover(file);
    } else if (answer == FL_HDFS_REFUSED || answer == FL_HDFS_ABSENT ||
               fl_hdfs_file_given_up(file)) {
        file->exists = file->exists && answer != FL_HDFS_ABSENT;
        fail(file);
    } else {
        fl_hdfs_file_pause(file, "cannot write");
    }
}

static void close_file(struct fl_hdfs_file *file, int renamed)
{
    const struct fl_hdfs_options *options = file->host->options;

    file->gone = 1;
    if (!file->earlier)
        flow_counter_add(file->host->closed, 1);
    if (renamed || !file->exists)
        fl_hdfs_mark_forget(file);
    if (renamed)
        flow_context_logf(options->ctx, FLOW_LOG_INFO, "closed %s: %llu bytes, %llu events",
                          file->final, (unsigned long long)file->delivered,
                          (unsigned long long)file->events);
}

/* A file that cannot be renamed is tried again after hdfs.retryInterval, hdfs.closeTries times. */
static void retry_rename(struct fl_hdfs_file *file)
{
    const struct fl_hdfs_options *options = file->host->options;

    if (++file->close_tries >= options->close_tries) {
        flow_context_logf(options->ctx, FLOW_LOG_ERROR,
                          "cannot rename %s to %s: %s; it keeps this name%s", file->in_use,
                          file->final, flow_error_message(file->request.error),
                          file->noted ? " until the next start" : "");
        close_file(file, 0);
    } else {
        report(file, "cannot rename");
        file->retry_at = flow_context_now(options->ctx) + options->retry_ms;
    }
    flow_error_free(file->request.error);
    file->request.error = NULL;
}

/* HDFS says "no" to a rename when the target exists and also when the source does not. */
static void answer_rename(struct fl_hdfs_file *file)
{
    enum fl_hdfs_answer answer = file->request.answer;

    if (answer == FL_HDFS_DONE) {
        close_file(file, 1);
    } else if (answer == FL_HDFS_NO || answer == FL_HDFS_ABSENT || answer == FL_HDFS_EXISTS) {
        file->check = 1;
        flow_error_free(file->request.error);
        file->request.error = NULL;
    } else {
        retry_rename(file);
    }
}

static void answer_check(struct fl_hdfs_file *file)
{
    file->check = file->request.answer != FL_HDFS_DONE;
    if (file->request.answer == FL_HDFS_DONE)
        take_next_number(file); /* it is still there, so its final name is somebody else's */
    else if (file->request.answer == FL_HDFS_ABSENT)
        close_file(file, 1);
    else
        retry_rename(file);
}

static void answered(void *self)
{
    struct fl_hdfs_file *file = self;
    enum fl_hdfs_step step = file->step;

    file->step = FL_STEP_NONE;
    file->host->requests--;
    if (step == FL_STEP_UPLOAD)
        answer_upload(file);
    else if (step == FL_STEP_RENAME)
        answer_rename(file);
    else if (step == FL_STEP_CHECK)
        answer_check(file);
    else
        fl_hdfs_recover_answer(file, step);
}

/* ---- what to do next ---- */

int fl_hdfs_file_is_falling(const struct fl_hdfs_file *file)
{
    return file->host->failure && file->recovery != FL_STEP_NONE;
}

int fl_hdfs_file_clean(const struct fl_hdfs_file *file)
{
    return file->step == FL_STEP_NONE && file->recovery == FL_STEP_NONE &&
           (!file->exists || (file->floor && file->delivered == file->floor));
}

static enum fl_hdfs_step next_step(struct fl_hdfs_file *file)
{
    if (file->recovery)
        return fl_hdfs_recover_next(file);
    if (file->host->failure) {
        if (fl_hdfs_file_clean(file))
            return FL_STEP_NONE;
        file->goal = file->floor;
        return file->recovery = file->floor ? FL_STEP_CUT : FL_STEP_REMOVE;
    }
    if (file->delivered < file->appended)
        return FL_STEP_UPLOAD;
    if (!file->finishing || file->parts)
        return FL_STEP_NONE;
    int named = file->host->target->late && !strcmp(file->in_use, file->final);
    if (!file->exists || named) /* there is nothing to rename */
        close_file(file, named);
    if (file->gone)
        return FL_STEP_NONE;
    return file->check ? FL_STEP_CHECK : FL_STEP_RENAME;
}

static void prepare_rename(struct fl_hdfs_file *file)
{
    file->request.op = file->step == FL_STEP_CHECK ? FL_HDFS_LENGTH : FL_HDFS_RENAME;
    file->request.path = file->in_use;
    file->request.to = file->final;
}

/* Whoever finds a file after a crash has to know whose it is. */
static int announce(struct fl_hdfs_file *file)
{
    flow_error *error = NULL;
    int rc = file->exists ? FLOW_OK : fl_hdfs_mark_note(file, file->fences, &error);

    if (rc)
        fl_hdfs_host_fail(file->host, error);
    return rc;
}

/*
 * While it is not known whether a transaction has committed, nothing that it delivered may be cut
 * off, and no mark of its files may be set beside its own.
 */
static int has_to_wait(const struct fl_hdfs_file *file)
{
    const struct fl_hdfs_host *host = file->host;

    return (host->committing && host->failure) ||
           (file->committing && file->recovery == FL_STEP_FENCE);
}

void fl_hdfs_file_step(struct fl_hdfs_file *file, int64_t now)
{
    struct fl_hdfs_host *host = file->host;

    if (file->step || file->gone || (now < file->retry_at && !host->stopping) ||
        host->requests >= host->options->max_requests || has_to_wait(file))
        return;
    file->step = next_step(file);
    if (!file->step)
        return;
    file->request = (struct fl_hdfs_request){.done = answered, .self = file};
    if (file->step == FL_STEP_UPLOAD)
        prepare_upload(file, now);
    else if (file->step == FL_STEP_RENAME || file->step == FL_STEP_CHECK)
        prepare_rename(file);
    else
        fl_hdfs_recover_prepare(file);
    if (file->step == FL_STEP_UPLOAD && announce(file)) {
        file->step = FL_STEP_NONE;
        return;
    }
    host->requests++;
    host->target->ops->start(host->target, &file->request);
}
