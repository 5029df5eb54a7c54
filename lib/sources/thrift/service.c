/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of a Thrift service, from the bytes of a connection to requests and their replies. */

#include "base/error.h"
#include "net/tls.h"
#include "sources/thrift/thrift.h"

static int service_open(void *self, void *state, flow_error **err)
{
    const struct fl_service *source = self;

    fl_thrift_server_init(state, source->mem, source->service, source->protocol, source->limit);
    return FLOW_OK;
}

static void service_close(void *self, void *state)
{
    fl_thrift_server_free(state);
}

static size_t service_held(void *self, const void *state)
{
    return fl_thrift_server_held(state);
}

/* What is needed to answer a call: its number and its method. */
static uint64_t token_of(const struct fl_thrift_server *server)
{
    return (uint64_t)(server->method - server->service->methods) << 32 | (uint32_t)server->seq;
}

static int put_reply(const struct fl_service *source, const struct fl_thrift_method *method,
                     int32_t seq, int32_t status, struct fl_buf *out)
{
    const struct fl_thrift_reply_to to = {
        .protocol = source->protocol,
        .unframed = source->service->unframed,
        .method = method->name,
        .seq = seq,
    };

    if (method->oneway)
        return FLOW_OK;
    return method->events == FL_THRIFT_STOP ? fl_thrift_put_done(out, &to)
                                            : fl_thrift_put_status(out, &to, status);
}

static int service_answer(void *self, void *state, uint64_t token, int result,
                          const flow_error *fault, struct fl_buf *out)
{
    const struct fl_service *source = self;
    const struct fl_thrift_method *method = &source->service->methods[token >> 32];

    return put_reply(source, method, (int32_t)(uint32_t)token, result ? source->refused : 0, out);
}

static int put_refusal(const struct fl_service *source, struct fl_thrift_server *server,
                       struct fl_buf *out)
{
    int is_empty = server->method && !server->broken;

    /* Who expects no reply must not get one. */
    if (is_empty && (source->is_lenient || server->method->oneway))
        return put_reply(source, server->method, server->seq, source->refused, out);
    return fl_thrift_put_refusal(out, server);
}

/* A call of no method, or of one that makes no sense. */
static int refuse(const struct fl_service *source, struct fl_thrift_server *server,
                  struct fl_request_peer *peer, flow_error **err)
{
    struct fl_buf answer;

    fl_buf_init(&answer, source->mem);
    int rc = put_refusal(source, server, &answer);
    flow_counter_add(source->bad_calls, 1);
    if (rc)
        fl_error_nomem(err);
    else
        fl_requests_reply(peer, &answer);
    fl_buf_free(&answer);
    return rc;
}

static int end_call(const struct fl_service *source, struct fl_thrift_server *server,
                    struct fl_request_peer *peer, flow_error **err)
{
    if (!fl_thrift_server_good(server))
        return refuse(source, server, peer, err);
    fl_requests_end(peer, token_of(server),
                    server->method->events == FL_THRIFT_LIST ? FL_REQUEST_BATCH
                                                             : FL_REQUEST_SINGLE);
    return FLOW_OK;
}

/* Does with an item what it is there for. */
static int take(const struct fl_service *source, struct fl_thrift_server *server, int item,
                const struct fl_draft *draft, struct fl_request_peer *peer, flow_error **err)
{
    if (item == FL_THRIFT_AN_EVENT)
        return fl_requests_add(peer, draft->body, draft->size, draft->headers.items,
                               draft->headers.count, sizeof(flow_header), err);
    if (item == FL_THRIFT_A_STAMP)
        return fl_requests_stamp(peer, draft->body, draft->size, err);
    return item == FL_THRIFT_THE_END ? end_call(source, server, peer, err) : FLOW_OK;
}

static int service_feed(void *self, void *state, struct fl_request_peer *peer, const uint8_t *data,
                        size_t size, flow_error **err)
{
    const struct fl_service *source = self;
    struct fl_draft draft;
    int item;
    int rc = FLOW_OK;

    fl_draft_init(&draft, source->mem);
    while (!rc && (item = fl_thrift_server_next(state, &data, &size, &draft, err)))
        rc = item > 0 ? take(source, state, item, &draft, peer, err) : item;
    fl_draft_free(&draft);
    return rc;
}

static const struct fl_request_protocol protocol = {
    .state_size = sizeof(struct fl_thrift_server),
    .open = service_open,
    .feed = service_feed,
    .answer = service_answer,
    .held = service_held,
    .close = service_close,
};

void fl_service_destroy(void *self)
{
    struct fl_service *source = self;

    fl_requests_free(source->requests);
    fl_tls_free(source->tls);
    fl_free(source->mem, source);
}

static int make_requests(struct fl_service *source, flow_error **err)
{
    const struct fl_requests_options options = {
        .ctx = source->ctx,
        .protocol = &protocol,
        .self = source,
        .threads = source->threads,
        .plan = &source->plan,
        .patient = source->patient,
    };

    source->bad_calls = flow_context_counter(source->ctx, "CallRefusedCount");
    if (!source->bad_calls)
        return fl_error_nomem(err);
    return fl_requests_new(&options, &source->requests, err);
}

int fl_service_create(const struct fl_service *settings, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(settings->ctx));
    struct fl_service *source = fl_zalloc(mem, sizeof *source);

    if (!source) {
        fl_tls_free(settings->tls);
        return fl_error_nomem(err);
    }
    *source = *settings;
    source->mem = mem;
    source->plan.tls = source->tls;
    int rc = make_requests(source, err);
    if (rc)
        fl_service_destroy(source);
    else
        *self = source;
    return rc;
}

int fl_service_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct fl_service *source = self;

    return fl_requests_serve(source->requests, emitter, source->host, source->port, err);
}

int fl_service_stop(void *self, flow_error **err)
{
    struct fl_service *source = self;

    fl_requests_stop(source->requests);
    return FLOW_OK;
}
