/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_POSITIONS_H
#define FL_STORE_POSITIONS_H

/*
 * Where sources stand: from key to value.  As frames are found in any order after a crash, a record
 * says in which life of its key it was made.  Forgetting a key begins a new life, which has no
 * value so far; of two records of a key the one of the later life counts, and of one life the one
 * with the larger value.  Lives are numbered through all keys, so that a state, which lists what
 * is alive and says which number comes next, also tells what is dead: records of smaller numbers
 * whose keys it does not list.
 *
 *     record    sizes of key and value, 4 bytes each; life, 8 bytes; key; value
 */

#include <flow/position.h>

#include "base/buf.h"
#include "base/thread.h"

struct fl_place; /* of one key */

struct fl_positions {
    const flow_allocator *mem;
    struct fl_lock lock; /* for all that follows */
    struct fl_place **slots;
    size_t slot_count;
    size_t count;
    size_t bytes; /* of the records of all keys, about */
    uint64_t seed;
    uint64_t next_life;

    /* What the latest state said, while a store is recovered. */
    uint64_t generation;
    uint64_t floor;
};

int fl_positions_init(struct fl_positions *positions, const flow_allocator *mem);
void fl_positions_free(struct fl_positions *positions);

/* Adds a record to LIST, still without a life. */
int fl_position_append(struct fl_buf *list, const flow_position *position);

/*
 * Before LIST is written: gives its records their lives and makes sure that they can be taken over.
 * fl_positions_land must follow; until then the keys are listed in every state.
 *
 * Errors: FLOW_ETOOBIG when too many keys are kept.
 */
int fl_positions_begin(struct fl_positions *positions, struct fl_buf *list, flow_error **err);

/* Takes over what LIST says, if it became DURABLE. */
void fl_positions_land(struct fl_positions *positions, const struct fl_buf *list, int durable);

/* Calls FN with the position of KEY, or with all when that is NULL; under the lock. */
int fl_positions_each(struct fl_positions *positions, const void *key, size_t key_size,
                      flow_position_fn fn, void *arg);

/* Writes them all, as a part of a state. */
int fl_positions_write(struct fl_positions *positions, struct fl_buf *out);

/* Takes over records that were found, or, with POSITIONS NULL, only checks them: FLOW_EPARSE,
 * FLOW_ENOMEM. */
int fl_positions_join(struct fl_positions *positions, const uint8_t *data, size_t size);

/* The same with those of the state GENERATION, the latest so far. */
int fl_positions_join_state(struct fl_positions *positions, uint64_t generation,
                            const uint8_t *data, size_t size);

/* Drops what is dead, once everything was joined. */
void fl_positions_settle(struct fl_positions *positions);

#endif
