/* SPDX-License-Identifier: Apache-2.0 */

/* Receives the events that Flume's Avro sinks and clients send, and answers each call once its
 * events are committed. */

#include "base/error.h"
#include "net/tls.h"
#include "sources/avro/known.h"
#include "sources/requests.h"
#include "sources/sources.h"
#include "wire/avro_ipc.h"
#include "wire/stamp.h"

/* The largest call: far above what Flume's own heap takes by default. */
#define FRAME_MAX ((size_t)256 * 1024 * 1024)

/* Of the answers; Flume's source knows no other. */
#define DEFLATE_LEVEL 6

struct avro {
    flow_context *ctx;
    const flow_allocator *mem;
    struct fl_tls *tls;          /* NULL: none */
    struct fl_ip_filter *filter; /* NULL: none */
    struct fl_stack_plan plan;
    struct avro_known known;
    struct fl_avro_memory memory; /* is `known` */
    struct fl_requests *requests;
};

/* ---- the protocol ---- */

static int avro_open(void *self, void *state, flow_error **err)
{
    const struct avro *avro = self;
    struct fl_avro_ipc *ipc = state;

    fl_avro_ipc_init(ipc, avro->mem, FRAME_MAX);
    ipc->memory = &avro->memory;
    return FLOW_OK;
}

static void avro_close(void *self, void *state)
{
    fl_avro_ipc_free(state);
}

static size_t avro_held(void *self, const void *state)
{
    return fl_avro_ipc_held(state);
}

/* What is needed to answer a call: its serial number, and how its handshake went. */
static uint64_t token_of(const struct fl_avro_call *call)
{
    return (uint64_t)call->match << 32 | call->serial;
}

static int avro_answer(void *self, void *state, uint64_t token, int result, const flow_error *fault,
                       struct fl_buf *out)
{
    const struct fl_avro_call call = {.serial = (uint32_t)token,
                                      .match = (enum fl_avro_match)(token >> 32)};

    return fl_avro_put_status(out, &call, result ? FL_AVRO_FAILED : FL_AVRO_OK);
}

static int add_event(struct fl_request_peer *peer, const struct fl_avro_ipc *ipc, flow_error **err)
{
    return fl_requests_add(peer, ipc->body, ipc->body_size, ipc->headers.items, ipc->headers.count,
                           sizeof(flow_header), err);
}

/* A call of no message, or of one that makes no sense. */
static int reply(struct fl_request_peer *peer, const struct avro *avro,
                 const struct fl_avro_ipc *ipc, flow_error **err)
{
    struct fl_buf answer;

    fl_buf_init(&answer, avro->mem);
    int rc = fl_avro_ipc_put_answer(&answer, ipc);
    if (rc)
        fl_error_nomem(err);
    else
        fl_requests_reply(peer, &answer);
    fl_buf_free(&answer);
    return rc;
}

/* A call with events has ended.  What the sender tells of them, if it is a libflow. */
static int end_append(struct fl_request_peer *peer, const struct fl_avro_ipc *ipc,
                      enum fl_request_kind kind, flow_error **err)
{
    const uint8_t *stamp;
    size_t size;
    int rc = FLOW_OK;

    if (fl_avro_ipc_metadata(ipc, FL_AVRO_STAMP_KEY, &stamp, &size))
        rc = fl_requests_stamp(peer, stamp, size, err);
    if (!rc)
        fl_requests_end(peer, token_of(&ipc->call), kind);
    return rc;
}

static int end_call(struct fl_request_peer *peer, const struct avro *avro,
                    const struct fl_avro_ipc *ipc, flow_error **err)
{
    switch (ipc->call.kind) {
    case FL_AVRO_APPEND: return end_append(peer, ipc, FL_REQUEST_SINGLE, err);
    case FL_AVRO_APPEND_BATCH: return end_append(peer, ipc, FL_REQUEST_BATCH, err);
    default: return reply(peer, avro, ipc, err);
    }
}

static int avro_feed(void *self, void *state, struct fl_request_peer *peer, const uint8_t *data,
                     size_t size, flow_error **err)
{
    struct fl_avro_in in = fl_avro_in(data, size);
    int rc;

    while ((rc = fl_avro_ipc_next(state, &in, err)) > 0) {
        if (rc == FL_AVRO_IPC_EVENT)
            rc = add_event(peer, state, err);
        else
            rc = end_call(peer, self, state, err);
        if (rc)
            return rc;
    }
    return rc;
}

static const struct fl_request_protocol protocol = {
    .state_size = sizeof(struct fl_avro_ipc),
    .open = avro_open,
    .feed = avro_feed,
    .answer = avro_answer,
    .held = avro_held,
    .close = avro_close,
};

/* ---- the source ---- */

