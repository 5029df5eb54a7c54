/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two arrays: the entries in order of insertion, and a table of slots that hold indices into them,
 * at most half full and probed in steps of one.  The hash is SipHash-1-3 with a random key, so
 * that nobody can choose keys that meet in one slot.
 */

#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include "base/map.h"

#define SMALLEST 8

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

uint64_t fl_hash(uint64_t seed, const void *key, size_t size)
{
    const uint8_t *at = key;
    /* "somepseudorandomlygeneratedbytes", as SipHash has it; the seed is both halves of its key. */
    uint64_t v[4] = {
        seed ^ 0x736f6d6570736575,
        ~seed ^ 0x646f72616e646f6d,
        seed ^ 0x6c7967656e657261,
        ~seed ^ 0x7465646279746573,
    };
    uint64_t word;
    size_t left = size;

    for (; left >= sizeof word; left -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        sip_word(v, word);
    }
    word = 0;
    if (left)
        memcpy(&word, at, left);
    sip_word(v, word ^ ((uint64_t)size << 56));

    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t fl_hash_seed(const void *salt)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
        return seed;

    /* Early in a boot there is no randomness yet but the one that the kernel gave the process. */
    const void *given = (const void *)(uintptr_t)getauxval(AT_RANDOM);
    seed = 0;
    if (given)
        memcpy(&seed, given, sizeof seed);
    return seed ^ (uintptr_t)salt;
}

void fl_map_init(struct fl_map *map, const flow_allocator *mem)
{
    *map = (struct fl_map){.mem = mem, .seed = fl_hash_seed(map)};
}

void fl_map_free(struct fl_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        fl_free(map->mem, map->entries[i].key);
    fl_free(map->mem, map->entries);
    fl_free(map->mem, map->slots);
    *map = (struct fl_map){.mem = map->mem, .seed = map->seed};
}

static int same_key(const struct fl_map_entry *entry, uint64_t hash, const char *key, size_t size)
{
    return entry->hash == hash && strlen(entry->key) == size && !memcmp(entry->key, key, size);
}

/* The slot that holds KEY, or the empty one where it would go; there are slots. */
static uint32_t *find_slot(const struct fl_map *map, uint64_t hash, const char *key, size_t size)
{
    size_t mask = map->slot_count - 1;
    size_t at = (size_t)hash & mask;

    while (map->slots[at] && !same_key(&map->entries[map->slots[at] - 1], hash, key, size))
        at = (at + 1) & mask;
    return &map->slots[at];
}

/* Fills the empty slots from the entries. */
static void fill_slots(struct fl_map *map)
{
    size_t mask = map->slot_count - 1;

    for (size_t i = 0; i < map->count; i++) {
        size_t at = (size_t)map->entries[i].hash & mask;
        while (map->slots[at])
            at = (at + 1) & mask;
        map->slots[at] = (uint32_t)i + 1;
    }
}

static int grow(struct fl_map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : SMALLEST;

    if (capacity > UINT32_MAX / 2)
        return FLOW_ENOMEM;

    uint32_t *slots = fl_calloc(map->mem, capacity * 2, sizeof *slots);
    if (!slots)
        return FLOW_ENOMEM;
    struct fl_map_entry *entries = fl_realloc(map->mem, map->entries, capacity * sizeof *entries);
    if (!entries) {
        fl_free(map->mem, slots);
        return FLOW_ENOMEM;
    }

    fl_free(map->mem, map->slots);
    map->slots = slots;
    map->slot_count = capacity * 2;
    map->entries = entries;
    map->capacity = capacity;
    fill_slots(map);
    return FLOW_OK;
}

void *fl_map_get(const struct fl_map *map, const char *key)
{
    return fl_map_get_sized(map, key, strlen(key));
}

void *fl_map_get_sized(const struct fl_map *map, const char *key, size_t size)
{
    if (map->count == 0)
        return NULL;

    uint32_t index = *find_slot(map, fl_hash(map->seed, key, size), key, size);
    return index ? map->entries[index - 1].value : NULL;
}

int fl_map_put(struct fl_map *map, const char *key, void *value)
{
    size_t size = strlen(key);
    uint64_t hash = fl_hash(map->seed, key, size);
    uint32_t *slot = map->count ? find_slot(map, hash, key, size) : NULL;

    if (slot && *slot) {
        map->entries[*slot - 1].value = value;
        return FLOW_OK;
    }

    char *copy = fl_strndup(map->mem, key, size);
    if (!copy)
        return FLOW_ENOMEM;
    if (map->count == map->capacity && grow(map)) {
        fl_free(map->mem, copy);
        return FLOW_ENOMEM;
    }
    *find_slot(map, hash, key, size) = (uint32_t)map->count + 1;
    map->entries[map->count++] = (struct fl_map_entry){copy, value, hash};
    return FLOW_OK;
}

void *fl_map_remove(struct fl_map *map, const char *key)
{
    size_t size = strlen(key);

    if (map->count == 0)
        return NULL;
    uint32_t index = *find_slot(map, fl_hash(map->seed, key, size), key, size);
    if (!index)
        return NULL;

    /* Every index behind the gap changes, so the slots are simply filled anew: maps here are
     * small and seldom lose a key. */
    struct fl_map_entry *entry = &map->entries[index - 1];
    void *value = entry->value;
    fl_free(map->mem, entry->key);
    map->count--;
    memmove(entry, entry + 1, (map->count - (index - 1)) * sizeof *entry);
    memset(map->slots, 0, map->slot_count * sizeof *map->slots);
    fill_slots(map);
    return value;
}
