/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/error.h"
#include "base/le.h"
#include "base/map.h"
#include "store/positions.h"

#define RECORD_FRONT 16u
#define BYTES_MAX ((size_t)64 << 20) /* of all records: a state must fit into a frame, and memory  \
                                      */
#define FEWEST_SLOTS 16u

/* A key may have the name of its source before it. */
#define KEY_MAX (2 * FLOW_POSITION_MAX)

struct fl_place {
    struct fl_place *next; /* in its slot */
    uint64_t hash;
    uint64_t life;
    uint64_t coming; /* the life that the next record is of */
    uint64_t seen;   /* the latest state that lists it */
    uint32_t pins;   /* records under way */
    uint32_t key_size, value_size, value_room;
    uint8_t *value; /* there is none when its size is 0 */
    uint8_t key[];
};

struct record {
    const uint8_t *key, *value;
    uint32_t key_size, value_size;
    uint64_t life;
    size_t size;
};

int fl_positions_init(struct fl_positions *positions, const flow_allocator *mem)
{
    *positions = (struct fl_positions){.mem = mem, .next_life = 1};
    positions->seed = fl_hash_seed(positions);
    return fl_lock_init(&positions->lock);
}

static void place_free(struct fl_positions *positions, struct fl_place *place)
{
    fl_free(positions->mem, place->value);
    fl_free(positions->mem, place);
}

void fl_positions_free(struct fl_positions *positions)
{
    for (size_t i = 0; i < positions->slot_count; i++) {
        for (struct fl_place *place = positions->slots[i], *next; place; place = next) {
            next = place->next;
            place_free(positions, place);
        }
    }
    fl_free(positions->mem, positions->slots);
    fl_lock_destroy(&positions->lock);
}

/* ---- records ---- */

int fl_position_append(struct fl_buf *list, const flow_position *position)
{
    size_t size = RECORD_FRONT + position->key_size + position->value_size;
    uint8_t *at = fl_buf_reserve(list, size);

    if (!at)
        return FLOW_ENOMEM;
    at = fl_le32_put(at, (uint32_t)position->key_size);
    at = fl_le32_put(at, (uint32_t)position->value_size);
    at = fl_le64_put(at, 0);
    memcpy(at, position->key, position->key_size);
    if (position->value_size)
        memcpy(at + position->key_size, position->value, position->value_size);
    list->size += size;
    return FLOW_OK;
}

/* Reads the record that begins at AT; 0 when it is none. */
static int read_record(const uint8_t *at, size_t left, struct record *record)
{
    if (left < RECORD_FRONT)
        return 0;
    record->key_size = fl_le32_get(at);
    record->value_size = fl_le32_get(at + 4);
    record->life = fl_le64_get(at + 8);
    if (!record->key_size || record->key_size > KEY_MAX || record->value_size > FLOW_POSITION_MAX)
        return 0;
    record->size = RECORD_FRONT + record->key_size + record->value_size;
    record->key = at + RECORD_FRONT;
    record->value = record->key + record->key_size;
    return record->size <= left;
}

/* ---- the table ---- */

static struct fl_place **slot_of(const struct fl_positions *positions, uint64_t hash)
{
    return &positions->slots[hash & (positions->slot_count - 1)];
}

/* Where the place of a key hangs, or would. */
static struct fl_place **find(const struct fl_positions *positions, uint64_t hash,
                              const uint8_t *key, size_t size)
{
    struct fl_place **at = slot_of(positions, hash);

    while (*at && ((*at)->hash != hash || (*at)->key_size != size || memcmp((*at)->key, key, size)))
        at = &(*at)->next;
    return at;
}

static int grow(struct fl_positions *positions)
{
    size_t count = positions->slot_count ? 2 * positions->slot_count : FEWEST_SLOTS;
    struct fl_place **old = positions->slots;
    size_t old_count = positions->slot_count;
    struct fl_place **slots = fl_calloc(positions->mem, count, sizeof(*slots));

    if (!slots)
        return FLOW_ENOMEM;
    positions->slots = slots;
    positions->slot_count = count;
    for (size_t i = 0; i < old_count; i++) {
        for (struct fl_place *place = old[i], *next; place; place = next) {
            next = place->next;
            struct fl_place **slot = slot_of(positions, place->hash);
            place->next = *slot;
            *slot = place;
        }
    }
    fl_free(positions->mem, old);
    return FLOW_OK;
}

