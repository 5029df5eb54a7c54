/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The uploader: one thread that turns transactions into bytes of files, lets the files send them,
 * and ends each transaction when all its parts have been answered.
 *
 * A transaction may commit once everything that stands before it in its files may, too: otherwise
 * the bytes of one that fails could not be cut off without those of one that is committed.  For
 * the same reason a failure ends all open transactions: uploads under way are waited for, what can
 * commit commits, every file is cut back to what is committed, and only then is the rest rolled
 * back, newest first.
 *
 * The commit itself happens elsewhere, after flow_txn_done; what is delivered counts as committed,
 * and a file gets its final name, when the sink was told that it has.
 */

#include <stdatomic.h>

#include "base/error.h"
#include "base/thread.h"
#include "sinks/hdfs/bucket.h"
#include "sinks/hdfs/mark.h"
#include "sinks/hdfs/uploader.h"

#define ROUND_BYTES ((int64_t)4 << 20) /* serialized before the network gets its turn */
#define POLL_MAX_MS 3600000
#define STOP_POLL_MS 100
#define TRIM_MS 1000

struct part {
    struct fl_hdfs_file *file;
    uint64_t end; /* the transaction is delivered there when the file is up to here */
};

struct job_list {
    struct fl_hdfs_job *first, **last;
};

struct fl_hdfs_uploader {
    const struct fl_hdfs_options *options;
    struct fl_hdfs_host host;
    struct fl_hdfs_buckets buckets;
    struct job_list jobs; /* serialized, in order */
    uint64_t serial;      /* of the last of them */
    uint64_t pass;        /* marks the files that hold back others, see settle */
    int64_t stop_limit;   /* on the system's clock, as the next */
    int64_t busy_ms;      /* when there was a transaction here last */
    struct fl_thread thread;

    struct fl_lock lock;        /* for the next three */
    struct job_list queue;      /* not yet serialized */
    struct job_list committing; /* done */
    struct job_list ended;      /* and what became of that is known */
    struct fl_gate room;
    struct fl_gate turn;    /* opened when a transaction was done, and at the end */
    _Atomic uint64_t dones; /* transactions that were */
    uint64_t dones_seen;    /* by who stops the uploader */
    _Atomic int over;
    _Atomic int64_t held; /* bytes of all transactions here */
    _Atomic int64_t deadline;
    _Atomic int64_t stopping; /* 0, or how long a stop may take, in ms */
    _Atomic int asleep;
    _Atomic int flushing; /* nothing more comes for a while */
};

/* ---- jobs ---- */

struct fl_hdfs_job *fl_hdfs_job_new(const flow_allocator *mem)
{
    struct fl_hdfs_job *job = fl_zalloc(mem, sizeof *job);

    if (job) {
        fl_hdfs_routes_init(&job->routes, mem);
        fl_vec_init(&job->parts, mem, sizeof(struct part));
    }
    return job;
}

void fl_hdfs_job_free(struct fl_hdfs_job *job)
{
    const flow_allocator *mem = job->routes.mem;

    fl_hdfs_routes_free(&job->routes);
    fl_vec_free(&job->parts);
    fl_free(mem, job);
}

static void push(struct job_list *list, struct fl_hdfs_job *job)
{
    job->next = NULL;
    *list->last = job;
    list->last = &job->next;
}

static struct fl_hdfs_job *pop(struct job_list *list)
{
    struct fl_hdfs_job *job = list->first;

    if (job && !(list->first = job->next))
        list->last = &list->first;
    return job;
}

static struct fl_hdfs_job *pop_queue(struct fl_hdfs_uploader *uploader)
{
    fl_lock(&uploader->lock);
    struct fl_hdfs_job *job = pop(&uploader->queue);
    fl_unlock(&uploader->lock);
    return job;
}

static int queue_is_empty(struct fl_hdfs_uploader *uploader)
{
    fl_lock(&uploader->lock);
    int empty = !uploader->queue.first;
    fl_unlock(&uploader->lock);
    return empty;
}

