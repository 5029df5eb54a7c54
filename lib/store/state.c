/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/le.h"
#include "store/state.h"

#define NAME_MAX_SIZE 255u
#define MARK_MORE 28u /* bytes of terms and losses behind the name of a mark */
#define STATE_MORE 8u /* bytes behind the number of marks */

void fl_state_init(struct fl_state *state, const flow_allocator *mem,
                   struct fl_positions *positions)
{
    *state = (struct fl_state){.mem = mem, .next_id = 1, .positions = positions};
    fl_vec_init(&state->marks, mem, sizeof(struct fl_mark));
}

void fl_state_free(struct fl_state *state)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        struct fl_mark *mark = fl_vec_at(&state->marks, i);
        fl_free(state->mem, mark->name);
        fl_ranges_free(&mark->acked);
    }
    fl_vec_free(&state->marks);
}

struct fl_mark *fl_state_mark(struct fl_state *state, uint32_t id)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        struct fl_mark *mark = fl_vec_at(&state->marks, i);
        if (mark->id == id)
            return mark;
    }
    struct fl_mark *made = fl_vec_push(&state->marks, NULL);
    if (made) {
        made->id = id;
        fl_ranges_init(&made->acked, state->mem);
        if (state->next_id <= id)
            state->next_id = id + 1;
    }
    return made;
}

void fl_mark_settle(uint64_t *watermark, struct fl_ranges *acked)
{
    const struct fl_range *first = fl_ranges_find(acked, *watermark);

    if (first && first->first <= *watermark)
        *watermark = first->end;
    fl_ranges_trim(acked, *watermark);
}

int fl_mark_add(struct fl_mark *mark, uint64_t first, uint64_t end)
{
    if (fl_ranges_reserve(&mark->acked, 1))
        return FLOW_ENOMEM;
    fl_ranges_add(&mark->acked, first, end);
    fl_mark_settle(&mark->watermark, &mark->acked);
    return FLOW_OK;
}

uint64_t fl_state_floor(const struct fl_state *state)
{
    uint64_t floor = UINT64_MAX;

    for (size_t i = 0; i < state->marks.count; i++) {
        const struct fl_mark *mark = fl_vec_at(&state->marks, i);
        if (mark->name && mark->watermark < floor)
            floor = mark->watermark;
    }
    return floor == UINT64_MAX ? 0 : floor;
}

/* A segment goes when no cursor needs anything that was put or acknowledged there.  A cursor that
 * is made later may begin before what was acknowledged there, but not before what was put. */
int fl_state_lacks(const struct fl_state *state, const struct fl_segment_sum *sum)
{
    uint64_t floor = fl_state_floor(state);

    return sum->last > floor || (sum->needed > floor && sum->needed > state->released);
}

struct fl_mark *fl_state_named(const struct fl_state *state, const char *name)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        struct fl_mark *mark = fl_vec_at(&state->marks, i);
        if (mark->name && !strcmp(mark->name, name))
            return mark;
    }
    return NULL;
}

/* ---- to bytes ---- */

static int put32(struct fl_buf *out, uint32_t value)
{
    uint8_t bytes[4];

    fl_le32_put(bytes, value);
    return fl_buf_append(out, bytes, sizeof bytes);
}

static int put64(struct fl_buf *out, uint64_t value)
{
    uint8_t bytes[8];

    fl_le64_put(bytes, value);
    return fl_buf_append(out, bytes, sizeof bytes);
}

static int put_ranges(struct fl_buf *out, const struct fl_ranges *ranges)
{
    int rc = put32(out, (uint32_t)ranges->list.count);

    for (size_t i = 0; i < ranges->list.count && !rc; i++) {
        const struct fl_range *range = fl_vec_at(&ranges->list, i);
        rc = put64(out, range->first);
        if (!rc)
            rc = put64(out, range->end);
    }
    return rc;
}

static int put_terms(struct fl_buf *out, const struct fl_mark *mark)
{
    int rc = put32(out, mark->terms.flags);

    if (!rc)
        rc = put64(out, mark->terms.max_events);
    if (!rc)
        rc = put64(out, mark->terms.max_bytes);
    return rc ? rc : put64(out, mark->skipped);
}

static int put_mark(struct fl_buf *out, const struct fl_mark *mark)
{
    size_t size = strlen(mark->name);
    int rc = put32(out, mark->id);

    if (!rc)
        rc = put32(out, (uint32_t)size | MARK_MORE << 16);
    if (!rc)
        rc = fl_buf_append(out, mark->name, size);
    if (!rc)
        rc = put_terms(out, mark);
    if (!rc)
        rc = put64(out, mark->watermark);
    return rc ? rc : put_ranges(out, &mark->acked);
}

int fl_state_write(const struct fl_state *state, struct fl_buf *out)
{
    int rc = put64(out, state->generation);

    if (!rc)
        rc = put64(out, state->next_offset);
    if (!rc)
        rc = put32(out, state->next_id);
    if (!rc)
        rc = put32(out, (uint32_t)state->marks.count | STATE_MORE << 16);
    if (!rc)
        rc = put64(out, state->released);
    for (size_t i = 0; i < state->marks.count && !rc; i++)
        rc = put_mark(out, fl_vec_at(&state->marks, i));
    return rc ? rc : fl_positions_write(state->positions, out);
}

/* ---- from bytes ---- */

struct reader {
    const uint8_t *at;
    size_t left;
    int short_of; /* more was wanted than there is */
};

