/* SPDX-License-Identifier: Apache-2.0 */

/* The socket never blocks: what cannot be done at once is waited for by fl_link_wait. */

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "net/link_inside.h"

/* Plain bytes that go through the layers at a time. */
#define SEND_PIECE ((size_t)64 * 1024)
/* What is read at a time; with compression the layers may make a thousand times as much of it. */
#define READ_PIECE ((size_t)64 * 1024)
#define READ_PACKED ((size_t)16 * 1024)
/* What is kept of what comes when nobody asks; the rest waits in the socket. */
#define EARLY_MOST READ_PIECE

/* ---- faults ---- */

int fl_link_gave_up(const struct fl_link *link, int rc, const char *what, flow_error **err)
{
    const char *why = rc == FLOW_ETIMEDOUT ? "no answer in time" : "stopped meanwhile";

    flow_error_setf(err, rc, "%s %s: %s", what, link->peer, why);
    flow_error_set_retriable(err, 1);
    return rc;
}

int fl_link_broke(const struct fl_link *link, int number, const char *what, flow_error **err)
{
    flow_error_setf(err, FLOW_EIO, "%s %s: %s", what, link->peer, fl_errno_text(number));
    flow_error_set_retriable(err, 1);
    return FLOW_EIO;
}

/* Says of whom a layer complains. */
static int name_peer(const struct fl_link *link, int rc, flow_error *cause, flow_error **err)
{
    flow_error_setf(err, rc, "%s: %s", link->peer, flow_error_message(cause));
    flow_error_set_retriable(err, 1);
    flow_error_free(cause);
    return rc;
}

/* ---- life ---- */

static void wake(void *self)
{
    struct fl_link *link = self;
    const uint64_t one = 1;

    /* It fails only when the link was woken very often before. */
    if (write(link->wake, &one, sizeof one) < 0)
        return;
}

int fl_link_new(const struct fl_link_options *options, struct fl_link **link, flow_error **err)
{
    struct fl_link *made = fl_zalloc(options->mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->options = *options;
    made->fd = -1;
    fl_buf_init(&made->wire, options->mem);
    fl_buf_init(&made->early, options->mem);
    made->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made->wake < 0) {
        fl_free(options->mem, made);
        return fl_error_errno(err, errno, "make an eventfd", NULL);
    }
    made->hook = (struct fl_stop_hook){.fn = wake, .self = made};
    if (options->ctx)
        fl_context_hook(options->ctx, &made->hook);
    *link = made;
    return FLOW_OK;
}

/* Forgets the connection. */
static void drop(struct fl_link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    link->ended = 0;
    fl_stack_free(link->stack);
    link->stack = NULL;
    fl_buf_free(&link->wire);
    fl_buf_free(&link->early);
}

void fl_link_free(struct fl_link *link)
{
    if (!link)
        return;
    if (link->options.ctx)
        fl_context_unhook(link->options.ctx, &link->hook);
    drop(link);
    close(link->wake);
    fl_free(link->options.mem, link->peer);
    fl_free(link->options.mem, link);
}

void fl_link_interrupt(struct fl_link *link)
{
    atomic_store(&link->interrupted, 1);
    wake(link);
}

void fl_link_resume(struct fl_link *link)
{
    atomic_store(&link->interrupted, 0);
}

const char *fl_link_peer(const struct fl_link *link)
{
    return link->peer ? link->peer : "";
}

/* ---- sending ---- */

static int send_raw(struct fl_link *link, const uint8_t *data, size_t size, int64_t deadline,
                    flow_error **err)
{
    static const char what[] = "cannot send to";

    while (size > 0) {
        ssize_t sent = send(link->fd, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN)
            return fl_link_broke(link, errno, what, err);
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
            continue;
        }
        int rc = fl_link_wait(link, link->fd, POLLOUT, deadline);
        if (rc)
            return fl_link_gave_up(link, rc, what, err);
    }
    return FLOW_OK;
}

static int flush(struct fl_link *link, int64_t deadline, flow_error **err)
{
    int rc = send_raw(link, link->wire.data, link->wire.size, deadline, err);

    fl_buf_clear(&link->wire);
    return rc;
}

/* Sends what a call of the stack left to be sent.  When that call failed, RC and CAUSE tell. */
static int settle(struct fl_link *link, int rc, flow_error *cause, int64_t deadline,
                  flow_error **err)
{
    if (!rc)
        return flush(link, deadline, err);
    flush(link, deadline, NULL);
    return name_peer(link, rc, cause, err);
}

static int send_layered(struct fl_link *link, const uint8_t *data, size_t size, int64_t deadline,
                        flow_error **err)
{
    int rc = FLOW_OK;

    while (size > 0 && !rc) {
        size_t some = size < SEND_PIECE ? size : SEND_PIECE;
        flow_error *cause = NULL;
        rc = fl_stack_send(link->stack, data, some, &link->wire, &cause);
        rc = settle(link, rc, cause, deadline, err);
        data += some;
        size -= some;
    }
    return rc;
}

static int not_connected(flow_error **err)
{
    return flow_error_set(err, FLOW_ESTATE, "the connection is not open");
}

int fl_link_send(struct fl_link *link, const void *data, size_t size, int64_t deadline,
                 flow_error **err)
{
    if (link->fd < 0)
        return not_connected(err);
    return link->stack ? send_layered(link, data, size, deadline, err)
                       : send_raw(link, data, size, deadline, err);
}

/* ---- receiving ---- */

/* What is there: 1 and its size in *GOT, which is 0 at the end, 0 when there is nothing yet. */
static int read_now(struct fl_link *link, uint8_t *room, size_t size, size_t *got, flow_error **err)
{
    ssize_t count;

    do
        count = recv(link->fd, room, size, 0);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN)
        return 0;
    if (count < 0)
        return fl_link_broke(link, errno, "nothing more comes from", err);
    *got = (size_t)count;
    return 1;
}

