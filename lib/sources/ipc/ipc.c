/* SPDX-License-Identifier: Apache-2.0 */

/* Takes requests of events over a Unix-domain socket, from other processes of the machine. */

#include <string.h>

#include "base/error.h"
#include "net/local.h"
#include "sources/requests.h"
#include "sources/sources.h"
#include "wire/ipc_reader.h"

struct ipc {
    flow_context *ctx;
    const flow_allocator *mem;
    const char *path;
    unsigned mode;
    uint64_t most; /* bytes of events in a request */
    struct fl_requests *requests;
};

/* ---- the protocol ---- */

static int ipc_open(void *self, void *state, flow_error **err)
{
    struct ipc *ipc = self;

    fl_ipc_reader_init(state, ipc->mem, ipc->most);
    return FLOW_OK;
}

static void ipc_close(void *self, void *state)
{
    fl_ipc_reader_free(state);
}

static size_t ipc_held(void *self, const void *state)
{
    return fl_ipc_reader_held(state);
}

/* Whether the same events would fail again. */
static int lasts(int code)
{
    return code == FLOW_ETOOBIG || code == FLOW_EPARSE || code == FLOW_EINVAL;
}

static int word(uint64_t number, int result, const flow_error *fault, struct fl_buf *out)
{
    const char *text = fault ? flow_error_message(fault) : "";
    size_t size = strlen(text);
    struct fl_ipc_answer answer = {
        .number = number,
        .status = result == FLOW_OK ? FL_IPC_OK
                  : lasts(result)   ? FL_IPC_REFUSED
                                    : FL_IPC_FAILED,
        .text = text,
        .text_size = size < UINT16_MAX ? (uint16_t)size : UINT16_MAX,
    };

    return fl_ipc_answer_write(out, &answer);
}

static int ipc_answer(void *self, void *state, uint64_t token, int result, const flow_error *fault,
                      struct fl_buf *out)
{
    return word(token, result, fault, out);
}

/* What the sender tells of the numbers of the events that follow. */
static int take_spans(struct fl_request_peer *peer, const struct fl_ipc_item *item,
                      flow_error **err)
{
    const uint8_t *data = item->spans;
    size_t left = item->request.spans_size;
    struct fl_ipc_span told;
    uint64_t sum = 0;
    int rc;

    while ((rc = fl_ipc_span_next(&item->request, &data, &left, &sum, &told, err)) > 0) {
        const flow_span span = {told.key_size ? told.key : NULL, told.key_size, told.count,
                                told.first, told.horizon};
        rc = fl_requests_span(peer, &span, err);
        if (rc)
            return rc;
    }
    return rc;
}

static int take(const struct ipc *ipc, struct fl_request_peer *peer, int kind,
                const struct fl_ipc_item *item, flow_error **err)
{
    switch (kind) {
    case FL_IPC_BEGIN: return take_spans(peer, item, err);
    case FL_IPC_EVENT:
        return fl_requests_add(peer, item->body, item->body_size, item->headers, item->header_count,
                               sizeof(flow_header), err);
    case FL_IPC_END:
        fl_requests_end(peer, item->request.number,
                        item->request.events == 1 ? FL_REQUEST_SINGLE : FL_REQUEST_BATCH);
        return FLOW_OK;
    default: return FLOW_OK;
    }
}

/* Tells the peer what is wrong with its request, as far as it can be told which one that is. */
static void refuse(const struct ipc *ipc, struct fl_request_peer *peer,
                   const struct fl_ipc_reader *reader, int rc, const flow_error *fault)
{
    struct fl_buf answer;

    fl_buf_init(&answer, ipc->mem);
    if (reader->request.number && !word(reader->request.number, rc, fault, &answer))
        fl_requests_reply(peer, &answer);
    fl_buf_free(&answer);
}

static int ipc_feed(void *self, void *state, struct fl_request_peer *peer, const uint8_t *data,
                    size_t size, flow_error **err)
{
    const struct ipc *ipc = self;
    struct fl_ipc_reader *reader = state;
    struct fl_ipc_item item;
    flow_error *fault = NULL;
    int kind;
    int rc = FLOW_OK;

    while (!rc && (kind = fl_ipc_reader_next(reader, &data, &size, &item, &fault)) != 0)
        rc = kind < 0 ? kind : take(ipc, peer, kind, &item, &fault);
    if (rc) {
        refuse(ipc, peer, reader, rc, fault);
        fl_error_pass(err, fault);
    }
    return rc;
}

static const struct fl_request_protocol protocol = {
    .state_size = sizeof(struct fl_ipc_reader),
    .open = ipc_open,
    .feed = ipc_feed,
    .answer = ipc_answer,
    .held = ipc_held,
    .close = ipc_close,
};

