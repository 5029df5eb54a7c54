/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/le.h"
#include "store/state.h"

#define NAME_MAX_SIZE 255u
#define MARK_MORE 28u  /* bytes of terms and losses behind the name of a mark; letters follow */
#define STATE_MORE 16u /* bytes behind the number of marks */
#define STATE_SPANS 8u /* further ones, when there are spans: how many bytes these have */

void fl_state_init(struct fl_state *state, const flow_allocator *mem,
                   struct fl_positions *positions, struct fl_spans *spans)
{
    *state = (struct fl_state){.mem = mem, .next_id = 1, .positions = positions, .spans = spans};
    fl_vec_init(&state->marks, mem, sizeof(struct fl_mark));
    fl_vec_init(&state->dead, mem, sizeof(struct fl_dead));
}

void fl_state_free(struct fl_state *state)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        struct fl_mark *mark = fl_vec_at(&state->marks, i);
        fl_free(state->mem, mark->name);
        fl_ranges_free(&mark->acked);
        fl_ranges_free(&mark->direct);
        fl_vec_free(&mark->letters);
    }
    fl_vec_free(&state->marks);
    fl_vec_free(&state->dead);
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
        fl_ranges_init(&made->direct, state->mem);
        fl_vec_init(&made->letters, state->mem, sizeof(struct fl_letter));
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

static int put_letters(struct fl_buf *out, const struct fl_mark *mark)
{
    uint8_t bytes[FL_LETTER_SIZE];
    int rc = FLOW_OK;

    for (size_t i = 0; i < mark->letters.count && !rc; i++) {
        fl_letter_put(bytes, fl_vec_at(&mark->letters, i));
        rc = fl_buf_append(out, bytes, sizeof bytes);
    }
    return rc;
}

static int put_mark(struct fl_buf *out, const struct fl_mark *mark)
{
    size_t size = strlen(mark->name);
    size_t more = MARK_MORE + mark->letters.count * FL_LETTER_SIZE;
    int rc = put32(out, mark->id);

    if (!rc)
        rc = put32(out, (uint32_t)(size | more << 16));
    if (!rc)
        rc = fl_buf_append(out, mark->name, size);
    if (!rc)
        rc = put_terms(out, mark);
    if (!rc)
        rc = put_letters(out, mark);
    if (!rc)
        rc = put64(out, mark->watermark);
    return rc ? rc : put_ranges(out, &mark->acked);
}

static int write_all(const struct fl_state *state, const struct fl_buf *spans, struct fl_buf *out)
{
    uint32_t more = spans->size ? STATE_MORE + STATE_SPANS : STATE_MORE;
    int rc = put64(out, state->generation);

    if (!rc)
        rc = put64(out, state->next_offset);
    if (!rc)
        rc = put32(out, state->next_id);
    if (!rc)
        rc = put32(out, (uint32_t)state->marks.count | more << 16);
    if (!rc)
        rc = put64(out, state->released);
    if (!rc)
        rc = put64(out, state->next_letter);
    if (!rc && spans->size)
        rc = put64(out, spans->size);
    for (size_t i = 0; i < state->marks.count && !rc; i++)
        rc = put_mark(out, fl_vec_at(&state->marks, i));
    if (!rc)
        rc = fl_positions_write(state->positions, out);
    return rc || !spans->size ? rc : fl_buf_append(out, spans->data, spans->size);
}

