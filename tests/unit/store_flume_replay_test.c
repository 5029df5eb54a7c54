/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Random transactions over several directories and logs, written as Flume would, against a model
 * that keeps a list.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flume_channel.h"
#include "flume_writer.h"
#include "suite.h"

#define DIRS 3
#define LOGS_MAX 100
#define EVENTS_MAX 2000
#define OPEN_MAX 12
#define BATCH 10

struct event {
    uint64_t pointer;
    int64_t commit; /* order of the commit that brought it in, or 0 */
};

struct transaction {
    int64_t id; /* 0: not open */
    int is_take;
    size_t dir;
    size_t events[BATCH]; /* indices */
    size_t count;
};

/* A list of indices of events, first to come first. */
struct list {
    size_t items[EVENTS_MAX];
    size_t count;
};

struct model {
    struct flume_channel channel;
    struct fl_buf logs[LOGS_MAX]; /* by their numbers */
    size_t log_of[DIRS];
    size_t dirs;
    size_t next_log;
    int64_t order;
    int64_t next_id;
    struct event events[EVENTS_MAX];
    size_t event_count;
    struct transaction open[OPEN_MAX];
    struct list queue;

    /* Of the checkpoint. */
    int64_t checkpoint;
    size_t positions[LOGS_MAX];
    struct list then;
    struct transaction open_then[OPEN_MAX];
};

static size_t dice(size_t sides)
{
    return (size_t)rand() % sides;
}

static void roll(struct model *model, size_t dir)
{
    ck_assert_uint_lt(model->next_log, LOGS_MAX);
    model->log_of[dir] = model->next_log++;
}

static void insert(struct list *list, size_t at, size_t event)
{
    ck_assert_uint_lt(list->count, EVENTS_MAX);
    memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof list->items[0]);
    list->items[at] = event;
    list->count++;
}

static size_t remove_at(struct list *list, size_t at)
{
    size_t event = list->items[at];

    list->count--;
    memmove(&list->items[at], &list->items[at + 1], (list->count - at) * sizeof list->items[0]);
    return event;
}

/* ---- steps ---- */

static void put(struct model *model, struct transaction *transaction)
{
    size_t index = model->event_count;
    size_t log = model->log_of[transaction->dir];
    size_t size = dice(50) == 0 ? 300000 + dice(300000) : dice(200);
    char *body = calloc(1, size + 1);
    char number[16];

    if (index == EVENTS_MAX) {
        free(body);
        return;
    }
    snprintf(number, sizeof number, "%zu", index);
    model->event_count++;
    model->events[index].pointer = fl_flume_pointer((uint32_t)log, (uint32_t)model->logs[log].size);
    transaction->events[transaction->count++] = index;
    flume_write_put(&model->logs[log], transaction->id, ++model->order, number, body, size);
    free(body);
}

static void take(struct model *model, struct transaction *transaction)
{
    if (model->queue.count == 0)
        return;
    size_t index = remove_at(&model->queue, 0);
    uint64_t pointer = model->events[index].pointer;
    transaction->events[transaction->count++] = index;
    flume_write_take(&model->logs[model->log_of[transaction->dir]], transaction->id, ++model->order,
                     (uint32_t)(pointer >> 32), (uint32_t)pointer);
}

static void begin(struct model *model, struct transaction *transaction)
{
    transaction->id = ++model->next_id;
    transaction->is_take = dice(2) == 0;
    transaction->dir = (size_t)transaction->id % model->dirs;
    transaction->count = 0;
}

static void commit(struct model *model, struct transaction *transaction)
{
    flume_write_commit(&model->logs[model->log_of[transaction->dir]], transaction->id,
                       ++model->order, transaction->is_take ? 2 : 1);
    for (size_t i = 0; i < transaction->count && !transaction->is_take; i++) {
        insert(&model->queue, model->queue.count, transaction->events[i]);
        model->events[transaction->events[i]].commit = model->order;
    }
    transaction->id = 0;
}

static void roll_back(struct model *model, struct transaction *transaction)
{
    flume_write_rollback(&model->logs[model->log_of[transaction->dir]], transaction->id,
                         ++model->order);
    for (size_t i = transaction->count; transaction->is_take && i-- > 0;)
        insert(&model->queue, 0, transaction->events[i]);
    transaction->id = 0;
}

static void step(struct model *model)
{
    struct transaction *transaction = &model->open[dice(OPEN_MAX)];
    size_t what = dice(20);

    if (transaction->id == 0)
        begin(model, transaction);
    else if (what == 0)
        roll(model, dice(model->dirs));
    else if (what < 3)
        roll_back(model, transaction);
    else if (what < 8 || transaction->count == BATCH)
        commit(model, transaction);
    else if (transaction->is_take)
        take(model, transaction);
    else
        put(model, transaction);
}

