/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The life of one sink.  Its transactions are in one list from begin to end; a pending one differs
 * from others only in who says how it ended.
 */

#include "base/error.h"
#include "runtime/sink_unit.h"

/* Called by flow_txn_done, from any thread.  The runner is called under the lock: once it has seen
 * the result it may end the transaction, the sink and itself. */
static void transaction_done(void *self, flow_txn *txn, int result, flow_error *cause)
{
    struct fl_sink_unit *unit = self;
    struct fl_pending *entry = fl_txn_tag(txn);

    fl_lock(&unit->lock);
    entry->result = result;
    entry->cause = cause;
    entry->finished = 1;
    *unit->last_done = entry;
    unit->last_done = &entry->next_done;
    fl_waker_call(unit->waker);
    fl_unlock(&unit->lock);
}

static void ask_deadline(struct fl_sink_unit *unit)
{
    int timed = unit->ops->deadline && unit->ops->timer != NULL;

    unit->deadline = timed ? unit->ops->deadline(unit->self) : FL_NEVER;
}

static int start_sink(void *arg, flow_error **err)
{
    struct fl_sink_unit *unit = arg;

    if (unit->ops->start) {
        int rc = unit->ops->start(unit->self, err);
        if (rc != FLOW_OK)
            return rc;
    }
    unit->stopped = 0;
    unit->max_pending = unit->ops->max_pending ? unit->ops->max_pending(unit->self) : 1;
    if (unit->max_pending == 0)
        unit->max_pending = 1;
    ask_deadline(unit);
    return FLOW_OK;
}

