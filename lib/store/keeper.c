/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The keeper: checkpoints while something changes, syncs where commits do not, and writes files of
 * zeroes ahead, since a synced write into one of these costs half of one that makes a file grow.
 * With nothing to do it sleeps until somebody changes something.
 */

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "core/context.h"
#include "store/store_inner.h"

#define ZEROES ((size_t)1 << 20)
#define MODE 0666
#define RETRY_MS 1000

static int64_t now(const struct fl_store *store)
{
    return fl_clock_now(store->env.ctx->clock);
}

static void complain(struct fl_store *store, const char *what, flow_error *error)
{
    flow_counter_add(store->keeper.failures, 1);
    flow_context_logf(store->env.ctx, FLOW_LOG_ERROR, "%s: %s", what, flow_error_message(error));
    flow_error_free(error);
}

/* ---- checkpoints and syncs ---- */

static void checkpoint(struct fl_store *store)
{
    struct fl_keeper *keeper = &store->keeper;
    flow_error *error = NULL;

    keeper->seen = atomic_load(&keeper->changes);
    atomic_store(&keeper->retain_due, FL_NEVER); /* a checkpoint sets it */
    if (!fl_store_checkpoint(store, 0, &error)) {
        keeper->checkpoint_due = FL_NEVER;
        return;
    }
    complain(store, "no checkpoint was made, tried again later", error);
    keeper->seen--; /* something is to be done still */
    keeper->checkpoint_due = fl_clock_after(store->env.ctx->clock, RETRY_MS);
}

static void sync_all(struct fl_store *store)
{
    for (size_t i = 0; i < store->stripe_count; i++) {
        flow_error *error = NULL;
        if (fl_stripe_sync(&store->stripes[i], &error))
            complain(store, "what was committed since the last sync may be lost", error);
    }
}

/* ---- files of zeroes ---- */

static int write_zeroes(struct fl_store *store, int fd, const char *path, const void *zeroes,
                        flow_error **err)
{
    const struct fl_store_env *env = &store->env;
    int rc = FLOW_OK;

    for (uint64_t at = 0; at < env->segment_size && !rc; at += ZEROES) {
        uint64_t left = env->segment_size - at;
        struct iovec part = {(void *)(uintptr_t)zeroes, left < ZEROES ? (size_t)left : ZEROES};
        if (atomic_load(&store->keeper.stopping))
            return FLOW_ECLOSED;
        rc = fl_file_write_at(env->io, fd, &part, 1, (int64_t)at, path, err);
        if (!rc) /* bit by bit, so that commits do not wait behind all of it */
            rc = fl_file_sync(env->io, fd, path, err);
    }
    return rc;
}

static int make_spare(struct fl_store *store, struct fl_stripe *stripe, flow_error **err)
{
    const struct fl_store_env *env = &store->env;
    char name[FL_SEGMENT_NAME];
    uint64_t number = atomic_fetch_add(&store->env.next_epoch, 1);
    int fd = -1;

    fl_spare_name(name, number);
    char *path = fl_store_path(env->mem, stripe->folder, name);
    void *zeroes = fl_zalloc(env->mem, ZEROES);
    int rc = path && zeroes ? FLOW_OK : fl_error_nomem(err);
    if (!rc)
        rc = fl_file_open(env->io, path, O_RDWR | O_CREAT | O_EXCL, MODE, &fd, err);
    if (!rc)
        rc = write_zeroes(store, fd, path, zeroes, err);
    if (fd >= 0)
        fl_file_close(env->io, fd);
    if (!rc) {
        fl_lock(&stripe->lock);
        rc = fl_vec_push(&stripe->spares, &number) ? FLOW_OK : fl_error_nomem(err);
        fl_unlock(&stripe->lock);
    }
    if (rc && path)
        env->io->unlink(env->io->self, path);
    fl_free(env->mem, zeroes);
    fl_free(env->mem, path);
    return rc;
}

