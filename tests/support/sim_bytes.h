/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SIM_BYTES_H
#define TESTS_SUPPORT_SIM_BYTES_H

/*
 * What a file of the simulated disk holds: sectors below a tree that copies share until one of them
 * changes.  A copy costs nothing, and a sector goes from one content to another without being read.
 * Copies may belong to several threads; each is used by one at a time.  Out of memory ends the
 * test.
 */

#include <stddef.h>
#include <stdint.h>

#define SIM_SECTOR 512

/* The largest size: what a tree of six levels holds. */
#define SIM_BYTES_MAX ((int64_t)SIM_SECTOR << 36)

struct sim_tree;

/* All zero: an empty content. */
struct sim_bytes {
    struct sim_tree *root;
    unsigned levels; /* of the tree above the sectors */
    int64_t size;    /* what lies behind it is zero */
};

struct sim_bytes sim_bytes_copy(const struct sim_bytes *bytes);
void sim_bytes_free(struct sim_bytes *bytes);

/* Puts a copy of FROM in the place of BYTES. */
void sim_bytes_assign(struct sim_bytes *bytes, const struct sim_bytes *from);

/* SIZE bytes from OFFSET on; zeros behind the end. */
void sim_bytes_read(const struct sim_bytes *bytes, void *data, size_t size, int64_t offset);

/* Grows the content when it is too short. */
void sim_bytes_write(struct sim_bytes *bytes, const void *data, size_t size, int64_t offset);

/* Forgets what lies behind SIZE, or adds a hole. */
void sim_bytes_resize(struct sim_bytes *bytes, int64_t size);

/* Takes over one sector as FROM has it; the size stays, so that more than it may be there. */
void sim_bytes_share(struct sim_bytes *bytes, int64_t sector, const struct sim_bytes *from);

/* Whether the sector was ever written, be it with zeros. */
int sim_bytes_has(const struct sim_bytes *bytes, int64_t sector);

/* How many sectors are not holes. */
uint64_t sim_bytes_sectors(const struct sim_bytes *bytes);

/* A number that another content has only by accident; holes count as zeros. */
uint64_t sim_bytes_hash(const struct sim_bytes *bytes);

/* Memory, or the end of the test. */
void *sim_alloc(size_t size);
void *sim_realloc(void *ptr, size_t size);
char *sim_strdup(const char *text);

#endif
