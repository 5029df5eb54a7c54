/* SPDX-License-Identifier: Apache-2.0 */

/* Listens on a TCP port; each line that comes is an event, answered with OK once it is committed.
 */

#include "base/error.h"
#include "base/number.h"
#include "sources/netcat/netcat.h"
#include "sources/sources.h"

static int find_counters(struct netcat *nc)
{
    nc->refused = flow_context_counter(nc->ctx, "EventRefusedCount");
    nc->too_long = flow_context_counter(nc->ctx, "LineTooLongCount");
    nc->unfinished = flow_context_counter(nc->ctx, "LineUnfinishedCount");
    return nc->refused && nc->too_long && nc->unfinished ? FLOW_OK : FLOW_ENOMEM;
}

/* Also shows, before anything starts, that the character set is there. */
static int choose_encoding(struct netcat *nc, flow_error **err)
{
    const char *name = flow_context_string(nc->ctx, "encoding");
    int rc = fl_charset_open(nc->mem, name, FL_CHARSET_REPLACE, &nc->repairer, err);

    if (rc)
        return rc;
    if (fl_charset_is_utf8(nc->repairer))
        return FLOW_OK;
    nc->encoding = name;
    fl_charset_free(nc->repairer);
    nc->repairer = NULL;
    return fl_charset_open(nc->mem, "UTF-8", FL_CHARSET_REPLACE, &nc->repairer, err);
}

static void netcat_destroy(void *self)
{
    struct netcat *nc = self;

    fl_charset_free(nc->repairer);
    fl_buf_free(&nc->text);
    fl_buf_free(&nc->answer);
    fl_free(nc->mem, nc);
}

static int netcat_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct netcat *nc = fl_zalloc(mem, sizeof *nc);

    if (!nc)
        return fl_error_nomem(err);
    nc->ctx = ctx;
    nc->mem = mem;
    nc->host = flow_context_string(ctx, "bind");
    nc->port = (uint16_t)flow_context_int(ctx, "port");
    nc->longest = (size_t)flow_context_int(ctx, "max-line-length");
    nc->ack = flow_context_bool(ctx, "ack-every-event");
    fl_buf_init(&nc->text, mem);
    fl_buf_init(&nc->answer, mem);

    int rc = find_counters(nc) ? fl_error_nomem(err) : choose_encoding(nc, err);
    if (rc) {
        netcat_destroy(nc);
        return rc;
    }
    *self = nc;
    return FLOW_OK;
}

static int start_worker(struct netcat *nc, flow_error **err)
{
    uint16_t port;
    int rc = fl_server_listen(nc->server, nc->host, nc->port, &port, err);

    if (rc)
        return rc;
    if (fl_thread_start(&nc->worker, flow_context_name(nc->ctx), netcat_work, nc))
        return fl_error_nomem(err);
    flow_context_logf(nc->ctx, FLOW_LOG_INFO, "listening on %s:%u", nc->host, (unsigned)port);
    return FLOW_OK;
}

static void release(struct netcat *nc)
{
    fl_server_free(nc->server);
    flow_batch_free(nc->batch);
    nc->server = NULL;
    nc->batch = NULL;
}

static int netcat_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct netcat *nc = self;
    size_t most = flow_emitter_max_batch(emitter);

    nc->emitter = emitter;
    nc->batch_max = most ? most : 1;
    int rc = flow_batch_new(flow_context_library(nc->ctx), &nc->batch, err);
    if (rc == FLOW_OK)
        rc = fl_server_new(nc->ctx, sizeof(struct netcat_peer), &nc->server, err);
    if (rc == FLOW_OK)
        rc = start_worker(nc, err);
    if (rc)
        release(nc);
    return rc;
}

static int netcat_stop(void *self, flow_error **err)
{
    struct netcat *nc = self;

    fl_server_close(nc->server);
    fl_thread_join(&nc->worker);
    release(nc);
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
        .name = "max-line-length",
        .type = FLOW_TYPE_INT,
        .default_value = "512",
        .unit = "characters",
        .min = 1,
        .max = INT32_MAX,
        .help = "How long a line may be, newline included; a longer one ends the connection.",
    },
    {
        .name = "ack-every-event",
        .type = FLOW_TYPE_BOOL,
        .default_value = "true",
        .help = "Answers each line with OK once every required channel has committed it.",
    },
    {
        .name = "encoding",
        .type = FLOW_TYPE_CHARSET,
        .default_value = "utf-8",
        .help = "The character set of the connections; bodies are always UTF-8.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Listens on a TCP port and makes an event of each line of text.",
    .description =
        "A line ends in a newline, which is not part of the body; a carriage return before it "
        "is. Text without a newline at the end of a connection is discarded and counted "
        "(LineUnfinishedCount).\n"
        "\n"
        "Each line is answered, in order: with \"OK\" once it is committed, or with \"FAILED: \" "
        "and the reason when it was refused (EventRefusedCount). Lines that come while others are "
        "being committed share the next transaction, and with it its fate.\n"
        "\n"
        "Without ack-every-event only refusals are answered, and a full channel refuses nothing: "
        "the lines wait, and reading pauses until there is room again.",
};

const flow_source_ops fl_netcat_source = {
    .struct_size = sizeof fl_netcat_source,
    .type = "netcat",
    .aliases = "org.apache.flume.source.NetcatSource",
    .schema = &schema,
    .create = netcat_create,
    .destroy = netcat_destroy,
    .start = netcat_start,
    .stop = netcat_stop,
};
