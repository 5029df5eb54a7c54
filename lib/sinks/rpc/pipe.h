/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_RPC_PIPE_H
#define FL_SINKS_RPC_PIPE_H

/*
 * Transactions on their way to one agent.  While it is not known to execute calls in order, each is
 * answered before the next is sent; afterwards several are under way, and end in order.
 */

#include <flow/transaction.h>

#include "clients/peer.h"

/* The most transactions under way. */
#define RPC_WINDOW 32u

struct rpc_pipe;

/* SETUP and HOST are lent. */
int rpc_pipe_new(const struct fl_peer_setup *setup, const struct fl_host *host,
                 struct rpc_pipe **pipe, flow_error **err);
void rpc_pipe_free(struct rpc_pipe *pipe); /* NULL is allowed; nothing may be under way */

int rpc_pipe_connect(struct rpc_pipe *pipe, flow_error **err);

/* Waits for all answers and ends the connection. */
void rpc_pipe_disconnect(struct rpc_pipe *pipe);

/*
 * Sends the events of DELIVERY, which TXN has taken.  FLOW_OK: the agent has them.  FLOW_PENDING:
 * flow_txn_done will be called.  After a failure all that was under way has failed too.
 */
int rpc_pipe_send(struct rpc_pipe *pipe, flow_txn *txn, struct fl_delivery *delivery,
                  flow_error **err);

/* Ends what was answered by now; with WAIT, waits for the oldest answer first. */
void rpc_pipe_collect(struct rpc_pipe *pipe, int wait);

/* How many transactions are under way. */
size_t rpc_pipe_pending(const struct rpc_pipe *pipe);

#endif
