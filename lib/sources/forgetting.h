/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_FORGETTING_H
#define FL_SOURCES_FORGETTING_H

/* Keys of positions that a source needs no longer, until durable channels have forgotten them. */

#include <flow/source.h>

#include "base/vec.h"

struct fl_forgetting {
    const flow_allocator *mem;
    struct fl_vec keys; /* of struct fl_buf */
};

void fl_forgetting_init(struct fl_forgetting *forgetting, const flow_allocator *mem);
void fl_forgetting_free(struct fl_forgetting *forgetting);

/* Adds a key.  Without memory it is kept by the channels, and found at the next start. */
void fl_forgetting_add(struct fl_forgetting *forgetting, const void *key, size_t size);

/* Empties BATCH and lets it forget the keys; fl_forgetting_emitted follows when it has arrived. */
int fl_forgetting_begin(const struct fl_forgetting *forgetting, flow_batch *batch,
                        flow_error **err);
void fl_forgetting_emitted(struct fl_forgetting *forgetting);

/* Emits the keys, if there are any, alone in BATCH, and empties it.  Should that fail they wait. */
void fl_forgetting_flush(struct fl_forgetting *forgetting, flow_emitter *emitter,
                         flow_batch *batch);

#endif
