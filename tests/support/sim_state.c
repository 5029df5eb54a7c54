/* SPDX-License-Identifier: Apache-2.0 */

/* What is on the simulated disk, and how operations change it: when they are done, and once more
 * when a record is gone through. */

#include <stdlib.h>
#include <string.h>

#include "sim_inner.h"

/* ---- nodes ---- */

int sim_is_folder(const struct sim_node *node)
{
    return S_ISDIR(node->mode);
}

struct sim_node *sim_node_of(const struct sim_state *state, uint64_t id)
{
    return id < state->node_count ? state->nodes[id] : NULL;
}

void sim_nodes_reserve(struct sim_state *state, uint64_t count)
{
    if (count > state->node_room) {
        state->node_room = count < 16 ? 32 : 2 * count;
        state->nodes = sim_realloc(state->nodes, state->node_room * sizeof(struct sim_node *));
    }
    for (; state->node_count < count; state->node_count++)
        state->nodes[state->node_count] = NULL;
}

struct sim_node *sim_node_add(struct sim_state *state, uint64_t id, uint32_t mode)
{
    struct sim_node *node = sim_alloc(sizeof *node);

    sim_nodes_reserve(state, id + 1);
    node->id = id;
    node->mode = mode;
    state->nodes[id] = node;
    return node;
}

/* Forgets the first COUNT changes of a file. */
static void drop_changes(struct sim_node *node, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sim_bytes_free(&node->changes[i].after);
    node->change_count -= count;
    if (node->change_count > 0)
        memmove(node->changes, node->changes + count, node->change_count * sizeof *node->changes);
}

void sim_node_drop(struct sim_state *state, uint64_t id)
{
    struct sim_node *node = sim_node_of(state, id);

    if (!node)
        return;
    sim_bytes_free(&node->cache);
    sim_bytes_free(&node->disk);
    drop_changes(node, node->change_count);
    free(node->changes);
    sim_entries_free(&node->entries);
    sim_entries_free(&node->lasting);
    free(node);
    state->nodes[id] = NULL;
}

static void copy_node(struct sim_state *to, const struct sim_node *node)
{
    struct sim_node *copy = sim_node_add(to, node->id, node->mode);

    copy->cache = sim_bytes_copy(&node->cache);
    copy->disk = sim_bytes_copy(&node->disk);
    sim_entries_assign(&copy->entries, &node->entries);
    sim_entries_assign(&copy->lasting, &node->lasting);
    if (node->change_count == 0)
        return;
    copy->changes = sim_alloc(node->change_count * sizeof *copy->changes);
    copy->change_count = node->change_count;
    copy->change_room = node->change_count;
    for (size_t i = 0; i < node->change_count; i++) {
        copy->changes[i] = node->changes[i];
        copy->changes[i].after = sim_bytes_copy(&node->changes[i].after);
    }
}

/* ---- the whole ---- */

void sim_state_init(struct sim_state *state)
{
    *state = (struct sim_state){0};
    sim_node_add(state, SIM_ROOT, S_IFDIR | 0755);
}

static void forget_last_write(struct sim_state *state)
{
    state->last_size = 0;
    sim_bytes_free(&state->last_before);
}

void sim_state_free(struct sim_state *state)
{
    for (uint64_t id = 0; id < state->node_count; id++)
        sim_node_drop(state, id);
    free(state->nodes);
    for (size_t i = 0; i < state->name_count; i++)
        sim_name_free(&state->names[i]);
    free(state->names);
    forget_last_write(state);
    *state = (struct sim_state){0};
}

struct sim_state sim_state_copy(const struct sim_state *state)
{
    struct sim_state copy = {.time = state->time};

    sim_nodes_reserve(&copy, state->node_count);
    for (uint64_t id = 0; id < state->node_count; id++) {
        if (state->nodes[id])
            copy_node(&copy, state->nodes[id]);
    }
    for (size_t i = 0; i < state->name_count; i++)
        sim_name_push(&copy, &state->names[i]);
    copy.last_file = state->last_file;
    copy.last_offset = state->last_offset;
    copy.last_size = state->last_size;
    copy.last_before = sim_bytes_copy(&state->last_before);
    return copy;
}

static void mark_entries(const struct sim_entries *entries, uint8_t *named)
{
    for (size_t i = 0; i < entries->count; i++)
        named[entries->items[i].file] = 1;
}

uint8_t *sim_state_named(const struct sim_state *state, int lasting)
{
    uint8_t *named = sim_alloc(state->node_count);

    named[SIM_ROOT] = 1;
    for (uint64_t id = 0; id < state->node_count; id++) {
        if (!state->nodes[id])
            continue;
        mark_entries(&state->nodes[id]->entries, named);
        if (lasting)
            mark_entries(&state->nodes[id]->lasting, named);
    }
    for (size_t i = 0; lasting && i < state->name_count; i++)
        named[state->names[i].file] = 1;
    return named;
}

