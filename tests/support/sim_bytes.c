/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A tree of 64 branches a node with a sector in each leaf.  Whoever changes a content first makes
 * the nodes on the way there its own: one that has no other owner stays in its place.
 */

#include "sim_bytes.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS 6
#define BRANCHES (1 << BITS)

struct sim_tree {
    _Atomic uint32_t owners;
    union {
        struct sim_tree *branches[BRANCHES];
        uint8_t bytes[SIM_SECTOR];
    };
};

/* Stands for all sectors of zeros that were written, of which a preallocated file has many; never
 * counted, never changed. */
static struct sim_tree zeros;

static void *checked(void *ptr)
{
    if (!ptr) {
        fputs("the simulated disk has no memory\n", stderr);
        abort();
    }
    return ptr;
}

void *sim_alloc(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *sim_realloc(void *ptr, size_t size)
{
    return checked(realloc(ptr, size ? size : 1));
}

char *sim_strdup(const char *text)
{
    return checked(strdup(text));
}

static void own(struct sim_tree *tree)
{
    if (tree && tree != &zeros)
        atomic_fetch_add_explicit(&tree->owners, 1, memory_order_relaxed);
}

/* LEVELS lie below the node; 0: it is a sector. */
static void disown(struct sim_tree *tree, unsigned levels)
{
    if (!tree || tree == &zeros)
        return;
    if (atomic_fetch_sub_explicit(&tree->owners, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; levels > 0 && i < BRANCHES; i++)
        disown(tree->branches[i], levels - 1);
    free(tree);
}

static struct sim_tree *new_tree(void)
{
    struct sim_tree *tree = sim_alloc(sizeof *tree);

    atomic_init(&tree->owners, 1);
    return tree;
}

/* Makes the node at PLACE one that nobody else sees. */
static struct sim_tree *make_own(struct sim_tree **place, unsigned levels)
{
    struct sim_tree *old = *place;

    if (old && old != &zeros && atomic_load_explicit(&old->owners, memory_order_acquire) == 1)
        return old;
    struct sim_tree *copy = new_tree();
    if (old && old != &zeros) {
        memcpy(copy->bytes, old->bytes, sizeof copy->bytes);
        for (int i = 0; levels > 0 && i < BRANCHES; i++)
            own(copy->branches[i]);
        disown(old, levels);
    }
    *place = copy;
    return copy;
}

static int64_t sectors_below(unsigned levels)
{
    return (int64_t)1 << (levels * BITS);
}

static int branch_of(int64_t sector, unsigned level)
{
    return (int)(sector >> ((level - 1) * BITS)) & (BRANCHES - 1);
}

/* Adds levels until the tree reaches SECTOR. */
static void make_reach(struct sim_bytes *bytes, int64_t sector)
{
    while (sector >= sectors_below(bytes->levels)) {
        struct sim_tree *above = new_tree();
        above->branches[0] = bytes->root;
        bytes->root = above;
        bytes->levels++;
    }
}

/* Where the leaf of SECTOR hangs, all above it being this content's own. */
static struct sim_tree **place_of(struct sim_bytes *bytes, int64_t sector)
{
    struct sim_tree **place = &bytes->root;

    make_reach(bytes, sector);
    for (unsigned level = bytes->levels; level > 0; level--)
        place = &make_own(place, level)->branches[branch_of(sector, level)];
    return place;
}

/* The leaf of SECTOR, or NULL in a hole. */
static struct sim_tree *leaf_of(const struct sim_bytes *bytes, int64_t sector)
{
    struct sim_tree *tree = bytes->root;

    if (sector >= sectors_below(bytes->levels))
        return NULL;
    for (unsigned level = bytes->levels; tree && level > 0; level--)
        tree = tree->branches[branch_of(sector, level)];
    return tree;
}

struct sim_bytes sim_bytes_copy(const struct sim_bytes *bytes)
{
    own(bytes->root);
    return *bytes;
}

void sim_bytes_free(struct sim_bytes *bytes)
{
    disown(bytes->root, bytes->levels);
    *bytes = (struct sim_bytes){0};
}

void sim_bytes_assign(struct sim_bytes *bytes, const struct sim_bytes *from)
{
    struct sim_bytes copy = sim_bytes_copy(from);

    sim_bytes_free(bytes);
    *bytes = copy;
}

/* How many of SIZE bytes from OFFSET on lie in its sector. */
static size_t in_sector(size_t size, int64_t offset)
{
    size_t room = SIM_SECTOR - (size_t)(offset % SIM_SECTOR);

    return size < room ? size : room;
}

void sim_bytes_read(const struct sim_bytes *bytes, void *data, size_t size, int64_t offset)
{
    uint8_t *to = data;

    while (size > 0) {
        size_t some = in_sector(size, offset);
        const struct sim_tree *leaf = leaf_of(bytes, offset / SIM_SECTOR);
        if (leaf)
            memcpy(to, leaf->bytes + offset % SIM_SECTOR, some);
        else
            memset(to, 0, some);
        to += some;
        offset += (int64_t)some;
        size -= some;
    }
}

static void write_sector(struct sim_bytes *bytes, const uint8_t *from, size_t size, int64_t offset)
{
    struct sim_tree **place = place_of(bytes, offset / SIM_SECTOR);

    if (size == SIM_SECTOR && memcmp(from, zeros.bytes, size) == 0) {
        disown(*place, 0);
        *place = &zeros;
        return;
    }
    memcpy(make_own(place, 0)->bytes + offset % SIM_SECTOR, from, size);
}

void sim_bytes_write(struct sim_bytes *bytes, const void *data, size_t size, int64_t offset)
{
    const uint8_t *from = data;

    while (size > 0) {
        size_t some = in_sector(size, offset);
        write_sector(bytes, from, some, offset);
        from += some;
        offset += (int64_t)some;
        size -= some;
        if (offset > bytes->size)
            bytes->size = offset;
    }
}

/* Whether there is a leaf from FIRST on, the first sector below the node being number 0. */
static int has_behind(const struct sim_tree *tree, unsigned levels, int64_t first)
{
    if (!tree || first >= sectors_below(levels))
        return 0;
    if (levels == 0)
        return 1;
    for (int i = first > 0 ? branch_of(first, levels) : 0; i < BRANCHES; i++) {
        if (has_behind(tree->branches[i], levels - 1, first - i * sectors_below(levels - 1)))
            return 1;
    }
    return 0;
}

/* Makes holes of all sectors from FIRST on. */
static void cut(struct sim_tree **place, unsigned levels, int64_t first)
{
    if (!*place || first >= sectors_below(levels))
        return;
    if (first <= 0) {
        disown(*place, levels);
        *place = NULL;
        return;
    }
    struct sim_tree *tree = make_own(place, levels);
    for (int i = branch_of(first, levels); i < BRANCHES; i++)
        cut(&tree->branches[i], levels - 1, first - i * sectors_below(levels - 1));
}

/* Makes zeros of what lies behind the first KEPT bytes of a sector. */
static void clear_behind(struct sim_bytes *bytes, int64_t sector, size_t kept)
{
    const struct sim_tree *leaf = leaf_of(bytes, sector);
    size_t rest = SIM_SECTOR - kept;

    if (leaf && memcmp(leaf->bytes + kept, zeros.bytes, rest) != 0)
        memset(make_own(place_of(bytes, sector), 0)->bytes + kept, 0, rest);
}

void sim_bytes_resize(struct sim_bytes *bytes, int64_t size)
{
    int64_t sector = size / SIM_SECTOR;
    size_t kept = (size_t)(size % SIM_SECTOR);

    /* What was shared may lie behind the size, so that it is cut even when the content grows. */
    if (has_behind(bytes->root, bytes->levels, sector + (kept > 0)))
        cut(&bytes->root, bytes->levels, sector + (kept > 0));
    if (kept > 0)
        clear_behind(bytes, sector, kept);
    bytes->size = size;
}

void sim_bytes_share(struct sim_bytes *bytes, int64_t sector, const struct sim_bytes *from)
{
    struct sim_tree *leaf = leaf_of(from, sector);

    if (leaf == leaf_of(bytes, sector))
        return;
    struct sim_tree **place = place_of(bytes, sector);
    own(leaf);
    disown(*place, 0);
    *place = leaf;
}

int sim_bytes_has(const struct sim_bytes *bytes, int64_t sector)
{
    return leaf_of(bytes, sector) != NULL;
}

static uint64_t count_leaves(const struct sim_tree *tree, unsigned levels)
{
    uint64_t count = 0;

    if (!tree || levels == 0)
        return tree != NULL;
    for (int i = 0; i < BRANCHES; i++)
        count += count_leaves(tree->branches[i], levels - 1);
    return count;
}

uint64_t sim_bytes_sectors(const struct sim_bytes *bytes)
{
    return count_leaves(bytes->root, bytes->levels);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 29;
}

/* Of a sector at its place; 0 when it is zero. */
static uint64_t hash_sector(const uint8_t *bytes, int64_t sector)
{
    uint64_t hash = (uint64_t)sector;

    if (memcmp(bytes, zeros.bytes, SIM_SECTOR) == 0)
        return 0;
    for (size_t at = 0; at < SIM_SECTOR; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        hash = mix(hash, word);
    }
    return hash;
}

static uint64_t hash_leaves(const struct sim_tree *tree, unsigned levels, int64_t sector)
{
    uint64_t sum = 0;

    if (!tree || tree == &zeros)
        return 0;
    if (levels == 0)
        return hash_sector(tree->bytes, sector);
    for (int i = 0; i < BRANCHES; i++)
        sum += hash_leaves(tree->branches[i], levels - 1, sector + i * sectors_below(levels - 1));
    return sum;
}

uint64_t sim_bytes_hash(const struct sim_bytes *bytes)
{
    return mix(hash_leaves(bytes->root, bytes->levels, 0), (uint64_t)bytes->size);
}
