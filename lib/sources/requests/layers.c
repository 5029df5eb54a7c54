/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between a connection and its protocol.  Without layers the bytes go straight through.  With them,
 * an answer may have to be sent while bytes of the same connection are being received: both then
 * use one buffer, so that they go out in the order in which the layers made them.
 */

#include "base/error.h"
#include "sources/requests/inside.h"

int fl_request_layers_open(struct fl_request_peer *peer, flow_error **err)
{
    const struct fl_requests *requests = peer->worker->requests;

    if (!requests->plan || !fl_stack_plan_has_layers(requests->plan))
        return FLOW_OK;
    return fl_stack_new(requests->mem, requests->plan, &peer->stack, err);
}

void fl_request_layers_free(struct fl_request_peer *peer)
{
    fl_stack_free(peer->stack);
    peer->stack = NULL;
}

static int feed(void *self, const uint8_t *data, size_t size, flow_error **err)
{
    struct fl_request_peer *peer = self;
    const struct fl_requests *requests = peer->worker->requests;

    return requests->protocol->feed(requests->self, peer->state, peer, data, size, err);
}

static int flush(struct fl_request_peer *peer, struct fl_buf *wire)
{
    int rc = wire->size > 0 ? fl_conn_send(peer->conn, wire->data, wire->size) : FLOW_OK;

    fl_buf_clear(wire);
    return rc;
}

int fl_request_layers_receive(struct fl_request_peer *peer, const uint8_t *data, size_t size,
                              flow_error **err)
{
    struct fl_request_worker *worker = peer->worker;
    const struct fl_stack_taker taker = {.take = feed, .self = peer};

    if (!peer->stack)
        return feed(peer, data, size, err);
    worker->receiving = peer;
    int rc = fl_stack_receive(peer->stack, data, size, &taker, &worker->wire, err);
    worker->receiving = NULL;
    if (!peer->met && fl_stack_ready(peer->stack)) {
        peer->met = 1;
        fl_conn_met(peer->conn);
    }
    /* Also after a fault: the layers tell the peer why. */
    int sent = flush(peer, &worker->wire);
    if (!rc && sent)
        rc = flow_error_set(err, sent, "what the layers have to say could not be sent");
    return rc;
}

int fl_request_layers_receive_end(struct fl_request_peer *peer, flow_error **err)
{
    if (fl_conn_late(peer->conn))
        return flow_error_set(err, FLOW_ETIMEDOUT, "the TLS handshake took too long");
    return peer->stack ? fl_stack_receive_end(peer->stack, err) : FLOW_OK;
}

static struct fl_buf *wire_of(const struct fl_request_peer *peer)
{
    struct fl_request_worker *worker = peer->worker;

    return worker->receiving == peer ? &worker->wire : &worker->sealed;
}

int fl_request_layers_send(struct fl_request_peer *peer, const struct fl_buf *plain)
{
    struct fl_buf *wire = wire_of(peer);

    if (!peer->stack)
        return fl_conn_send(peer->conn, plain->data, plain->size);
    int rc = fl_stack_send(peer->stack, plain->data, plain->size, wire, NULL);
    int sent = flush(peer, wire);
    return rc ? rc : sent;
}

void fl_request_layers_end(struct fl_request_peer *peer)
{
    struct fl_buf *wire = wire_of(peer);

    /* Where this fails the connection ends without it. */
    if (peer->stack && fl_stack_send_end(peer->stack, wire, NULL) == FLOW_OK)
        flush(peer, wire);
    fl_buf_clear(wire);
}
