/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "core/library.h"
#include "wrap_rig.h"

#define BODY 100

void wrap_rig_up(struct wrap_rig *rig, const char *way)
{
    const char *argv[] = {"--wrap", way};

    memset(rig, 0, sizeof *rig);
    world_wrap(2, (char **)(uintptr_t)argv);
    world_init(&rig->world, 3);
    rig->world.folders = 1;
    wrap_rig_open(rig);
}

void wrap_rig_down(struct wrap_rig *rig)
{
    if (rig->world.store)
        wrap_rig_close(rig);
    world_free(&rig->world);
}

void wrap_rig_open(struct wrap_rig *rig)
{
    flow_error *err = NULL;
    int rc = world_open(&rig->world, &err);

    ck_assert_msg(!rc, "%s", flow_error_message(err));
}

void wrap_rig_close(struct wrap_rig *rig)
{
    flow_error *err = NULL;
    int rc = world_close(&rig->world, &err);

    ck_assert_msg(!rc, "%s", flow_error_message(err));
    rig->world.store = NULL;
}

void wrap_rig_refuse(struct wrap_rig *rig, int code, const char *part)
{
    flow_error *err = NULL;

    ck_assert_int_eq(world_open(&rig->world, &err), code);
    ck_assert_msg(strstr(flow_error_message(err), part), "%s", flow_error_message(err));
    ck_assert_ptr_null(rig->world.store);
    flow_error_free(err);
}

void wrap_rig_activate(struct wrap_rig *rig, const char *active)
{
    struct world *world = &rig->world;
    flow_error *err = NULL;

    fl_sealing_close(world->sealing);
    world->sealing = NULL;
    if (active)
        fl_sealing_open(&world->rig.lib->allocator, &world->keys.provider, active, &world->sealing,
                        &err);
    ck_assert_msg(!err, "%s", flow_error_message(err));
}

/* ---- events ---- */

/* The same size for every number. */
static void body_of(uint32_t number, char body[BODY])
{
    memset(body, '.', BODY);
    snprintf(body, BODY, SECRET " body %08u", number);
}

static int add_text(flow_batch *batch, uint32_t number, flow_error **err)
{
    const flow_header header = {SECRET "-name", SECRET " value", 11, 12};
    char body[BODY];

    body_of(number, body);
    return flow_batch_add_full(batch, body, sizeof body, &header, 1, sizeof header, err);
}

int wrap_rig_try_put(struct wrap_rig *rig, uint32_t count, flow_error **err)
{
    struct world *world = &rig->world;
    const uint32_t value[] = {rig->put, 0};
    const flow_position position = {"/" SECRET "/file", value, 12, sizeof value};
    struct fl_buf positions;
    flow_batch *batch = NULL;

    fl_buf_init(&positions, &world->rig.lib->allocator);
    int rc = flow_batch_new(world->rig.lib, &batch, err);
    for (uint32_t i = 0; !rc && i < count; i++)
        rc = add_text(batch, rig->put + i, err);
    if (!rc)
        rc = fl_position_append(&positions, &position);
    if (!rc)
        rc = fl_store_put(world->store, flow_batch_events(batch), count, &positions, err);
    rig->put += rc ? 0 : count;
    flow_batch_free(batch);
    fl_buf_free(&positions);
    return rc;
}

void wrap_rig_put(struct wrap_rig *rig, uint32_t count)
{
    flow_error *err = NULL;
    int rc = wrap_rig_try_put(rig, count, &err);

    ck_assert_msg(!rc, "%s", flow_error_message(err));
}

static void check_event(const flow_event *event, uint32_t number)
{
    char wanted[BODY];
    size_t size;
    const void *body = flow_event_body(event, &size);

    body_of(number, wanted);
    ck_assert_uint_eq(size, sizeof wanted);
    ck_assert_mem_eq(body, wanted, sizeof wanted);
    ck_assert_str_eq(flow_event_header(event, SECRET "-name", NULL), SECRET " value");
}