/* Ends the transaction TXN, of BYTES. */
static void end_txn(struct fl_hdfs_uploader *uploader, flow_txn *txn, int64_t bytes, int result,
                    const flow_error *cause)
{
    atomic_fetch_sub(&uploader->held, bytes);
    flow_txn_done(txn, result, cause, NULL);
    atomic_fetch_add(&uploader->dones, 1);
    fl_gate_open(&uploader->turn);
    fl_gate_open(&uploader->room);
}

/* Rolls back the transaction of JOB, which is freed. */
static void fail_job(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job,
                     const flow_error *cause)
{
    end_txn(uploader, job->txn, job->bytes, flow_error_code(cause), cause);
    fl_hdfs_job_free(job);
}

/* ---- from the queue into files ---- */

static int add_part(struct fl_hdfs_job *job, struct fl_hdfs_file *file)
{
    struct part part = {.file = file, .end = UINT64_MAX}; /* until it is sealed */

    if (file->last_serial == job->serial)
        return FLOW_OK;
    if (!fl_vec_push(&job->parts, &part))
        return FLOW_ENOMEM;
    file->last_serial = job->serial;
    file->parts++;
    return FLOW_OK;
}

static int serialize_run(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job,
                         const struct fl_hdfs_run *run, flow_error **err)
{
    const struct fl_hdfs_place *place = fl_vec_at(&job->routes.places, run->place);
    struct fl_hdfs_slice slice = {job->events + run->first, run->count};
    int rc = FLOW_OK;

    while (slice.count && !rc) {
        struct fl_hdfs_file *file = NULL;
        rc = fl_hdfs_buckets_add(&uploader->buckets, place, &slice, &file, err);
        if (!rc && add_part(job, file))
            rc = fl_error_nomem(err);
    }
    return rc;
}

static int serialize(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < job->routes.runs.count && !rc; i++)
        rc = serialize_run(uploader, job, fl_vec_at(&job->routes.runs, i), err);
    return rc;
}

/* Makes the bytes of JOB's files complete up to here; that is where its parts end. */
static int seal(struct fl_hdfs_job *job, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < job->parts.count && !rc; i++) {
        struct part *part = fl_vec_at(&job->parts, i);
        rc = fl_hdfs_file_seal(part->file, err);
        part->end = fl_hdfs_file_end(part->file);
    }
    return rc;
}

/* Lets the bytes of JOB be sent. */
static void push_bytes(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job)
{
    for (size_t i = 0; i < job->parts.count; i++) {
        struct part *part = fl_vec_at(&job->parts, i);
        fl_hdfs_file_push(part->file);
        if (part->end <= part->file->delivered) /* events without a byte */
            uploader->host.progress = 1;
    }
}

/* Serializes what waits, though not much at once.  Transactions of one round share a block of what
 * is compressed, but for marks, each of which says where the file can be cut without the next. */
static void absorb(struct fl_hdfs_uploader *uploader)
{
    struct fl_hdfs_job *job = NULL, **round = uploader->jobs.last;
    flow_error *error = NULL;
    int64_t bytes = 0;
    int rc = FLOW_OK;

    if (uploader->host.failure)
        return;
    while (!rc && bytes < ROUND_BYTES && (job = pop_queue(uploader))) {
        push(&uploader->jobs, job);
        job->serial = ++uploader->serial;
        bytes += job->bytes + 1;
        rc = serialize(uploader, job, &error);
        if (!rc && uploader->host.keeps_marks)
            rc = seal(job, &error);
    }
    for (job = *round; job && !rc && !uploader->host.keeps_marks; job = job->next)
        rc = seal(job, &error);
    for (job = *round; job && !rc; job = job->next)
        push_bytes(uploader, job);
    if (rc)
        fl_hdfs_host_fail(&uploader->host, error);
}

static int is_full(struct fl_hdfs_uploader *uploader)
{
    return atomic_load(&uploader->held) >= uploader->options->max_pending_bytes;
}