int fl_state_write(const struct fl_state *state, struct fl_buf *out, int *has_spans)
{
    struct fl_buf spans;

    fl_buf_init(&spans, state->mem);
    int rc = fl_spans_write(state->spans, &spans);
    if (!rc)
        rc = write_all(state, &spans, out);
    *has_spans = spans.size > 0;
    fl_buf_free(&spans);
    return rc;
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

/* SIZE bytes; none, as in states before there were consumers with names, mean what is 0. */
static void get_terms(struct reader *more, struct fl_mark *mark)
{
    mark->terms.flags = get32(more);
    mark->terms.max_events = get64(more);
    mark->terms.max_bytes = get64(more);
    uint64_t skipped = get64(more);
    if (mark->skipped < skipped)
        mark->skipped = skipped;
}

static int get_letters(struct reader *more, struct fl_mark *mark)
{
    struct fl_letter letter;

    mark->letters.count = 0;
    while (more->left >= FL_LETTER_SIZE) {
        fl_letter_get(get(more, FL_LETTER_SIZE), &letter);
        if (!fl_vec_push(&mark->letters, &letter))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int join_mark(struct fl_state *state, struct reader *in)
{
    uint32_t id = get32(in);
    uint32_t sizes = get32(in), size = sizes & 0xffff;
    const uint8_t *name = get(in, size);
    struct reader more = {.left = sizes >> 16};
    more.at = get(in, more.left);
    uint64_t watermark = get64(in);
    uint32_t ranges = get32(in);
    uint64_t last = 0;
    struct fl_mark *mark = in->short_of ? NULL : fl_state_mark(state, id);

    if (!mark)
        return in->short_of ? FLOW_EPARSE : FLOW_ENOMEM;
    int rc = name_mark(state, mark, name, size);
    if (rc)
        return rc;
    if (more.left >= MARK_MORE)
        get_terms(&more, mark);
    if (get_letters(&more, mark))
        return FLOW_ENOMEM;
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
        mark->letters.count = 0;
    }
}

/* As get_terms, for the state itself; returns how many bytes at its end are of spans. */
static uint64_t get_more(struct reader *in, uint32_t size, struct fl_state *state)
{
    struct reader more = {.at = get(in, size), .left = size};
    int there = !in->short_of && size >= STATE_MORE;
    uint64_t released = there ? get64(&more) : 0;
    uint64_t next_letter = there ? get64(&more) : 0;
    uint64_t spans = there && size >= STATE_MORE + STATE_SPANS ? get64(&more) : 0;

    if (state->released < released)
        state->released = released;
    if (state->next_letter < next_letter)
        state->next_letter = next_letter;
    return spans;
}

/* What is behind the marks: positions, and SPANS bytes of spans. */
static int join_rest(struct fl_state *state, const struct reader *in, uint64_t spans)
{
    if (spans > in->left)
        return FLOW_EPARSE;
    size_t positions = in->left - (size_t)spans;
    int rc = fl_positions_join_state(state->positions, state->generation, in->at, positions);
    return rc ? rc : fl_spans_join(state->spans, in->at + positions, (size_t)spans);
}

int fl_state_join(struct fl_state *state, const uint8_t *data, size_t size)
{
    struct reader in = {.at = data, .left = size};
    uint64_t generation = get64(&in);
    uint64_t next_offset = get64(&in);
    uint32_t next_id = get32(&in);
    uint32_t counts = get32(&in), count = counts & 0xffff;
    uint64_t spans = get_more(&in, counts >> 16, state);
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
    return rc ? rc : join_rest(state, &in, spans);
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

int fl_state_join_put(struct fl_state *state, const struct fl_frame *frame, const uint8_t *end)
{
    const uint8_t *spans = end - frame->spans;
    const uint8_t *positions = end - frame->positions;
    int rc = fl_positions_join(state->positions, positions, (size_t)(spans - positions));

    return rc ? rc : fl_spans_join(state->spans, spans, frame->spans);
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
    const uint8_t *ranges = in.at;
    int rc = get_ranges(&in, mark, count, end);
    for (uint32_t i = 0; i < count && !rc; i++, ranges += 16) {
        rc = fl_ranges_reserve(&mark->direct, 1);
        if (!rc)
            fl_ranges_add(&mark->direct, fl_le64_get(ranges), fl_le64_get(ranges + 8));
    }
    return rc || !marks ? rc : fl_positions_join(state->positions, data + size - marks, marks);
}

/* ---- letters ---- */

int fl_state_join_dead(struct fl_state *state, const uint8_t *data, size_t size,
                       const struct fl_letter *place, uint64_t *end)
{
    struct fl_letter_text text;
    struct fl_dead dead;
    int rc = fl_letter_read(data, size, &dead.letter, &text);

    if (rc)
        return rc;
    dead.letter.epoch = place->epoch;
    dead.letter.at = place->at;
    dead.letter.stripe = place->stripe;
    dead.cursor = text.cursor;
    *end = dead.letter.offset + 1;
    struct fl_mark *mark = fl_state_mark(state, text.cursor);
    if (!mark || !fl_vec_push(&state->dead, &dead))
        return FLOW_ENOMEM;
    return fl_mark_add(mark, dead.letter.offset, *end);
}

static struct fl_letter *find_letter(const struct fl_mark *mark, uint64_t number)
{
    for (size_t i = 0; i < mark->letters.count; i++) {
        struct fl_letter *letter = fl_vec_at(&mark->letters, i);
        if (letter->number == number)
            return letter;
    }
    return NULL;
}

/* Takes over what frames that were seen say of letters of MARK: where they are, and, where the
 * state is older, that there are some. */
static int take_seen(const struct fl_state *state, struct fl_mark *mark)
{
    for (size_t i = 0; i < state->dead.count; i++) {
        const struct fl_dead *dead = fl_vec_at(&state->dead, i);
        struct fl_letter *letter = find_letter(mark, dead->letter.number);
        if (letter && fl_letter_is_later(&dead->letter, letter)) {
            letter->epoch = dead->letter.epoch;
            letter->at = dead->letter.at;
            letter->stripe = dead->letter.stripe;
        } else if (!letter && dead->cursor == mark->id &&
                   dead->letter.number >= state->next_letter &&
                   !fl_vec_push(&mark->letters, &dead->letter)) {
            return FLOW_ENOMEM;
        }
    }
    return FLOW_OK;
}

/* Whether the event of LETTER died once more, after it was replayed. */
static int is_replaced(const struct fl_mark *mark, const struct fl_letter *letter)
{
    for (size_t i = 0; i < mark->letters.count; i++) {
        const struct fl_letter *other = fl_vec_at(&mark->letters, i);
        if (other->offset == letter->offset && other->number > letter->number && other->epoch)
            return 1;
    }
    return 0;
}

/* Drops letters that were never written, and those that were delivered, or replaced, in the end. */
static void drop_gone(struct fl_mark *mark)
{
    for (size_t i = mark->letters.count; i-- > 0;) {
        const struct fl_letter *letter = fl_vec_at(&mark->letters, i);
        const struct fl_range *range = fl_ranges_find(&mark->direct, letter->offset);
        if (!letter->epoch || (range && range->first <= letter->offset) ||
            is_replaced(mark, letter))
            fl_vec_remove(&mark->letters, i);
    }
}

int fl_state_settle_letters(struct fl_state *state)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        struct fl_mark *mark = fl_vec_at(&state->marks, i);
        if (mark->name && take_seen(state, mark))
            return FLOW_ENOMEM;
        drop_gone(mark);
    }
    for (size_t i = 0; i < state->dead.count; i++) {
        const struct fl_dead *dead = fl_vec_at(&state->dead, i);
        if (dead->letter.number >= state->next_letter)
            state->next_letter = dead->letter.number + 1;
    }
    return FLOW_OK;
}
