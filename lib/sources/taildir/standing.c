/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How far files were committed, as durable channels keep it with the events.  Where there is one,
 * that counts and the position file does not: it is written after the commit, and a crash may come
 * between.
 *
 *     key      a NUL, which no other source begins with; device, inode and time of birth
 *     value    generation, offset, where the generation began, head; 8 bytes each, big-endian
 *
 * A generation ends when the file is emptied or rewritten, which is also seen after it happened
 * while nobody looked: the head holds the size and the sum of the first bytes.  The channel that is
 * furthest is the one whose head is compared.  When that fits, the reading goes on where the last
 * channel stands, with a position behind each line until the furthest one is reached, and what a
 * channel has it is spared.  When not, a generation begins that is new to all channels.
 *
 * A key is forgotten when the table drops its file, or when another file has the inode.
 */

#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "sources/taildir/taildir.h"

#define KEY_SIZE 25u
#define VALUE_SIZE 32u

/* A file that a channel knew at the start. */
struct known {
    uint64_t inode;
    uint64_t dev;
    int64_t birth;
    int is_settled; /* it was found, or is forgotten */
};

static void put_key(uint8_t key[KEY_SIZE], uint64_t dev, uint64_t inode, int64_t birth)
{
    key[0] = '\0';
    fl_be64_put(fl_be64_put(fl_be64_put(key + 1, dev), inode), (uint64_t)birth);
}

static void put_value(uint8_t value[VALUE_SIZE], const struct tail_place *place)
{
    uint8_t *at = fl_be64_put(value, place->generation);

    at = fl_be64_put(at, (uint64_t)place->offset);
    at = fl_be64_put(at, (uint64_t)place->begun);
    fl_be64_put(at, (uint64_t)place->head.size << 32 | place->head.sum);
}

static void get_value(const uint8_t *value, size_t size, struct tail_place *place)
{
    *place = (struct tail_place){.there = size == VALUE_SIZE};
    if (!place->there)
        return;
    uint64_t head = fl_be64_get(value + 24);
    place->generation = fl_be64_get(value);
    place->offset = (int64_t)fl_be64_get(value + 8);
    place->begun = (int64_t)fl_be64_get(value + 16);
    place->head.size = (uint32_t)(head >> 32);
    place->head.sum = (uint32_t)head;
    place->there =
        place->begun >= 0 && place->offset >= place->begun && place->head.size <= TAIL_HEAD_MAX;
}

/* ---- what channels knew at the start ---- */

static struct known *known_at(const struct taildir *t, size_t index)
{
    return fl_vec_at(&t->standing.known, index);
}

static int add_known(void *self, const flow_position *position)
{
    struct taildir *t = self;
    const uint8_t *key = position->key;

    if (position->key_size != KEY_SIZE || key[0] != '\0') {
        return FLOW_OK; /* of a source of another type that had the name */
    }
    const struct known known = {
        .dev = fl_be64_get(key + 1),
        .inode = fl_be64_get(key + 9),
        .birth = (int64_t)fl_be64_get(key + 17),
    };
    t->standing.is_blank = t->standing.is_blank && position->value_size == 0;
    return fl_vec_push(&t->standing.known, &known) ? FLOW_OK : FLOW_ENOMEM;
}

static int compare_inodes(const void *a, const void *b)
{
    const struct known *left = a;
    const struct known *right = b;

    return (left->inode > right->inode) - (left->inode < right->inode);
}

