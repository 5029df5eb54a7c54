/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where a host pushes events.  Single events travel in batches that are kept and used again, as
 * many as there are threads pushing at the same moment.
 */

#include "base/error.h"
#include "base/vec.h"
#include "core/context.h"
#include "runtime/emitter.h"
#include "runtime/inlet.h"

struct flow_inlet {
    flow_context *ctx;
    flow_emitter *emitter;
    struct fl_lock lock;
    struct fl_vec spare; /* of flow_batch *: empty ones; under `lock` */
};

static int create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = &ctx->lib->allocator;
    flow_inlet *inlet = fl_zalloc(mem, sizeof(*inlet));

    if (!inlet || fl_lock_init(&inlet->lock) != FLOW_OK) {
        fl_free(mem, inlet);
        return fl_error_nomem(err);
    }
    inlet->ctx = ctx;
    fl_vec_init(&inlet->spare, mem, sizeof(flow_batch *));
    *self = inlet;
    return FLOW_OK;
}

static void destroy(void *self)
{
    flow_inlet *inlet = self;

    for (size_t i = 0; i < inlet->spare.count; i++)
        flow_batch_free(*(flow_batch **)fl_vec_at(&inlet->spare, i));
    fl_vec_free(&inlet->spare);
    fl_lock_destroy(&inlet->lock);
    fl_free(&inlet->ctx->lib->allocator, inlet);
}

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .summary = "Takes the events that the program around libflow pushes.",
    .description =
        "The program gets the inlet by its name with flow_pipeline_inlet and pushes "
        "events or batches from any of its threads. A push returns when every required "
        "channel has committed the events, or says why they were not taken.\n"
        "\n"
        "A batch can say where in the program's own data its events come from. Durable "
        "channels, such as those of type file, keep that with the events, so that after "
        "a crash the program asks flow_inlet_position, pushes from there on, and nothing "
        "is lost or comes twice.",
};

const flow_source_ops fl_inlet_source = {
    .struct_size = sizeof(flow_source_ops),
    .type = "inlet",
    .schema = &schema,
    .create = create,
    .destroy = destroy,
};

flow_inlet *fl_inlet_of(const flow_source_ops *ops, void *self)
{
    return ops->create == create ? self : NULL;
}

void fl_inlet_attach(flow_inlet *inlet, flow_emitter *emitter)
{
    inlet->emitter = emitter;
}

static int borrow(flow_inlet *inlet, flow_batch **batch, flow_error **err)
{
    *batch = NULL;
    fl_lock(&inlet->lock);
    if (inlet->spare.count > 0) {
        *batch = *(flow_batch **)fl_vec_at(&inlet->spare, inlet->spare.count - 1);
        inlet->spare.count--;
    }
    fl_unlock(&inlet->lock);
    return *batch ? FLOW_OK : flow_batch_new(inlet->ctx->lib, batch, err);
}

static void give_back(flow_inlet *inlet, flow_batch *batch)
{
    flow_batch_clear(batch);
    fl_lock(&inlet->lock);
    void *kept = fl_vec_push(&inlet->spare, &batch);
    fl_unlock(&inlet->lock);
    if (!kept)
        flow_batch_free(batch);
}

static int check(const flow_inlet *inlet, flow_error **err)
{
    if (!inlet)
        return flow_error_set(err, FLOW_EINVAL, "the call needs an inlet");
    return fl_library_check(inlet->ctx->lib, err);
}

int flow_inlet_push(flow_inlet *inlet, const void *body, size_t size, const flow_header *headers,
                    size_t count, size_t header_size, int64_t timeout_ms, flow_error **err)
{
    flow_batch *batch;
    int rc = check(inlet, err);

    if (rc == FLOW_OK)
        rc = borrow(inlet, &batch, err);
    if (rc != FLOW_OK)
        return rc;
    rc = flow_batch_add_full(batch, body, size, headers, count, header_size, err);
    if (rc == FLOW_OK)
        rc = fl_emitter_emit(inlet->emitter, batch, timeout_ms, (struct fl_calls){.singles = 1},
                             err);
    give_back(inlet, batch);
    return rc;
}

int flow_inlet_push_batch(flow_inlet *inlet, flow_batch *batch, int64_t timeout_ms,
                          flow_error **err)
{
    int rc = check(inlet, err);

    if (rc == FLOW_OK && !batch)
        rc = flow_error_set(err, FLOW_EINVAL, "a push needs a batch");
    return rc == FLOW_OK ? fl_emitter_emit(inlet->emitter, batch, timeout_ms,
                                           (struct fl_calls){.batches = 1}, err)
                         : rc;
}

int flow_inlet_position(flow_inlet *inlet, const void *key, size_t key_size, void *data,
                        size_t room, size_t *size, flow_error **err)
{
    int rc = check(inlet, err);

    if (rc != FLOW_OK)
        return rc;
    return flow_emitter_position(inlet->emitter, key, key_size, data, room, size, err);
}

int flow_inlet_position_latest(flow_inlet *inlet, const void *key, size_t key_size, void *data,
                               size_t room, size_t *size, flow_error **err)
{
    int rc = check(inlet, err);

    if (rc != FLOW_OK)
        return rc;
    return flow_emitter_position_latest(inlet->emitter, key, key_size, data, room, size, err);
}

int flow_inlet_positions(flow_inlet *inlet, flow_position_fn fn, void *self, flow_error **err)
{
    int rc = check(inlet, err);

    return rc == FLOW_OK ? flow_emitter_positions(inlet->emitter, fn, self, err) : rc;
}
