/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/library.h"
#include "runtime/standing.h"

int fl_standing_keeps(const flow_emitter *emitter, size_t index)
{
    if (!fl_channel_is_durable(emitter->channels[index]))
        return 0;
    return !emitter->constant || fl_route_get(emitter->constant, index) == FL_ROUTE_REQUIRED;
}

/* Whether events may go to the channel at INDEX and have to arrive there. */
static int is_required(const flow_emitter *emitter, size_t index)
{
    return !emitter->constant || fl_route_get(emitter->constant, index) == FL_ROUTE_REQUIRED;
}

void fl_standing_tell(flow_emitter *emitter)
{
    if (atomic_exchange(&emitter->told, 1))
        return;
    for (size_t i = 0; i < emitter->channel_count; i++) {
        const flow_channel *channel = emitter->channels[i];
        if (is_required(emitter, i) && !fl_channel_is_durable(channel))
            flow_context_logf(emitter->ctx, FLOW_LOG_INFO,
                              "channel %s keeps no positions, so there exactly-once ends: after a "
                              "crash events may be missing or come twice",
                              flow_channel_name(channel));
    }
}

void fl_standing_tell_spans(flow_emitter *emitter)
{
    if (atomic_exchange(&emitter->told_spans, 1))
        return;
    for (size_t i = 0; i < emitter->channel_count; i++) {
        const flow_channel *channel = emitter->channels[i];
        if (is_required(emitter, i) && !fl_channel_keeps_spans(channel))
            flow_context_logf(emitter->ctx, FLOW_LOG_INFO,
                              "channel %s does not remember what senders have sent, so there "
                              "exactly-once ends: what one sends once more comes twice",
                              flow_channel_name(channel));
    }
}

/* ---- keys ---- */

static size_t prefix_size(const flow_emitter *emitter)
{
    return strlen(emitter->ctx->name) + 1;
}

/* POSITION's key as channels know it. */
static int full_key(const flow_emitter *emitter, const void *key, size_t size, struct fl_buf *out,
                    flow_error **err)
{
    fl_buf_init(out, emitter->mem);
    if (prefix_size(emitter) > FLOW_POSITION_MAX || size > FLOW_POSITION_MAX)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the key of a position, or the name of its source, has more than "
                               "%u bytes",
                               FLOW_POSITION_MAX);
    if (fl_buf_append(out, emitter->ctx->name, prefix_size(emitter)) == FLOW_OK &&
        fl_buf_append(out, key, size) == FLOW_OK)
        return FLOW_OK;
    fl_buf_free(out);
    return fl_error_nomem(err);
}

/* -1, 0 or 1, as the first value is smaller, the same or larger. */
static int compare(const void *one, size_t one_size, const void *other, size_t other_size)
{
    int order = memcmp(one, other, one_size < other_size ? one_size : other_size);

    if (order == 0)
        order = (one_size > other_size) - (one_size < other_size);
    return order;
}

/* ---- one channel ---- */

struct question {
    const flow_position *wanted;
    int found;
    int enough;
};

static int answer(void *self, const flow_position *stored)
{
    struct question *question = self;
    const flow_position *wanted = question->wanted;

    question->found = 1;
    if (wanted->value_size > 0)
        question->enough =
            compare(stored->value, stored->value_size, wanted->value, wanted->value_size) >= 0;
    return FLOW_OK;
}

static int ask(const flow_channel *channel, const struct fl_buf *key, flow_position_fn fn,
               void *arg, flow_error **err)
{
    int rc = fl_channel_check(channel, err);

    return rc == FLOW_OK ? channel->ops->positions(channel->self, key->data, key->size, fn, arg)
                         : rc;
}

int fl_standing_has(flow_emitter *emitter, size_t index, const flow_position *position, int *has,
                    flow_error **err)
{
    struct question question = {.wanted = position};
    struct fl_buf key;
    int rc = full_key(emitter, position->key, position->key_size, &key, err);

    if (rc != FLOW_OK)
        return rc;
    rc = ask(emitter->channels[index], &key, answer, &question, err);
    fl_buf_free(&key);
    *has = position->value_size > 0 ? question.enough : !question.found;
    return rc;
}

