/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_INTERCEPTOR_H
#define FLOW_INTERCEPTOR_H

#include <flow/api.h>
#include <flow/batch.h>
#include <flow/component.h>
#include <flow/error.h>
#include <flow/schema.h>

FLOW_BEGIN_DECLS

/*
 * A type of interceptor: looks at each batch between a source and its channels and may change its
 * events or drop some.  The calls for one source come one at a time, from changing threads.
 */
typedef struct flow_interceptor_ops {
    uint32_t struct_size;
    uint32_t flags;      /* 0 */
    const char *type;    /* for example "timestamp" */
    const char *aliases; /* other names, separated by '|'; (optional) */
    const flow_schema *schema;

    int (*create)(flow_context *ctx, void **self, flow_error **err);
    void (*destroy)(void *self);

    /* Changes BATCH in place.  An error refuses the whole batch, which the source tries again. */
    int (*intercept)(void *self, flow_batch *batch, flow_error **err);
} flow_interceptor_ops;

FLOW_END_DECLS

#endif
