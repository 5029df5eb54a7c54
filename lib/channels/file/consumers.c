/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The consumers of a file channel: cursors of its log, by name.  Whoever takes through one attaches
 * to it, before the channel is opened or later; the cursor is there while the channel is open.
 */

#include <string.h>

#include "base/error.h"
#include "channels/file/file.h"
#include "store/wishes.h"

int file_consumers_init(struct file_channel *channel, flow_context *ctx, flow_error **err)
{
    fl_vec_init(&channel->wishes, channel->mem, sizeof(struct fl_wish));
    int rc = fl_wishes_read(ctx, &channel->wishes, err);
    if (!rc && fl_lock_init(&channel->lock))
        rc = fl_error_nomem(err);
    if (rc)
        fl_wishes_free(&channel->wishes);
    return rc;
}

void file_consumers_destroy(struct file_channel *channel)
{
    for (struct file_consumer *c = channel->consumers, *next; c; c = next) {
        next = c->next;
        fl_free(channel->mem, c->name);
        fl_free(channel->mem, c);
    }
    fl_wishes_free(&channel->wishes);
    fl_lock_destroy(&channel->lock);
}

/* ---- open and close ---- */

/* With the channel's capacity where a consumer that skips has no limit of its own. */
static struct fl_cursor_plan complete(const struct file_channel *channel,
                                      const struct fl_cursor_plan *plan)
{
    struct fl_cursor_plan whole = *plan;

    if ((whole.terms.flags & FL_CURSOR_SKIPS) && !whole.terms.max_events)
        whole.terms.max_events = channel->log.capacity;
    return whole;
}

/* Makes CURSOR keep to TERMS, if it does not, and paused if it is. */
static int set_terms(struct fl_cursor *cursor, struct fl_terms terms, flow_error **err)
{
    struct fl_cursor_info info;

    fl_cursor_look(cursor, &info);
    terms.flags |= info.terms.flags & FL_CURSOR_PAUSED;
    if (info.terms.flags == terms.flags && info.terms.max_events == terms.max_events &&
        info.terms.max_bytes == terms.max_bytes)
        return FLOW_OK;
    return fl_store_set_terms(cursor, &terms, err);
}

static int make(struct file_channel *channel, const struct fl_cursor_plan *plan,
                struct fl_cursor **cursor, flow_error **err)
{
    struct fl_cursor_info info;
    int rc = fl_store_add_cursor_at(channel->log.store, plan, cursor, err);

    if (rc)
        return rc;
    fl_cursor_look(*cursor, &info);
    flow_context_logf(channel->log.ctx, FLOW_LOG_INFO,
                      "consumer '%s' is new and begins at offset %llu", info.name,
                      (unsigned long long)info.offset);
    return FLOW_OK;
}

/* Makes a consumer that the settings tell of, or gives it these terms. */
static int grant(struct file_channel *channel, const struct fl_wish *wish, flow_error **err)
{
    struct fl_store *store = channel->log.store;
    const struct fl_cursor_plan plan = complete(channel, &wish->plan);
    struct fl_cursor *cursor = fl_store_find_cursor(store, wish->name);

    return cursor ? set_terms(cursor, plan.terms, err) : make(channel, &plan, &cursor, err);
}

/* Makes a consumer that somebody takes through and of which the settings say nothing. */
static int provide(struct file_channel *channel, struct file_consumer *consumer, flow_error **err)
{
    struct fl_store *store = channel->log.store;
    const struct fl_cursor_plan plain = {.name = consumer->name,
                                         .terms = {.flags = FL_CURSOR_SKIPS}};
    const struct fl_cursor_plan plan = complete(channel, &plain);
    struct fl_cursor *cursor = fl_store_find_cursor(store, consumer->name);
    int rc = cursor ? FLOW_OK : make(channel, &plan, &cursor, err);

    if (!rc)
        atomic_store(&consumer->cursor, cursor);
    return rc;
}

/* The consumer without a name, which blocks as Flume's channel does. */
static int provide_first(struct file_channel *channel, flow_error **err)
{
    int rc = fl_disk_use_first(&channel->log, err);

    return rc ? rc : set_terms(channel->log.cursor, (struct fl_terms){0}, err);
}

/* Nobody takes through the consumer without a name: it goes when it has nothing left, and otherwise
 * must not fill the channel. */
