/* SPDX-License-Identifier: Apache-2.0 */

#include "sinks/rpc/pipe.h"

#include "base/error.h"

/* A transaction and how many of its calls have no answer. */
struct under_way {
    flow_txn *txn;
    size_t calls;
};

struct rpc_pipe {
    const flow_allocator *mem;
    struct fl_peer *peer;
    struct under_way ring[RPC_WINDOW];
    size_t oldest;
    size_t count;
};

int rpc_pipe_new(const struct fl_peer_setup *setup, const struct fl_host *host,
                 struct rpc_pipe **pipe, flow_error **err)
{
    struct rpc_pipe *made = fl_zalloc(setup->mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->mem = setup->mem;
    int rc = fl_peer_new(setup, host, &made->peer, err);
    if (rc)
        rpc_pipe_free(made);
    else
        *pipe = made;
    return rc;
}

void rpc_pipe_free(struct rpc_pipe *pipe)
{
    if (!pipe)
        return;
    fl_peer_free(pipe->peer);
    fl_free(pipe->mem, pipe);
}

int rpc_pipe_connect(struct rpc_pipe *pipe, flow_error **err)
{
    return fl_peer_connect(pipe->peer, err);
}

size_t rpc_pipe_pending(const struct rpc_pipe *pipe)
{
    return pipe->count;
}

/* Ends the oldest transaction. */
static void end_oldest(struct rpc_pipe *pipe, int result, const flow_error *cause)
{
    flow_txn *txn = pipe->ring[pipe->oldest].txn;

    pipe->oldest = (pipe->oldest + 1) % RPC_WINDOW;
    pipe->count--;
    flow_txn_done(txn, result, cause, NULL);
}

/* What is behind a failure was sent on the same connection and comes again in order. */
static void fail_all(struct rpc_pipe *pipe, int result, const flow_error *cause)
{
    fl_peer_disconnect(pipe->peer);
    while (pipe->count > 0)
        end_oldest(pipe, result, cause);
}

/* Takes one answer, waiting up to WAIT_MS: 1 when it came. */
static int take_answer(struct rpc_pipe *pipe, int64_t wait_ms)
{
    flow_error *why = NULL;
    int rc = fl_peer_receive(pipe->peer, wait_ms, &why);

    if (rc < 0)
        fail_all(pipe, rc, why);
    else if (rc == 1 && --pipe->ring[pipe->oldest].calls == 0)
        end_oldest(pipe, FLOW_OK, NULL);
    flow_error_free(why);
    return rc == 1;
}

void rpc_pipe_collect(struct rpc_pipe *pipe, int wait)
{
    int64_t wait_ms = wait ? -1 : 0;

    while (pipe->count > 0 && take_answer(pipe, wait_ms))
        wait_ms = 0;
}

void rpc_pipe_disconnect(struct rpc_pipe *pipe)
{
    while (pipe->count > 0)
        rpc_pipe_collect(pipe, 1);
    fl_peer_disconnect(pipe->peer);
}

/* Waits for all answers of a connection that is too old.  What is younger must not overtake what
 * fails. */
static int retire(struct rpc_pipe *pipe, flow_error **err)
{
    while (pipe->count > 0 && fl_peer_is_old(pipe->peer)) {
        if (take_answer(pipe, -1))
            continue;
        int rc = flow_error_set(err, FLOW_EIO, "what was sent before has failed");
        flow_error_set_retriable(err, 1);
        return rc;
    }
    return FLOW_OK;
}

/* Sends all calls of the youngest transaction, which is in the ring already. */
static int send_calls(struct rpc_pipe *pipe, struct under_way *youngest,
                      const struct fl_delivery *delivery, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t at = 0; !rc && at < delivery->count;) {
        struct fl_call call = {.events = delivery->events + at};
        call.count = fl_peer_fits(pipe->peer, call.events, delivery->count - at);
        rc = fl_peer_stamp(pipe->peer, delivery, at, &call, err);
        if (!rc)
            rc = fl_peer_send(pipe->peer, &call, err);
        at += call.count;
        youngest->calls += !rc;
    }
    return rc;
}

static int send_behind(struct rpc_pipe *pipe, flow_txn *txn, const struct fl_delivery *delivery,
                       flow_error **err)
{
    struct under_way *youngest = &pipe->ring[(pipe->oldest + pipe->count) % RPC_WINDOW];

    *youngest = (struct under_way){.txn = txn};
    int rc = send_calls(pipe, youngest, delivery, err);
    if (rc) {
        fail_all(pipe, rc, err ? *err : NULL);
        return rc;
    }
    pipe->count++;
    rpc_pipe_collect(pipe, 0);
    return FLOW_PENDING;
}

int rpc_pipe_send(struct rpc_pipe *pipe, flow_txn *txn, struct fl_delivery *delivery,
                  flow_error **err)
{
    int rc = retire(pipe, err);

    if (!rc)
        rc = fl_peer_connect(pipe->peer, err);
    if (rc)
        return rc;
    if (fl_peer_is_ordered(pipe->peer))
        return send_behind(pipe, txn, delivery, err);
    return fl_peer_deliver(pipe->peer, delivery, err);
}
