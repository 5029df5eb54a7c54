/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SERIALIZING_H
#define TESTS_SUPPORT_SERIALIZING_H

/* A serializer at work inside some sink, as a file of its output would see it. */

#include <flow/batch.h>
#include <flow/serializer.h>

#include "core/settings.h"
#include "failing.h"

struct serializing {
    struct failing failing;
    flow_library *lib;
    struct fl_settings *settings;
    flow_context *ctx; /* the sink's */
    flow_serializer *serializer;
    flow_batch *batch;
    flow_buffer *out;
    char fault[256];  /* why there is no serializer, or "" */
    char logged[256]; /* the last message, as "component: text" */
};

/* KEYS are COUNT pairs of a key behind "serializer" (".appendNewline"; "": the type) and its value.
 * `serializer` is NULL when it could not be made. */
void serializing_init(struct serializing *s, const char *const (*keys)[2], size_t count);

/* The same with a serializer of the test's own in the registry. */
void serializing_init_with(struct serializing *s, const flow_serializer_ops *ops,
                           const char *const (*keys)[2], size_t count);
void serializing_free(struct serializing *s);

/* Writes what the batch holds, then empties it. */
int serializing_write(struct serializing *s, flow_error **err);

/* The output so far. */
const uint8_t *serializing_bytes(const struct serializing *s, size_t *size);

#endif