static int retire_first(struct file_channel *channel, flow_error **err)
{
    struct fl_cursor *first = fl_store_find_cursor(channel->log.store, "");
    struct fl_cursor_info info;

    if (!first)
        return FLOW_OK;
    fl_cursor_look(first, &info);
    if (!info.held)
        return fl_store_remove_cursor(first, err);
    flow_context_logf(channel->log.ctx, FLOW_LOG_WARN,
                      "%llu events wait for sinks that name no consumer, and there are none; add "
                      "one, or remove the consumer ''",
                      (unsigned long long)info.held);
    return set_terms(first, (struct fl_terms){FL_CURSOR_SKIPS, channel->log.capacity, 0}, err);
}

static int is_first(const struct file_consumer *consumer)
{
    return !*consumer->name;
}

/* How often the events of each consumer may fail is not kept with it. */
static void set_deliveries(struct file_channel *channel)
{
    struct fl_store *store = channel->log.store;
    struct fl_cursor *cursor = fl_store_next_cursor(store, NULL);

    for (; cursor; cursor = fl_store_next_cursor(store, cursor->name)) {
        const struct fl_wish *wish = fl_wishes_find(&channel->wishes, cursor->name);
        int says = wish && wish->max_deliveries >= 0;
        atomic_store(&cursor->max_deliveries,
                     says ? (uint32_t)wish->max_deliveries : channel->max_deliveries);
    }
}

/* Under the lock. */
static int open_all(struct file_channel *channel, flow_error **err)
{
    int first = !channel->consumers;
    int rc = FLOW_OK;

    for (size_t i = 0; i < channel->wishes.count && !rc; i++)
        rc = grant(channel, fl_vec_at(&channel->wishes, i), err);
    for (struct file_consumer *c = channel->consumers; c && !rc; c = c->next) {
        first |= is_first(c);
        rc = is_first(c) ? FLOW_OK : provide(channel, c, err);
    }
    if (!rc)
        rc = first ? provide_first(channel, err) : retire_first(channel, err);
    if (!rc)
        set_deliveries(channel);
    return rc;
}

int file_consumers_open(struct file_channel *channel, flow_error **err)
{
    fl_lock(&channel->lock);
    int rc = open_all(channel, err);
    for (struct file_consumer *c = channel->consumers; c && !rc; c = c->next) {
        if (is_first(c))
            atomic_store(&c->cursor, channel->log.cursor);
    }
    fl_unlock(&channel->lock);
    if (rc)
        file_consumers_close(channel);
    return rc;
}

void file_consumers_close(struct file_channel *channel)
{
    fl_lock(&channel->lock);
    for (struct file_consumer *c = channel->consumers; c; c = c->next)
        atomic_store(&c->cursor, NULL);
    fl_unlock(&channel->lock);
}

/* ---- attaching ---- */

static struct file_consumer *find(const struct file_channel *channel, const char *name)
{
    struct file_consumer *consumer = channel->consumers;

    while (consumer && strcmp(consumer->name, name))
        consumer = consumer->next;
    return consumer;
}

static struct file_consumer *consumer_new(struct file_channel *channel, const char *name)
{
    struct file_consumer *made = fl_zalloc(channel->mem, sizeof *made);

    if (!made)
        return NULL;
    made->name = fl_strdup(channel->mem, name);
    if (!made->name) {
        fl_free(channel->mem, made);
        return NULL;
    }
    made->next = channel->consumers;
    channel->consumers = made;
    return made;
}

static int no_consumer(const char *name, flow_error **err)
{
    return flow_error_setf(err, FLOW_ENOENT, "there is no consumer '%s'", name);
}

/* Under the lock. */
static int attach(struct file_channel *channel, const char *name, struct file_consumer **consumer,
                  flow_error **err)
{
    struct fl_cursor *cursor =
        channel->log.store ? fl_store_find_cursor(channel->log.store, name) : NULL;

    if (channel->log.store && !cursor)
        return no_consumer(name, err);
    *consumer = find(channel, name);
    if (!*consumer)
        *consumer = consumer_new(channel, name);
    if (!*consumer)
        return fl_error_nomem(err);
    (*consumer)->users++;
    atomic_store(&(*consumer)->cursor, cursor);
    return FLOW_OK;
}

static int file_attach(void *self, const char *name, void **consumer, flow_error **err)
{
    struct file_channel *channel = self;
    struct file_consumer *found = NULL;

    fl_lock(&channel->lock);
    int rc = attach(channel, name, &found, err);
    fl_unlock(&channel->lock);
    *consumer = found;
    return rc;
}