static int more(void *self)
{
    struct fl_hdfs_uploader *uploader = self;

    absorb(uploader);
    if (!queue_is_empty(uploader))
        return 1;
    return !is_full(uploader) && !atomic_load(&uploader->flushing) &&
           !flow_sink_is_awaited(uploader->options->ctx);
}

/* ---- from answers to commits ---- */

static int is_delivered(const struct fl_hdfs_job *job, uint64_t pass)
{
    for (size_t i = 0; i < job->parts.count; i++) {
        const struct part *part = fl_vec_at(&job->parts, i);
        if (part->file->delivered < part->end || part->file->blocked == pass ||
            (part->end > part->file->floor && fl_hdfs_file_is_falling(part->file)))
            return 0;
    }
    return 1;
}

static int set_marks(const struct fl_hdfs_job *job, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < job->parts.count && !rc; i++) {
        const struct part *part = fl_vec_at(&job->parts, i);
        rc = fl_hdfs_mark_set(part->file, job->txn, part->end, err);
    }
    for (size_t i = 0; i < job->parts.count && !rc; i++)
        ((const struct part *)fl_vec_at(&job->parts, i))->file->committing++;
    return rc;
}

/* Hands JOB over to be committed, which may have happened before this returns. */
static int commit(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job)
{
    flow_error *error = NULL;
    flow_txn *txn = job->txn;
    int64_t bytes = job->bytes;

    if (set_marks(job, &error)) {
        fl_hdfs_host_fail(&uploader->host, error);
        return 0;
    }
    uploader->host.committing++;
    fl_lock(&uploader->lock);
    push(&uploader->committing, job);
    fl_unlock(&uploader->lock);
    end_txn(uploader, txn, bytes, FLOW_OK, NULL);
    return 1;
}

/* What JOB delivered is committed, or comes again. */
static void conclude(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job)
{
    flow_error *error = NULL;

    uploader->host.committing--;
    for (size_t i = 0; i < job->parts.count; i++) {
        struct part *part = fl_vec_at(&job->parts, i);
        part->file->committing--;
        if (!job->result)
            fl_hdfs_file_commit(part->file, part->end);
    }
    if (job->result) {
        flow_error_set(&error, job->result, "events were delivered and could not be committed");
        fl_hdfs_host_fail(&uploader->host, error);
    }
    fl_hdfs_job_free(job);
}

static void conclude_all(struct fl_hdfs_uploader *uploader)
{
    struct fl_hdfs_job *job;

    do {
        fl_lock(&uploader->lock);
        job = pop(&uploader->ended);
        fl_unlock(&uploader->lock);
        if (job)
            conclude(uploader, job);
    } while (job);
}

/* JOB waits, and with it whatever stands behind it in one of its files. */
static void block(const struct fl_hdfs_job *job, uint64_t pass)
{
    for (size_t i = 0; i < job->parts.count; i++) {
        struct part *part = fl_vec_at(&job->parts, i);
        part->file->blocked = pass;
    }
}

/* Commits, in order, every transaction that may. */
static void settle(struct fl_hdfs_uploader *uploader)
{
    struct job_list jobs = uploader->jobs;
    struct fl_hdfs_job *job;

    if (!uploader->host.progress)
        return;
    uploader->host.progress = 0;
    uploader->pass++;
    uploader->jobs.first = NULL;
    uploader->jobs.last = &uploader->jobs.first;
    while ((job = pop(&jobs))) {
        if (!is_delivered(job, uploader->pass) || !commit(uploader, job)) {
            block(job, uploader->pass);
            push(&uploader->jobs, job);
        }
    }
}

/* ---- rollback ---- */

static void roll_back(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *oldest,
                      const flow_error *cause)
{
    struct fl_hdfs_job *newest = NULL;

    while (oldest) {
        struct fl_hdfs_job *next = oldest->next;
        oldest->next = newest;
        newest = oldest;
        oldest = next;
    }
    while (newest) {
        struct fl_hdfs_job *next = newest->next;
        fail_job(uploader, newest, cause);
        newest = next;
    }
}

