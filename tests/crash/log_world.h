/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CRASH_LOG_WORLD_H
#define TESTS_CRASH_LOG_WORLD_H

/* A store on a simulated disk, without a thread, and what one does with it.  Bodies of events are
 * their numbers and bytes that follow from these. */

#include "keyring.h"
#include "memory_rig.h"
#include "sim_disk.h"
#include "store/store_inner.h"

#define WORLD_MOST 16 /* events of a put or take */
#define WORLD_OPEN 3  /* transactions that take at once */

struct taking {
    struct fl_lot_ref *lots;
    uint32_t numbers[WORLD_MOST];
    size_t count;
};

struct world {
    struct memory_rig rig; /* lends its library and context */
    struct sim_disk *disk;
    struct fl_store *store;
    struct fl_cursor *cursor;
    struct taking takings[WORLD_OPEN];
    uint64_t random;
    unsigned folders;
    int level; /* of compression; 0: none */
    struct keyring keys;
    struct fl_sealing *sealing; /* NULL: nothing is encrypted */
    uint64_t retain_bytes; /* as in struct fl_store_options */
    int64_t retain_ms;
};

/* What is done to all that is written, from now on, as the arguments `--wrap WAY` of a program say:
 * none, pack, seal or both. */
void world_wrap(int argc, char **argv);

/* The number that follows NAME, or OTHERWISE. */
uint64_t world_option(int argc, char **argv, const char *name, uint64_t otherwise);

/* A disk and a library, without a store; SEED decides all that is random. */
void world_init(struct world *world, uint64_t seed);
void world_free(struct world *world);

/* A number below LIMIT. */
uint32_t world_random(struct world *world, uint32_t limit);

/* Whoever crashed is another process than the one that opens the image; here both are this one. */
void world_forget_owners(struct sim_disk *disk);

/* Opens the store on DISK, which another process may have left. */
int world_open_on(struct world *world, struct sim_disk *disk, struct fl_store **store,
                  flow_error **err);
int world_open(struct world *world, flow_error **err);

/* Closes it, with what is still taken given back. */
int world_close(struct world *world, flow_error **err);

/* Puts the COUNT numbers from FIRST on. */
int world_put(struct world *world, uint32_t first, uint32_t count, flow_error **err);

/* The same with POSITIONS, or with these alone. */
int world_put_from(struct world *world, uint32_t first, uint32_t count, struct fl_buf *positions,
                   flow_error **err);
int world_take(struct world *world, struct taking *taking, flow_error **err);
int world_take_most(struct world *world, struct taking *taking, size_t most, flow_error **err);
int world_commit(struct world *world, struct taking *taking, flow_error **err);
void world_give_back(struct world *world, struct taking *taking);

/* Reads what can be taken from CURSOR, up to MOST numbers, without taking it away. */
size_t world_read(struct fl_cursor *cursor, uint32_t *numbers, size_t most, flow_error **err);

/* Ends the program when RC is a failure, and says what is at ERR, which may be NULL.  ERR is a place,
 * not the error: it is looked at when the call that gave RC is over, in whatever order a compiler
 * has the two made. */
void world_must(int rc, flow_error *const *err, const char *what);

#endif