/* The place of a record's key, made when there is none; NULL without memory. */
static struct fl_place *obtain(struct fl_positions *positions, const struct record *record)
{
    uint64_t hash = fl_hash(positions->seed, record->key, record->key_size);

    if (positions->count >= positions->slot_count && grow(positions))
        return NULL;
    struct fl_place **at = find(positions, hash, record->key, record->key_size);
    if (*at)
        return *at;
    struct fl_place *made = fl_zalloc(positions->mem, sizeof *made + record->key_size);
    if (!made)
        return NULL;
    made->hash = hash;
    made->key_size = record->key_size;
    memcpy(made->key, record->key, record->key_size);
    positions->count++;
    positions->bytes += RECORD_FRONT + record->key_size;
    *at = made;
    return made;
}

/* Makes sure that a value of SIZE bytes can be taken over. */
static int make_room(struct fl_positions *positions, struct fl_place *place, uint32_t size)
{
    if (size <= place->value_room)
        return FLOW_OK;
    uint8_t *grown = fl_realloc(positions->mem, place->value, size);
    if (!grown)
        return FLOW_ENOMEM;
    positions->bytes += size - place->value_room;
    place->value = grown;
    place->value_room = size;
    return FLOW_OK;
}

static void unhook(struct fl_positions *positions, struct fl_place **at)
{
    struct fl_place *place = *at;

    *at = place->next;
    positions->count--;
    positions->bytes -= RECORD_FRONT + place->key_size + place->value_room;
    place_free(positions, place);
}

static int is_larger(const struct record *record, const struct fl_place *place)
{
    uint32_t both = record->value_size < place->value_size ? record->value_size : place->value_size;
    int order = both ? memcmp(record->value, place->value, both) : 0;

    return order ? order > 0 : record->value_size > place->value_size;
}

/* Takes over a record, for whose value there is room, unless what is known is later. */
static void take_over(struct fl_place *place, const struct record *record)
{
    if (record->life < place->life || (record->life == place->life && !is_larger(record, place)))
        return;
    place->life = record->life;
    place->value_size = record->value_size;
    if (record->value_size)
        memcpy(place->value, record->value, record->value_size);
}

/* ---- writing ---- */

static void unpin(struct fl_positions *positions, const struct record *record, int durable)
{
    uint64_t hash = fl_hash(positions->seed, record->key, record->key_size);
    struct fl_place **at = find(positions, hash, record->key, record->key_size);

    if (durable)
        take_over(*at, record);
    if (--(*at)->pins == 0 && !(*at)->value_size)
        unhook(positions, at);
}

static int is_known(const struct fl_positions *positions, const struct record *record)
{
    uint64_t hash = fl_hash(positions->seed, record->key, record->key_size);

    return positions->slot_count && *find(positions, hash, record->key, record->key_size);
}

static int pin(struct fl_positions *positions, const struct record *record, uint8_t *life,
               flow_error **err)
{
    if (positions->bytes > BYTES_MAX && record->value_size && !is_known(positions, record))
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the channel keeps %zu positions of sources and marks of sinks and "
                               "has no room for more; those must be forgotten that are needed no "
                               "longer",
                               positions->count);
    struct fl_place *place = obtain(positions, record);
    if (!place)
        return fl_error_nomem(err);
    place->pins++;
    if (!place->coming || !record->value_size)
        place->coming = positions->next_life++;
    if (!place->life)
        place->life = place->coming;
    fl_le64_put(life, place->coming);
    if (!make_room(positions, place, record->value_size))
        return FLOW_OK;
    unpin(positions, record, 0);
    return fl_error_nomem(err);
}

/* Does so for the records in the first SIZE bytes. */
static void unpin_all(struct fl_positions *positions, const struct fl_buf *list, size_t size,
                      int durable)
{
    struct record record;

    for (size_t at = 0; at < size && read_record(list->data + at, size - at, &record);
         at += record.size)
        unpin(positions, &record, durable);
}

int fl_positions_begin(struct fl_positions *positions, struct fl_buf *list, flow_error **err)
{
    struct record record;
    size_t at = 0;
    int rc = FLOW_OK;

    fl_lock(&positions->lock);
    while (!rc && at < list->size && read_record(list->data + at, list->size - at, &record)) {
        rc = pin(positions, &record, list->data + at + 8, err);
        if (!rc)
            at += record.size;
    }
    if (rc)
        unpin_all(positions, list, at, 0);
    fl_unlock(&positions->lock);
    return rc;
}

