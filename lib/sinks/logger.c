/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs every event in Flume's own words: headers as a map, then a hex dump of the first bytes of
 * the body.  Where nobody listens events are taken and nothing is formatted.
 */

#include <string.h>

#include <flow/sink.h>

#include "base/buf.h"
#include "base/error.h"
#include "codec/header_text.h"
#include "sinks/sinks.h"

#define BATCH 1000
#define ROW 16          /* bytes of the body in one row of the dump */
#define ROW_TEXT_MAX 80 /* what a row becomes */

struct logger {
    flow_context *ctx;
    const flow_allocator *mem;
    size_t max_bytes;
    struct fl_buf text;
};

static int logger_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct logger *logger = fl_zalloc(mem, sizeof *logger);

    if (!logger)
        return fl_error_nomem(err);
    logger->ctx = ctx;
    logger->mem = mem;
    logger->max_bytes = (size_t)flow_context_int(ctx, "maxBytesToLog");
    fl_buf_init(&logger->text, mem);
    *self = logger;
    return FLOW_OK;
}

static void logger_destroy(void *self)
{
    struct logger *logger = self;

    fl_buf_free(&logger->text);
    fl_free(logger->mem, logger);
}

static char *put_hex(char *at, size_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        *at++ = "0123456789ABCDEF"[value >> (4 * i) & 15];
    return at;
}

/* Every row but the first begins with its offset, on a line of its own. */
static int put_row(struct fl_buf *text, const uint8_t *body, size_t offset, size_t size)
{
    char *start = fl_buf_reserve(text, ROW_TEXT_MAX);
    char *at = start;

    if (!start)
        return FLOW_ENOMEM;
    if (offset > 0) {
        *at++ = '\n';
        at = put_hex(at, offset, 8);
    }
    *at++ = ' ';
    for (size_t i = 0; i < ROW; i++) {
        if (i < size)
            at = put_hex(at, body[offset + i], 2);
        else
            *at++ = ' ', *at++ = ' ';
        *at++ = ' ';
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = body[offset + i];
        *at++ = byte >= ' ' && byte <= '~' ? (char)byte : '.';
    }
    text->size += (size_t)(at - start);
    return FLOW_OK;
}

static int put_dump(struct fl_buf *text, const uint8_t *body, size_t size)
{
    int rc = FLOW_OK;

    for (size_t offset = 0; !rc && offset < size; offset += ROW)
        rc = put_row(text, body, offset, size - offset < ROW ? size - offset : ROW);
    return rc;
}

/* A NUL in a header would end the message early. */
static void replace_nuls(struct fl_buf *text)
{
    uint8_t *at = text->data;
    uint8_t *end = at + text->size;

    while ((at = memchr(at, '\0', (size_t)(end - at))) != NULL)
        *at++ = '.';
}

static int log_event(struct logger *logger, const flow_event *event, flow_error **err)
{
    struct fl_buf *text = &logger->text;
    size_t size;
    const uint8_t *body = flow_event_body(event, &size);

    if (size > logger->max_bytes)
        size = logger->max_bytes;
    fl_buf_clear(text);
    if (fl_buf_text(text, "Event: { headers:") || fl_header_text(text, event) ||
        fl_buf_text(text, " body:") || put_dump(text, body, size) || fl_buf_text(text, " }"))
        return fl_error_nomem(err);
    replace_nuls(text);
    const char *message = fl_buf_cstr(text);
    if (!message)
        return fl_error_nomem(err);
    flow_context_log(logger->ctx, FLOW_LOG_INFO, message);
    return FLOW_OK;
}

static int logger_process(void *self, flow_txn *txn, flow_error **err)
{
    struct logger *logger = self;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, BATCH, 0, &events, &count, err);

    if (rc || !flow_context_log_enabled(logger->ctx, FLOW_LOG_INFO))
        return rc;
    for (size_t i = 0; !rc && i < count; i++)
        rc = log_event(logger, events[i], err);
    return rc;
}

static const flow_property properties[] = {
    {
        .name = "maxBytesToLog",
        .type = FLOW_TYPE_INT,
        .default_value = "16",
        .unit = "bytes",
        .min = 0,
        .max = INT32_MAX,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "How much of each body is shown.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Logs every event at level INFO, for looking at what arrives.",
    .description = "A message reads 'Event: { headers:{host=a} body: 68 65 6C 6C 6F   hello }': "
                   "the headers, then the first bytes of the body in rows of 16, in hexadecimal "
                   "and as characters.",
};

const flow_sink_ops fl_logger_sink = {
    .struct_size = sizeof fl_logger_sink,
    .type = "logger",
    .aliases = "org.apache.flume.sink.LoggerSink",
    .schema = &schema,
    .create = logger_create,
    .destroy = logger_destroy,
    .process = logger_process,
};
