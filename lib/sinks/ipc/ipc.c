/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sends events to another process of the machine, over a Unix-domain socket.
 *
 * As long as there is always another full batch, several are under way and their answers are taken
 * as they come.  When a batch was not full there is nothing better to do than to wait for the
 * answers; meanwhile what comes gathers for the next one.
 */

#include <string.h>

#include "base/error.h"
#include "net/local.h"
#include "sinks/ipc/flights.h"
#include "sinks/sinks.h"

/* After which time without another batch the answers are waited for. */
#define IDLE_MS 1

struct ipc {
    struct ipc_flights flights;
};

static void ipc_destroy(void *self)
{
    struct ipc *ipc = self;

    ipc_flights_free(&ipc->flights);
    fl_free(ipc->flights.options.mem, ipc);
}

static int ipc_create(flow_context *ctx, void **self, flow_error **err)
{
    const struct ipc_options options = {
        .ctx = ctx,
        .mem = flow_library_allocator(flow_context_library(ctx)),
        .path = flow_context_string(ctx, "path"),
        .batch_size = (size_t)flow_context_int(ctx, "batch-size"),
        .most = (size_t)flow_context_int(ctx, "max-in-flight"),
        .request_max = (uint64_t)flow_context_int(ctx, "max-request-size"),
        .connect_timeout_ms = flow_context_int(ctx, "connect-timeout"),
        .request_timeout_ms = flow_context_int(ctx, "request-timeout"),
    };
    struct ipc *ipc = fl_zalloc(options.mem, sizeof *ipc);

    if (!ipc)
        return fl_error_nomem(err);
    int rc = ipc_flights_init(&ipc->flights, &options, err);
    if (!rc && strlen(options.path) > FL_LOCAL_PATH_MAX)
        rc = flow_context_refuse(ctx, "path", "is longer than 107 bytes", err);
    if (rc) {
        ipc_destroy(ipc);
        return rc;
    }
    *self = ipc;
    return FLOW_OK;
}

static int ipc_start(void *self, flow_error **err)
{
    const struct ipc *ipc = self;
    flow_context *ctx = ipc->flights.options.ctx;

    if (!flow_sink_has_spans(ctx))
        flow_context_log(ctx, FLOW_LOG_INFO,
                         "the events of this channel have no numbers, so exactly-once ends here: "
                         "after a failure some may come twice");
    return FLOW_OK;
}

static int ipc_process(void *self, flow_txn *txn, flow_error **err)
{
    struct ipc *ipc = self;
    struct ipc_flights *flights = &ipc->flights;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, flights->options.batch_size, 0, &events, &count, err);

    if (rc || count == 0)
        return rc;
    rc = ipc_flights_connect(flights, err);
    if (!rc)
        rc = ipc_flights_send(flights, txn, events, count, err);
    if (rc)
        return rc;
    int full = count == flights->options.batch_size;
    ipc_flights_await(flights, full ? flights->options.most - 1 : 0);
    return FLOW_PENDING;
}

static int64_t ipc_deadline(void *self)
{
    struct ipc *ipc = self;

    return ipc->flights.count ? flow_context_now(ipc->flights.options.ctx) + IDLE_MS : INT64_MAX;
}

static int ipc_timer(void *self, flow_error **err)
{
    struct ipc *ipc = self;

    if (ipc->flights.count)
        ipc_flights_await(&ipc->flights, ipc->flights.count - 1);
    return FLOW_OK;
}

/* No batch follows, so there is nothing to wait for but answers. */
static void ipc_flush(void *self)
{
    struct ipc *ipc = self;

    ipc_flights_await(&ipc->flights, 0);
}

static uint32_t ipc_max_pending(void *self)
{
    struct ipc *ipc = self;

    return (uint32_t)ipc->flights.options.most;
}

static int ipc_stop(void *self, flow_error **err)
{
    struct ipc *ipc = self;

    ipc_flights_await(&ipc->flights, 0);
    ipc_flights_close(&ipc->flights);
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "path",
        .type = FLOW_TYPE_PATH,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The socket of the ipc source to send to: at most 107 bytes.",
    },
    {
        .name = "batch-size",
        .type = FLOW_TYPE_INT,
        .default_value = "1000",
        .unit = "events",
        .aliases = "batchSize",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many events are taken in one transaction, and sent at once, at most.",
    },
    {
        .name = "max-in-flight",
        .type = FLOW_TYPE_INT,
        .default_value = "4",
        .unit = "transactions",
        .min = 1,
        .max = 1024,
        .help = "How many transactions may wait for an answer. With 1, each is answered before "
                "the next one is sent.",
    },
    {
        .name = "max-request-size",
        .type = FLOW_TYPE_INT,
        .default_value = "16777216",
        .unit = "bytes",
        .min = 1024,
        .max = INT64_C(1) << 40,
        .help = "A transaction with more bytes of events is sent in several requests. An event "
                "that is larger by itself goes alone; the source may refuse it.",
    },
    {
        .name = "connect-timeout",
        .type = FLOW_TYPE_INT,
        .default_value = "20000",
        .unit = "ms",
        .min = 1,
        .max = INT32_MAX,
        .help = "How long the source may take to let the sink connect.",
    },
    {
        .name = "request-timeout",
        .type = FLOW_TYPE_INT,
        .default_value = "20000",
        .unit = "ms",
        .min = 1,
        .max = INT32_MAX,
        .help = "How long the source may take to answer. After that the connection is closed, and "
                "what was not answered is sent again.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Sends events to an ipc source in another process of the machine.",
    .description =
        "Events go over a Unix-domain socket, in the protocol of flow-ipc(5), and leave the "
        "channel once the source has answered that every one of its required channels has "
        "committed them.\n"
        "\n"
        "When the connection is lost, or an answer does not come in time, what was not answered "
        "goes back to the channel and is sent again, over a new connection. Where the channels of "
        "both are durable the source takes nothing twice, whatever fails.",
};

const flow_sink_ops fl_ipc_sink = {
    .struct_size = sizeof fl_ipc_sink,
    .type = "ipc",
    .schema = &schema,
    .create = ipc_create,
    .destroy = ipc_destroy,
    .start = ipc_start,
    .stop = ipc_stop,
    .process = ipc_process,
    .deadline = ipc_deadline,
    .timer = ipc_timer,
    .max_pending = ipc_max_pending,
    .flush = ipc_flush,
};
