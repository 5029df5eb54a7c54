/* SPDX-License-Identifier: Apache-2.0 */
/* TEXT and HEADER_AND_TEXT: bodies as they are, with a newline behind each. */

#include <string.h>

#include "base/error.h"
#include "core/event.h"
#include "core/serializer.h"
#include "codec/header_text.h"
#include "codec/serializers.h"

struct text {
    const flow_allocator *mem;
    size_t newline; /* 1 or 0 bytes */
};

static int text_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct text *text = fl_alloc(mem, sizeof *text);

    if (!text)
        return fl_error_nomem(err);
    text->mem = mem;
    text->newline = (size_t)flow_context_bool(ctx, "appendNewline");
    *self = text;
    return FLOW_OK;
}

static void text_destroy(void *self)
{
    struct text *text = self;

    fl_free(text->mem, text);
}

/* One reservation for all events, so that the loop only copies. */
static int text_write(void *self, const flow_event *const *events, size_t count, flow_buffer *out,
                      flow_error **err)
{
    const struct text *text = self;
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += events[i]->body_size + text->newline;
    uint8_t *at = fl_buf_reserve(&out->bytes, total);
    if (!at)
        return fl_error_nomem(err);
    for (size_t i = 0; i < count; i++) {
        if (events[i]->body_size > 0)
            memcpy(at, events[i]->body, events[i]->body_size);
        at += events[i]->body_size;
        if (text->newline)
            *at++ = '\n';
    }
    out->bytes.size += total;
    return FLOW_OK;
}

static const void *text_tail(void *self, size_t *size)
{
    *size = ((const struct text *)self)->newline;
    return "\n";
}

static int header_text_write(void *self, const flow_event *const *events, size_t count,
                             flow_buffer *out, flow_error **err)
{
    size_t start = out->bytes.size;

    for (size_t i = 0; i < count; i++) {
        if (fl_header_text(&out->bytes, events[i]) || fl_buf_byte(&out->bytes, ' ') ||
            text_write(self, &events[i], 1, out, NULL)) {
            out->bytes.size = start;
            return fl_error_nomem(err);
        }
    }
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "appendNewline",
        .type = FLOW_TYPE_BOOL,
        .default_value = "true",
        .help = "Write a newline behind each event. Without it nothing shows where one event ends "
                "and the next begins.",
    },
};

static const flow_schema text_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Writes the bodies of events and nothing of their headers.",
};

static const flow_schema header_text_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Writes the headers and the body of each event as one line of text.",
    .description = "Headers look like {name=value, other=value}, in the order in which they were "
                   "set, {} when there are none; a blank follows, then the body. Nothing in them "
                   "is escaped, so the text is for people rather than programs.",
};

const flow_serializer_ops fl_text_serializer = {
    .struct_size = sizeof fl_text_serializer,
    .flags = FLOW_SERIALIZER_APPENDABLE,
    .type = "TEXT",
    .aliases = "org.apache.flume.serialization.BodyTextEventSerializer$Builder",
    .schema = &text_schema,
    .create = text_create,
    .destroy = text_destroy,
    .write = text_write,
    .tail = text_tail,
};

const flow_serializer_ops fl_header_text_serializer = {
    .struct_size = sizeof fl_header_text_serializer,
    .flags = FLOW_SERIALIZER_APPENDABLE,
    .type = "HEADER_AND_TEXT",
    .aliases = "org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder",
    .schema = &header_text_schema,
    .create = text_create,
    .destroy = text_destroy,
    .write = header_text_write,
};
