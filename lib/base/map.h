/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_MAP_H
#define FL_BASE_MAP_H

/*
 * From text to a pointer, in order of insertion.  Keys are copied; values are the caller's.  Hash
 * with a seed of its own for each map, since keys come from outside.
 */

#include "base/mem.h"

struct fl_map_entry {
    char *key;
    void *value;
    uint64_t hash;
};

struct fl_map {
    const flow_allocator *mem;
    struct fl_map_entry *entries; /* `count` of them, in order */
    uint32_t *slots;              /* open addressing: index + 1 into entries, or 0 */
    size_t count;
    size_t capacity;
    size_t slot_count;
    uint64_t seed;
};

/* The hash, for tables of another kind; SALT is an address of the table's. */
uint64_t fl_hash_seed(const void *salt);
uint64_t fl_hash(uint64_t seed, const void *key, size_t size);

void fl_map_init(struct fl_map *map, const flow_allocator *mem);
void fl_map_free(struct fl_map *map);
void *fl_map_get(const struct fl_map *map, const char *key);
void *fl_map_get_sized(const struct fl_map *map, const char *key, size_t size);

/* Adds or replaces. */
int fl_map_put(struct fl_map *map, const char *key, void *value);

/* Removes KEY and returns its value, or NULL; the order of the others stays. */
void *fl_map_remove(struct fl_map *map, const char *key);

#endif
