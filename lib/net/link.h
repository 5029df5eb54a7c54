/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_LINK_H
#define FL_NET_LINK_H

/*
 * A connection to a peer for a thread that may block: a sink's own or that of an application.  It
 * can be closed and connected again, and every wait ends by its deadline, by fl_link_interrupt or
 * when the component is to stop.  Deadlines are times of fl_clock_system: a peer keeps no other.
 *
 * One thread at a time uses a link, but for fl_link_interrupt.
 */

#include <flow/component.h>

#include "base/buf.h"
#include "net/stack.h"

struct fl_link;

struct fl_link_options {
    const flow_allocator *mem;
    flow_context *ctx;          /* whose stop ends waits; NULL: there is none */
    int64_t grace_ms;           /* how long waits still last once CTX is to stop */
    struct fl_stack_plan stack; /* without the host, which is the target's */
};

/* Where a peer is: a host and port or, unless NULL, the path of a Unix-domain socket. */
struct fl_link_target {
    const char *host;
    uint16_t port;
    const char *path;
};

int fl_link_new(const struct fl_link_options *options, struct fl_link **link, flow_error **err);
void fl_link_free(struct fl_link *link); /* NULL is allowed; closes at once */

/*
 * Connects, which includes the handshakes of layers, within TIMEOUT_MS.  All addresses of a host
 * are tried in turn.  A link that is connected is closed first.
 *
 * Blocks: up to TIMEOUT_MS and, for a host that is no number, as long as fl_resolver_find does.
 * Errors: FLOW_ETIMEDOUT, FLOW_ECLOSED, FLOW_EIO, FLOW_EPARSE for a peer that does not have the
 * layers.  The message names the peer.
 */
int fl_link_connect(struct fl_link *link, const struct fl_link_target *target, int64_t timeout_ms,
                    flow_error **err);

/* Sends all of DATA.  Errors: FLOW_ETIMEDOUT, FLOW_ECLOSED, FLOW_EIO; the link is then of no use.
 */
int fl_link_send(struct fl_link *link, const void *data, size_t size, int64_t deadline,
                 flow_error **err);

/*
 * Waits for bytes and adds what came to IN.  Returns 1, or 0 when the peer sends no more.  Errors:
 * FLOW_ETIMEDOUT and FLOW_ECLOSED, after which it can be called again, FLOW_EIO, FLOW_EPARSE.
 */
int fl_link_receive(struct fl_link *link, struct fl_buf *in, int64_t deadline, flow_error **err);

/* 1 as long as nothing says that the peer has closed the connection.  For connections that were
 * idle; blocks not at all. */
int fl_link_alive(struct fl_link *link);

/* Ends the layers and the connection.  Blocks: up to TIMEOUT_MS, for a peer that does not take the
 * layers' last bytes. */
void fl_link_close(struct fl_link *link, int64_t timeout_ms);

/* Ends the wait of another thread, and all that follow, with FLOW_ECLOSED, until fl_link_resume. */
void fl_link_interrupt(struct fl_link *link);
void fl_link_resume(struct fl_link *link);

/* The peer, as "host:port" or its path; "" before fl_link_connect. */
const char *fl_link_peer(const struct fl_link *link);

#endif
