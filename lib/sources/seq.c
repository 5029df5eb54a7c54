/* SPDX-License-Identifier: Apache-2.0 */

/* Counts: each event's body is the next number.  For trying a pipeline out and for measuring it. */

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "sources/sources.h"

#define DIGITS 20

struct seq {
    flow_context *ctx;
    const flow_allocator *mem;
    flow_batch *batch; /* not empty: could not be emitted so far */
    int64_t next;
    int64_t total;
    int64_t batch_size;
};

static void seq_destroy(void *self)
{
    struct seq *seq = self;

    flow_batch_free(seq->batch);
    fl_free(seq->mem, seq);
}

static int seq_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct seq *seq = fl_zalloc(mem, sizeof *seq);

    if (!seq)
        return fl_error_nomem(err);
    seq->ctx = ctx;
    seq->mem = mem;
    seq->batch_size = flow_context_int(ctx, "batchSize");
    seq->total = flow_context_int(ctx, "totalEvents");
    int rc = flow_batch_new(flow_context_library(ctx), &seq->batch, err);
    if (rc != FLOW_OK) {
        fl_free(mem, seq);
        return rc;
    }
    *self = seq;
    return FLOW_OK;
}

/* As in Flume, every start begins with 0. */
static int seq_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct seq *seq = self;

    flow_batch_clear(seq->batch);
    seq->next = 0;
    return FLOW_OK;
}

static int add_number(flow_batch *batch, int64_t number, flow_error **err)
{
    char text[DIGITS];
    size_t at = DIGITS;

    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return flow_batch_add(batch, text + at, DIGITS - at, err);
}

static int seq_poll(void *self, flow_emitter *emitter, flow_error **err)
{
    struct seq *seq = self;
    int64_t left = seq->total - seq->next;
    int64_t count = left < seq->batch_size ? left : seq->batch_size;
    int rc = FLOW_OK;

    /* A batch that failed is emitted again as it is: part of it may have arrived. */
    if (flow_batch_count(seq->batch) == 0) {
        for (int64_t i = 0; rc == FLOW_OK && i < count; i++)
            rc = add_number(seq->batch, seq->next + i, err);
        if (rc != FLOW_OK) {
            flow_batch_clear(seq->batch);
            return rc;
        }
        seq->next += count;
    }
    if (flow_batch_count(seq->batch) == 0)
        return FLOW_BACKOFF;
    rc = flow_emitter_emit(emitter, seq->batch, err);
    if (rc == FLOW_OK)
        flow_batch_clear(seq->batch);
    return rc;
}

static const flow_property properties[] = {
    {
        .name = "batchSize",
        .type = FLOW_TYPE_INT,
        .default_value = "1",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many numbers are emitted at a time.",
    },
    {
        .name = "totalEvents",
        .type = FLOW_TYPE_INT,
        .default_value = "9223372036854775807",
        .unit = "events",
        .min = 0,
        .max = INT64_MAX,
        .help = "How many numbers there are in all; after the last one the source is idle.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Makes events whose bodies are the numbers from 0 on.",
    .description = "Each start begins with 0 again. A batch that no channel took is emitted again, "
                   "so that no number is left out.",
};

const flow_source_ops fl_seq_source = {
    .struct_size = sizeof fl_seq_source,
    .type = "seq",
    .aliases = "org.apache.flume.source.SequenceGeneratorSource",
    .schema = &schema,
    .create = seq_create,
    .destroy = seq_destroy,
    .start = seq_start,
    .poll = seq_poll,
};
