/* SPDX-License-Identifier: Apache-2.0 */

/* Receives the events that agents of Flume 0.9 send by Avro, as HTTP requests. */

#include "base/error.h"
#include "sources/requests.h"
#include "sources/sources.h"
#include "wire/avro_legacy.h"
#include "wire/http_request.h"

/* The largest request. */
#define BODY_MAX ((uint64_t)256 * 1024 * 1024)

#define AVRO_TYPE "avro/binary"

struct legacy {
    flow_context *ctx;
    const flow_allocator *mem;
    struct fl_requests *requests;
    flow_counter *bad_calls;
};

/* A connection. */
struct legacy_peer {
    struct fl_http_request http;
    struct fl_buf body; /* of the request under way */
};

/* ---- the protocol ---- */

static int legacy_open(void *self, void *state, flow_error **err)
{
    const struct legacy *legacy = self;
    struct legacy_peer *peer = state;

    fl_http_init(&peer->http, legacy->mem, BODY_MAX);
    fl_buf_init(&peer->body, legacy->mem);
    return FLOW_OK;
}

static void legacy_close(void *self, void *state)
{
    struct legacy_peer *peer = state;

    fl_http_free(&peer->http);
    fl_buf_free(&peer->body);
}

static size_t legacy_held(void *self, const void *state)
{
    const struct legacy_peer *peer = state;

    return fl_http_held(&peer->http) + peer->body.capacity;
}

/* What is needed to answer a call. */
enum { KNOWS_US = 1, KEEP_ALIVE = 2 };

static uint64_t token_of(const struct legacy_peer *peer, const struct fl_avro_legacy_call *call)
{
    return (call->knows_us ? KNOWS_US : 0u) | (peer->http.keep_alive ? KEEP_ALIVE : 0u);
}

/* Adds the answer to a call, with ERROR to one that failed. */
static int put_answer(struct fl_buf *out, const struct fl_avro_legacy_call *call, int keep_alive,
                      const char *error)
{
    struct fl_buf body;

    fl_buf_init(&body, out->mem);
    int rc = fl_avro_legacy_put_answer(&body, call, error);
    if (!rc) {
        const struct fl_http_answer answer = {.status = 200,
                                              .keep_alive = keep_alive,
                                              .type = AVRO_TYPE,
                                              .body = body.data,
                                              .size = body.size};
        rc = fl_http_put_answer(out, &answer);
    }
    fl_buf_free(&body);
    return rc;
}

static int legacy_answer(void *self, void *state, uint64_t token, int result,
                         const flow_error *fault, struct fl_buf *out)
{
    const struct fl_avro_legacy_call call = {FL_AVRO_LEGACY_APPEND, (token & KNOWS_US) != 0};

    return put_answer(out, &call, (token & KEEP_ALIVE) != 0,
                      result ? flow_error_message(fault) : NULL);
}