/* ---- the checkpoint ---- */

static void remember(struct model *model)
{
    model->checkpoint = ++model->order;
    for (size_t i = 0; i < model->dirs; i++)
        model->positions[model->log_of[i]] = model->logs[model->log_of[i]].size;
    model->then = model->queue;
    memcpy(model->open_then, model->open, sizeof model->open);
}

static void write_inflight(const struct model *model, const char *name, int takes)
{
    struct fl_buf list;

    fl_buf_init(&list, NULL);
    for (size_t i = 0; i < OPEN_MAX; i++) {
        const struct transaction *transaction = &model->open_then[i];
        uint64_t pointers[BATCH];

        if (transaction->id == 0 || transaction->is_take != takes)
            continue;
        /* Backwards: a hash table has its own order too. */
        for (size_t j = 0; j < transaction->count; j++)
            pointers[transaction->count - 1 - j] = model->events[transaction->events[j]].pointer;
        flume_write_inflight(&list, transaction->id, pointers, transaction->count);
    }
    flume_end_inflight(&list);
    flume_channel_store(&model->channel, name, list.data, list.size);
    fl_buf_free(&list);
}

static void write_checkpoint(struct model *model)
{
    uint64_t pointers[EVENTS_MAX];
    struct fl_buf checkpoint;
    struct fl_buf meta;

    for (size_t i = 0; i < model->then.count; i++)
        pointers[i] = model->events[model->then.items[i]].pointer;
    fl_buf_init(&checkpoint, NULL);
    fl_buf_init(&meta, NULL);
    flume_write_checkpoint(&checkpoint, &meta, model->checkpoint, pointers, model->then.count,
                           dice(EVENTS_MAX), EVENTS_MAX);
    flume_channel_store(&model->channel, "checkpoint/checkpoint", checkpoint.data, checkpoint.size);
    flume_channel_store(&model->channel, "checkpoint/checkpoint.meta", meta.data, meta.size);
    write_inflight(model, "checkpoint/inflightputs", 0);
    write_inflight(model, "checkpoint/inflighttakes", 1);
    fl_buf_free(&checkpoint);
    fl_buf_free(&meta);
}

/* The logs that belong to directory I: as the writer had them, since each has one number. */
static void write_log(struct model *model, size_t number, size_t dir)
{
    char name[64];
    struct fl_buf meta;

    if (model->logs[number].size == 0)
        return;
    snprintf(name, sizeof name, "data%zu/log-%zu", dir, number);
    flume_channel_store(&model->channel, name, model->logs[number].data, model->logs[number].size);
    snprintf(name, sizeof name, "data%zu/log-%zu.meta", dir, number);
    fl_buf_init(&meta, NULL);
    size_t position = model->positions[number];
    flume_write_meta(&meta, (int32_t)number, (int64_t)position, position ? model->checkpoint : 0);
    flume_channel_store(&model->channel, name, meta.data, meta.size);
    fl_buf_free(&meta);
}

/* ---- what ought to come out ---- */

static int was_taken(const struct model *model, size_t event)
{
    for (size_t i = 0; i < OPEN_MAX; i++) {
        const struct transaction *transaction = &model->open_then[i];
        for (size_t j = 0; transaction->id && transaction->is_take && j < transaction->count; j++) {
            if (transaction->events[j] == event)
                return 1;
        }
    }
    return 0;
}

/* What is in the channel: in the queue, or taken by a transaction that is still open. */
static int is_in(const struct model *model, size_t event)
{
    for (size_t i = 0; i < model->queue.count; i++) {
        if (model->queue.items[i] == event)
            return 1;
    }
    for (size_t i = 0; i < OPEN_MAX; i++) {
        const struct transaction *transaction = &model->open[i];
        for (size_t j = 0; transaction->id && transaction->is_take && j < transaction->count; j++) {
            if (transaction->events[j] == event)
                return 1;
        }
    }
    return 0;
}

static void say(struct fl_buf *text, size_t event)
{
    ck_assert_int_eq(fl_buf_printf(text, "%zu ", event), FLOW_OK);
}

/* By the commits that brought them in; events of one transaction were put in their order. */
static void say_commits_behind(const struct model *model, int64_t order, struct fl_buf *text)
{
    for (int64_t at = order + 1; at <= model->order; at++) {
        for (size_t i = 0; i < model->event_count; i++) {
            if (model->events[i].commit == at && is_in(model, i))
                say(text, i);
        }
    }
}