static void file_detach(void *self, void *handle)
{
    struct file_channel *channel = self;
    struct file_consumer *consumer = handle, **at = &channel->consumers;

    fl_lock(&channel->lock);
    int unused = --consumer->users == 0;
    while (unused && *at != consumer)
        at = &(*at)->next;
    if (unused)
        *at = consumer->next;
    fl_unlock(&channel->lock);
    if (!unused)
        return;
    fl_free(channel->mem, consumer->name);
    fl_free(channel->mem, consumer);
}

static int file_begin_take(void *self, void *handle, void **txn, flow_error **err)
{
    struct file_consumer *consumer = handle;
    struct fl_cursor *cursor = atomic_load(&consumer->cursor);

    if (!cursor)
        return flow_error_set(err, FLOW_ECLOSED, "the channel is not open");
    int rc = file_begin(self, txn, err);
    if (!rc)
        ((struct file_txn *)*txn)->taken.cursor = cursor;
    return rc;
}

static uint64_t ready(const struct file_consumer *consumer)
{
    const struct fl_cursor *cursor = atomic_load(&consumer->cursor);

    return cursor && !atomic_load(&cursor->paused) ? fl_cursor_size(cursor) : 0;
}

static uint64_t file_ready(void *self, void *handle)
{
    (void)self;
    return ready(handle);
}

uint64_t file_consumers_size(struct file_channel *channel)
{
    uint64_t most = 0;

    fl_lock(&channel->lock);
    for (const struct file_consumer *c = channel->consumers; c; c = c->next) {
        uint64_t size = ready(c);
        most = size > most ? size : most;
    }
    fl_unlock(&channel->lock);
    return most;
}

/* ---- changes ---- */

static int file_add(void *self, const char *name, const flow_consumer_options *options,
                    flow_error **err)
{
    struct file_channel *channel = self;
    struct fl_cursor *made;
    struct fl_cursor_plan plan = {
        .name = name,
        .from = fl_place_of(options->place),
        .terms = {0, options->max_events, options->max_bytes},
    };

    if (options->when_behind == FLOW_BEHIND_SKIP)
        plan.terms.flags = FL_CURSOR_SKIPS;
    plan = complete(channel, &plan);
    int rc = make(channel, &plan, &made, err);
    if (!rc)
        set_deliveries(channel);
    return rc;
}

static uint32_t flags_of(struct file_channel *channel, const struct fl_cursor_info *info)
{
    uint32_t paused = info->terms.flags & FL_CURSOR_PAUSED ? FLOW_CONSUMER_PAUSED : 0;

    fl_lock(&channel->lock);
    uint32_t used = find(channel, info->name) ? FLOW_CONSUMER_USED : 0;
    fl_unlock(&channel->lock);
    return paused | used;
}

static int file_next(void *self, const char *after, flow_consumer_info *info)
{
    struct file_channel *channel = self;
    struct fl_cursor *cursor = fl_store_next_cursor(channel->log.store, after);
    struct fl_cursor_info found;

    if (!cursor)
        return FLOW_ENOENT;
    fl_cursor_look(cursor, &found);
    int skips = (found.terms.flags & FL_CURSOR_SKIPS) != 0;
    *info = (flow_consumer_info){
        .struct_size = sizeof *info,
        .flags = flags_of(channel, &found),
        .name = found.name,
        .when_behind = skips ? FLOW_BEHIND_SKIP : FLOW_BEHIND_BLOCK,
        .max_events = found.terms.max_events ? found.terms.max_events : channel->log.capacity,
        .max_bytes = found.terms.max_bytes,
        .offset = found.offset,
        .waiting = found.waiting,
        .held = found.held,
        .bytes = found.bytes,
        .skipped = found.skipped,
        .letters = found.letters,
    };
    return FLOW_OK;
}

static int file_seek(void *self, const char *name, const flow_consumer_place *to, uint64_t *offset,
                     flow_error **err)
{
    struct file_channel *channel = self;
    struct fl_cursor *cursor = fl_store_find_cursor(channel->log.store, name);
    const struct fl_place place = fl_place_of(to);

    return cursor ? fl_store_seek(cursor, &place, offset, err) : no_consumer(name, err);
}

static int file_pause(void *self, const char *name, int paused, flow_error **err)
{
    struct file_channel *channel = self;
    struct fl_cursor *cursor = fl_store_find_cursor(channel->log.store, name);
    struct fl_cursor_info info;

    if (!cursor)
        return no_consumer(name, err);
    fl_cursor_look(cursor, &info);
    uint32_t flags = info.terms.flags;
    info.terms.flags = paused ? flags | FL_CURSOR_PAUSED : flags & ~FL_CURSOR_PAUSED;
    return info.terms.flags == flags ? FLOW_OK : fl_store_set_terms(cursor, &info.terms, err);
}

