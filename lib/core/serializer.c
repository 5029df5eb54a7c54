/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public buffers and serializers.  A serializer is a component within a component: it has a
 * context of its own for its settings, but what it logs is logged in the name of the outer one.
 */

#include "base/error.h"
#include "core/context.h"
#include "core/serializer.h"

struct flow_serializer {
    flow_context *ctx; /* its own */
    const flow_serializer_ops *ops;
    void *self;
};

int flow_buffer_append(flow_buffer *buffer, const void *data, size_t size)
{
    return fl_buf_append(&buffer->bytes, data, size);
}

void *flow_buffer_reserve(flow_buffer *buffer, size_t size)
{
    return fl_buf_reserve(&buffer->bytes, size);
}

void flow_buffer_advance(flow_buffer *buffer, size_t size)
{
    buffer->bytes.size += size;
}

const void *flow_buffer_data(const flow_buffer *buffer, size_t *size)
{
    *size = buffer->bytes.size;
    return buffer->bytes.data;
}

int flow_buffer_new(flow_library *lib, flow_buffer **buffer, flow_error **err)
{
    int rc = fl_library_check(lib, err);

    if (rc)
        return rc;
    *buffer = fl_alloc(&lib->allocator, sizeof **buffer);
    if (!*buffer)
        return fl_error_nomem(err);
    fl_buf_init(&(*buffer)->bytes, &lib->allocator);
    return FLOW_OK;
}

void flow_buffer_clear(flow_buffer *buffer)
{
    fl_buf_clear(&buffer->bytes);
}

void flow_buffer_free(flow_buffer *buffer)
{
    if (!buffer)
        return;
    const flow_allocator *mem = buffer->bytes.mem;
    fl_buf_free(&buffer->bytes);
    fl_free(mem, buffer);
}

static int new_context(flow_context *outer, const struct fl_type *type,
                       const struct fl_settings *settings, flow_context **ctx, flow_error **err)
{
    const flow_allocator *mem = &outer->lib->allocator;
    char *label = fl_strdup(mem, outer->label);

    if (!label)
        return fl_error_nomem(err);
    int rc = fl_context_new(outer->lib, type, outer->name, settings, outer->clock, ctx, err);
    if (rc) {
        fl_free(mem, label);
        return rc;
    }
    fl_free(mem, (*ctx)->label);
    (*ctx)->label = label;
    return FLOW_OK;
}

static int make(flow_serializer *serializer, flow_context *outer, const struct fl_type *type,
                const struct fl_settings *settings, flow_error **err)
{
    int rc = new_context(outer, type, settings, &serializer->ctx, err);
    if (rc)
        return rc;
    serializer->ops = &type->ops.serializer;
    rc = serializer->ops->create(serializer->ctx, &serializer->self, err);
    if (rc)
        fl_context_free(serializer->ctx);
    return rc;
}

int flow_serializer_new(flow_context *ctx, const char *name, flow_serializer **serializer,
                        flow_error **err)
{
    const struct fl_type *type;
    int rc = fl_library_check(ctx->lib, err);

    if (rc)
        return rc;
    const struct fl_settings *settings = fl_settings_child(ctx->settings, name, &type);
    if (!settings)
        return flow_error_setf(err, FLOW_EINVAL, "property '%s' names no serializer", name);
    *serializer = fl_alloc(&ctx->lib->allocator, sizeof **serializer);
    if (!*serializer)
        return fl_error_nomem(err);
    rc = make(*serializer, ctx, type, settings, err);
    if (rc) {
        fl_free(&ctx->lib->allocator, *serializer);
        *serializer = NULL;
    }
    return rc;
}

void flow_serializer_free(flow_serializer *serializer)
{
    if (!serializer)
        return;
    const flow_allocator *mem = &serializer->ctx->lib->allocator;
    serializer->ops->destroy(serializer->self);
    fl_context_free(serializer->ctx);
    fl_free(mem, serializer);
}

uint32_t flow_serializer_flags(const flow_serializer *serializer)
{
    return serializer->ops->flags;
}

/* The optional calls have one shape. */
typedef int (*serializer_call)(void *self, flow_buffer *out, flow_error **err);

static int call(flow_serializer *serializer, serializer_call fn, flow_buffer *out, flow_error **err)
{
    int rc = fl_library_check(serializer->ctx->lib, err);

    return rc || !fn ? rc : fn(serializer->self, out, err);
}

int flow_serializer_begin(flow_serializer *serializer, flow_buffer *out, flow_error **err)
{
    return call(serializer, serializer->ops->begin, out, err);
}

int flow_serializer_write(flow_serializer *serializer, const flow_event *const *events,
                          size_t count, flow_buffer *out, flow_error **err)
{
    int rc = fl_library_check(serializer->ctx->lib, err);

    return rc ? rc : serializer->ops->write(serializer->self, events, count, out, err);
}

int flow_serializer_flush(flow_serializer *serializer, flow_buffer *out, flow_error **err)
{
    return call(serializer, serializer->ops->flush, out, err);
}

int flow_serializer_end(flow_serializer *serializer, flow_buffer *out, flow_error **err)
{
    return call(serializer, serializer->ops->end, out, err);
}

const void *flow_serializer_tail(const flow_serializer *serializer, size_t *size)
{
    return serializer->ops->tail ? serializer->ops->tail(serializer->self, size) : NULL;
}