void fl_positions_land(struct fl_positions *positions, const struct fl_buf *list, int durable)
{
    fl_lock(&positions->lock);
    unpin_all(positions, list, list->size, durable);
    fl_unlock(&positions->lock);
}

/* ---- reading ---- */

static flow_position position_of(const struct fl_place *place)
{
    return (flow_position){place->key, place->value_size ? place->value : NULL, place->key_size,
                           place->value_size};
}

static int tell(const struct fl_place *place, flow_position_fn fn, void *arg)
{
    const flow_position position = position_of(place);

    return position.value_size ? fn(arg, &position) : FLOW_OK;
}

static int tell_all(const struct fl_positions *positions, flow_position_fn fn, void *arg)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < positions->slot_count && !rc; i++) {
        for (struct fl_place *place = positions->slots[i]; place && !rc; place = place->next)
            rc = tell(place, fn, arg);
    }
    return rc;
}

int fl_positions_each(struct fl_positions *positions, const void *key, size_t key_size,
                      flow_position_fn fn, void *arg)
{
    int rc = FLOW_OK;

    fl_lock(&positions->lock);
    if (!key) {
        rc = tell_all(positions, fn, arg);
    } else if (positions->slot_count) {
        uint64_t hash = fl_hash(positions->seed, key, key_size);
        const struct fl_place *place = *find(positions, hash, key, key_size);
        rc = place ? tell(place, fn, arg) : FLOW_OK;
    }
    fl_unlock(&positions->lock);
    return rc;
}

/* ---- states and recovery ---- */

static int write_place(const struct fl_place *place, struct fl_buf *out)
{
    const flow_position position = position_of(place);
    size_t at = out->size;
    int rc = fl_position_append(out, &position);

    if (!rc)
        fl_le64_put(out->data + at + 8, place->life);
    return rc;
}

int fl_positions_write(struct fl_positions *positions, struct fl_buf *out)
{
    uint8_t *front = fl_buf_reserve(out, 8);
    int rc = front ? FLOW_OK : FLOW_ENOMEM;

    if (rc)
        return rc;
    fl_lock(&positions->lock);
    fl_le64_put(front, positions->next_life);
    out->size += 8;
    for (size_t i = 0; i < positions->slot_count && !rc; i++) {
        for (struct fl_place *place = positions->slots[i]; place && !rc; place = place->next)
            rc = write_place(place, out);
    }
    fl_unlock(&positions->lock);
    return rc;
}

static int join(struct fl_positions *positions, const uint8_t *data, size_t size,
                uint64_t generation)
{
    struct record record;

    for (; size; data += record.size, size -= record.size) {
        if (!read_record(data, size, &record))
            return FLOW_EPARSE;
        if (!positions)
            continue;
        struct fl_place *place = obtain(positions, &record);
        if (!place || make_room(positions, place, record.value_size))
            return FLOW_ENOMEM;
        take_over(place, &record);
        if (generation)
            place->seen = generation;
        if (positions->next_life <= record.life)
            positions->next_life = record.life + 1;
    }
    return FLOW_OK;
}

int fl_positions_join(struct fl_positions *positions, const uint8_t *data, size_t size)
{
    return join(positions, data, size, 0);
}

int fl_positions_join_state(struct fl_positions *positions, uint64_t generation,
                            const uint8_t *data, size_t size)
{
    if (size < 8)
        return FLOW_EPARSE;
    if (positions) {
        positions->generation = generation;
        positions->floor = fl_le64_get(data);
        if (positions->next_life < positions->floor)
            positions->next_life = positions->floor;
    }
    return join(positions, data + 8, size - 8, generation);
}

void fl_positions_settle(struct fl_positions *positions)
{
    for (size_t i = 0; i < positions->slot_count; i++) {
        for (struct fl_place **at = &positions->slots[i]; *at;) {
            struct fl_place *place = *at;
            int known = place->life >= positions->floor || place->seen == positions->generation;
            place->coming = place->life;
            if (known && place->value_size)
                at = &place->next;
            else
                unhook(positions, at);
        }
    }
}
