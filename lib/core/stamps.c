/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "core/stamps.h"

void fl_stamps_init(struct fl_stamps *stamps, const flow_allocator *mem)
{
    fl_vec_init(&stamps->list, mem, sizeof(struct fl_stamp));
    fl_buf_init(&stamps->keys, mem);
}

void fl_stamps_free(struct fl_stamps *stamps)
{
    fl_vec_free(&stamps->list);
    fl_buf_free(&stamps->keys);
}

void fl_stamps_clear(struct fl_stamps *stamps)
{
    stamps->list.count = 0;
    fl_buf_clear(&stamps->keys);
}

/* A key is mostly the one of the stamp before, and then not kept twice. */
static int add_key(struct fl_stamps *stamps, const flow_span *span, size_t *at)
{
    size_t count = stamps->list.count;

    if (count) {
        const struct fl_stamp *last = fl_stamps_at(stamps, count - 1);
        *at = last->key_at;
        if (last->key_size == span->key_size &&
            !memcmp(fl_stamps_key(stamps, last), span->key, span->key_size))
            return FLOW_OK;
    }
    *at = stamps->keys.size;
    return fl_buf_append(&stamps->keys, span->key, span->key_size);
}

int fl_stamps_add(struct fl_stamps *stamps, const flow_span *span, size_t end)
{
    struct fl_stamp stamp = {
        .end = end,
        .first = span->first,
        .horizon = span->horizon,
        .key_size = span->key_size,
        .count = span->count,
    };
    size_t before = stamps->keys.size;
    int rc = span->key_size ? add_key(stamps, span, &stamp.key_at) : FLOW_OK;

    if (!rc && !fl_vec_push(&stamps->list, &stamp))
        rc = FLOW_ENOMEM;
    if (rc)
        stamps->keys.size = before;
    return rc;
}

int fl_stamps_append(struct fl_stamps *to, const struct fl_stamps *from, size_t count)
{
    size_t keys = to->keys.size;

    if (fl_vec_reserve(&to->list, to->list.count + from->list.count) ||
        fl_buf_append(&to->keys, from->keys.data, from->keys.size))
        return FLOW_ENOMEM;
    for (size_t i = 0; i < from->list.count; i++) {
        struct fl_stamp stamp = *fl_stamps_at(from, i);
        stamp.end += count;
        stamp.key_at += keys;
        fl_vec_push(&to->list, &stamp);
    }
    return FLOW_OK;
}

/* ---- events that go ---- */

/* Which events stay. */
struct sieve {
    const uint8_t *keep; /* or NULL: the first `count` */
    size_t count;
    int elsewhere; /* the others are still there, but not here */
};

static int stays(const struct sieve *sieve, size_t event)
{
    return sieve->keep ? sieve->keep[event] != 0 : event < sieve->count;
}

/* What becomes of the stamps. */
struct sifting {
    const struct sieve *sieve;
    size_t event; /* the next one of before */
    size_t kept;
};

/* How many of the events before END, which is not reached yet, have the same fate. */
static size_t count_alike(const struct sifting *s, size_t end)
{
    size_t n = 1;

    while (s->event + n < end && stays(s->sieve, s->event + n) == stays(s->sieve, s->event))
        n++;
    return n;
}

static void pass(struct sifting *s, size_t end)
{
    for (; s->event < end; s->event++)
        s->kept += stays(s->sieve, s->event);
}

/* What was not told apart stands for events that are elsewhere, too. */
static void disown(const struct sifting *s, struct fl_stamp *stamp)
{
    if (s->sieve->elsewhere && stamp->count && stamp->kind != FL_STAMP_GONE && s->kept < s->event)
        stamp->key_size = 0;
}

/* Adds to OUT the parts of OLD, whose events have a number each. */
static int split(struct sifting *s, const struct fl_stamp *old, struct fl_vec *out)
{
    struct fl_stamp part = *old;

    while (s->event < old->end) {
        int kept = stays(s->sieve, s->event);
        part.count = (uint32_t)count_alike(s, old->end);
        part.kind = kept ? FL_STAMP_EACH : FL_STAMP_GONE;
        part.key_size = kept || !s->sieve->elsewhere ? old->key_size : 0;
        s->event += part.count;
        s->kept += kept ? part.count : 0;
        part.end = s->kept;
        if (!fl_vec_push(out, &part))
            return FLOW_ENOMEM;
        part.first += part.count;
    }
    return FLOW_OK;
}

static int sift_into(const struct fl_stamps *stamps, struct sifting *s, struct fl_vec *out)
{
    int rc = fl_vec_reserve(out, stamps->list.count);

    for (size_t i = 0; i < stamps->list.count && !rc; i++) {
        struct fl_stamp stamp = *fl_stamps_at(stamps, i);
        if (stamp.kind == FL_STAMP_EACH && stamp.key_size && stamp.count) {
            rc = split(s, &stamp, out);
            continue;
        }
        pass(s, stamp.end);
        stamp.end = s->kept;
        disown(s, &stamp);
        rc = fl_vec_push(out, &stamp) ? FLOW_OK : FLOW_ENOMEM;
    }
    return rc;
}

/* Without memory to tell the events apart those of one stamp stand and fall together. */
static void sift_roughly(struct fl_stamps *stamps, struct sifting *s)
{
    for (size_t i = 0; i < stamps->list.count; i++) {
        struct fl_stamp *stamp = fl_vec_at(&stamps->list, i);
        size_t before = s->kept, event = s->event;
        pass(s, stamp->end);
        stamp->end = s->kept;
        disown(s, stamp);
        if (stamp->kind == FL_STAMP_EACH && s->kept - before < s->event - event)
            stamp->kind = s->kept > before ? FL_STAMP_WHOLE : FL_STAMP_GONE;
    }
}

static void sift(struct fl_stamps *stamps, const struct sieve *sieve)
{
    struct sifting s = {.sieve = sieve};
    struct fl_vec out;

    if (!stamps->list.count)
        return;
    fl_vec_init(&out, stamps->list.mem, sizeof(struct fl_stamp));
    if (sift_into(stamps, &s, &out)) {
        s = (struct sifting){.sieve = sieve};
        sift_roughly(stamps, &s);
        fl_vec_free(&out);
        return;
    }
    fl_vec_free(&stamps->list);
    stamps->list = out;
}

void fl_stamps_filter(struct fl_stamps *stamps, const uint8_t *keep)
{
    sift(stamps, &(struct sieve){.keep = keep});
}

void fl_stamps_pick(struct fl_stamps *stamps, const uint8_t *keep)
{
    sift(stamps, &(struct sieve){.keep = keep, .elsewhere = 1});
}

void fl_stamps_truncate(struct fl_stamps *stamps, size_t count)
{
    if (count < fl_stamps_end(stamps))
        sift(stamps, &(struct sieve){.count = count});
}

void fl_stamps_mix(struct fl_stamps *stamps, size_t before, size_t count)
{
    int all = fl_stamps_end(stamps) == before;

    for (size_t i = 0; i < stamps->list.count; i++) {
        struct fl_stamp *stamp = fl_vec_at(&stamps->list, i);
        stamp->joined = i + 1 < stamps->list.count || !all;
        stamp->kind = FL_STAMP_WHOLE;
        stamp->end = count;
    }
}
