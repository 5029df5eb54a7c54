/* SPDX-License-Identifier: Apache-2.0 */

/* pthread_join knows no deadline, so a thread says that it has ended, and only then is joined. */

#include "runtime/worker.h"

void fl_worker_init(struct fl_worker *worker, struct fl_gate *changed)
{
    *worker = (struct fl_worker){.changed = changed};
    atomic_init(&worker->attempted, 1);
    atomic_init(&worker->ended, 1);
}

static void work(void *arg)
{
    struct fl_worker *worker = arg;

    atomic_store(&worker->id, (uintptr_t)pthread_self());
    worker->run(worker->arg);
    atomic_store(&worker->id, 0);
    atomic_store(&worker->attempted, 1);
    atomic_store(&worker->ended, 1);
    fl_gate_open(worker->changed);
}

int fl_worker_start(struct fl_worker *worker, const char *name, void (*run)(void *arg), void *arg)
{
    worker->run = run;
    worker->arg = arg;
    atomic_store(&worker->attempted, 0);
    atomic_store(&worker->ended, 0);

    int rc = fl_thread_start(&worker->thread, name, work, worker);
    if (rc != FLOW_OK)
        atomic_store(&worker->ended, 1);
    return rc;
}

void fl_worker_attempted(struct fl_worker *worker)
{
    if (atomic_exchange(&worker->attempted, 1) == 0)
        fl_gate_open(worker->changed);
}

int fl_worker_wait(struct fl_worker *worker, const _Atomic int *flag, int64_t deadline)
{
    for (;;) {
        uint32_t seen = fl_gate_look(worker->changed);
        if (atomic_load(flag))
            return FLOW_OK;
        if (fl_gate_wait(worker->changed, seen, fl_clock_system(), deadline) != FLOW_OK)
            return atomic_load(flag) ? FLOW_OK : FLOW_ETIMEDOUT;
    }
}

int fl_worker_join(struct fl_worker *worker, int64_t deadline)
{
    int rc = fl_worker_wait(worker, &worker->ended, deadline);

    if (rc == FLOW_OK)
        fl_thread_join(&worker->thread);
    return rc;
}

int fl_worker_is_caller(const struct fl_worker *worker)
{
    return atomic_load(&worker->id) == (uintptr_t)pthread_self();
}