static int reply(struct fl_request_peer *to, struct fl_buf *answer, int rc, flow_error **err)
{
    if (!rc)
        fl_requests_reply(to, answer);
    fl_buf_free(answer);
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

/* Answers what is no call with STATUS, behind which the connection ends. */
static int reply_status(const struct legacy *legacy, struct fl_request_peer *to, int status,
                        const char *more)
{
    const struct fl_http_answer words = {.status = status, .more = more};
    struct fl_buf answer;

    fl_buf_init(&answer, legacy->mem);
    return reply(to, &answer, fl_http_put_answer(&answer, &words), NULL);
}

static int reply_continue(const struct legacy *legacy, struct fl_request_peer *to, flow_error **err)
{
    struct fl_buf answer;

    fl_buf_init(&answer, legacy->mem);
    return reply(to, &answer, fl_http_put_continue(&answer), err);
}

static int take_head(const struct legacy *legacy, struct legacy_peer *peer,
                     struct fl_request_peer *to, flow_error **err)
{
    struct fl_http_text method = fl_http_method(&peer->http);

    if (!fl_http_is(&method, "POST")) {
        reply_status(legacy, to, 405, "Allow: POST\r\n");
        return flow_error_setf(err, FLOW_EPARSE, "an HTTP request of method %.*s, not POST",
                               method.size < 32 ? (int)method.size : 32, method.data);
    }
    if (!peer->http.has_body) {
        reply_status(legacy, to, 411, NULL);
        return flow_error_set(err, FLOW_EPARSE, "an HTTP request without a body");
    }
    return peer->http.expects_continue ? reply_continue(legacy, to, err) : FLOW_OK;
}

/* A call that brings no event. */
static int reply_call(const struct legacy *legacy, const struct legacy_peer *peer,
                      struct fl_request_peer *to, const struct fl_avro_legacy_call *call,
                      const char *fault, flow_error **err)
{
    struct fl_buf answer;

    if (call->kind == FL_AVRO_LEGACY_REFUSED)
        flow_counter_add(legacy->bad_calls, 1);
    fl_buf_init(&answer, legacy->mem);
    return reply(to, &answer, put_answer(&answer, call, peer->http.keep_alive, fault), err);
}

static int take_call(const struct legacy *legacy, struct legacy_peer *peer,
                     struct fl_request_peer *to, struct fl_draft *draft, flow_error **err)
{
    struct fl_avro_legacy_call call;
    int rc = fl_avro_legacy_read(peer->body.data, peer->body.size, &call, draft);

    if (rc == FLOW_EPARSE) {
        reply_status(legacy, to, 400, NULL);
        return flow_error_set(err, rc, "an HTTP request that holds no call of Avro RPC");
    }
    if (rc)
        return fl_error_nomem(err);
    if (call.kind != FL_AVRO_LEGACY_APPEND)
        return reply_call(legacy, peer, to, &call, draft->fault, err);
    rc = fl_requests_add(to, draft->body, draft->size, draft->headers.items, draft->headers.count,
                         sizeof(flow_header), err);
    if (!rc)
        fl_requests_end(to, token_of(peer, &call), FL_REQUEST_SINGLE);
    return rc;
}

static int take_end(const struct legacy *legacy, struct legacy_peer *peer,
                    struct fl_request_peer *to, flow_error **err)
{
    struct fl_draft draft;

    fl_draft_init(&draft, legacy->mem);
    int rc = take_call(legacy, peer, to, &draft, err);
    fl_draft_free(&draft);
    fl_buf_free(&peer->body);
    if (!rc && !peer->http.keep_alive)
        fl_requests_close(to);
    return rc;
}

static int take(const struct legacy *legacy, struct legacy_peer *peer, struct fl_request_peer *to,
                int item, const struct fl_http_text *body, flow_error **err)
{
    switch (item) {
    case FL_HTTP_HEAD: return take_head(legacy, peer, to, err);
    case FL_HTTP_END: return take_end(legacy, peer, to, err);
    default:
        return fl_buf_append(&peer->body, body->data, body->size) ? fl_error_nomem(err) : FLOW_OK;
    }
}

static int legacy_feed(void *self, void *state, struct fl_request_peer *to, const uint8_t *data,
                       size_t size, flow_error **err)
{
    const struct legacy *legacy = self;
    struct legacy_peer *peer = state;
    struct fl_http_text body;
    int ended = 0;
    int rc;

    while (!ended && (rc = fl_http_next(&peer->http, &data, &size, &body, err)) > 0) {
        ended = rc == FL_HTTP_END && !peer->http.keep_alive;
        rc = take(legacy, peer, to, rc, &body, err);
        if (rc)
            return rc;
    }
    if (rc < 0 && peer->http.status)
        reply_status(legacy, to, peer->http.status, NULL);
    return rc;
}

static const struct fl_request_protocol protocol = {
    .state_size = sizeof(struct legacy_peer),
    .open = legacy_open,
    .feed = legacy_feed,
    .answer = legacy_answer,
    .held = legacy_held,
    .close = legacy_close,
};

/* ---- the source ---- */

static void legacy_destroy(void *self)
{
    struct legacy *legacy = self;

    fl_requests_free(legacy->requests);
    fl_free(legacy->mem, legacy);
}

static int make_requests(struct legacy *legacy, flow_error **err)
{
    const struct fl_requests_options options = {
        .ctx = legacy->ctx,
        .protocol = &protocol,
        .self = legacy,
        .patient = 1,
    };

    legacy->bad_calls = flow_context_counter(legacy->ctx, "CallRefusedCount");
    if (!legacy->bad_calls)
        return fl_error_nomem(err);
    return fl_requests_new(&options, &legacy->requests, err);
}

static int legacy_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct legacy *legacy = fl_zalloc(mem, sizeof *legacy);

    if (!legacy)
        return fl_error_nomem(err);
    legacy->ctx = ctx;
    legacy->mem = mem;
    int rc = make_requests(legacy, err);
    if (rc)
        legacy_destroy(legacy);
    else
        *self = legacy;
    return rc;
}

static int legacy_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct legacy *legacy = self;

    return fl_requests_serve(legacy->requests, emitter, flow_context_string(legacy->ctx, "host"),
                             (uint16_t)flow_context_int(legacy->ctx, "port"), err);
}

static int legacy_stop(void *self, flow_error **err)
{
    struct legacy *legacy = self;

    fl_requests_stop(legacy->requests);
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "host",
        .type = FLOW_TYPE_HOST,
        .default_value = "0.0.0.0",
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
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Receives events by Avro RPC over HTTP from agents of Flume 0.9.",
    .description =
        "What an old event has besides its body becomes headers: host, timestamp (milliseconds), "
        "pri (FATAL, ERROR, WARN, INFO, DEBUG or TRACE), nanos, and each of its fields, whose "
        "bytes are taken for text, where Flume stores how Java describes a buffer of bytes, "
        "without what is in it; the header FlumeOG is \"yes\". A field wins over a part of the "
        "event that has its name.\n"
        "\n"
        "A call is answered once every required channel has committed its event. Where Flume tells "
        "the sender that all is well when a channel is full, this source waits until there is room "
        "again; an event that is refused for good, or that waits when the source stops, is "
        "answered with an error.\n"
        "\n"
        "Requests are POSTs to any path, with a length or in chunks; connections may be kept for "
        "several. Other methods are answered with 405, a POST without a body with 411, one of more "
        "than 256 MiB with 413, and what holds no call with 400, and the connection ends "
        "(ConnectionBrokenCount). A call of another message than append gets an error "
        "(CallRefusedCount).",
};

const flow_source_ops fl_avro_legacy_source = {
    .struct_size = sizeof fl_avro_legacy_source,
    .type = "avroLegacy",
    .aliases = "org.apache.flume.source.avroLegacy.AvroLegacySource",
    .schema = &schema,
    .create = legacy_create,
    .destroy = legacy_destroy,
    .start = legacy_start,
    .stop = legacy_stop,
};
