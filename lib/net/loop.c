/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread that runs libuv.  Others hand it tasks in a list behind a lock; a call is a task on
 * the caller's stack that the caller waits for.
 */

#include <uv.h>

#include "base/error.h"
#include "base/thread.h"
#include "core/context.h"
#include "net/loop.h"

struct fl_loop {
    uv_loop_t uv;
    uv_async_t wake;
    struct fl_thread thread;
    struct fl_lock lock; /* guards the tasks, and wakes those who wait for a call */
    struct fl_loop_task *first;
    struct fl_loop_task **last;
};

struct fl_loop_host {
    const flow_allocator *mem;
    char *name;
    struct fl_lock lock; /* guards `loop`, so that it is started once */
    struct fl_loop *loop;
};

static struct fl_loop_task *next_task(struct fl_loop *loop)
{
    fl_lock(&loop->lock);
    struct fl_loop_task *task = loop->first;
    if (task) {
        loop->first = task->next;
        if (!loop->first)
            loop->last = &loop->first;
        task->posted = 0;
    }
    fl_unlock(&loop->lock);
    return task;
}

static void run_tasks(uv_async_t *wake)
{
    struct fl_loop *loop = wake->data;
    struct fl_loop_task *task;

    while ((task = next_task(loop)))
        task->fn(task->self);
}

static void run(void *arg)
{
    struct fl_loop *loop = arg;

    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void fl_loop_post(struct fl_loop *loop, struct fl_loop_task *task)
{
    fl_lock(&loop->lock);
    int fresh = !task->posted;
    if (fresh) {
        task->posted = 1;
        task->next = NULL;
        *loop->last = task;
        loop->last = &task->next;
    }
    fl_unlock(&loop->lock);
    if (fresh)
        uv_async_send(&loop->wake);
}

struct call {
    struct fl_loop *loop;
    int (*fn)(void *arg);
    void *arg;
    int result;
    int done;
};

static void run_call(void *self)
{
    struct call *call = self;
    struct fl_loop *loop = call->loop;
    int result = call->fn(call->arg);

    /* The caller's stack is gone as soon as it sees `done`. */
    fl_lock(&loop->lock);
    call->result = result;
    call->done = 1;
    fl_lock_wake(&loop->lock);
    fl_unlock(&loop->lock);
}

int fl_loop_call(struct fl_loop *loop, int (*fn)(void *arg), void *arg)
{
    struct call call = {.loop = loop, .fn = fn, .arg = arg};
    struct fl_loop_task task = {.fn = run_call, .self = &call};

    if (pthread_equal(pthread_self(), loop->thread.id))
        return fn(arg);
    fl_loop_post(loop, &task);
    fl_lock(&loop->lock);
    while (!call.done)
        fl_lock_wait(&loop->lock, fl_clock_system(), FL_NEVER);
    fl_unlock(&loop->lock);
    return call.result;
}

struct uv_loop_s *fl_loop_uv(struct fl_loop *loop)
{
    return &loop->uv;
}

static void close_wake(void *self)
{
    struct fl_loop *loop = self;

    uv_close((uv_handle_t *)&loop->wake, NULL);
}

/* Runs until what is being closed has closed, and frees. */
static void dispose(const flow_allocator *mem, struct fl_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    fl_lock_destroy(&loop->lock);
    fl_free(mem, loop);
}

static int init_uv(struct fl_loop *loop)
{
    int rc = uv_loop_init(&loop->uv);

    if (rc)
        return rc;
    rc = uv_async_init(&loop->uv, &loop->wake, run_tasks);
    if (rc)
        uv_loop_close(&loop->uv);
    loop->wake.data = loop;
    return rc;
}

static int start(struct fl_loop_host *host, struct fl_loop **started, flow_error **err)
{
    struct fl_loop *loop = fl_zalloc(host->mem, sizeof *loop);

    if (!loop || fl_lock_init(&loop->lock)) {
        fl_free(host->mem, loop);
        return fl_error_nomem(err);
    }
    loop->last = &loop->first;

    int rc = init_uv(loop);
    if (rc) {
        fl_lock_destroy(&loop->lock);
        fl_free(host->mem, loop);
        return fl_error_errno(err, -rc, "cannot start the network loop", NULL);
    }
    if (fl_thread_start(&loop->thread, host->name, run, loop)) {
        close_wake(loop);
        dispose(host->mem, loop);
        return fl_error_nomem(err);
    }
    *started = loop;
    return FLOW_OK;
}

int fl_loop_host_new(const flow_allocator *mem, const char *name, struct fl_loop_host **host,
                     flow_error **err)
{
    struct fl_loop_host *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->name = fl_strdup(mem, name);
    if (!made->name || fl_lock_init(&made->lock)) {
        fl_free(mem, made->name);
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    *host = made;
    return FLOW_OK;
}

void fl_loop_host_free(struct fl_loop_host *host)
{
    if (!host)
        return;
    if (host->loop) {
        struct fl_loop_task end = {.fn = close_wake, .self = host->loop};
        fl_loop_post(host->loop, &end);
        fl_thread_join(&host->loop->thread);
        dispose(host->mem, host->loop);
    }
    fl_lock_destroy(&host->lock);
    fl_free(host->mem, host->name);
    fl_free(host->mem, host);
}

int fl_loop_get(flow_context *ctx, struct fl_loop **loop, flow_error **err)
{
    struct fl_loop_host *host = ctx->loop;
    int rc = FLOW_OK;

    if (!host)
        return flow_error_set(err, FLOW_ESTATE, "there is no network loop here");
    fl_lock(&host->lock);
    if (!host->loop)
        rc = start(host, &host->loop, err);
    *loop = host->loop;
    fl_unlock(&host->lock);
    return rc;
}