/* Under the lock, so that nobody attaches meanwhile. */
static int remove_unused(struct file_channel *channel, const char *name, flow_error **err)
{
    struct fl_cursor *cursor = fl_store_find_cursor(channel->log.store, name);

    if (!cursor)
        return no_consumer(name, err);
    if (find(channel, name))
        return flow_error_setf(err, FLOW_ESTATE,
                               "sinks or handles take through consumer '%s'; pause it, or take "
                               "them away first",
                               name);
    if (cursor == channel->log.cursor)
        return flow_error_set(err, FLOW_ESTATE,
                              "the consumer without a name is there for whoever names none");
    return fl_store_remove_cursor(cursor, err);
}

static int file_remove(void *self, const char *name, flow_error **err)
{
    struct file_channel *channel = self;

    fl_lock(&channel->lock);
    int rc = remove_unused(channel, name, err);
    fl_unlock(&channel->lock);
    return rc;
}

/* ---- dead letters ---- */

static void file_reject(void *self, void *inner, const char *reason)
{
    fl_disk_reject(&((struct file_channel *)self)->log, &((struct file_txn *)inner)->taken, reason);
}

/* Whoever is told of letters. */
struct reader {
    const flow_allocator *mem;
    flow_letter_fn fn;
    void *arg;
};

/* Hands one letter to the reader. */
static int hand_over(const struct fl_letter *letter, struct fl_buf *reason,
                     const struct fl_run *run, const struct reader *reader, flow_error **err)
{
    const flow_letter lent = {
        .struct_size = sizeof lent,
        .deliveries = letter->deliveries,
        .offset = letter->offset,
        .time = letter->time,
        .reason = fl_buf_cstr(reason),
        .event = run->events[0],
    };

    return lent.reason ? reader->fn(reader->arg, &lent) : fl_error_nomem(err);
}

/* The first letter from *FROM on, and moves that behind it; *FOUND is 0 when there is none. */
static int tell_next(struct fl_cursor *cursor, uint64_t *from, const struct reader *reader,
                     int *found, flow_error **err)
{
    struct fl_letter letter;
    struct fl_run *run = NULL;
    struct fl_buf reason;

    fl_buf_init(&reason, reader->mem);
    int rc = fl_cursor_letter(cursor, *from, &letter, &reason, &run, err);
    *found = rc != FLOW_ENOENT;
    if (!*found)
        rc = FLOW_OK;
    else if (!rc)
        rc = hand_over(&letter, &reason, run, reader, err);
    *from = *found && !rc ? letter.offset + 1 : *from;
    fl_run_unref(run);
    fl_buf_free(&reason);
    return rc;
}

static int file_letters(void *self, const char *name, flow_letter_fn fn, void *arg,
                        flow_error **err)
{
    struct file_channel *channel = self;
    struct fl_cursor *cursor = fl_store_find_cursor(channel->log.store, name);
    const struct reader reader = {channel->mem, fn, arg};
    uint64_t from = 0;
    int rc = cursor ? FLOW_OK : no_consumer(name, err);

    for (int found = 1; !rc && found;)
        rc = tell_next(cursor, &from, &reader, &found, err);
    return rc;
}

static int replay_all(struct fl_cursor *cursor, uint64_t *count, flow_error **err)
{
    struct fl_letter letter = {0};
    int rc = FLOW_OK;

    for (uint64_t from = 0; !rc; from = letter.offset + 1) {
        if (fl_cursor_letter(cursor, from, &letter, NULL, NULL, NULL))
            break;
        rc = fl_cursor_replay(cursor, letter.offset, err);
        *count += !rc;
    }
    return rc;
}

static int file_replay(void *self, const char *name, uint64_t offset, uint64_t *count,
                       flow_error **err)
{
    struct file_channel *channel = self;
    struct fl_cursor *cursor = fl_store_find_cursor(channel->log.store, name);

    if (!cursor)
        return no_consumer(name, err);
    if (offset == FLOW_LETTERS_ALL)
        return replay_all(cursor, count, err);
    int rc = fl_cursor_replay(cursor, offset, err);
    *count = !rc;
    return rc;
}

const flow_channel_consumers file_consumers = {
    .struct_size = sizeof(flow_channel_consumers),
    .attach = file_attach,
    .detach = file_detach,
    .begin = file_begin_take,
    .size = file_ready,
    .add = file_add,
    .next = file_next,
    .seek = file_seek,
    .pause = file_pause,
    .remove = file_remove,
    .reject = file_reject,
    .letters = file_letters,
    .replay = file_replay,
};