static struct fl_hdfs_job *take_all(struct job_list *list)
{
    struct fl_hdfs_job *first = list->first;

    list->first = NULL;
    list->last = &list->first;
    return first;
}

/* Once nothing uncommitted is left in any file, rolls all open transactions back. */
static void finish_failure(struct fl_hdfs_uploader *uploader)
{
    flow_error *cause = uploader->host.failure;

    if (!cause || uploader->host.committing || !fl_hdfs_buckets_clean(&uploader->buckets))
        return;
    settle(uploader);
    if (uploader->host.committing)
        return;
    fl_lock(&uploader->lock);
    struct fl_hdfs_job *waiting = take_all(&uploader->queue);
    fl_unlock(&uploader->lock);
    fl_hdfs_buckets_drop(&uploader->buckets);
    roll_back(uploader, waiting, cause);
    roll_back(uploader, take_all(&uploader->jobs), cause);
    uploader->host.failure = NULL;
    flow_error_free(cause);
}

/* ---- the thread ---- */

static void expire(struct fl_hdfs_uploader *uploader, int64_t now)
{
    flow_error *error = NULL;

    if (uploader->host.failure)
        return;
    int all = uploader->host.stopping && queue_is_empty(uploader);
    if (fl_hdfs_buckets_expire(&uploader->buckets, now, all, &error))
        fl_hdfs_host_fail(&uploader->host, error);
}

/* Gives memory back that was not needed for a while. */
static void trim(struct fl_hdfs_uploader *uploader)
{
    int64_t now = fl_clock_now(fl_clock_system());

    if (uploader->jobs.first)
        uploader->busy_ms = now;
    else if (now - uploader->busy_ms >= TRIM_MS)
        fl_hdfs_segments_trim(&uploader->host.segments);
}

/* Whether it is known of a transaction what became of it. */
static int has_ended(struct fl_hdfs_uploader *uploader)
{
    fl_lock(&uploader->lock);
    int ended = uploader->ended.first != NULL;
    fl_unlock(&uploader->lock);
    return ended;
}

/* How long to sleep when nothing happens, and what to tell the runner. */
static int64_t next_timeout(struct fl_hdfs_uploader *uploader)
{
    int64_t at = fl_hdfs_buckets_deadline(&uploader->buckets);

    /* The clock is looked at afterwards: whoever moves it from now on sees the deadline. */
    atomic_store(&uploader->deadline, at);
    int64_t now = flow_context_now(uploader->options->ctx);
    if (!queue_is_empty(uploader) && !uploader->host.failure)
        return 0;
    if (has_ended(uploader))
        return 0;
    if (uploader->host.stopping) /* files try again without regard to their pauses */
        return STOP_POLL_MS;
    int64_t timeout = at == FL_NEVER ? POLL_MAX_MS : at - now;
    if (uploader->host.segments.count && timeout > TRIM_MS)
        timeout = TRIM_MS;
    return timeout < 0 ? 0 : timeout > POLL_MAX_MS ? POLL_MAX_MS : timeout;
}

/* Notes a stop. */
static void note_stop(struct fl_hdfs_uploader *uploader)
{
    int64_t limit = atomic_load(&uploader->stopping);

    if (!limit || uploader->host.stopping)
        return;
    uploader->stop_limit = fl_clock_after(fl_clock_system(), limit);
    uploader->host.stopping = 1;
}

/* 1 when a stop is done, or has taken too long. */
static int is_over(struct fl_hdfs_uploader *uploader)
{
    if (!uploader->host.stopping)
        return 0;
    if (!uploader->jobs.first && !uploader->host.committing && !uploader->host.failure &&
        fl_hdfs_buckets_are_done(&uploader->buckets) && queue_is_empty(uploader))
        return 1;
    return fl_clock_now(fl_clock_system()) >= uploader->stop_limit;
}

