/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The avro and the thrift sink: clients of another agent.  They send to one host by a pipe of
 * transactions, or to several by a client that chooses among them.
 */

#include "base/error.h"
#include "clients/clients.h"
#include "clients/delivery.h"
#include "clients/setup.h"
#include "sinks/rpc/pipe.h"
#include "sinks/rpc/schema.h"
#include "sinks/sinks.h"
#include "wire/stamp.h"

#define STOP_GRACE_MS 3000 /* for answers that are under way when the sink is to stop */
#define LINGER_MS 1        /* how soon an answer is waited for, behind a full batch */

struct rpc_sink {
    flow_context *ctx;
    const flow_allocator *mem;
    struct fl_peer_setup setup;
    struct fl_hosts hosts;
    struct rpc_pipe *pipe;

    const struct fl_client_ops *several; /* instead of all these, or NULL */
    void *client;
    struct fl_stamp_list spans; /* of what was taken last */
    int ran_dry; /* the last batch was not full: no other may come soon */
};

static void rpc_destroy(void *self)
{
    struct rpc_sink *sink = self;

    rpc_pipe_free(sink->pipe);
    if (sink->client)
        sink->several->destroy(sink->client);
    fl_hosts_free(&sink->hosts);
    fl_setup_free(&sink->setup);
    fl_stamp_list_free(&sink->spans);
    fl_free(sink->mem, sink);
}

/* The client of several hosts that `client.type` asks for, or NULL. */
static const struct fl_client_ops *find_several(const flow_context *ctx)
{
    static const struct fl_client_ops *const types[] = {
        NULL,
        &fl_failover_client,
        &fl_failover_client,
        &fl_load_balance_client,
        &fl_load_balance_client,
    };
    int choice = flow_context_choice(ctx, "client.type");

    return choice >= 0 && (size_t)choice < sizeof types / sizeof types[0] ? types[choice] : NULL;
}

static int make_pipe(struct rpc_sink *sink, flow_error **err)
{
    int rc = fl_hosts_read(sink->ctx, 1, &sink->hosts, err);

    if (rc)
        return rc;
    fl_hosts_warn_of_others(&sink->hosts, sink->ctx);
    sink->setup.grace_ms = STOP_GRACE_MS;
    return rpc_pipe_new(&sink->setup, &sink->hosts.hosts[0], &sink->pipe, err);
}

static int build(struct rpc_sink *sink,
                 int (*read)(flow_context *, struct fl_peer_setup *, flow_error **),
                 flow_error **err)
{
    int rc = read(sink->ctx, &sink->setup, err);

    if (rc)
        return rc;
    if (sink->several)
        return sink->several->create(sink->ctx, &sink->client, err);
    return make_pipe(sink, err);
}

static int create(flow_context *ctx, const struct fl_client_ops *several,
                  int (*read)(flow_context *, struct fl_peer_setup *, flow_error **), void **self,
                  flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct rpc_sink *sink = fl_zalloc(mem, sizeof *sink);

    if (!sink)
        return fl_error_nomem(err);
    sink->ctx = ctx;
    sink->mem = mem;
    sink->several = several;
    fl_stamp_list_init(&sink->spans, mem);
    int rc = build(sink, read, err);
    if (rc)
        rpc_destroy(sink);
    else
        *self = sink;
    return rc;
}

static int avro_create(flow_context *ctx, void **self, flow_error **err)
{
    return create(ctx, find_several(ctx), fl_setup_read_avro, self, err);
}

static int thrift_create(flow_context *ctx, void **self, flow_error **err)
{
    return create(ctx, NULL, fl_setup_read_thrift, self, err);
}

/* ---- work ---- */

static int connect(struct rpc_sink *sink, flow_error **err)
{
    if (sink->several)
        return sink->several->connect(sink->client, err);
    return rpc_pipe_connect(sink->pipe, err);
}

/* An agent that is not there yet is no reason not to start. */
static int rpc_start(void *self, flow_error **err)
{
    struct rpc_sink *sink = self;
    flow_error *why = NULL;

    if (!flow_sink_has_spans(sink->ctx))
        flow_context_log(sink->ctx, FLOW_LOG_INFO,
                         "the channel does not number its events, so exactly-once ends here: "
                         "what is sent once more after a failure comes twice");
    if (connect(sink, &why) && !flow_context_stopping(sink->ctx))
        flow_context_logf(sink->ctx, FLOW_LOG_WARN, "not connected yet: %s",
                          flow_error_message(why));
    flow_error_free(why);
    return FLOW_OK;
}

static int rpc_stop(void *self, flow_error **err)
{
    struct rpc_sink *sink = self;

    if (sink->pipe)
        rpc_pipe_disconnect(sink->pipe);
    return FLOW_OK;
}

static int deliver(struct rpc_sink *sink, flow_txn *txn, const flow_event *const *events,
                   size_t count, flow_error **err)
{
    struct fl_delivery delivery = {.events = events, .count = count, .spans = &sink->spans};

    fl_stamp_list_clear(&sink->spans);
    int rc = flow_txn_spans(txn, fl_stamp_list_add, &sink->spans, err);
    if (rc)
        return rc;
    if (sink->several)
        return sink->several->deliver(sink->client, &delivery, err);
    return rpc_pipe_send(sink->pipe, txn, &delivery, err);
}

static int rpc_process(void *self, flow_txn *txn, flow_error **err)
{
    struct rpc_sink *sink = self;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, sink->setup.batch_size, 0, &events, &count, err);

    if (rc)
        return rc;
    sink->ran_dry = count < sink->setup.batch_size;
    return count > 0 ? deliver(sink, txn, events, count, err) : FLOW_BACKOFF;
}

/*
 * Answers are taken between batches.  They are waited for where no batch follows at once, or none
 * may be sent before one has come.
 */
static int64_t rpc_deadline(void *self)
{
    const struct rpc_sink *sink = self;
    size_t pending = sink->pipe ? rpc_pipe_pending(sink->pipe) : 0;

    if (pending == 0)
        return INT64_MAX;
    return sink->ran_dry || pending == RPC_WINDOW ? INT64_MIN
                                                  : flow_context_now(sink->ctx) + LINGER_MS;
}

static int rpc_timer(void *self, flow_error **err)
{
    struct rpc_sink *sink = self;

    if (sink->pipe)
        rpc_pipe_collect(sink->pipe, 1);
    return FLOW_OK;
}

/* No batch follows, so there is nothing to wait for but answers. */
static void rpc_flush(void *self)
{
    struct rpc_sink *sink = self;

    sink->ran_dry = 1;
}

static uint32_t rpc_max_pending(void *self)
{
    return RPC_WINDOW;
}

const flow_sink_ops fl_avro_sink = {
    .struct_size = sizeof fl_avro_sink,
    .type = "avro",
    .aliases = "org.apache.flume.sink.AvroSink",
    .schema = &fl_avro_sink_schema,
    .create = avro_create,
    .destroy = rpc_destroy,
    .start = rpc_start,
    .stop = rpc_stop,
    .process = rpc_process,
    .deadline = rpc_deadline,
    .timer = rpc_timer,
    .max_pending = rpc_max_pending,
    .flush = rpc_flush,
};

const flow_sink_ops fl_thrift_sink = {
    .struct_size = sizeof fl_thrift_sink,
    .type = "thrift",
    .aliases = "org.apache.flume.sink.ThriftSink",
    .schema = &fl_thrift_sink_schema,
    .create = thrift_create,
    .destroy = rpc_destroy,
    .start = rpc_start,
    .stop = rpc_stop,
    .process = rpc_process,
};