int tail_standing_look(struct taildir *t, flow_emitter *emitter, flow_error **err)
{
    t->standing.emitter = emitter;
    t->standing.known.count = 0;
    fl_forgetting_emitted(&t->standing.forgetting); /* of the run before: found again */
    t->standing.is_blank = 1;
    t->standing.is_adopted = 0;
    t->standing.is_tidy = 0;
    int rc = flow_emitter_positions(emitter, add_known, t, err);
    fl_vec_sort(&t->standing.known, compare_inodes);
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

/* The first that is known of INODE, or of a larger one. */
static size_t first_known(const struct taildir *t, uint64_t inode)
{
    size_t low = 0;
    size_t high = t->standing.known.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (known_at(t, middle)->inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_present(const struct taildir *t, uint64_t dev)
{
    for (size_t i = 0; i < t->turn.count; i++) {
        const struct tail_file *file = *(struct tail_file **)fl_vec_at(&t->turn, i);
        if (file->dev == dev)
            return 1;
    }
    return 0;
}

/* Finds the device by which channels know the file: that of an earlier start when nothing is on
 * that any more. */
static void find_device(struct taildir *t, struct tail_file *file)
{
    struct known *found = NULL;

    for (size_t i = first_known(t, file->inode); i < t->standing.known.count; i++) {
        struct known *known = known_at(t, i);
        if (known->inode != file->inode)
            break;
        if (known->birth == file->birth && known->dev == file->dev) {
            found = known;
            break;
        }
        if (known->birth == file->birth && !known->is_settled && !is_present(t, known->dev))
            found = known;
    }
    file->key_dev = file->dev;
    if (found) {
        file->key_dev = found->dev;
        found->is_settled = 1;
    }
}

/* ---- one file ---- */

int tail_standing_ask(struct taildir *t, struct tail_file *file, flow_error **err)
{
    struct tail_standing *standing = &t->standing;
    uint8_t key[KEY_SIZE];
    uint8_t value[VALUE_SIZE];
    size_t size;

    find_device(t, file);
    put_key(key, file->key_dev, file->inode, file->birth);
    int rc = flow_emitter_position_latest(standing->emitter, key, sizeof key, value, sizeof value,
                                          &size, err);
    if (rc != FLOW_OK)
        return rc;
    get_value(value, size, &standing->furthest);
    rc = flow_emitter_position(standing->emitter, key, sizeof key, value, sizeof value, &size, err);
    if (rc == FLOW_OK)
        get_value(value, size, &standing->last);
    return rc;
}

/* Whether the position in a list can be that of the file.  When channels know the source, they know
 * what it has read; a list may be an old one, of a time when the inode was another file's. */
static int believes(const struct taildir *t, const struct tail_file *file)
{
    int64_t head = file->pos < TAIL_HEAD_MAX ? file->pos : TAIL_HEAD_MAX;

    return file->is_listed && (t->standing.is_blank || file->head.size >= head);
}

/* Where a file goes on of which the furthest channel has what is still there. */
static int64_t resume_at(const struct taildir *t, int64_t listed)
{
    const struct tail_place *furthest = &t->standing.furthest;
    const struct tail_place *last = &t->standing.last;

    if (last->there)
        return last->generation == furthest->generation ? last->offset : furthest->begun;
    /* To a channel that lacks it the file is new, or the channel is. */
    if (listed < furthest->begun)
        return furthest->begun;
    return listed < furthest->offset ? listed : furthest->offset;
}

/* Takes over what the furthest channel has, if that is still there. */
static int take_furthest(struct taildir *t, struct tail_file *file, int64_t listed,
                         flow_error **err)
{
    const struct tail_place *furthest = &t->standing.furthest;
    int64_t before = file->pos;

    file->pos = furthest->offset;
    file->generation = furthest->generation;
    file->begun = furthest->begun;
    file->head = furthest->head;
    file->ahead = furthest->offset;
    int rc = tail_file_check(t, file, err);
    if (rc != FLOW_OK)
        file->pos = before;
    else if (file->generation == furthest->generation)
        file->pos = resume_at(t, listed);
    return rc;
}

int tail_standing_take(struct taildir *t, struct tail_file *file, flow_error **err)
{
    int is_believed = believes(t, file);
    int rc = FLOW_OK;

    file->lacks = !t->standing.last.there;
    if (t->standing.furthest.there)
        rc = take_furthest(t, file, is_believed ? file->pos : -1, err);
    else if (file->is_listed && !is_believed)
        tail_file_anew(t, file, file->fresh);
    else
        file->begun = file->pos;
    if (rc == FLOW_OK) {
        file->fresh = 0;
        file->is_asked = 1;
    }
    return rc;
}

int tail_standing_note(struct taildir *t, struct tail_file *file, int64_t offset, flow_error **err)
{
    const struct tail_place place = {
        .generation = file->generation,
        .offset = offset,
        .begun = file->begun,
        .head = tail_file_head(t, file, offset),
    };
    uint8_t key[KEY_SIZE];
    uint8_t value[VALUE_SIZE];

    put_key(key, file->key_dev, file->inode, file->birth);
    put_value(value, &place);
    int rc = flow_batch_set_position(t->batch, key, sizeof key, value, sizeof value, err);
    if (rc == FLOW_OK)
        t->noted = offset;
    return rc;
}

void tail_standing_forget(struct taildir *t, const struct tail_file *file)
{
    uint8_t key[KEY_SIZE];

    if (file->is_asked) {
        put_key(key, file->key_dev, file->inode, file->birth);
        fl_forgetting_add(&t->standing.forgetting, key, sizeof key);
    }
}

/* ---- all files ---- */

/* Adds a position for FILE when its reading begins in its middle and a channel does not know. */
static int adopt(struct taildir *t, struct tail_file *file, flow_error **err)
{
    flow_error *fault = NULL;
    int rc = tail_file_begin(t, file, &fault, err);

    if (rc == FLOW_OK && file->lacks)
        rc = tail_standing_note(t, file, file->pos, err);
    tail_file_close(t, file); /* not to have all of them open at a time */
    if (fault) {
        flow_error_free(fault); /* told when it is to be read */
        return rc == FLOW_ENOMEM ? fl_error_nomem(err) : FLOW_OK;
    }
    return rc;
}

int tail_standing_adopt(struct taildir *t, flow_error **err)
{
    int rc = FLOW_OK;

    if (t->standing.is_adopted)
        return FLOW_OK;
    flow_batch_clear(t->batch);
    for (size_t i = 0; rc == FLOW_OK && i < t->turn.count; i++) {
        struct tail_file *file = *(struct tail_file **)fl_vec_at(&t->turn, i);
        if (file->pos > 0)
            rc = adopt(t, file, err);
    }
    rc = rc == FLOW_OK ? flow_emitter_emit(t->standing.emitter, t->batch, err) : rc;
    flow_batch_clear(t->batch);
    t->standing.is_adopted = rc == FLOW_OK;
    return rc;
}

/* Whether all files there are were compared with what is known. */
static int is_complete(const struct taildir *t)
{
    for (size_t i = 0; i < t->groups.count; i++) {
        if (((const struct tail_group *)fl_vec_at(&t->groups, i))->unsure)
            return 0;
    }
    for (size_t i = 0; i < t->turn.count; i++) {
        if (!(*(struct tail_file **)fl_vec_at(&t->turn, i))->is_asked)
            return 0;
    }
    return 1;
}

/* The file that was not found and is the oldest, and how many there are. */
static struct known *oldest_lost(const struct taildir *t, size_t *count)
{
    struct known *oldest = NULL;

    *count = 0;
    for (size_t i = 0; i < t->standing.known.count; i++) {
        struct known *known = known_at(t, i);
        if (!known->is_settled) {
            ++*count;
            oldest = !oldest || known->birth < oldest->birth ? known : oldest;
        }
    }
    return oldest;
}

/* Forgets lost files while there are too many of them. */
static void forget_lost(struct taildir *t)
{
    uint8_t key[KEY_SIZE];
    size_t count;

    for (;;) {
        struct known *oldest = oldest_lost(t, &count);
        if (count <= TAIL_GONE_MAX)
            return;
        put_key(key, oldest->dev, oldest->inode, oldest->birth);
        fl_forgetting_add(&t->standing.forgetting, key, sizeof key);
        oldest->is_settled = 1;
    }
}

void tail_standing_tidy(struct taildir *t)
{
    if (!t->standing.is_tidy && is_complete(t)) {
        forget_lost(t);
        t->standing.is_tidy = 1;
    }
    fl_forgetting_flush(&t->standing.forgetting, t->standing.emitter, t->batch);
}

void tail_standing_init(struct taildir *t)
{
    fl_vec_init(&t->standing.known, t->mem, sizeof(struct known));
    fl_forgetting_init(&t->standing.forgetting, t->mem);
}

void tail_standing_free(struct taildir *t)
{
    fl_forgetting_free(&t->standing.forgetting);
    fl_vec_free(&t->standing.known);
}