static const uint8_t *get(struct reader *in, size_t size)
{
    const uint8_t *at = in->at;

    if (size > in->left) {
        in->short_of = 1;
        return NULL;
    }
    in->at += size;
    in->left -= size;
    return at;
}

static uint32_t get32(struct reader *in)
{
    const uint8_t *at = get(in, 4);

    return at ? fl_le32_get(at) : 0;
}

static uint64_t get64(struct reader *in)
{
    const uint8_t *at = get(in, 8);

    return at ? fl_le64_get(at) : 0;
}

static int get_ranges(struct reader *in, struct fl_mark *mark, uint32_t count, uint64_t *last)
{
    *last = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t first = get64(in);
        uint64_t end = get64(in);
        if (in->short_of || first >= end)
            return FLOW_EPARSE;
        if (fl_mark_add(mark, first, end))
            return FLOW_ENOMEM;
        *last = end > *last ? end : *last;
    }
    return FLOW_OK;
}

static int name_mark(struct fl_state *state, struct fl_mark *mark, const uint8_t *name,
                     size_t size)
{
    if (!name || size > NAME_MAX_SIZE || memchr(name, '\0', size))
        return FLOW_EPARSE;
    if (!mark->name)
        mark->name = fl_strndup(state->mem, (const char *)name, size);
    return mark->name ? FLOW_OK : FLOW_ENOMEM;
}

/* SIZE bytes, of which those that a later version added are passed over; none: as they were. */
static void get_terms(struct reader *in, uint32_t size, struct fl_mark *terms)
{
    struct reader more = {.at = get(in, size), .left = size};

    *terms = (struct fl_mark){0};
    if (in->short_of || size < MARK_MORE)
        return;
    terms->terms.flags = get32(&more);
    terms->terms.max_events = get64(&more);
    terms->terms.max_bytes = get64(&more);
    terms->skipped = get64(&more);
}

static int join_mark(struct fl_state *state, struct reader *in)
{
    uint32_t id = get32(in);
    uint32_t sizes = get32(in), size = sizes & 0xffff;
    const uint8_t *name = get(in, size);
    struct fl_mark terms;
    get_terms(in, sizes >> 16, &terms);
    uint64_t watermark = get64(in);
    uint32_t ranges = get32(in);
    uint64_t last = 0;
    struct fl_mark *mark = in->short_of ? NULL : fl_state_mark(state, id);

    if (!mark)
        return in->short_of ? FLOW_EPARSE : FLOW_ENOMEM;
    int rc = name_mark(state, mark, name, size);
    if (rc)
        return rc;
    mark->terms = terms.terms;
    if (mark->skipped < terms.skipped)
        mark->skipped = terms.skipped;
    if (mark->watermark < watermark)
        mark->watermark = watermark;
    fl_mark_settle(&mark->watermark, &mark->acked);
    return get_ranges(in, mark, ranges, &last);
}

/* Forgets the names of cursors that a later state does not know: they were removed. */
static void forget_names(struct fl_state *state)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        struct fl_mark *mark = fl_vec_at(&state->marks, i);
        fl_free(state->mem, mark->name);
        mark->name = NULL;
    }
}

/* As get_terms, for the state itself. */
static void get_more(struct reader *in, uint32_t size, struct fl_state *state)
{
    struct reader more = {.at = get(in, size), .left = size};
    uint64_t released = in->short_of || size < STATE_MORE ? 0 : get64(&more);

    if (state->released < released)
        state->released = released;
}

int fl_state_join(struct fl_state *state, const uint8_t *data, size_t size)
{
    struct reader in = {.at = data, .left = size};
    uint64_t generation = get64(&in);
    uint64_t next_offset = get64(&in);
    uint32_t next_id = get32(&in);
    uint32_t counts = get32(&in), count = counts & 0xffff;
    get_more(&in, counts >> 16, state);
    int rc = in.short_of ? FLOW_EPARSE : FLOW_OK;

    if (rc || generation < state->generation)
        return rc;
    forget_names(state);
    state->generation = generation;
    if (state->next_offset < next_offset)
        state->next_offset = next_offset;
    if (state->next_id < next_id)
        state->next_id = next_id;
    for (uint32_t i = 0; i < count && !rc; i++)
        rc = join_mark(state, &in);
    return rc ? rc : fl_positions_join_state(state->positions, generation, in.at, in.left);
}

/* As if there were the one cursor that there always is. */
int fl_state_hide(struct fl_state *state, uint64_t floor)
{
    struct fl_mark *mark = fl_state_mark(state, 1);

    state->hidden = 1;
    state->released = UINT64_MAX; /* nobody knows */
    if (!mark || (!mark->name && !(mark->name = fl_strdup(state->mem, ""))))
        return FLOW_ENOMEM;
    if (mark->watermark < floor)
        mark->watermark = floor;
    fl_mark_settle(&mark->watermark, &mark->acked);
    return FLOW_OK;
}

int fl_state_join_ack(struct fl_state *state, const uint8_t *data, size_t size, size_t marks,
                      uint64_t *end)
{
    struct reader in = {.at = data, .left = size - marks};
    uint32_t id = get32(&in);
    uint32_t count = get32(&in);
    struct fl_mark *mark = in.short_of ? NULL : fl_state_mark(state, id);

    if (!mark)
        return in.short_of ? FLOW_EPARSE : FLOW_ENOMEM;
    int rc = get_ranges(&in, mark, count, end);
    return rc || !marks ? rc : fl_positions_join(state->positions, data + size - marks, marks);
}
