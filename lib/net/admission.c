/* SPDX-License-Identifier: Apache-2.0 */

#include "base/error.h"
#include "base/thread.h"
#include "net/admission.h"

/* Somebody whose name is asked for. */
struct visitor {
    struct visitor *next;
    struct fl_conn *conn;
    struct sockaddr_storage address;
    int verdict;
};

struct fl_admission {
    const flow_allocator *mem;
    struct fl_loop *loop;
    const struct fl_ip_filter *filter;
    void (*tell)(struct fl_conn *conn, int is_allowed);
    struct fl_thread thread; /* started for the first name */

    struct fl_lock lock; /* guards what follows */
    struct visitor *waiting;
    struct visitor **last;
    struct visitor *judged;
    struct fl_loop_task task;
    int closing;
};

/* On the loop's thread: tells what was found out. */
static void tell_all(void *self)
{
    struct fl_admission *admission = self;

    fl_lock(&admission->lock);
    struct visitor *visitor = admission->judged;
    admission->judged = NULL;
    fl_unlock(&admission->lock);
    while (visitor) {
        struct visitor *next = visitor->next;
        admission->tell(visitor->conn, visitor->verdict == FL_IP_ALLOWED);
        fl_free(admission->mem, visitor);
        visitor = next;
    }
}

/* The next one; NULL at the end. */
static struct visitor *await_visitor(struct fl_admission *admission, int *closing)
{
    fl_lock(&admission->lock);
    while (!admission->waiting && !admission->closing)
        fl_lock_wait(&admission->lock, fl_clock_system(), FL_NEVER);
    struct visitor *visitor = admission->waiting;
    if (visitor)
        admission->waiting = visitor->next;
    if (!admission->waiting)
        admission->last = &admission->waiting;
    *closing = admission->closing;
    fl_unlock(&admission->lock);
    return visitor;
}

static void judge_all(void *self)
{
    struct fl_admission *admission = self;
    struct visitor *visitor;
    int closing;

    while ((visitor = await_visitor(admission, &closing))) {
        visitor->verdict = closing
                               ? FL_IP_REFUSED
                               : fl_ip_filter_judge_by_name(admission->filter, &visitor->address);
        fl_lock(&admission->lock);
        visitor->next = admission->judged;
        admission->judged = visitor;
        fl_unlock(&admission->lock);
        fl_loop_post(admission->loop, &admission->task);
    }
}

int fl_admission_new(const flow_allocator *mem, struct fl_loop *loop,
                     const struct fl_ip_filter *filter,
                     void (*tell)(struct fl_conn *conn, int is_allowed),
                     struct fl_admission **admission, flow_error **err)
{
    struct fl_admission *made = fl_zalloc(mem, sizeof *made);

    if (!made || fl_lock_init(&made->lock)) {
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    made->mem = mem;
    made->loop = loop;
    made->filter = filter;
    made->tell = tell;
    made->last = &made->waiting;
    made->task = (struct fl_loop_task){.fn = tell_all, .self = made};
    *admission = made;
    return FLOW_OK;
}

void fl_admission_close(struct fl_admission *admission)
{
    fl_lock(&admission->lock);
    admission->closing = 1;
    fl_lock_wake(&admission->lock);
    fl_unlock(&admission->lock);
}

static int nothing(void *arg)
{
    return 0;
}

void fl_admission_free(struct fl_admission *admission)
{
    if (!admission)
        return;
    fl_admission_close(admission);
    fl_thread_join(&admission->thread);
    fl_loop_call(admission->loop, nothing, NULL); /* behind what the thread has posted */
    fl_lock_destroy(&admission->lock);
    fl_free(admission->mem, admission);
}

static int queue(struct fl_admission *admission, struct fl_conn *conn,
                 const struct sockaddr_storage *address)
{
    struct visitor *visitor = fl_zalloc(admission->mem, sizeof *visitor);

    if (!visitor || (!admission->thread.started &&
                     fl_thread_start(&admission->thread, "admission", judge_all, admission))) {
        fl_free(admission->mem, visitor);
        return FL_IP_REFUSED;
    }
    visitor->conn = conn;
    visitor->address = *address;
    fl_lock(&admission->lock);
    *admission->last = visitor;
    admission->last = &visitor->next;
    fl_lock_wake(&admission->lock);
    fl_unlock(&admission->lock);
    return FL_IP_UNKNOWN;
}

int fl_admission_ask(struct fl_admission *admission, struct fl_conn *conn,
                     const struct sockaddr_storage *address)
{
    int verdict = fl_ip_filter_judge(admission->filter, address, NULL);

    return verdict == FL_IP_UNKNOWN ? queue(admission, conn, address) : verdict;
}
