/* SPDX-License-Identifier: Apache-2.0 */

/* The entries of folders: as they are, as they last, and what lies between. */

#include <stdlib.h>
#include <string.h>

#include "sim_inner.h"

/* ---- entries ---- */

static size_t find_index(const struct sim_entries *entries, const char *name, size_t size)
{
    for (size_t i = 0; i < entries->count; i++) {
        const char *known = entries->items[i].name;
        if (strncmp(known, name, size) == 0 && known[size] == '\0')
            return i;
    }
    return entries->count;
}

uint64_t sim_entries_find(const struct sim_entries *entries, const char *name, size_t size)
{
    size_t at = find_index(entries, name, size);

    return at < entries->count ? entries->items[at].file : 0;
}

static void entries_set(struct sim_entries *entries, const char *name, uint64_t file)
{
    size_t at = find_index(entries, name, strlen(name));

    if (at == entries->room) {
        entries->room = entries->room ? 2 * entries->room : 8;
        entries->items = sim_realloc(entries->items, entries->room * sizeof *entries->items);
    }
    if (at == entries->count)
        entries->items[entries->count++].name = sim_strdup(name);
    entries->items[at].file = file;
}

/* Removes NAME when it leads to FILE: one that was put there since stays. */
static void entries_unset(struct sim_entries *entries, const char *name, uint64_t file)
{
    size_t at = find_index(entries, name, strlen(name));

    if (at == entries->count || entries->items[at].file != file)
        return;
    free(entries->items[at].name);
    entries->items[at] = entries->items[--entries->count];
}

void sim_entries_free(struct sim_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->items[i].name);
    free(entries->items);
    *entries = (struct sim_entries){0};
}

void sim_entries_assign(struct sim_entries *entries, const struct sim_entries *from)
{
    sim_entries_free(entries);
    if (from->count == 0)
        return;
    entries->items = sim_alloc(from->count * sizeof *entries->items);
    entries->count = from->count;
    entries->room = from->count;
    for (size_t i = 0; i < from->count; i++) {
        entries->items[i].file = from->items[i].file;
        entries->items[i].name = sim_strdup(from->items[i].name);
    }
}

/* ---- changes ---- */

static struct sim_entries *entries_of(const struct sim_state *state, uint64_t folder, int lasting)
{
    struct sim_node *node = sim_node_of(state, folder);

    if (!node)
        return NULL;
    return lasting ? &node->lasting : &node->entries;
}

void sim_name_apply(const struct sim_state *state, const struct sim_name_change *change,
                    int lasting)
{
    struct sim_entries *from = entries_of(state, change->folder, lasting);
    struct sim_entries *to = entries_of(state, change->to_folder, lasting);

    if (change->name && from)
        entries_unset(from, change->name, change->file);
    if (change->to && to)
        entries_set(to, change->to, change->file);
}

void sim_name_free(struct sim_name_change *change)
{
    free(change->name);
    free(change->to);
}

void sim_name_push(struct sim_state *state, const struct sim_name_change *change)
{
    if (state->name_count == state->name_room) {
        state->name_room = state->name_room ? 2 * state->name_room : 8;
        state->names = sim_realloc(state->names, state->name_room * sizeof *state->names);
    }
    struct sim_name_change *copy = &state->names[state->name_count++];
    *copy = *change;
    copy->name = change->name ? sim_strdup(change->name) : NULL;
    copy->to = change->to ? sim_strdup(change->to) : NULL;
}

void sim_names_close(const struct sim_state *state, uint8_t *marks)
{
    uint8_t *closed = sim_alloc(state->node_count);

    /* From the last one on: whoever is marked closes its folders for all before it. */
    for (size_t i = state->name_count; i-- > 0;) {
        const struct sim_name_change *change = &state->names[i];
        if (!marks[i] && !closed[change->folder] && !closed[change->to_folder])
            continue;
        marks[i] = 1;
        closed[change->folder] = 1;
        closed[change->to_folder] = 1;
    }
    free(closed);
}

void sim_names_settle(struct sim_state *state, uint64_t folder, uint64_t time,
                      const uint64_t *partly)
{
    uint8_t *marks = sim_alloc(state->name_count);
    size_t end = state->name_count;
    size_t kept = 0;

    if (partly)
        end = sim_luck(*partly, folder) % (end + 1);
    for (size_t i = 0; i < end; i++) {
        const struct sim_name_change *change = &state->names[i];
        marks[i] =
            change->time <= time && (change->folder == folder || change->to_folder == folder);
    }
    sim_names_close(state, marks);
    for (size_t i = 0; i < state->name_count; i++) {
        if (!marks[i]) {
            state->names[kept++] = state->names[i];
            continue;
        }
        sim_name_apply(state, &state->names[i], 1);
        sim_name_free(&state->names[i]);
    }
    state->name_count = kept;
    free(marks);
}
