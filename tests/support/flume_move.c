/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flume_move.h"
#include "flume_writer.h"

#define PIPELINE                                                                                   \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sources.r1.type = inlet\n"                                                                 \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s/checkpoint\n"                                               \
    "a1.channels.c1.dataDirs = %s/data0, %s/data1\n"                                               \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"                                              \
    "a1.channels.c1.maxFileSize = 65536\n"                                                         \
    "a1.channels.c1.transactionCapacity = 400\n"                                                   \
    "a1.channels.c1.capacity = %u\n"

/* ---- what Flume writes ---- */

void journal_begin(struct journal *journal, struct flume_channel *channel, int64_t order)
{
    memset(journal, 0, sizeof *journal);
    journal->channel = channel;
    journal->order = order;
    for (size_t i = 0; i < 4; i++)
        fl_buf_init(&journal->logs[i], NULL);
}

void journal_put(struct journal *journal, uint32_t log, unsigned number)
{
    char text[16];

    snprintf(text, sizeof text, "%u", number);
    journal->log_of[number] = log;
    journal->offsets[number] = (uint32_t)journal->logs[log].size;
    flume_write_put(&journal->logs[log], log, ++journal->order, text, text, strlen(text));
}

void journal_take(struct journal *journal, uint32_t log, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        flume_write_take(&journal->logs[log], 100 + log, ++journal->order, journal->log_of[i],
                         journal->offsets[i]);
    flume_write_commit(&journal->logs[log], 100 + log, ++journal->order, 2);
}

void journal_commit(struct journal *journal, uint32_t log)
{
    flume_write_commit(&journal->logs[log], log, ++journal->order, 1);
}

void journal_store(struct journal *journal, uint32_t log)
{
    struct fl_buf meta;
    char name[64];

    fl_buf_init(&meta, NULL);
    flume_write_meta(&meta, (int32_t)log, 0, 0);
    int size = snprintf(name, sizeof name, "data%d/log-%u", log % 2 ? 0 : 1, log);
    flume_channel_store(journal->channel, name, journal->logs[log].data, journal->logs[log].size);
    snprintf(name + size, sizeof name - (size_t)size, ".meta");
    flume_channel_store(journal->channel, name, meta.data, meta.size);
    fl_buf_free(&meta);
}

void journal_end(struct journal *journal)
{
    for (size_t i = 0; i < 4; i++)
        fl_buf_free(&journal->logs[i]);
}

void journal_backlog(struct journal *journal, struct flume_channel *channel)
{
    flume_channel_make(channel, 2);
    journal_begin(journal, channel, 1000);
    for (unsigned i = 0; i < MOVE_PUT; i++)
        journal_put(journal, 1 + i / 7 % 2, i);
    journal_commit(journal, 2);
    journal_commit(journal, 1);
    journal_take(journal, 2, 0, MOVE_TAKEN);
    journal_store(journal, 1);
    journal_store(journal, 2);
}

void journal_copy(struct flume_channel *channel, const struct flume_channel *model)
{
    char folder[256];
    char *slash;

    snprintf(folder, sizeof folder, "%s", model->root);
    slash = strrchr(folder, '/');
    *slash = '\0';
    flume_channel_copy(channel, folder, slash + 1, 2);
    channel->options.checkpoint_dir = NULL;
}

/* ---- importing ---- */

int move_open(flow_library *lib, const struct flume_channel *channel, uint32_t flags,
              flow_flume **flume, flow_error **err)
{
    const flow_flume_options options = {
        .struct_size = sizeof options,
        .flags = flags,
        .checkpoint = channel->options.checkpoint_dir,
        .data = channel->dirs,
        .data_count = channel->options.data_dir_count,
    };

    return flow_flume_open(lib, &options, flume, err);
}

int move_build(struct rig *rig, const struct flume_channel *channel, unsigned capacity,
               flow_error **err)
{
    char text[4096];

    snprintf(text, sizeof text, PIPELINE, channel->root, channel->root, channel->root, capacity);
    return rig_try_build(rig, text, 0, err);
}

int move_push(struct rig *rig, flow_flume *flume, flow_error **err)
{
    flow_inlet *inlet;
    int rc = flow_pipeline_start(rig->pipeline, err);

    if (rc)
        return rc;
    rc = flow_pipeline_inlet(rig->pipeline, "r1", &inlet, err);
    if (!rc)
        rc = flow_flume_import(flume, inlet, 0, err);
    int stopped = flow_pipeline_stop(rig->pipeline, 60000, rc ? NULL : err);
    return rc ? rc : stopped;
}

int move_import(struct rig *rig, const struct flume_channel *channel, unsigned capacity,
                flow_flume_stat *stat, flow_error **err)
{
    flow_flume *flume;
    int rc = move_open(rig->lib, channel, 0, &flume, err);

    if (rc)
        return rc;
    rc = move_build(rig, channel, capacity, err);
    if (!rc)
        rc = move_push(rig, flume, err);
    flow_pipeline_free(rig->pipeline, NULL);
    rig->pipeline = NULL;
    if (!rc)
        rc = flow_flume_set_aside(flume, err);
    if (stat) {
        *stat = (flow_flume_stat){.struct_size = sizeof *stat};
        ck_assert_int_eq(flow_flume_stat_get(flume, stat), FLOW_OK);
    }
    flow_flume_free(flume);
    return rc;
}

flow_flume_stat move_well(struct flume_channel *channel)
{
    flow_flume_stat stat;
    struct rig rig;
    flow_error *err = NULL;

    rig_init(&rig, 0);
    int rc = move_import(&rig, channel, 10000, &stat, &err);
    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
    rig_free(&rig);
    return stat;
}

/* ---- what is there then ---- */

static void take_all(const struct flume_channel *channel, struct rig_bodies *bodies)
{
    struct rig rig;

    rig_init(&rig, 0);
    ck_assert_int_eq(move_build(&rig, channel, 10000, NULL), FLOW_OK);
    rig_start(&rig);
    rig_take(&rig, "c1", bodies);
    rig_free(&rig);
}

void move_expect(const struct flume_channel *channel, const unsigned (*ranges)[2], size_t count)
{
    struct rig_bodies *bodies = malloc(sizeof *bodies);
    size_t at = 0;

    ck_assert_ptr_nonnull(bodies);
    take_all(channel, bodies);
    for (size_t i = 0; i < count; i++) {
        for (unsigned n = ranges[i][0]; n < ranges[i][0] + ranges[i][1]; n++, at++)
            if (at >= bodies->count || strtoul(bodies->text[at], NULL, 10) != n)
                ck_abort_msg("%zu of %zu is '%s', not %u", at, bodies->count,
                             at < bodies->count ? bodies->text[at] : "", n);
    }
    ck_assert_uint_eq(bodies->count, at);
    free(bodies);
}

void move_expect_backlog(const struct flume_channel *channel)
{
    const unsigned all[][2] = {{MOVE_TAKEN, MOVE_LEFT}};

    move_expect(channel, all, 1);
}

int move_has(const struct flume_channel *channel, const char *name)
{
    return access(flume_channel_path(channel, name), F_OK) == 0;
}

void move_shell(const struct flume_channel *channel, const char *command)
{
    char text[512];

    snprintf(text, sizeof text, "cd %s && %s", channel->root, command);
    ck_assert_msg(system(text) == 0, "%s", text);
}