static void avro_destroy(void *self)
{
    struct avro *avro = self;

    fl_requests_free(avro->requests);
    fl_tls_free(avro->tls);
    fl_ip_filter_free(avro->filter);
    avro_known_destroy(&avro->known);
    fl_free(avro->mem, avro);
}

/* What lies between connections and the protocol. */
static int make_plan(struct avro *avro, flow_error **err)
{
    int rc = fl_tls_open_server(avro->ctx, &avro->tls, err);

    avro->plan.tls = avro->tls;
    avro->plan.tls_outside = flow_context_bool(avro->ctx, "ssl-outside-compression");
    avro->plan.deflates = flow_context_choice(avro->ctx, "compression-type") == 1;
    avro->plan.level = DEFLATE_LEVEL;
    avro->plan.answers = 1;
    return rc;
}

static int make_requests(struct avro *avro, flow_error **err)
{
    const struct fl_requests_options options = {
        .ctx = avro->ctx,
        .protocol = &protocol,
        .self = avro,
        .threads = (unsigned)flow_context_int(avro->ctx, "threads"),
        .plan = &avro->plan,
        .filter = avro->filter,
    };

    return fl_requests_new(&options, &avro->requests, err);
}

static int avro_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct avro *avro = fl_zalloc(mem, sizeof *avro);

    if (!avro || avro_known_init(&avro->known)) {
        fl_free(mem, avro);
        return fl_error_nomem(err);
    }
    avro->ctx = ctx;
    avro->mem = mem;
    avro->memory = (struct fl_avro_memory){avro_known_has, avro_known_learn, &avro->known};
    int rc = make_plan(avro, err);
    if (!rc)
        rc = fl_ip_filter_open(ctx, &avro->filter, err);
    if (!rc)
        rc = make_requests(avro, err);
    if (rc)
        avro_destroy(avro);
    else
        *self = avro;
    return rc;
}

static int avro_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct avro *avro = self;

    return fl_requests_serve(avro->requests, emitter, flow_context_string(avro->ctx, "bind"),
                             (uint16_t)flow_context_int(avro->ctx, "port"), err);
}

static int avro_stop(void *self, flow_error **err)
{
    struct avro *avro = self;

    fl_requests_stop(avro->requests);
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "bind",
        .type = FLOW_TYPE_HOST,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The host name or address to listen on; 0.0.0.0 is every one of IPv4.",
    },
    {
        .name = "port",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_REQUIRED,
        .min = 0,
        .max = UINT16_MAX,
        .help = "The port to listen on; 0 takes a free one, which is logged.",
    },
    {
        .name = "threads",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_LENIENT,
        .default_value = "0",
        .min = 0,
        .max = INT32_MAX,
        .help = "How many threads decode and deliver, up to 64; each connection belongs to one of "
                "them. 0 chooses by the number of processors.",
    },
    {
        .name = "maxIoWorkers",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "One thread reads and writes all connections of a pipeline.",
    },
    {
        .name = "compression-type",
        .type = FLOW_TYPE_CHOICE,
        .flags = FLOW_PROPERTY_LENIENT,
        .default_value = "none",
        .choices = "none|deflate",
        .help = "With deflate both directions are compressed; the senders must do the same.",
    },
    {
        .name = "ssl-outside-compression",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "With ssl and deflate: encrypt what is compressed, as senders of Flume up to 1.9 "
                "do; those from 1.10 on compress what is encrypted.",
    },
};

static const flow_schema *const parts[] = {&fl_tls_server_schema, &fl_ip_filter_schema, NULL};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Receives events by Avro RPC: from the Avro sinks of other agents, and from clients "
               "of Flume's SDK.",
    .description =
        "Each call, append or appendBatch, is answered with OK once every required channel has "
        "committed its events, or with FAILED when one did not take them; the sender then sends "
        "them again. Calls that come while others are being committed share the next "
        "transaction, and with it its fate. Several calls of one connection may be under way; "
        "they are answered in order.\n"
        "\n"
        "A call with more events than the channel's transactionCapacity is taken in several "
        "transactions, of which the first may be committed when a later one fails. Calls of more "
        "than 256 MiB are refused by closing the connection (ConnectionBrokenCount), as is a "
        "large one that would let the calls that have not come to their end hold more than 512 "
        "MiB in all. "
        "Events of a call that the connection ended in are not delivered "
        "(RequestUnfinishedCount).",
    .parts = parts,
};

const flow_source_ops fl_avro_source = {
    .struct_size = sizeof fl_avro_source,
    .type = "avro",
    .aliases = "org.apache.flume.source.AvroSource",
    .schema = &schema,
    .create = avro_create,
    .destroy = avro_destroy,
    .start = avro_start,
    .stop = avro_stop,
};
