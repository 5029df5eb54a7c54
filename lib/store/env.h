/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_ENV_H
#define FL_STORE_ENV_H

/* What all parts of one store share. */

#include <stdatomic.h>

#include <flow/component.h>

#include "io/file.h"
#include "store/format.h"

struct fl_slab_pool;

struct fl_store_env {
    flow_context *ctx; /* whom it is for, in messages */
    const flow_allocator *mem;
    const struct fl_io *io;
    struct fl_slab_pool *pool;
    uint8_t id[FL_STORE_ID];
    struct fl_origin origin; /* of what is put from now on */
    uint64_t segment_size;   /* bytes of a file, but for a single frame that needs more */
    uint64_t required_space; /* bytes that are left free on each disk */
    int lazy;                /* commits do not wait for the disk */
    int level;               /* of the compression of puts; 0: there is none */
    struct fl_sealing *sealing; /* keys, or NULL */
    int blind;                  /* what is encrypted is passed over where there are no keys */
    _Atomic uint64_t next_epoch;

    /* Something happened that the keeper may want to see to; called from any thread. */
    void (*nudge)(void *self);
    void *self;
};

#endif
