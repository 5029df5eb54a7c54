/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_SERIALIZER_H
#define FLOW_SERIALIZER_H

#include <flow/api.h>
#include <flow/component.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/schema.h>

FLOW_BEGIN_DECLS

/* Bytes that grow at their end. */
typedef struct flow_buffer flow_buffer;

/* The output can be continued by another instance, so a sink may append to an existing file. */
#define FLOW_SERIALIZER_APPENDABLE 1u

/*
 * A type of serializer: turns events into the bytes of a file.  One instance writes one file; it
 * is used by one thread at a time.
 */
typedef struct flow_serializer_ops {
    uint32_t struct_size;
    uint32_t flags;      /* FLOW_SERIALIZER_... */
    const char *type;    /* for example "TEXT" */
    const char *aliases; /* other names, separated by '|'; (optional) */
    const flow_schema *schema;

    int (*create)(flow_context *ctx, void **self, flow_error **err);
    void (*destroy)(void *self);

    /* (optional) Writes what stands before the first event. */
    int (*begin)(void *self, flow_buffer *out, flow_error **err);

    int (*write)(void *self, const flow_event *const *events, size_t count, flow_buffer *out,
                 flow_error **err);

    /* (optional) Writes what it still holds back, so that all events so far can be read. */
    int (*flush)(void *self, flow_buffer *out, flow_error **err);

    /* (optional) Writes what stands behind the last event. */
    int (*end)(void *self, flow_buffer *out, flow_error **err);

    /*
     * (optional) Says that a file is nothing but the body of each event and behind it always the
     * same bytes, which it returns with their number in *SIZE, 0 for none; they stay as long as
     * the serializer does.  A sink may then leave out all other calls and send the bodies from
     * where they lie.  NULL: that is not so.
     */
    const void *(*tail)(void *self, size_t *size);
} flow_serializer_ops;

/*
 * Adds SIZE bytes at the end of a buffer.
 *
 * Errors: no error object.
 * Since: 1.0
 */
FLOW_API int flow_buffer_append(flow_buffer *buffer, const void *data, size_t size);

/*
 * Makes room for SIZE more bytes and returns where they go, or NULL when there is no memory.
 * flow_buffer_advance then says how many were written.
 *
 * Since: 1.0
 */
FLOW_API void *flow_buffer_reserve(flow_buffer *buffer, size_t size);

/*
 * Counts SIZE bytes, written behind flow_buffer_reserve, as part of the buffer.
 *
 * Since: 1.0
 */
FLOW_API void flow_buffer_advance(flow_buffer *buffer, size_t size);

/*
 * Returns the bytes of a buffer and their number in *SIZE; valid until it grows or is cleared.
 *
 * Since: 1.0
 */
FLOW_API const void *flow_buffer_data(const flow_buffer *buffer, size_t *size);

/*
 * Makes an empty buffer.  The caller frees it.
 *
 * Since: 1.0
 */
FLOW_API int flow_buffer_new(flow_library *lib, flow_buffer **buffer, flow_error **err);

/*
 * Empties a buffer, which keeps its memory.
 *
 * Since: 1.0
 */
FLOW_API void flow_buffer_clear(flow_buffer *buffer);

/*
 * Frees a buffer.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_buffer_free(flow_buffer *buffer);

/* A serializer at work, made from a sink's settings. */
typedef struct flow_serializer flow_serializer;

/*
 * Makes an instance of the serializer that the property NAME, of type FLOW_TYPE_COMPONENT, names,
 * with the settings below that name.  Valid no longer than CTX.
 *
 * Errors: whatever the serializer's `create` returns.
 * Since: 1.0
 */
FLOW_API int flow_serializer_new(flow_context *ctx, const char *name, flow_serializer **serializer,
                                 flow_error **err);

/*
 * Frees an instance.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_serializer_free(flow_serializer *serializer);

/*
 * Returns FLOW_SERIALIZER_... flags of the instance's type.
 *
 * Since: 1.0
 */
FLOW_API uint32_t flow_serializer_flags(const flow_serializer *serializer);

/*
 * Adds to OUT what stands before the first event.
 *
 * Thread: one at a time.
 * Since: 1.0
 */
FLOW_API int flow_serializer_begin(flow_serializer *serializer, flow_buffer *out,
                                   flow_error **err);

/*
 * Adds COUNT events to OUT, though some of their bytes may be held back until a flush.
 *
 * Thread: one at a time.
 * Since: 1.0
 */
FLOW_API int flow_serializer_write(flow_serializer *serializer, const flow_event *const *events,
                                   size_t count, flow_buffer *out, flow_error **err);

/*
 * Adds to OUT whatever was held back.
 *
 * Thread: one at a time.
 * Since: 1.0
 */
FLOW_API int flow_serializer_flush(flow_serializer *serializer, flow_buffer *out,
                                   flow_error **err);

/*
 * Adds to OUT what stands behind the last event.
 *
 * Thread: one at a time.
 * Since: 1.0
 */
FLOW_API int flow_serializer_end(flow_serializer *serializer, flow_buffer *out, flow_error **err);

/*
 * Returns the bytes that follow the body of each event, and their number in *SIZE, when a file is
 * nothing else; lent as long as the serializer is there.  Then the calls above may be left out.
 * Returns NULL when a file is more than that.
 *
 * Thread: one at a time.
 * Since: 1.0
 */
FLOW_API const void *flow_serializer_tail(const flow_serializer *serializer, size_t *size);

FLOW_END_DECLS

#endif