int fl_standing_put(flow_emitter *emitter, flow_txn *txn, const flow_position *position,
                    flow_error **err)
{
    struct fl_buf key;
    int rc = full_key(emitter, position->key, position->key_size, &key, err);

    if (rc != FLOW_OK)
        return rc;
    const flow_position full = {key.data, position->value, key.size, position->value_size};
    rc = fl_txn_put_position(txn, &full, err);
    fl_buf_free(&key);
    return rc;
}

/* ---- the smallest and the largest of all ---- */

enum end { SMALLEST, LARGEST };

struct extreme {
    enum end end;
    struct fl_buf value;
    int known; /* it holds a value */
    int found; /* the channel that is asked has one */
    int rc;
};

static int take_better(void *self, const flow_position *stored)
{
    struct extreme *best = self;

    best->found = 1;
    if (best->known) {
        int order = compare(stored->value, stored->value_size, best->value.data, best->value.size);
        if (best->end == SMALLEST ? order >= 0 : order <= 0)
            return FLOW_OK;
    }
    best->known = 1;
    fl_buf_clear(&best->value);
    best->rc = fl_buf_append(&best->value, stored->value, stored->value_size);
    return best->rc;
}

/* Makes VALUE the one at END; the smallest is empty when a channel has none. */
static int find_extreme(flow_emitter *emitter, const struct fl_buf *key, struct extreme *best,
                        flow_error **err)
{
    int rc = FLOW_OK;

    fl_buf_init(&best->value, emitter->mem);
    for (size_t i = 0; i < emitter->channel_count && rc == FLOW_OK; i++) {
        if (!fl_standing_keeps(emitter, i))
            continue;
        best->found = 0;
        rc = ask(emitter->channels[i], key, take_better, best, err);
        if (best->rc != FLOW_OK)
            rc = fl_error_nomem(err);
        if (rc == FLOW_OK && !best->found && best->end == SMALLEST) {
            fl_buf_clear(&best->value);
            return FLOW_OK;
        }
    }
    return rc;
}

static int copy_out(const struct fl_buf *value, void *data, size_t room, size_t *size,
                    flow_error **err)
{
    *size = value->size;
    if (value->size > room)
        return flow_error_setf(err, FLOW_ETOOBIG, "the position has %zu bytes, but %zu are given",
                               value->size, room);
    if (value->size > 0)
        memcpy(data, value->data, value->size);
    return FLOW_OK;
}

static int read_position(flow_emitter *emitter, enum end end, const struct fl_buf *key,
                         struct fl_buf *value, flow_error **err)
{
    struct extreme best = {.end = end};
    int rc = find_extreme(emitter, key, &best, err);

    *value = best.value;
    return rc;
}

/* Where the caller wants a value. */
struct place {
    void *data;
    size_t room;
    size_t *size;
};

static int fetch(flow_emitter *emitter, enum end end, const struct fl_buf *key,
                 const struct place *to, flow_error **err)
{
    struct fl_buf value;
    int rc = fl_emitter_enter(emitter, err);

    if (rc != FLOW_OK)
        return rc;
    fl_standing_tell(emitter);
    rc = read_position(emitter, end, key, &value, err);
    fl_emitter_leave(emitter);
    if (rc == FLOW_OK)
        rc = copy_out(&value, to->data, to->room, to->size, err);
    fl_buf_free(&value);
    return rc;
}

static int fetch_of(flow_emitter *emitter, enum end end, const flow_position *position,
                    const struct place *to, flow_error **err)
{
    struct fl_buf full;

    if (!emitter || !position->key || position->key_size == 0 || !to->size ||
        (!to->data && to->room > 0))
        return flow_error_set(err, FLOW_EINVAL,
                              "a position needs an emitter, a key and a place for its size");
    int rc = full_key(emitter, position->key, position->key_size, &full, err);
    if (rc != FLOW_OK)
        return rc;
    rc = fetch(emitter, end, &full, to, err);
    fl_buf_free(&full);
    return rc;
}

