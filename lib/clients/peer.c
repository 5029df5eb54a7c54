/* SPDX-License-Identifier: Apache-2.0 */

/* Calls over a connection.  They are sent in pieces as large as the cache, each while it is warm.
 */

#include "base/clock.h"
#include "base/error.h"
#include "clients/peer.h"
#include "wire/stamp.h"

#define PIECE ((size_t)64 * 1024)
#define KEPT ((size_t)1 << 20) /* more memory than this is not kept between calls */
#define CLOSE_MS 1000

struct fl_peer {
    const struct fl_peer_setup *setup;
    const struct fl_host *host;
    struct fl_link *link;
    void *rpc;
    int connected;
    int64_t connected_at; /* on the context's clock */
    struct fl_call last;  /* of which a server may want to hear again */
    size_t outstanding;
    int answered;  /* the first call of the connection was, which `connect_ms` is for */
    int64_t since; /* the oldest call waits for its answer, on the system's clock */
    struct fl_buf out;
    struct fl_buf in;
    struct fl_buf stamp;
};

int fl_peer_new(const struct fl_peer_setup *setup, const struct fl_host *host,
                struct fl_peer **peer, flow_error **err)
{
    const struct fl_link_options options = {
        .mem = setup->mem,
        .ctx = setup->ctx,
        .grace_ms = setup->grace_ms,
        .stack = setup->stack,
    };
    struct fl_peer *made = fl_zalloc(setup->mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->setup = setup;
    made->host = host;
    fl_buf_init(&made->out, setup->mem);
    fl_buf_init(&made->in, setup->mem);
    fl_buf_init(&made->stamp, setup->mem);
    int rc = fl_link_new(&options, &made->link, err);
    if (!rc)
        rc = setup->rpc->create(setup->mem, setup->rpc_option, &made->rpc, err);
    if (rc)
        fl_peer_free(made);
    else
        *peer = made;
    return rc;
}

void fl_peer_free(struct fl_peer *peer)
{
    if (!peer)
        return;
    fl_peer_disconnect(peer);
    fl_link_free(peer->link);
    if (peer->rpc)
        peer->setup->rpc->destroy(peer->rpc);
    fl_buf_free(&peer->out);
    fl_buf_free(&peer->in);
    fl_buf_free(&peer->stamp);
    fl_free(peer->setup->mem, peer);
}

/* ---- the connection ---- */

int fl_peer_is_old(const struct fl_peer *peer)
{
    int64_t reset_ms = peer->setup->reset_ms;

    return reset_ms > 0 && peer->connected &&
           flow_context_now(peer->setup->ctx) - peer->connected_at >= reset_ms;
}

int fl_peer_is_ordered(const struct fl_peer *peer)
{
    return peer->setup->rpc->is_ordered(peer->rpc);
}

/* What large events have left is not worth keeping. */
static void trim(struct fl_buf *buf)
{
    fl_buf_clear(buf);
    if (buf->capacity > KEPT)
        fl_buf_free(buf);
}

static void forget(struct fl_peer *peer)
{
    trim(&peer->out);
    trim(&peer->in);
    peer->outstanding = 0;
    peer->answered = 0;
    peer->setup->rpc->restart(peer->rpc);
}

void fl_peer_disconnect(struct fl_peer *peer)
{
    if (!peer->connected)
        return;
    fl_link_close(peer->link, CLOSE_MS);
    peer->connected = 0;
    forget(peer);
    flow_counter_add(peer->setup->closed, 1);
}

/* Somebody else may have closed what nobody has used for a while. */
static int is_usable(struct fl_peer *peer)
{
    if (!peer->connected || peer->outstanding > 0)
        return peer->connected;
    return !fl_peer_is_old(peer) && fl_link_alive(peer->link);
}

int fl_peer_connect(struct fl_peer *peer, flow_error **err)
{
    const struct fl_link_target target = {.host = peer->host->name, .port = peer->host->port};

    if (is_usable(peer))
        return FLOW_OK;
    fl_peer_disconnect(peer);
    int rc = fl_link_connect(peer->link, &target, peer->setup->connect_ms, err);
    if (rc) {
        flow_counter_add(peer->setup->failed, 1);
        return rc;
    }
    forget(peer);
    peer->connected = 1;
    peer->connected_at = flow_context_now(peer->setup->ctx);
    flow_counter_add(peer->setup->created, 1);
    return FLOW_OK;
}

/* Names the host in an error, after which the connection is of no use. */
static int fail(struct fl_peer *peer, int code, const char *what, flow_error **err)
{
    fl_peer_disconnect(peer);
    if (code == FLOW_ECLOSED || code == FLOW_ENOMEM)
        return code;
    if (code != FLOW_ETIMEDOUT)
        code = FLOW_EIO;
    flow_error_setf(err, code, "%s:%u: %s", peer->host->name, peer->host->port, what);
    flow_error_set_retriable(err, 1);
    return code;
}

/* ---- calls ---- */

size_t fl_peer_fits(const struct fl_peer *peer, const flow_event *const *events, size_t count)
{
    uint64_t bytes = 0;
    size_t n = 0;

    if (count > peer->setup->batch_size)
        count = peer->setup->batch_size;
    for (; n < count; n++) {
        bytes += flow_events_weight(&events[n], 1, NULL);
        if (n > 0 && bytes > FL_CALL_BYTES)
            break;
    }
    return n;
}

int fl_peer_stamp(struct fl_peer *peer, const struct fl_delivery *delivery, size_t first,
                  struct fl_call *call, flow_error **err)
{
    fl_buf_clear(&peer->stamp);
    if (!delivery->spans)
        return FLOW_OK;
    int rc = fl_stamp_write(&peer->stamp, delivery->spans, first, call->count);
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    if (rc)
        flow_context_log(peer->setup->ctx, FLOW_LOG_WARN,
                         "the numbers of the events of a call are too many to be told; if it is "
                         "repeated they come twice");
    /* A libflow is to know that others may be behind this call. */
    if (!peer->stamp.size && fl_peer_is_ordered(peer) && fl_stamp_write_empty(&peer->stamp))
        return fl_error_nomem(err);
    call->stamp = peer->stamp.size ? peer->stamp.data : NULL;
    call->stamp_size = peer->stamp.size;
    return FLOW_OK;
}

static int send_pieces(struct fl_peer *peer, int64_t deadline, flow_error **err)
{
    const struct fl_rpc *rpc = peer->setup->rpc;
    int more;

    do {
        fl_buf_clear(&peer->out);
        more = rpc->next(peer->rpc, PIECE, &peer->out, err);
        if (more < 0)
            return more;
        int rc = fl_link_send(peer->link, peer->out.data, peer->out.size, deadline, err);
        if (rc)
            return rc;
    } while (more);
    return FLOW_OK;
}

/* Puts the present call on the wire. */
static int send_call(struct fl_peer *peer, const struct fl_call *call, flow_error **err)
{
    const struct fl_clock *clock = fl_clock_system();
    int rc = peer->setup->rpc->begin(peer->rpc, call, err);

    if (rc)
        return rc;
    rc = send_pieces(peer, fl_clock_after(clock, peer->setup->request_ms), err);
    trim(&peer->out);
    if (rc)
        return fail(peer, rc, "the events could not be sent", err);
    if (peer->outstanding == 0)
        peer->since = fl_clock_now(clock);
    return FLOW_OK;
}

int fl_peer_send(struct fl_peer *peer, const struct fl_call *call, flow_error **err)
{
    int rc = send_call(peer, call, err);

    if (rc)
        return rc;
    peer->last = *call;
    peer->outstanding++;
    return FLOW_OK;
}

/* Hands the protocol what is there: 1 when that completes an answer. */
static int feed(struct fl_peer *peer, flow_error **err)
{
    size_t used = 0;
    int rc = 0;

    if (peer->in.size > 0)
        rc = peer->setup->rpc->feed(peer->rpc, peer->in.data, peer->in.size, &used, err);
    fl_buf_consume(&peer->in, used);
    return rc;
}

/* Waits for an answer: 1 when it is complete. */
static int await_answer(struct fl_peer *peer, int64_t deadline, flow_error **err)
{
    int rc;

    while ((rc = feed(peer, err)) == 0) {
        rc = fl_link_receive(peer->link, &peer->in, deadline, err);
        if (rc == 0)
            return flow_error_set(err, FLOW_EIO,
                                  "the server closed the connection before it answered");
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int64_t limit_of(const struct fl_peer *peer)
{
    return peer->answered ? peer->setup->request_ms : peer->setup->connect_ms;
}

/* Acts on a complete answer. */
static int settle(struct fl_peer *peer, flow_error **err)
{
    int rc = peer->setup->rpc->result(peer->rpc, err);

    if (rc == FLOW_PENDING) {
        peer->outstanding = 0;
        rc = fl_peer_send(peer, &peer->last, err);
        return rc ? rc : FLOW_PENDING;
    }
    if (rc && rc != FLOW_EDELIVERY)
        return fail(peer, rc, "what came is no answer", err);
    peer->answered = 1;
    peer->outstanding--;
    peer->since = fl_clock_now(fl_clock_system());
    if (!rc)
        return 1;
    flow_error_setf(err, rc, "%s:%u did not take the events", peer->host->name, peer->host->port);
    flow_error_set_retriable(err, 1);
    return rc;
}

static void drop(flow_error **err)
{
    if (!err)
        return;
    flow_error_free(*err);
    *err = NULL;
}

/* The wait for an answer has ended without one. */
static int give_up(struct fl_peer *peer, int rc, int64_t limit, flow_error **err)
{
    if (rc != FLOW_ETIMEDOUT)
        return fail(peer, rc, "no answer came", err);
    drop(err);
    fl_peer_disconnect(peer);
    flow_error_setf(err, rc, "%s:%u: no answer within %lld ms", peer->host->name, peer->host->port,
                    (long long)limit);
    flow_error_set_retriable(err, 1);
    return rc;
}

int fl_peer_receive(struct fl_peer *peer, int64_t wait_ms, flow_error **err)
{
    const struct fl_clock *clock = fl_clock_system();
    int64_t wake = wait_ms < 0 ? FL_NEVER : fl_clock_now(clock) + wait_ms;
    int rc = FLOW_PENDING;

    while (rc == FLOW_PENDING) {
        int64_t limit = limit_of(peer);
        int64_t deadline = peer->since + limit;
        rc = await_answer(peer, wake < deadline ? wake : deadline, err);
        if (rc == FLOW_ETIMEDOUT && wake < deadline) {
            drop(err);
            return 0;
        }
        if (rc < 0)
            return give_up(peer, rc, limit, err);
        rc = settle(peer, err);
    }
    return rc;
}

static int deliver_call(struct fl_peer *peer, struct fl_delivery *delivery, flow_error **err)
{
    struct fl_call call = {
        .events = delivery->events + delivery->acknowledged,
        .count = delivery->count - delivery->acknowledged,
        .single = delivery->single,
    };

    call.count = fl_peer_fits(peer, call.events, call.count);
    int rc = fl_peer_connect(peer, err);
    if (!rc)
        rc = fl_peer_stamp(peer, delivery, delivery->acknowledged, &call, err);
    if (!rc)
        rc = fl_peer_send(peer, &call, err);
    if (rc)
        return rc;
    rc = fl_peer_receive(peer, -1, err);
    if (rc < 0 && rc != FLOW_EDELIVERY)
        delivery->doubtful = call.count;
    if (rc < 0)
        return rc;
    delivery->acknowledged += call.count;
    delivery->doubtful = 0;
    return FLOW_OK;
}

int fl_peer_deliver(struct fl_peer *peer, struct fl_delivery *delivery, flow_error **err)
{
    int rc = FLOW_OK;

    while (!rc && delivery->acknowledged < delivery->count)
        rc = deliver_call(peer, delivery, err);
    if (rc)
        fl_peer_disconnect(peer);
    return rc;
}