/* ---- the source ---- */

static void ipc_destroy(void *self)
{
    struct ipc *ipc = self;

    fl_requests_free(ipc->requests);
    fl_free(ipc->mem, ipc);
}

/* Permissions as people write them: up to four octal digits. */
static int read_mode(struct ipc *ipc, flow_error **err)
{
    const char *text = flow_context_string(ipc->ctx, "mode");
    size_t digits = strspn(text, "01234567");

    if (!digits || digits > 4 || text[digits])
        return flow_context_refuse(ipc->ctx, "mode", "is not octal, such as 0660", err);
    for (; *text; text++)
        ipc->mode = ipc->mode * 8 + (unsigned)(*text - '0');
    if (ipc->mode > 0777)
        return flow_context_refuse(ipc->ctx, "mode", "is more than 0777", err);
    return FLOW_OK;
}

static int ipc_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct ipc *ipc = fl_zalloc(mem, sizeof *ipc);

    if (!ipc)
        return fl_error_nomem(err);
    ipc->ctx = ctx;
    ipc->mem = mem;
    ipc->path = flow_context_string(ctx, "path");
    ipc->most = (uint64_t)flow_context_int(ctx, "max-request-size");
    const struct fl_requests_options options = {
        .ctx = ctx,
        .protocol = &protocol,
        .self = ipc,
        .threads = (unsigned)flow_context_int(ctx, "threads"),
    };
    int rc = read_mode(ipc, err);
    if (!rc && strlen(ipc->path) > FL_LOCAL_PATH_MAX)
        rc = flow_context_refuse(ctx, "path", "is longer than 107 bytes", err);
    if (!rc)
        rc = fl_requests_new(&options, &ipc->requests, err);
    if (rc) {
        ipc_destroy(ipc);
        return rc;
    }
    *self = ipc;
    return FLOW_OK;
}

static int ipc_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct ipc *ipc = self;
    int rc = fl_requests_start(ipc->requests, emitter, err);

    if (rc)
        return rc;
    rc = fl_server_listen_local(fl_requests_server(ipc->requests), ipc->path, ipc->mode, err);
    if (rc)
        fl_requests_stop(ipc->requests);
    else
        flow_context_logf(ipc->ctx, FLOW_LOG_INFO, "listening at %s", ipc->path);
    return rc;
}

static int ipc_stop(void *self, flow_error **err)
{
    struct ipc *ipc = self;

    fl_requests_stop(ipc->requests);
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "path",
        .type = FLOW_TYPE_PATH,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The socket's file, which the source makes: at most 107 bytes. Its folder must "
                "exist. The socket of an agent that is gone is replaced; where another one "
                "listens, or the file is no socket, the source waits until it can have it.",
    },
    {
        .name = "mode",
        .type = FLOW_TYPE_STRING,
        .default_value = "0600",
        .help = "The file's permissions, in octal, whatever the umask is. To connect a process "
                "needs the permission to write: 0660 lets in the group, which is that of the "
                "folder if that has the set-group-ID bit, and 0666 everybody.",
    },
    {
        .name = "max-request-size",
        .type = FLOW_TYPE_INT,
        .default_value = "104857600",
        .unit = "bytes",
        .min = 1024,
        .max = INT64_C(1) << 40,
        .help = "The most bytes of events in one request. The sender of a larger one is told so, "
                "and its connection is closed, before anything is kept of it.",
    },
    {
        .name = "threads",
        .type = FLOW_TYPE_INT,
        .default_value = "1",
        .min = 1,
        .max = 64,
        .help = "How many threads decode events and put them into the channels; each has "
                "connections of its own.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Takes events from other processes of the machine, over a Unix-domain socket.",
    .description =
        "What the ipc sink of another agent sends, and any program that speaks the protocol of "
        "flow-ipc(5). The file system says who may connect.\n"
        "\n"
        "A request of events is answered once every required channel has committed all of them, "
        "and refused as a whole otherwise; events of requests that come while others are being "
        "committed, over this or other connections, share the next transaction, and with it its "
        "fate. Any number of requests may be under way, and they are answered in order.\n"
        "\n"
        "Bytes that are no request end their connection, once what came before them was answered "
        "(ConnectionBrokenCount). What a connection has sent of a request when it ends is dropped "
        "(RequestUnfinishedCount), which its sender knows, since it got no answer.",
};

const flow_source_ops fl_ipc_source = {
    .struct_size = sizeof fl_ipc_source,
    .type = "ipc",
    .schema = &schema,
    .create = ipc_create,
    .destroy = ipc_destroy,
    .start = ipc_start,
    .stop = ipc_stop,
};