static int append(void *self, const uint8_t *data, size_t size, flow_error **err)
{
    return fl_buf_append(self, data, size) ? fl_error_nomem(err) : FLOW_OK;
}

/* Takes bytes of the socket, none at its end, through the layers. */
static int digest(struct fl_link *link, const uint8_t *data, size_t size, struct fl_buf *in,
                  int64_t deadline, flow_error **err)
{
    const struct fl_stack_taker taker = {append, in};
    flow_error *cause = NULL;
    int rc = size ? fl_stack_receive(link->stack, data, size, &taker, &link->wire, &cause)
                  : fl_stack_receive_end(link->stack, &cause);

    link->ended = !size || fl_stack_ended(link->stack);
    return settle(link, rc, cause, deadline, err);
}

static int receive_layered(struct fl_link *link, struct fl_buf *in, int64_t deadline,
                           flow_error **err)
{
    uint8_t room[READ_PACKED];
    size_t got;
    int rc = read_now(link, room, sizeof room, &got, err);

    if (rc <= 0)
        return rc;
    rc = digest(link, room, got, in, deadline, err);
    return rc ? rc : 1;
}

static int receive_plain(struct fl_link *link, struct fl_buf *in, flow_error **err)
{
    uint8_t *room = fl_buf_reserve(in, READ_PIECE);
    size_t got;

    if (!room)
        return fl_error_nomem(err);
    int rc = read_now(link, room, READ_PIECE, &got, err);
    if (rc <= 0)
        return rc;
    in->size += got;
    link->ended = !got;
    return 1;
}

/* Takes what is there into IN.  Returns 0 when nothing is. */
static int receive_now(struct fl_link *link, struct fl_buf *in, int64_t deadline, flow_error **err)
{
    return link->stack ? receive_layered(link, in, deadline, err) : receive_plain(link, in, err);
}

static int take_early(struct fl_link *link, struct fl_buf *in, flow_error **err)
{
    if (fl_buf_append(in, link->early.data, link->early.size))
        return fl_error_nomem(err);
    fl_buf_free(&link->early);
    return 1;
}

int fl_link_receive(struct fl_link *link, struct fl_buf *in, int64_t deadline, flow_error **err)
{
    size_t before = in->size;

    if (link->fd < 0)
        return not_connected(err);
    if (link->early.size)
        return take_early(link, in, err);
    while (in->size == before && !link->ended) {
        int rc = receive_now(link, in, deadline, err);
        if (rc < 0)
            return rc;
        if (rc > 0)
            continue;
        rc = fl_link_wait(link, link->fd, POLLIN, deadline);
        if (rc)
            return fl_link_gave_up(link, rc, "waiting for", err);
    }
    return in->size > before;
}

/* A peer that never stops is alive. */
int fl_link_alive(struct fl_link *link)
{
    int rc = 1;

    while (link->fd >= 0 && !link->ended && rc > 0 && link->early.size < EARLY_MOST)
        rc = receive_now(link, &link->early, 0, NULL);
    return link->fd >= 0 && !link->ended && rc >= 0;
}

/* ---- connecting ---- */

/* Runs the handshakes of the layers. */
static int shake_hands(struct fl_link *link, int64_t deadline, flow_error **err)
{
    flow_error *cause = NULL;
    int rc = fl_stack_start(link->stack, &link->wire, &cause);

    rc = settle(link, rc, cause, deadline, err);
    while (!rc && !fl_stack_ready(link->stack)) {
        rc = receive_now(link, &link->early, deadline, err);
        if (rc)
            rc = rc > 0 ? FLOW_OK : rc;
        else if ((rc = fl_link_wait(link, link->fd, POLLIN, deadline)))
            fl_link_gave_up(link, rc, "no handshake with", err);
    }
    return rc;
}

static int set_peer(struct fl_link *link, const struct fl_link_target *target)
{
    struct fl_buf text;

    fl_buf_init(&text, link->options.mem);
    int rc = target->path ? fl_buf_text(&text, target->path)
                          : fl_buf_printf(&text, "%s:%u", target->host, (unsigned)target->port);
    char *peer = rc ? NULL : fl_buf_detach(&text);
    fl_buf_free(&text);
    if (!peer)
        return FLOW_ENOMEM;
    fl_free(link->options.mem, link->peer);
    link->peer = peer;
    return FLOW_OK;
}

static int add_layers(struct fl_link *link, const char *host, int64_t deadline, flow_error **err)
{
    struct fl_stack_plan plan = link->options.stack;

    if (!fl_stack_plan_has_layers(&plan))
        return FLOW_OK;
    plan.host = host;
    int rc = fl_stack_new(link->options.mem, &plan, &link->stack, err);
    return rc ? rc : shake_hands(link, deadline, err);
}

int fl_link_connect(struct fl_link *link, const struct fl_link_target *target, int64_t timeout_ms,
                    flow_error **err)
{
    int64_t deadline = fl_clock_after(fl_clock_system(), timeout_ms);

    drop(link);
    fl_link_calm(link);
    if (set_peer(link, target))
        return fl_error_nomem(err);
    int rc = fl_link_reach(link, target, deadline, err);
    if (!rc)
        rc = add_layers(link, target->host, deadline, err);
    if (rc)
        drop(link);
    return rc;
}

void fl_link_close(struct fl_link *link, int64_t timeout_ms)
{
    int64_t deadline = fl_clock_after(fl_clock_system(), timeout_ms);

    if (link->fd >= 0 && link->stack && !fl_stack_send_end(link->stack, &link->wire, NULL))
        flush(link, deadline, NULL);
    drop(link);
}