static void say_from_checkpoint(const struct model *model, struct fl_buf *text)
{
    for (size_t i = 0; i < model->event_count; i++) {
        if (was_taken(model, i) && is_in(model, i))
            say(text, i);
    }
    for (size_t i = 0; i < model->then.count; i++) {
        if (is_in(model, model->then.items[i]))
            say(text, model->then.items[i]);
    }
    say_commits_behind(model, model->checkpoint, text);
}

static void check_both(struct model *model)
{
    struct fl_flume_counts counts;
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    say_from_checkpoint(model, &text);
    model->channel.options.checkpoint_dir = model->channel.paths[FLUME_DIRS];
    flume_channel_expect(&model->channel, fl_buf_cstr(&text), &counts);
    ck_assert_int_eq(counts.has_used_checkpoint, 1);

    fl_buf_clear(&text);
    say_commits_behind(model, 0, &text);
    model->channel.options.checkpoint_dir = NULL;
    flume_channel_expect(&model->channel, fl_buf_cstr(&text), &counts);
    ck_assert_int_eq(counts.has_used_checkpoint, 0);
    fl_buf_free(&text);
}

static void one_channel(unsigned seed)
{
    struct model *model = calloc(1, sizeof *model);
    size_t dir_of[LOGS_MAX] = {0};
    size_t steps;
    size_t when;

    srand(seed);
    steps = 20 + dice(500);
    when = dice(steps);
    model->dirs = 1 + dice(DIRS);
    model->next_log = 1;
    for (size_t i = 0; i < LOGS_MAX; i++)
        fl_buf_init(&model->logs[i], NULL);
    for (size_t i = 0; i < model->dirs; i++)
        roll(model, i);
    for (size_t i = 0; i < steps; i++) {
        if (i == when)
            remember(model);
        step(model);
        for (size_t dir = 0; dir < model->dirs; dir++)
            dir_of[model->log_of[dir]] = dir;
    }
    flume_channel_make(&model->channel, model->dirs);
    const char *checkpoint = model->channel.paths[FLUME_DIRS];
    ck_assert_int_eq(fl_folder_make(fl_io_system(), checkpoint, 0700, NULL), FLOW_OK);
    for (size_t i = 1; i < model->next_log; i++)
        write_log(model, i, dir_of[i]);
    write_checkpoint(model);
    check_both(model);
    flume_channel_free(&model->channel);
    for (size_t i = 0; i < LOGS_MAX; i++)
        fl_buf_free(&model->logs[i]);
    free(model);
}

START_TEST(events_are_what_the_model_says)
{
    for (unsigned seed = 0; seed < 80; seed++)
        one_channel(seed);
}
END_TEST

/* What no Flume writes: puts that end as takes, takes as puts, and takes of what there is not. */
START_TEST(a_commit_of_the_other_kind_changes_nothing)
{
    struct flume_channel channel;
    struct fl_buf log;
    struct fl_buf meta;

    fl_buf_init(&log, NULL);
    fl_buf_init(&meta, NULL);
    flume_write_put(&log, 1, 1, "1", "x", 1);
    uint32_t second = (uint32_t)log.size;
    flume_write_put(&log, 1, 2, "2", "x", 1);
    flume_write_commit(&log, 1, 3, FL_FLUME_PUT);
    flume_write_put(&log, 2, 4, "3", "x", 1);
    flume_write_commit(&log, 2, 5, FL_FLUME_TAKE);
    flume_write_take(&log, 3, 6, 1, 0);
    flume_write_take(&log, 3, 7, 9, 9);
    flume_write_commit(&log, 3, 8, FL_FLUME_PUT);
    flume_write_take(&log, 4, 9, 1, second);
    flume_write_take(&log, 4, 10, 1, second + 1);
    flume_write_take(&log, 4, 11, 0, 0);
    flume_write_take(&log, 4, 12, 8, 8);
    flume_write_commit(&log, 4, 13, FL_FLUME_TAKE);
    flume_write_meta(&meta, 1, 0, 0);
    flume_channel_make(&channel, 1);
    flume_channel_store(&channel, "data0/log-1", log.data, log.size);
    flume_channel_store(&channel, "data0/log-1.meta", meta.data, meta.size);
    flume_channel_expect(&channel, "1 ", NULL);
    flume_channel_free(&channel);
    fl_buf_free(&log);
    fl_buf_free(&meta);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"model", events_are_what_the_model_says},
        {"kinds", a_commit_of_the_other_kind_changes_nothing},
    };

    return RUN_SUITE("flume_replay", tests);
}