static int find_counters(struct fl_sink_counters *counters, flow_context *ctx, flow_error **err)
{
    const struct {
        flow_counter **counter;
        const char *name;
    } names[] = {
        {&counters->attempted, "EventDrainAttemptCount"},
        {&counters->delivered, "EventDrainSuccessCount"},
        {&counters->empty, "BatchEmptyCount"},
        {&counters->underflow, "BatchUnderflowCount"},
        {&counters->complete, "BatchCompleteCount"},
        {&counters->write_fails, "EventWriteFail"},
        {&counters->read_fails, "ChannelReadFail"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *names[i].counter = flow_context_counter(ctx, names[i].name);
        if (!*names[i].counter)
            return fl_error_nomem(err);
    }
    return FLOW_OK;
}

static int make_sink(struct fl_sink_unit *unit, const flow_sink_ops *ops, flow_error **err)
{
    int rc = find_counters(&unit->counters, unit->ctx, err);

    if (rc == FLOW_OK)
        rc = fl_answer(unit->ctx, "create", ops->create(unit->ctx, &unit->self, err), FLOW_OK, err);
    if (rc == FLOW_OK)
        unit->ops = ops;
    return rc;
}

int fl_sink_unit_new(const struct fl_site *site, const struct fl_part *part, flow_channel *channel,
                     struct fl_sink_unit **unit, flow_error **err)
{
    const flow_allocator *mem = &site->lib->allocator;
    struct fl_sink_unit *made = fl_zalloc(mem, sizeof(*made));

    if (!made || fl_lock_init(&made->lock) != FLOW_OK) {
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    made->channel = channel;
    made->deadline = FL_NEVER;
    made->last_done = &made->first_done;
    fl_pending_init(&made->pending, mem);

    int rc = fl_site_context(site, part, &made->ctx, err);
    if (rc == FLOW_OK)
        made->ctx->takes_from = channel;
    made->owner = (struct fl_txn_owner){made, transaction_done, made->ctx};
    if (rc == FLOW_OK)
        rc = make_sink(made, &part->type->ops.sink, err);
    fl_supervised_init(&made->start, made->ctx, start_sink, made);
    fl_fault_log_init(&made->faults, made->ctx);
    fl_fault_log_init(&made->timer_faults, made->ctx);
    if (rc != FLOW_OK)
        fl_sink_unit_free(made);
    else
        *unit = made;
    return rc;
}

void fl_sink_unit_free(struct fl_sink_unit *unit)
{
    if (!unit)
        return;

    const flow_allocator *mem = unit->pending.mem;
    if (unit->ops)
        unit->ops->destroy(unit->self);
    fl_context_free(unit->ctx);
    fl_pending_free(&unit->pending);
    fl_fault_log_free(&unit->faults);
    fl_fault_log_free(&unit->timer_faults);
    flow_error_free(unit->failure);
    fl_lock_destroy(&unit->lock);
    fl_free(mem, unit);
}

static void count(struct fl_sink_unit *unit, const struct fl_pending *entry, int delivered)
{
    const struct fl_sink_counters *counters = &unit->counters;
    int64_t taken = (int64_t)fl_txn_taken(entry->txn);

    flow_counter_add(counters->attempted, taken);
    if (!delivered) {
        flow_counter_add(counters->write_fails, 1);
        return;
    }
    flow_counter_add(counters->delivered, taken);
    if (taken == 0)
        flow_counter_add(counters->empty, 1);
    else if (fl_txn_ran_dry(entry->txn))
        flow_counter_add(counters->underflow, 1);
    else
        flow_counter_add(counters->complete, 1);
}

static void tell(struct fl_sink_unit *unit, const struct fl_pending *entry, int result)
{
    if (unit->ops->ended && entry->txn && !unit->stopped)
        unit->ops->ended(unit->self, entry->txn, result);
}

/* A sink is told of a failure at once, not when its turn to be rolled back comes: what it has to do
 * for that may be what newer transactions wait for. */
static void end(struct fl_sink_unit *unit, struct fl_pending *entry, int result)
{
    if (!entry->failed)
        tell(unit, entry, result);
    flow_txn_free(entry->txn);
    fl_pending_remove(&unit->pending, entry);
    unit->last_result = result;
    atomic_fetch_add(&unit->ended, 1);
}

static int commit(struct fl_sink_unit *unit, struct fl_pending *entry, flow_error **err)
{
    int rc = flow_txn_commit(entry->txn, err);

    if (rc != FLOW_OK) {
        flow_counter_add(unit->counters.read_fails, 1);
        return rc;
    }
    count(unit, entry, 1);
    end(unit, entry, FLOW_OK);
    fl_fault_log_clear(&unit->faults);
    return FLOW_OK;
}

/* A sink that was stopped has not failed to deliver, nor has one whose transaction could not be
 * committed. */
static void roll_back(struct fl_sink_unit *unit, struct fl_pending *entry, int result,
                      const flow_error *cause)
{
    if (result == FLOW_ECLOSED || !entry->refused)
        flow_txn_rollback(entry->txn, NULL);
    else
        flow_txn_reject(entry->txn, cause, NULL);
    count(unit, entry, 0);
    end(unit, entry, result);
}

/* A sink that has ended a transaction twice is held to the first time. */
static int done_already(struct fl_sink_unit *unit, flow_error **err)
{
    flow_context_log(unit->ctx, FLOW_LOG_WARN,
                     "'process' must answer FLOW_PENDING when it calls flow_txn_done");
    if (err) {
        flow_error_free(*err);
        *err = NULL;
    }
    return FLOW_PENDING;
}

static void keep_failure(struct fl_sink_unit *unit, int result, flow_error *cause)
{
    if (!cause)
        fl_answer(unit->ctx, "flow_txn_done", result, FLOW_OK, &cause);
    if (!unit->failure)
        unit->failure = cause;
    else
        flow_error_free(cause);
}

/* The transaction that was done next, or NULL. */
static struct fl_pending *pop_done(struct fl_sink_unit *unit)
{
    fl_lock(&unit->lock);
    struct fl_pending *entry = unit->first_done;
    if (entry && (unit->first_done = entry->next_done) == NULL)
        unit->last_done = &unit->first_done;
    fl_unlock(&unit->lock);
    return entry;
}

/* Commits ENTRY, whose sink delivered it.  A mark may cover what an earlier transaction delivered,
 * so where that could not be committed it is not either. */
static int commit_in_order(struct fl_sink_unit *unit, struct fl_pending *entry, flow_error **err)
{
    int marked = fl_txn_has_marks(entry->txn);

    if (marked && unit->marks_failing)
        return flow_error_set(err, FLOW_EDELIVERY,
                              "a transaction that was done earlier could not be committed");
    int rc = commit(unit, entry, err);
    if (rc != FLOW_OK && marked)
        unit->marks_failing = 1;
    return rc;
}

/* Commits ENTRY, which is done, or marks it as failed. */
static void settle_one(struct fl_sink_unit *unit, struct fl_pending *entry)
{
    flow_error *cause = entry->cause;
    int rc = entry->result;

    entry->cause = NULL;
    entry->refused = rc != FLOW_OK;
    if (rc == FLOW_OK) {
        flow_error_free(cause);
        cause = NULL;
        rc = commit_in_order(unit, entry, &cause);
        if (rc == FLOW_OK)
            return;
    }
    entry->result = rc;
    entry->failed = 1;
    entry->cause = fl_error_copy(cause);
    unit->failing = 1;
    tell(unit, entry, rc);
    keep_failure(unit, rc, cause);
}

static void settle_done(struct fl_sink_unit *unit)
{
    struct fl_pending *entry;

    while ((entry = pop_done(unit)) != NULL)
        settle_one(unit, entry);
}

static void roll_back_failed(struct fl_sink_unit *unit)
{
    struct fl_pending *older;

    for (struct fl_pending *p = unit->pending.newest; p; p = older) {
        older = p->older;
        if (p->failed)
            roll_back(unit, p, p->result, p->cause);
    }
}

/* What is done while the sink is told of failures is done without regard to them. */
void fl_sink_unit_settle(struct fl_sink_unit *unit)
{
    settle_done(unit);
    while (unit->failing) {
        if (!fl_pending_can_roll_back(&unit->pending))
            return;
        roll_back_failed(unit);
        unit->failing = 0;
        settle_done(unit);
    }
    unit->marks_failing = 0;
}

/* Ends a transaction by the answer of `process`; what was done before it commits before it. */
static int conclude(struct fl_sink_unit *unit, struct fl_pending *entry, int answer,
                    flow_error **err)
{
    settle_done(unit);
    entry->refused = answer < FLOW_OK;
    if (answer >= FLOW_OK) {
        int rc = commit_in_order(unit, entry, err);
        if (rc == FLOW_OK)
            return answer;
        answer = rc;
    }
    roll_back(unit, entry, answer, err ? *err : NULL);
    fl_sink_unit_settle(unit);
    return answer;
}

int fl_sink_unit_run(struct fl_sink_unit *unit, flow_error **err)
{
    struct fl_pending *entry = fl_pending_add(&unit->pending);

    if (!entry)
        return fl_error_nomem(err);
    atomic_fetch_add(&unit->begun, 1);
    int answer = flow_txn_begin(unit->channel, &entry->txn, err);
    if (answer != FLOW_OK) {
        flow_counter_add(unit->counters.read_fails, 1);
        end(unit, entry, answer);
        return answer;
    }

    fl_txn_lend(entry->txn, &unit->owner, entry);
    answer = unit->ops->process(unit->self, entry->txn, err);
    answer = fl_answer(unit->ctx, "process", answer, FLOW_PENDING, err);
    unit->held_back = 1;
    unit->ran_dry = 0;
    ask_deadline(unit);
    if (answer == FLOW_PENDING)
        return FLOW_PENDING;
    if (fl_txn_take_back(entry->txn) != FLOW_OK)
        return done_already(unit, err);
    unit->ran_dry = fl_txn_ran_dry(entry->txn);
    return conclude(unit, entry, answer, err);
}

flow_error *fl_sink_unit_failure(struct fl_sink_unit *unit)
{
    flow_error *failure = unit->failing ? NULL : unit->failure;

    if (failure)
        unit->failure = NULL;
    return failure;
}

int fl_sink_unit_timer(struct fl_sink_unit *unit, flow_error **err)
{
    if (!unit->start.started || unit->deadline == FL_NEVER ||
        unit->deadline > flow_context_now(unit->ctx))
        return FLOW_OK;

    int rc = fl_answer(unit->ctx, "timer", unit->ops->timer(unit->self, err), FLOW_BACKOFF, err);
    ask_deadline(unit);
    return rc < FLOW_OK ? rc : FLOW_OK;
}

void fl_sink_unit_tend(struct fl_sink_unit *unit)
{
    flow_error *fault = NULL;

    fl_supervise(&unit->start);
    fl_sink_unit_settle(unit);
    if (fl_sink_unit_timer(unit, &fault) == FLOW_OK) {
        flow_error_free(fault);
        return;
    }
    fl_fault_log_add(&unit->timer_faults, FLOW_LOG_ERROR, "timed work failed, tried again in 5 s",
                     fault);
    int64_t later = fl_clock_after(unit->ctx->clock, FL_FAULT_PAUSE_MS);
    if (unit->deadline < later)
        unit->deadline = later;
}

int64_t fl_sink_unit_wake(const struct fl_sink_unit *unit)
{
    return unit->start.started ? unit->deadline : unit->start.due;
}

int fl_sink_unit_may_run(const struct fl_sink_unit *unit)
{
    return unit->start.started && !unit->failing && unit->pending.count < unit->max_pending;
}

int fl_sink_unit_has_events(const struct fl_sink_unit *unit)
{
    return !fl_channel_check(unit->channel, NULL) && flow_channel_size(unit->channel) > 0;
}

void fl_sink_unit_flush(struct fl_sink_unit *unit)
{
    if (!unit->held_back || !unit->start.started)
        return;
    unit->held_back = 0;
    if (unit->ops->flush)
        unit->ops->flush(unit->self);
    ask_deadline(unit);
}

/* Rolls back what is still pending.  What cannot be taken back is being done at this moment: its
 * result is awaited, which takes no longer than a call of transaction_done. */
static void abandon(struct fl_sink_unit *unit)
{
    while (unit->pending.newest) {
        struct fl_pending *entry = unit->pending.newest;
        if (entry->failed || fl_txn_take_back(entry->txn) == FLOW_OK)
            roll_back(unit, entry, FLOW_ECLOSED, NULL);
        else
            fl_sink_unit_settle(unit);
    }
    unit->failing = 0;
    unit->marks_failing = 0;
}

/* Goes on until the sink wants to see no more of its transactions committed. */
static int stop_sink(struct fl_sink_unit *unit, flow_error **err)
{
    int rc = unit->ops->stop(unit->self, err);

    while (rc == FLOW_PENDING) {
        fl_sink_unit_settle(unit);
        rc = unit->ops->stop(unit->self, err);
    }
    return rc;
}

int fl_sink_unit_stop(struct fl_sink_unit *unit, flow_error **err)
{
    int rc = FLOW_OK;

    if (unit->start.started && unit->ops->stop)
        rc = fl_answer(unit->ctx, "stop", stop_sink(unit, err), FLOW_OK, err);
    unit->stopped = 1;
    fl_sink_unit_settle(unit);
    abandon(unit);
    fl_supervised_stopped(&unit->start);
    return rc;
}