/* Takes up to MOST events, which have to be those from FIRST on, 8 at a time. */
static uint32_t take(struct wrap_rig *rig, uint32_t first, uint32_t most, struct fl_lot_ref **lots,
                     flow_error **err)
{
    const flow_event *events[8];
    uint32_t total = 0;
    size_t count = 1;

    while (total < most && count) {
        size_t want = most - total < 8 ? most - total : 8;
        if (fl_cursor_take(rig->world.cursor, want, events, &count, lots, err))
            break;
        for (size_t i = 0; i < count; i++)
            check_event(events[i], first + total++);
    }
    return total;
}

void wrap_rig_take(struct wrap_rig *rig, uint32_t count)
{
    const uint32_t value[] = {rig->taken + count};
    const flow_position mark = {"\0" SECRET "\0sink", value, 12, sizeof value};
    struct fl_lot_ref *lots = NULL;
    struct fl_buf marks;
    flow_error *err = NULL;

    fl_buf_init(&marks, &rig->world.rig.lib->allocator);
    ck_assert_int_eq(fl_position_append(&marks, &mark), FLOW_OK);
    ck_assert_uint_eq(take(rig, rig->taken, count, &lots, &err), count);
    ck_assert_int_eq(fl_cursor_commit(rig->world.cursor, &lots, &marks, &err), FLOW_OK);
    fl_buf_free(&marks);
    rig->taken += count;
}

flow_error *wrap_rig_read(struct wrap_rig *rig)
{
    struct fl_lot_ref *lots = NULL;
    flow_error *err = NULL;
    uint32_t count = take(rig, rig->taken, UINT32_MAX, &lots, &err);

    if (lots)
        fl_cursor_return(rig->world.cursor, &lots);
    if (!err)
        ck_assert_uint_eq(count, rig->put - rig->taken);
    return err;
}

void wrap_rig_check(struct wrap_rig *rig)
{
    flow_error *err = wrap_rig_read(rig);

    ck_assert_msg(!err, "%s", flow_error_message(err));
}

/* ---- bytes ---- */

struct fl_buf wrap_rig_load(struct wrap_rig *rig, const char *path)
{
    struct fl_buf bytes;
    flow_error *err = NULL;

    fl_buf_init(&bytes, NULL);
    fl_file_load(sim_disk_io(rig->world.disk), path, (size_t)1 << 24, &bytes, &err);
    ck_assert_msg(!err, "%s", flow_error_message(err));
    return bytes;
}

void wrap_rig_poke(struct wrap_rig *rig, const char *path, uint64_t at, const void *bytes,
                   size_t size)
{
    const struct fl_io *io = sim_disk_io(rig->world.disk);
    int fd = io->open(io->self, path, O_RDWR | O_CLOEXEC, 0);

    ck_assert_int_eq(io->pwrite(io->self, fd, bytes, size, (int64_t)at), (int64_t)size);
    io->close(io->self, fd);
}

uint64_t wrap_rig_find(struct wrap_rig *rig, unsigned type, unsigned index, struct fl_frame *frame)
{
    struct fl_buf bytes = wrap_rig_load(rig, FIRST_SEGMENT);
    uint64_t at = FL_SEGMENT_FRONT;

    for (;; at += fl_frame_span(frame)) {
        ck_assert_uint_le(at + FL_FRAME_FRONT, bytes.size);
        ck_assert_int_eq(fl_frame_read(bytes.data + at, frame), 1);
        if (frame->type == type && index-- == 0)
            break;
    }
    fl_buf_free(&bytes);
    return at;
}

void wrap_rig_forge(struct wrap_rig *rig, uint64_t at, struct fl_frame *frame,
                    const uint8_t *payload)
{
    uint8_t front[FL_FRAME_FRONT];

    frame->crc = fl_crc32c(0, payload, frame->size);
    fl_frame_write(frame, front);
    wrap_rig_poke(rig, FIRST_SEGMENT, at, front, sizeof front);
    wrap_rig_poke(rig, FIRST_SEGMENT, at + sizeof front, payload, frame->size);
}