/* ---- operations ---- */

static void push_change(struct sim_state *state, struct sim_node *node, struct sim_change change)
{
    if (node->change_count == node->change_room) {
        node->change_room = node->change_room ? 2 * node->change_room : 8;
        node->changes = sim_realloc(node->changes, node->change_room * sizeof *node->changes);
    }
    change.time = state->time;
    change.after = sim_bytes_copy(&node->cache);
    node->changes[node->change_count++] = change;
}

static void apply_write(struct sim_state *state, const struct sim_op *op)
{
    struct sim_node *node = sim_node_of(state, op->file);

    if (!node)
        return;
    state->last_file = op->file;
    state->last_offset = op->offset;
    state->last_size = op->size;
    state->last_before = sim_bytes_copy(&node->cache);
    sim_bytes_write(&node->cache, op->data, op->size, op->offset);
    push_change(state, node,
                (struct sim_change){
                    .first = op->offset / SIM_SECTOR,
                    .end = (op->offset + (int64_t)op->size + SIM_SECTOR - 1) / SIM_SECTOR,
                });
}

static void apply_truncate(struct sim_state *state, const struct sim_op *op)
{
    struct sim_node *node = sim_node_of(state, op->file);
    int64_t size = (int64_t)op->size;

    if (!node)
        return;
    int shrinks = size < node->cache.size;
    sim_bytes_resize(&node->cache, size);
    push_change(state, node, (struct sim_change){.shrinks = shrinks});
}

static void apply_names(struct sim_state *state, const struct sim_op *op)
{
    struct sim_name_change change = {
        .time = state->time,
        .file = op->file,
        .folder = op->folder,
        .to_folder = op->kind == SIM_OP_RENAME ? op->to_folder : op->folder,
        .name = (char *)(op->kind == SIM_OP_CREATE ? NULL : op->name),
        .to = (char *)(op->kind == SIM_OP_CREATE ? op->name : op->to),
    };

    if (op->kind == SIM_OP_CREATE)
        sim_node_add(state, op->file, op->mode);
    sim_name_apply(state, &change, 0);
    sim_name_push(state, &change);
}

/* What was done to the file by the time of the sync is clean: there, or lost. */
static void settle_file(struct sim_node *node, const struct sim_op *op)
{
    int reaches = op->kind == SIM_OP_SYNC || op->loss != SIM_LOST;
    int partly = op->kind == SIM_OP_LOSS && op->loss == SIM_PARTLY;
    size_t count = 0;

    if (reaches)
        sim_changes_reach(node, op->value, partly ? &op->seed : NULL, &node->disk);
    while (count < node->change_count && node->changes[count].time <= op->value)
        count++;
    drop_changes(node, count);
}

static void apply_sync(struct sim_state *state, const struct sim_op *op)
{
    struct sim_node *node = sim_node_of(state, op->file);
    int partly = op->kind == SIM_OP_LOSS && op->loss == SIM_PARTLY;

    if (!node || (op->kind == SIM_OP_LOSS && op->loss == SIM_KEPT))
        return;
    if (!sim_is_folder(node))
        settle_file(node, op);
    else if (op->kind == SIM_OP_SYNC || op->loss != SIM_LOST)
        sim_names_settle(state, op->file, op->value, partly ? &op->seed : NULL);
}

/* What is clean comes anew from the disk; the size is not read again. */
static void apply_evict(struct sim_state *state)
{
    for (uint64_t id = 0; id < state->node_count; id++) {
        struct sim_node *node = state->nodes[id];
        if (!node)
            continue;
        int64_t size = node->cache.size;
        sim_bytes_assign(&node->cache, &node->disk);
        sim_changes_reach(node, UINT64_MAX, NULL, &node->cache);
        sim_bytes_resize(&node->cache, size);
    }
}

void sim_state_apply(struct sim_state *state, const struct sim_op *op)
{
    state->time++;
    forget_last_write(state);
    switch (op->kind) {
    case SIM_OP_MARK: break;
    case SIM_OP_WRITE: apply_write(state, op); break;
    case SIM_OP_TRUNCATE: apply_truncate(state, op); break;
    case SIM_OP_SYNC:
    case SIM_OP_LOSS: apply_sync(state, op); break;
    case SIM_OP_CREATE:
    case SIM_OP_RENAME:
    case SIM_OP_UNLINK: apply_names(state, op); break;
    case SIM_OP_EVICT: apply_evict(state); break;
    }
}