int flow_emitter_position(flow_emitter *emitter, const void *key, size_t key_size, void *data,
                          size_t room, size_t *size, flow_error **err)
{
    const flow_position wanted = {.key = key, .key_size = key_size};
    const struct place to = {data, room, size};

    return fetch_of(emitter, SMALLEST, &wanted, &to, err);
}

int flow_emitter_position_latest(flow_emitter *emitter, const void *key, size_t key_size,
                                 void *data, size_t room, size_t *size, flow_error **err)
{
    const flow_position wanted = {.key = key, .key_size = key_size};
    const struct place to = {data, room, size};

    return fetch_of(emitter, LARGEST, &wanted, &to, err);
}

/* ---- all keys ---- */

struct keys {
    const flow_emitter *emitter;
    struct fl_vec list; /* of struct fl_buf, full keys, in order once all are there */
    int rc;
};

static int by_bytes(const void *one, const void *other)
{
    const struct fl_buf *first = one, *second = other;

    return compare(first->data, first->size, second->data, second->size);
}

/* Whether the key at INDEX stands there a second time: another channel has it too. */
static int is_repeated(const struct keys *keys, size_t index)
{
    return index > 0 &&
           !by_bytes(fl_vec_at(&keys->list, index - 1), fl_vec_at(&keys->list, index));
}

static int list_key(void *self, const flow_position *position)
{
    struct keys *keys = self;
    size_t prefix = prefix_size(keys->emitter);
    struct fl_buf key;

    if (position->key_size < prefix || memcmp(position->key, keys->emitter->ctx->name, prefix))
        return FLOW_OK;
    fl_buf_init(&key, keys->emitter->mem);
    keys->rc = fl_buf_append(&key, position->key, position->key_size);
    if (keys->rc == FLOW_OK && !fl_vec_push(&keys->list, &key))
        keys->rc = FLOW_ENOMEM;
    if (keys->rc != FLOW_OK)
        fl_buf_free(&key);
    return keys->rc;
}

static int list_keys(struct keys *keys, flow_error **err)
{
    const flow_emitter *emitter = keys->emitter;
    const struct fl_buf all = {0};
    int rc = FLOW_OK;

    for (size_t i = 0; i < emitter->channel_count && rc == FLOW_OK; i++) {
        if (fl_standing_keeps(emitter, i))
            rc = ask(emitter->channels[i], &all, list_key, keys, err);
    }
    fl_vec_sort(&keys->list, by_bytes);
    return keys->rc != FLOW_OK ? fl_error_nomem(err) : rc;
}

static int tell_key(flow_emitter *emitter, const struct fl_buf *key, flow_position_fn fn,
                    void *self, flow_error **err)
{
    size_t prefix = prefix_size(emitter);
    struct fl_buf value;
    int rc = read_position(emitter, SMALLEST, key, &value, err);

    if (rc == FLOW_OK) {
        const flow_position position = {key->data + prefix, value.size > 0 ? value.data : NULL,
                                        key->size - prefix, value.size};
        rc = fn(self, &position);
    }
    fl_buf_free(&value);
    return rc;
}

static void free_keys(struct keys *keys)
{
    for (size_t i = 0; i < keys->list.count; i++)
        fl_buf_free(fl_vec_at(&keys->list, i));
    fl_vec_free(&keys->list);
}

int flow_emitter_positions(flow_emitter *emitter, flow_position_fn fn, void *self, flow_error **err)
{
    if (!emitter || !fn)
        return flow_error_set(err, FLOW_EINVAL, "positions need an emitter and a function");
    struct keys keys = {.emitter = emitter};
    int rc = fl_emitter_enter(emitter, err);
    if (rc != FLOW_OK)
        return rc;
    fl_standing_tell(emitter);
    fl_vec_init(&keys.list, emitter->mem, sizeof(struct fl_buf));
    rc = list_keys(&keys, err);
    for (size_t i = 0; i < keys.list.count && rc == FLOW_OK; i++) {
        if (!is_repeated(&keys, i))
            rc = tell_key(emitter, fl_vec_at(&keys.list, i), fn, self, err);
    }
    free_keys(&keys);
    fl_emitter_leave(emitter);
    return rc;
}
