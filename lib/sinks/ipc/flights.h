/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SINKS_IPC_FLIGHTS_H
#define FL_SINKS_IPC_FLIGHTS_H

/*
 * A connection to an ipc source, and the transactions whose requests it has not answered yet.  All
 * of them end by flow_txn_done, whatever becomes of the connection.  Used by the sink's thread.
 */

#include <flow/sink.h>

#include "base/buf.h"
#include "net/link.h"
#include "wire/stamp.h"

struct ipc_options {
    flow_context *ctx;
    const flow_allocator *mem;
    const char *path;
    size_t batch_size;
    size_t most;          /* transactions in flight */
    uint64_t request_max; /* bytes of events in a request, unless one event alone has more */
    int64_t connect_timeout_ms;
    int64_t request_timeout_ms;
};

struct ipc_flight {
    flow_txn *txn;
    uint64_t last; /* number of its last request */
    int64_t deadline;
    int result; /* of the requests that were answered */
    flow_error *cause;
};

struct ipc_flights {
    struct ipc_options options;
    struct fl_link *link;
    int connected;
    struct fl_buf out;
    struct fl_buf in;
    struct fl_stamp_list spans; /* of the transaction that is sent */
    struct fl_buf told;         /* of these, what goes with a request */
    uint64_t number;   /* of the request that was sent last */
    uint64_t answered; /* of the one that was answered last */
    struct ipc_flight *ring;
    size_t first;
    size_t count;
    flow_counter *made, *closed, *failed;
};

int ipc_flights_init(struct ipc_flights *flights, const struct ipc_options *options,
                     flow_error **err);
void ipc_flights_free(struct ipc_flights *flights);

/* Makes sure that there is a connection. */
int ipc_flights_connect(struct ipc_flights *flights, flow_error **err);

/* Sends all events of TXN, for which there must be room.  When that fails, the others have failed
 * too, and this one is the caller's. */
int ipc_flights_send(struct ipc_flights *flights, flow_txn *txn, const flow_event *const *events,
                     size_t count, flow_error **err);

/* Waits until there are no more than COUNT transactions in flight. */
void ipc_flights_await(struct ipc_flights *flights, size_t count);

/* Closes the connection; what is in flight fails. */
void ipc_flights_close(struct ipc_flights *flights);

#endif