static void run(void *self)
{
    struct fl_hdfs_uploader *uploader = self;
    struct fl_hdfs_target *target = uploader->host.target;

    for (;;) {
        int64_t now = flow_context_now(uploader->options->ctx);
        note_stop(uploader);
        absorb(uploader);
        expire(uploader, now);
        conclude_all(uploader);
        settle(uploader);
        finish_failure(uploader);
        trim(uploader);
        fl_hdfs_buckets_step(&uploader->buckets, now);
        fl_hdfs_buckets_sweep(&uploader->buckets);
        if (is_over(uploader))
            break;
        atomic_store(&uploader->asleep, 1);
        target->ops->poll(target, next_timeout(uploader));
        atomic_store(&uploader->asleep, 0);
    }
    atomic_store(&uploader->over, 1);
    fl_gate_open(&uploader->turn);
}

/* ---- from other threads ---- */

static int make_parts(struct fl_hdfs_uploader *uploader)
{
    int rc = fl_lock_init(&uploader->lock);

    if (rc)
        return rc;
    rc = fl_gate_init(&uploader->room);
    if (!rc && (rc = fl_gate_init(&uploader->turn)))
        fl_gate_destroy(&uploader->room);
    if (rc)
        fl_lock_destroy(&uploader->lock);
    return rc;
}

int fl_hdfs_uploader_new(const struct fl_hdfs_options *options, struct fl_hdfs_target *target,
                         struct fl_hdfs_uploader **uploader, flow_error **err)
{
    struct fl_hdfs_uploader *made = fl_zalloc(options->mem, sizeof *made);
    int rc = made ? make_parts(made) : FLOW_ENOMEM;

    *uploader = NULL;
    if (rc) {
        fl_free(options->mem, made);
        target->ops->free(target);
        return fl_error_nomem(err);
    }
    made->options = options;
    made->host = (struct fl_hdfs_host){
        .options = options, .mem = options->mem, .target = target, .more = more, .self = made};
    made->host.segments.lib = flow_context_library(options->ctx);
    made->host.created = flow_context_counter(options->ctx, "ConnectionCreatedCount");
    made->host.closed = flow_context_counter(options->ctx, "ConnectionClosedCount");
    made->host.failed = flow_context_counter(options->ctx, "ConnectionFailedCount");
    made->jobs.last = &made->jobs.first;
    made->queue.last = &made->queue.first;
    made->committing.last = &made->committing.first;
    made->ended.last = &made->ended.first;
    atomic_init(&made->deadline, FL_NEVER);
    fl_hdfs_buckets_init(&made->buckets, &made->host);
    made->host.keeps_marks = flow_sink_keeps_marks(options->ctx);
    rc = fl_hdfs_marks_recover(&made->host, &made->buckets.files, err);
    if (!rc && fl_thread_start(&made->thread, "flow-hdfs", run, made))
        rc = fl_error_nomem(err);
    if (rc)
        fl_hdfs_uploader_free(made);
    else
        *uploader = made;
    return rc;
}

int fl_hdfs_uploader_room(struct fl_hdfs_uploader *uploader, int64_t wait_ms)
{
    const struct fl_clock *clock = fl_clock_system();
    int64_t deadline = fl_clock_after(clock, wait_ms);
    uint32_t seen = fl_gate_look(&uploader->room);
    int rc = FLOW_OK;

    while (is_full(uploader) && !rc) {
        rc = fl_gate_wait(&uploader->room, seen, clock, deadline);
        seen = fl_gate_look(&uploader->room);
    }
    return !rc;
}

void fl_hdfs_uploader_submit(struct fl_hdfs_uploader *uploader, struct fl_hdfs_job *job)
{
    atomic_fetch_add(&uploader->held, job->bytes);
    atomic_store(&uploader->flushing, 0);
    fl_lock(&uploader->lock);
    push(&uploader->queue, job);
    fl_unlock(&uploader->lock);
    if (atomic_exchange(&uploader->asleep, 0))
        fl_hdfs_uploader_wake(uploader);
}

