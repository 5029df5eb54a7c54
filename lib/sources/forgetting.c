/* SPDX-License-Identifier: Apache-2.0 */

#include "sources/forgetting.h"

#include "base/buf.h"

void fl_forgetting_init(struct fl_forgetting *forgetting, const flow_allocator *mem)
{
    forgetting->mem = mem;
    fl_vec_init(&forgetting->keys, mem, sizeof(struct fl_buf));
}

void fl_forgetting_free(struct fl_forgetting *forgetting)
{
    fl_forgetting_emitted(forgetting);
    fl_vec_free(&forgetting->keys);
}

void fl_forgetting_add(struct fl_forgetting *forgetting, const void *key, size_t size)
{
    struct fl_buf copy;

    fl_buf_init(&copy, forgetting->mem);
    if (fl_buf_append(&copy, key, size) != FLOW_OK || fl_vec_push(&forgetting->keys, &copy) == NULL)
        fl_buf_free(&copy);
}

int fl_forgetting_begin(const struct fl_forgetting *forgetting, flow_batch *batch, flow_error **err)
{
    int rc = FLOW_OK;

    flow_batch_clear(batch);
    for (size_t i = 0; i < forgetting->keys.count && rc == FLOW_OK; i++) {
        const struct fl_buf *key = fl_vec_at(&forgetting->keys, i);
        rc = flow_batch_forget_position(batch, key->data, key->size, err);
    }
    return rc;
}

void fl_forgetting_emitted(struct fl_forgetting *forgetting)
{
    for (size_t i = 0; i < forgetting->keys.count; i++)
        fl_buf_free(fl_vec_at(&forgetting->keys, i));
    forgetting->keys.count = 0;
}

void fl_forgetting_flush(struct fl_forgetting *forgetting, flow_emitter *emitter, flow_batch *batch)
{
    flow_error *fault = NULL;

    if (forgetting->keys.count == 0)
        return;
    int rc = fl_forgetting_begin(forgetting, batch, &fault);
    rc = rc == FLOW_OK ? flow_emitter_emit(emitter, batch, &fault) : rc;
    if (rc == FLOW_OK)
        fl_forgetting_emitted(forgetting);
    flow_batch_clear(batch);
    flow_error_free(fault);
}
