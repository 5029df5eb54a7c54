/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a crash leaves.  For each sector of a file there is a moment in the row of its changes: what
 * came before it reached the disk, what came later did not.  How these moments are strewn is drawn
 * for each file first, so that nearly nothing, nearly all and a single lost sector are as likely as
 * an even mixture.
 */

#include <stdlib.h>
#include <string.h>

#include "sim_inner.h"

uint64_t sim_luck(uint64_t seed, uint64_t n)
{
    uint64_t x = seed + (n + 1) * 0x9e3779b97f4a7c15;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* ---- bytes ---- */

enum way { WAY_NONE, WAY_ALL, WAY_EVEN, WAY_MOST, WAY_FEW, WAY_ORDER, WAY_LONE, WAYS };

/* Draws that are not those of a sector. */
enum { DRAW_WAY = -1, DRAW_PIVOT = -2, DRAW_SIZES = -3, DRAW_LONE = -4, DRAW_GROWTH = -5 };

struct moments {
    enum way way;
    uint64_t seed;
    size_t count;   /* of changes that there are */
    size_t pivot;   /* WAY_ORDER: about there; WAY_LONE: the change of which a sector is lost */
    int64_t lone;   /* that sector */
    size_t sizes;   /* as many changes had their effect on the size */
    int part_grown; /* whether the last of them let the file grow in part only */
};

static uint64_t draw(const struct moments *moments, int64_t what, uint64_t below)
{
    return sim_luck(moments->seed, (uint64_t)what) % below;
}

/* How many changes of a sector, of all there are, reached the disk. */
static size_t moment_of(const struct moments *moments, int64_t sector)
{
    uint64_t luck = sim_luck(moments->seed, (uint64_t)sector);
    size_t any = (size_t)(luck / 16 % (moments->count + 1));

    switch (moments->way) {
    case WAY_NONE: return 0;
    case WAY_EVEN: return any;
    case WAY_MOST: return luck % 16 ? moments->count : any;
    case WAY_FEW: return luck % 16 ? 0 : any;
    case WAY_ORDER: return moments->pivot + luck % 2;
    case WAY_LONE: return sector == moments->lone ? moments->pivot : moments->count;
    default: return moments->count;
    }
}

static size_t draw_sizes(const struct moments *moments)
{
    uint64_t luck = sim_luck(moments->seed, (uint64_t)DRAW_SIZES);
    size_t any = (size_t)(luck / 4 % (moments->count + 1));

    switch (moments->way) {
    case WAY_NONE: return 0;
    case WAY_EVEN: return any;
    case WAY_MOST: return luck % 4 ? moments->count : any;
    case WAY_FEW: return luck % 4 ? 0 : any;
    case WAY_ORDER: return moments->pivot + luck % 2;
    default: return moments->count;
    }
}

static struct moments draw_moments(const struct sim_node *node, size_t count, uint64_t seed)
{
    struct moments moments = {.seed = sim_luck(seed, node->id), .count = count, .lone = -1};

    moments.way = (enum way)draw(&moments, DRAW_WAY, WAYS);
    if (count == 0)
        return moments;
    moments.pivot = (size_t)draw(&moments, DRAW_PIVOT, count);
    const struct sim_change *change = &node->changes[moments.pivot];
    if (change->end > change->first) {
        uint64_t sectors = (uint64_t)(change->end - change->first);
        moments.lone = change->first + (int64_t)draw(&moments, DRAW_LONE, sectors);
    }
    moments.sizes = draw_sizes(&moments);
    moments.part_grown =
        moments.way != WAY_LONE && moments.way != WAY_ALL && draw(&moments, DRAW_GROWTH, 2);
    return moments;
}

/* The size when of a growth from BEFORE to AFTER some sectors came about. */
static int64_t grown_in_part(const struct moments *moments, int64_t before, int64_t after)
{
    uint64_t luck = sim_luck(moments->seed, (uint64_t)DRAW_GROWTH);
    int64_t size = before + (int64_t)(luck / 2 % (uint64_t)(after - before));

    size -= size % SIM_SECTOR;
    return size < before ? before : size;
}

/* What lies behind LIMIT was cut off by a truncation that the disk has not seen: later writes there
 * went to other places, to which nothing leads. */
static void reach_sectors(const struct moments *moments, const struct sim_change *change,
                          size_t index, int64_t limit, struct sim_bytes *disk)
{
    for (int64_t sector = change->first; sector < change->end; sector++) {
        if ((sector + 1) * SIM_SECTOR > limit)
            return;
        if (index < moment_of(moments, sector))
            sim_bytes_share(disk, sector, &change->after);
    }
}

static void reach(const struct sim_node *node, const struct moments *moments,
                  struct sim_bytes *disk)
{
    int64_t size = disk->size;
    int64_t limit = INT64_MAX;

    for (size_t i = 0; i < moments->count; i++) {
        const struct sim_change *change = &node->changes[i];
        int64_t after = change->after.size;
        if (change->shrinks && i < moments->sizes)
            sim_bytes_resize(disk, after);
        else if (change->shrinks && after < limit)
            limit = after;
        reach_sectors(moments, change, i, limit, disk);
        if (i >= moments->sizes)
            continue;
        int last = i + 1 == moments->sizes;
        size = last && moments->part_grown && after > size ? grown_in_part(moments, size, after)
                                                           : after;
    }
    sim_bytes_resize(disk, size);
}

void sim_changes_reach(const struct sim_node *node, uint64_t time, const uint64_t *partly,
                       struct sim_bytes *disk)
{
    size_t count = 0;

    while (count < node->change_count && node->changes[count].time <= time)
        count++;
    struct moments moments = {.way = WAY_ALL, .count = count, .sizes = count};
    if (partly)
        moments = draw_moments(node, count, *partly);
    if (count > 0)
        reach(node, &moments, disk);
}

/* ---- names ---- */

/* Marks the changes of entries that outlast the crash. */
static void mark_names(const struct sim_state *state, enum sim_mode mode, uint64_t seed,
                       uint8_t *marks)
{
    uint64_t names_seed = sim_luck(seed, 0);

    for (size_t i = 0; i < state->name_count; i++) {
        const struct sim_name_change *change = &state->names[i];
        uint64_t luck = sim_luck(names_seed, change->folder);
        uint64_t end = luck / 4 % (state->name_count + 1);
        if (mode == SIM_JUMBLED)
            marks[i] = sim_luck(names_seed, change->time) % 2;
        else if (mode == SIM_TORN)
            marks[i] = luck % 4 == 0 || (luck % 4 > 1 && i < end);
        else
            marks[i] = mode != SIM_SYNCED;
    }
    if (mode == SIM_TORN)
        sim_names_close(state, marks);
}

/* Gives the image the folders, with those entries that outlast the crash. */
static void copy_folders(struct sim_state *image, const struct sim_state *state, enum sim_mode mode,
                         uint64_t seed)
{
    uint8_t *marks = sim_alloc(state->name_count);

    mark_names(state, mode, seed, marks);
    for (uint64_t id = 0; id < state->node_count; id++) {
        const struct sim_node *node = state->nodes[id];
        if (node && sim_is_folder(node))
            sim_entries_assign(&sim_node_add(image, id, node->mode)->entries, &node->lasting);
    }
    for (size_t i = 0; i < state->name_count; i++) {
        if (marks[i])
            sim_name_apply(image, &state->names[i], 0);
    }
    free(marks);
}

/* Of the write that was the last operation, a first part only. */
static void cut_last_write(const struct sim_state *state, uint64_t seed, struct sim_bytes *bytes)
{
    size_t size = (size_t)(sim_luck(seed, 0) % (state->last_size + 1));
    uint8_t *data = sim_alloc(size);

    sim_bytes_read(bytes, data, size, state->last_offset);
    sim_bytes_assign(bytes, &state->last_before);
    sim_bytes_write(bytes, data, size, state->last_offset);
    free(data);
}

static struct sim_bytes bytes_after(const struct sim_state *state, const struct sim_node *node,
                                    enum sim_mode mode, uint64_t seed)
{
    struct sim_bytes bytes = sim_bytes_copy(mode == SIM_KILLED ? &node->cache : &node->disk);

    if (mode == SIM_KILLED) {
        if (seed != 0 && state->last_size > 0 && state->last_file == node->id)
            cut_last_write(state, seed, &bytes);
    } else if (mode == SIM_FLUSHED) {
        sim_changes_reach(node, UINT64_MAX, NULL, &bytes);
    } else if (mode != SIM_SYNCED) {
        sim_changes_reach(node, UINT64_MAX, &seed, &bytes);
    }
    return bytes;
}

/* Marks what is found from FOLDER on, which was not marked before. */
static void mark_found(const struct sim_state *image, uint64_t folder, uint8_t *found)
{
    const struct sim_node *node = sim_node_of(image, folder);

    found[folder] = 1;
    for (size_t i = 0; node && i < node->entries.count; i++) {
        uint64_t id = node->entries.items[i].file;
        if (!found[id])
            mark_found(image, id, found);
    }
}

static void finish_folder(struct sim_state *image, uint64_t id, int found)
{
    struct sim_node *node = sim_node_of(image, id);

    if (found)
        sim_entries_assign(&node->lasting, &node->entries);
    else
        sim_node_drop(image, id);
}

void sim_state_crash(const struct sim_state *state, enum sim_mode mode, uint64_t seed,
                     struct sim_state *image)
{
    *image = (struct sim_state){.time = state->time};
    sim_nodes_reserve(image, state->node_count);
    copy_folders(image, state, mode, seed);
    uint8_t *found = sim_alloc(state->node_count);
    mark_found(image, SIM_ROOT, found);
    for (uint64_t id = 0; id < state->node_count; id++) {
        const struct sim_node *node = state->nodes[id];
        if (node && sim_is_folder(node)) {
            finish_folder(image, id, found[id]);
        } else if (node && found[id]) {
            struct sim_node *file = sim_node_add(image, id, node->mode);
            file->cache = bytes_after(state, node, mode, seed);
            file->disk = sim_bytes_copy(&file->cache);
        }
    }
    free(found);
}
