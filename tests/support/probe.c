/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "probe.h"

static int create(flow_context *ctx, void **self, flow_error **err)
{
    *self = flow_context_user(ctx);
    return FLOW_OK;
}

static void destroy(void *self)
{
}

static void changed(struct probe *probe)
{
    pthread_cond_broadcast(&probe->changed);
}

static int start(void *self, flow_error **err)
{
    struct probe *probe = self;

    pthread_mutex_lock(&probe->lock);
    probe->starts++;
    int fail = probe->start_fails > 0;
    probe->start_fails -= fail;
    changed(probe);
    pthread_mutex_unlock(&probe->lock);
    return fail ? flow_error_set(err, FLOW_EIO, "the peer is not there") : FLOW_OK;
}

static int stop(void *self, flow_error **err)
{
    struct probe *probe = self;

    pthread_mutex_lock(&probe->lock);
    probe->stops++;
    pthread_mutex_unlock(&probe->lock);
    return FLOW_OK;
}

static int take(struct probe *probe, flow_txn *txn, size_t *count, flow_error **err)
{
    const flow_event *const *events;
    int rc = flow_txn_take(txn, probe->batch > 0 ? probe->batch : 100, 0, &events, count, err);

    for (size_t i = 0; rc == FLOW_OK && i < *count; i++)
        rig_note(probe->got, events[i]);
    return rc;
}

/* Answers by the script, under the lock. */
static int answer(struct probe *probe, flow_txn *txn, flow_error **err)
{
    size_t count = 0;
    int rc = take(probe, txn, &count, err);

    changed(probe);
    while (probe->blocked)
        pthread_cond_wait(&probe->changed, &probe->lock);
    if (rc != FLOW_OK)
        return rc;
    if (probe->fails > 0) {
        probe->fails--;
        return flow_error_set(err, FLOW_EDELIVERY, "the peer refused");
    }
    if (probe->max_pending == 0)
        return count > 0 ? probe->answer : FLOW_BACKOFF;
    probe->held[probe->held_count++] = txn;
    changed(probe);
    return FLOW_PENDING;
}

static int process(void *self, flow_txn *txn, flow_error **err)
{
    struct probe *probe = self;

    if (probe->hook)
        return probe->hook(probe, txn, err);
    pthread_mutex_lock(&probe->lock);
    probe->inside = 1;
    if (probe->processes < PROBE_HELD)
        probe->times[probe->processes] = rig_now(probe->rig);
    probe->processes++;
    int rc = answer(probe, txn, err);
    probe->inside = 0;
    pthread_mutex_unlock(&probe->lock);
    return rc;
}

static int64_t deadline(void *self)
{
    struct probe *probe = self;

    pthread_mutex_lock(&probe->lock);
    int64_t when = probe->deadline;
    pthread_mutex_unlock(&probe->lock);
    return when;
}

static int timer(void *self, flow_error **err)
{
    struct probe *probe = self;

    pthread_mutex_lock(&probe->lock);
    probe->timers++;
    probe->timer_time = rig_now(probe->rig);
    probe->deadline = INT64_MAX;
    changed(probe);
    pthread_mutex_unlock(&probe->lock);
    return FLOW_OK;
}

static uint32_t max_pending(void *self)
{
    struct probe *probe = self;

    return probe->max_pending;
}

static void flush(void *self)
{
    struct probe *probe = self;

    pthread_mutex_lock(&probe->lock);
    probe->flushes++;
    changed(probe);
    pthread_mutex_unlock(&probe->lock);
}

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Notes what it gets.",
};

void probe_register(struct probe *probe, struct rig *rig, const char *type)
{
    const flow_sink_ops ops = {
        .struct_size = sizeof(ops),
        .type = type,
        .schema = &schema,
        .create = create,
        .destroy = destroy,
        .start = start,
        .stop = stop,
        .process = process,
        .deadline = deadline,
        .timer = timer,
        .max_pending = max_pending,
        .flush = flush,
    };

    memset(probe, 0, sizeof(*probe));
    probe->rig = rig;
    pthread_mutex_init(&probe->lock, NULL);
    pthread_cond_init(&probe->changed, NULL);
    probe->deadline = INT64_MAX;
    probe->got = calloc(1, sizeof(*probe->got));
    ck_assert_ptr_nonnull(probe->got);
    ck_assert_int_eq(
        flow_registry_add_sink(flow_library_registry(rig->lib), &ops, probe, NULL, NULL), FLOW_OK);
}

void probe_free(struct probe *probe)
{
    pthread_cond_destroy(&probe->changed);
    pthread_mutex_destroy(&probe->lock);
    free(probe->got);
}

void probe_set_up(struct rig *rig, struct probe *probe, int false_clock)
{
    rig_init(rig, false_clock);
    probe_register(probe, rig, "probe");
}

/* The pipeline first: it stops its sinks. */
void probe_tear_down(struct rig *rig, struct probe *probe)
{
    rig_free(rig);
    probe_free(probe);
}

void probe_await_held(struct probe *probe, size_t count)
{
    pthread_mutex_lock(&probe->lock);
    while (probe->held_count < count)
        pthread_cond_wait(&probe->changed, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
}

void probe_await_inside(struct probe *probe)
{
    pthread_mutex_lock(&probe->lock);
    while (!probe->inside)
        pthread_cond_wait(&probe->changed, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
}

void probe_await_got(struct probe *probe, size_t count)
{
    pthread_mutex_lock(&probe->lock);
    while (probe->got->count < count)
        pthread_cond_wait(&probe->changed, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
}

void probe_unblock(struct probe *probe)
{
    pthread_mutex_lock(&probe->lock);
    probe->blocked = 0;
    changed(probe);
    pthread_mutex_unlock(&probe->lock);
}

void probe_done(struct probe *probe, size_t index, int result)
{
    flow_error *cause = NULL;

    pthread_mutex_lock(&probe->lock);
    flow_txn *txn = probe->held[index];
    pthread_mutex_unlock(&probe->lock);
    if (result != FLOW_OK)
        flow_error_set(&cause, result, "the upload failed");
    ck_assert_int_eq(flow_txn_done(txn, result, cause, NULL), FLOW_OK);
    flow_error_free(cause);
}

void probe_expect(struct probe *probe, unsigned first, unsigned count)
{
    pthread_mutex_lock(&probe->lock);
    rig_expect(probe->got, first, count);
    pthread_mutex_unlock(&probe->lock);
}

int probe_read(struct probe *probe, const int *number)
{
    pthread_mutex_lock(&probe->lock);
    int value = *number;
    pthread_mutex_unlock(&probe->lock);
    return value;
}
