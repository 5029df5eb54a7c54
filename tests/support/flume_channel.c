/* SPDX-License-Identifier: Apache-2.0 */

#include "flume_channel.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 10000000

static void run(const char *command)
{
    ck_assert_int_eq(system(command), 0);
}

static void set_paths(struct flume_channel *channel, size_t dirs)
{
    for (size_t i = 0; i < dirs; i++) {
        snprintf(channel->paths[i], sizeof channel->paths[i], "%s/data%zu", channel->root, i);
        channel->dirs[i] = channel->paths[i];
    }
    char *checkpoint = channel->paths[FLUME_DIRS];
    snprintf(checkpoint, sizeof channel->paths[0], "%s/checkpoint", channel->root);
    snprintf(channel->paths[FLUME_DIRS + 1], sizeof channel->paths[0], "%s/backup", channel->root);
    channel->options.data_dirs = channel->dirs;
    channel->options.data_dir_count = dirs;
    channel->options.checkpoint_dir = checkpoint;
}

void flume_channel_use(struct flume_channel *channel, const char *data, const char *name,
                       size_t dirs)
{
    memset(channel, 0, sizeof *channel);
    snprintf(channel->root, sizeof channel->root, "%s/%s", data, name);
    set_paths(channel, dirs);
}

static void make_root(struct flume_channel *channel)
{
    const char *base = getenv("TMPDIR");

    memset(channel, 0, sizeof *channel);
    snprintf(channel->root, sizeof channel->root, "%s/flow-flume-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(channel->root));
}

void flume_channel_copy(struct flume_channel *channel, const char *data, const char *name,
                        size_t dirs)
{
    char command[1024];

    make_root(channel);
    snprintf(command, sizeof command, "cp -r %s/%s/* %s", data, name, channel->root);
    run(command);
    set_paths(channel, dirs);
}

void flume_channel_make(struct flume_channel *channel, size_t dirs)
{
    make_root(channel);
    set_paths(channel, dirs);
    for (size_t i = 0; i < dirs; i++)
        ck_assert_int_eq(fl_folder_make(fl_io_system(), channel->dirs[i], 0700, NULL), FLOW_OK);
    channel->options.checkpoint_dir = NULL;
}

void flume_channel_free(struct flume_channel *channel)
{
    char command[512];

    snprintf(command, sizeof command, "rm -r %s", channel->root);
    run(command);
}

const char *flume_channel_backup(const struct flume_channel *channel)
{
    return channel->paths[FLUME_DIRS + 1];
}

const char *flume_channel_path(const struct flume_channel *channel, const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", channel->root, name);
    return path;
}

struct fl_buf flume_channel_load(const struct flume_channel *channel, const char *name)
{
    struct fl_buf bytes;

    fl_buf_init(&bytes, NULL);
    ck_assert_int_eq(
        fl_file_load(fl_io_system(), flume_channel_path(channel, name), LIMIT, &bytes, NULL),
        FLOW_OK);
    return bytes;
}

void flume_channel_store(const struct flume_channel *channel, const char *name, const void *data,
                         size_t size)
{
    FILE *file = fopen(flume_channel_path(channel, name), "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

void flume_channel_patch(const struct flume_channel *channel, const char *name, size_t offset,
                         const void *data, size_t size)
{
    struct fl_buf bytes = flume_channel_load(channel, name);

    ck_assert_uint_le(offset + size, bytes.size);
    memcpy(bytes.data + offset, data, size);
    flume_channel_store(channel, name, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

void flume_channel_flip(const struct flume_channel *channel, const char *name, size_t offset)
{
    struct fl_buf bytes = flume_channel_load(channel, name);

    ck_assert_uint_lt(offset, bytes.size);
    bytes.data[offset] ^= 1;
    flume_channel_store(channel, name, bytes.data, bytes.size);
    fl_buf_free(&bytes);
}

void flume_channel_cut(const struct flume_channel *channel, const char *name, size_t size)
{
    ck_assert_int_eq(truncate(flume_channel_path(channel, name), (off_t)size), 0);
}

int flume_channel_add_number(void *arg, const struct fl_flume_event *event, flow_error **err)
{
    for (size_t i = 0; i < event->header_count; i++) {
        if (strcmp(event->headers[i].name, "n") == 0)
            return fl_buf_printf(arg, "%s ", event->headers[i].value);
    }
    return flow_error_set(err, FLOW_EINVAL, "an event without a number");
}

int flume_channel_numbers(const struct fl_io *io, const struct flume_channel *channel,
                          struct fl_buf *text, struct fl_flume_counts *counts, flow_error **err)
{
    struct fl_flume_import *import;
    int rc = fl_flume_open(io, &channel->options, &import, err);

    if (rc)
        return rc;
    rc = fl_flume_each(import, flume_channel_add_number, text, err);
    if (counts)
        *counts = *fl_flume_counts(import);
    fl_flume_close(import);
    return rc;
}

void flume_channel_expect(const struct flume_channel *channel, const char *numbers,
                          struct fl_flume_counts *counts)
{
    struct fl_buf text;
    flow_error *err = NULL;

    fl_buf_init(&text, NULL);
    int rc = flume_channel_numbers(fl_io_system(), channel, &text, counts, &err);
    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
    ck_assert_str_eq(fl_buf_cstr(&text), numbers);
    fl_buf_free(&text);
}

void flume_channel_refuse(const struct flume_channel *channel, int code, const char *part)
{
    struct fl_buf text;
    flow_error *err = NULL;

    fl_buf_init(&text, NULL);
    int rc = flume_channel_numbers(fl_io_system(), channel, &text, NULL, &err);
    ck_assert_int_eq(rc, code);
    ck_assert_msg(strstr(flow_error_message(err), part), "%s", flow_error_message(err));
    flow_error_free(err);
    fl_buf_free(&text);
}