/* Whether a folder that is written to has no spare file, and room for one. */
static int wants_spare(struct fl_store *store, struct fl_stripe *stripe)
{
    const struct fl_store_env *env = &store->env;
    uint64_t room = 0;

    fl_lock(&stripe->lock);
    int wanted = stripe->spares.count == 0 && stripe->newest && stripe->newest->busy;
    fl_unlock(&stripe->lock);
    return wanted && !env->io->free_space(env->io->self, stripe->folder, &room) &&
           room > env->required_space && room - env->required_space > 2 * env->segment_size;
}

static void make_spares(struct fl_store *store)
{
    for (size_t i = 0; i < store->stripe_count; i++) {
        flow_error *error = NULL;
        if (atomic_load(&store->keeper.stopping) || !wants_spare(store, &store->stripes[i]))
            continue;
        int rc = make_spare(store, &store->stripes[i], &error);
        if (rc && rc != FLOW_ECLOSED)
            complain(store, "no file could be prepared; the next one grows as it is written",
                     error);
        else
            flow_error_free(error);
    }
}

/* ---- the thread ---- */

/* Sets the deadlines that changes entail; returns the next one. */
static int64_t next_deadline(struct fl_store *store)
{
    struct fl_keeper *keeper = &store->keeper;
    const struct fl_clock *clock = store->env.ctx->clock;

    if (atomic_load(&keeper->changes) == keeper->seen) {
        keeper->checkpoint_due = keeper->sync_due = FL_NEVER;
    } else {
        if (keeper->checkpoint_due == FL_NEVER)
            keeper->checkpoint_due = fl_clock_after(clock, store->options.checkpoint_ms);
        if (store->env.lazy && keeper->sync_due == FL_NEVER)
            keeper->sync_due = fl_clock_after(clock, store->options.sync_ms);
    }
    int64_t due =
        keeper->sync_due < keeper->checkpoint_due ? keeper->sync_due : keeper->checkpoint_due;
    int64_t retain_due = atomic_load(&keeper->retain_due);
    return retain_due < due ? retain_due : due;
}

static void work(struct fl_store *store)
{
    struct fl_keeper *keeper = &store->keeper;

    if (keeper->sync_due <= now(store)) {
        keeper->sync_due = FL_NEVER;
        sync_all(store);
    }
    int wanted = atomic_exchange(&keeper->wanted, 0);
    if (wanted || keeper->checkpoint_due <= now(store) ||
        atomic_load(&keeper->retain_due) <= now(store))
        checkpoint(store);
    if (wanted)
        make_spares(store);
}

static void run(void *self)
{
    struct fl_store *store = self;
    struct fl_keeper *keeper = &store->keeper;

    while (!atomic_load(&keeper->stopping)) {
        uint32_t seen = fl_gate_look(&keeper->gate);
        work(store);
        atomic_store(&keeper->idle, 1);
        int64_t deadline = next_deadline(store);
        if (keeper->checkpoint_due != FL_NEVER)
            atomic_store(&keeper->idle, 0);
        if (!atomic_load(&keeper->stopping))
            fl_gate_wait(&keeper->gate, seen, store->env.ctx->clock, deadline);
    }
}

void fl_store_tend(struct fl_store *store)
{
    next_deadline(store);
    work(store);
}

static void nudge(void *self)
{
    struct fl_store *store = self;

    atomic_store(&store->keeper.wanted, 1);
    fl_gate_open(&store->keeper.gate);
}

int fl_keeper_start(struct fl_store *store, flow_error **err)
{
    struct fl_keeper *keeper = &store->keeper;

    keeper->checkpoint_due = keeper->sync_due = FL_NEVER;
    atomic_store(&keeper->retain_due, FL_NEVER);
    store->env.nudge = nudge;
    store->env.self = store;
    if (store->options.manual)
        return FLOW_OK;
    return fl_thread_start(&keeper->thread, "flow-keeper", run, store) ? fl_error_nomem(err)
                                                                       : FLOW_OK;
}

void fl_keeper_stop(struct fl_store *store)
{
    atomic_store(&store->keeper.stopping, 1);
    fl_gate_open(&store->keeper.gate);
    fl_thread_join(&store->keeper.thread);
}