void fl_hdfs_uploader_flush(struct fl_hdfs_uploader *uploader)
{
    atomic_store(&uploader->flushing, 1);
    if (atomic_exchange(&uploader->asleep, 0))
        fl_hdfs_uploader_wake(uploader);
}

int64_t fl_hdfs_uploader_deadline(struct fl_hdfs_uploader *uploader)
{
    return atomic_load(&uploader->deadline);
}

void fl_hdfs_uploader_wake(struct fl_hdfs_uploader *uploader)
{
    uploader->host.target->ops->wake(uploader->host.target);
}

void fl_hdfs_uploader_ended(struct fl_hdfs_uploader *uploader, const flow_txn *txn, int result)
{
    fl_lock(&uploader->lock);
    struct fl_hdfs_job *job = uploader->committing.first; /* they end in order */
    if (job && job->txn == txn) {
        pop(&uploader->committing);
        job->result = result;
        push(&uploader->ended, job);
    } else {
        job = NULL;
    }
    fl_unlock(&uploader->lock);
    if (job && atomic_exchange(&uploader->asleep, 0))
        fl_hdfs_uploader_wake(uploader);
}

/* With a mark, the next start deals with it; without, what was sent may be there twice later. */
static void tell_unclosed(const struct fl_hdfs_file *file)
{
    const flow_context *ctx = file->host->options->ctx;

    if (file->noted)
        flow_context_logf(ctx, FLOW_LOG_WARN,
                          "stopped without closing %s, of which %llu bytes are committed; the next "
                          "start goes on with that",
                          file->in_use, (unsigned long long)file->floor);
    else
        flow_context_logf(ctx, FLOW_LOG_ERROR,
                          "stopped without closing %s: %llu bytes are committed, up to %llu more "
                          "may be in it and will be delivered again",
                          file->in_use, (unsigned long long)file->floor,
                          (unsigned long long)(file->sent - file->floor));
}

/* What is left after a stop that took too long. */
static void abandon(struct fl_hdfs_uploader *uploader)
{
    struct fl_hdfs_file *file;
    struct fl_hdfs_job *job;

    for (file = uploader->buckets.files; file; file = file->next)
        tell_unclosed(file);
    while ((job = pop(&uploader->jobs)))
        fl_hdfs_job_free(job);
    while ((job = pop(&uploader->queue)) || (job = pop(&uploader->committing)) ||
           (job = pop(&uploader->ended)))
        fl_hdfs_job_free(job);
}

int fl_hdfs_uploader_stop(struct fl_hdfs_uploader *uploader, int64_t limit_ms)
{
    uint32_t seen = fl_gate_look(&uploader->turn);

    if (!atomic_exchange(&uploader->stopping, limit_ms))
        fl_hdfs_uploader_wake(uploader);
    while (!atomic_load(&uploader->over) && atomic_load(&uploader->dones) == uploader->dones_seen) {
        fl_gate_wait(&uploader->turn, seen, fl_clock_system(), FL_NEVER);
        seen = fl_gate_look(&uploader->turn);
    }
    uploader->dones_seen = atomic_load(&uploader->dones);
    return atomic_load(&uploader->over);
}

void fl_hdfs_uploader_free(struct fl_hdfs_uploader *uploader)
{
    if (!uploader)
        return;
    atomic_store(&uploader->stopping, 1);
    fl_hdfs_uploader_wake(uploader);
    fl_thread_join(&uploader->thread);
    uploader->host.target->ops->free(uploader->host.target);
    abandon(uploader);
    fl_hdfs_buckets_free(&uploader->buckets);
    fl_hdfs_segments_trim(&uploader->host.segments);
    flow_error_free(uploader->host.failure);
    fl_gate_destroy(&uploader->room);
    fl_gate_destroy(&uploader->turn);
    fl_lock_destroy(&uploader->lock);
    fl_free(uploader->options->mem, uploader);
}
