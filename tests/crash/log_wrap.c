/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Logs that are compressed and encrypted: that they come back, that nothing of them can be read
 * without the key, that keys change, and that no nonce is used twice whatever fails.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/library.h"
#include "store/logdir.h"
#include "suite.h"
#include "unseal.h"
#include "wrap_rig.h"

static struct wrap_rig rig;

/* ---- there and back ---- */

static int count_position(void *arg, const flow_position *position)
{
    ck_assert_uint_gt(position->value_size, 0);
    ++*(int *)arg;
    return FLOW_OK;
}

/* Where the source is, and the mark of the sink. */
static int count_positions(void)
{
    int count = 0;

    fl_store_positions(rig.world.store, "/" SECRET "/file", 12, count_position, &count);
    fl_store_positions(rig.world.store, "\0" SECRET "\0sink", 12, count_position, &count);
    return count;
}

static void come_and_go(const char *way)
{
    wrap_rig_up(&rig, way);
    for (int i = 0; i < 30; i++)
        wrap_rig_put(&rig, 1 + (uint32_t)i % 9); /* more than memory keeps */
    wrap_rig_check(&rig);
    wrap_rig_take(&rig, 17);
    wrap_rig_close(&rig);
    wrap_rig_open(&rig);
    ck_assert_int_eq(count_positions(), 2);
    wrap_rig_check(&rig);
    wrap_rig_put(&rig, 3);
    wrap_rig_take(&rig, 5);
    wrap_rig_check(&rig);
    wrap_rig_down(&rig);
}

START_TEST(events_and_positions_come_back)
{
    come_and_go("none");
    come_and_go("pack");
    come_and_go("seal");
    come_and_go("both");
}
END_TEST

START_TEST(what_was_written_before_stays_readable)
{
    wrap_rig_up(&rig, "none");
    wrap_rig_put(&rig, 20);
    wrap_rig_close(&rig);
    rig.world.level = 1;
    wrap_rig_activate(&rig, "old");
    wrap_rig_open(&rig);
    wrap_rig_put(&rig, 20);
    wrap_rig_close(&rig);
    rig.world.level = 0;
    wrap_rig_activate(&rig, "new");
    wrap_rig_open(&rig);
    wrap_rig_put(&rig, 20);
    wrap_rig_check(&rig);
    wrap_rig_take(&rig, 30);
    wrap_rig_check(&rig);
    wrap_rig_down(&rig);
}
END_TEST

/* ---- how it is written ---- */

static void note_frame(void *arg, const struct unsealed *frame)
{
    unsigned *seen = arg;

    seen[frame->type] |= 1u << frame->flags;
    if (frame->type != FL_FRAME_PUT)
        return;
    ck_assert_ptr_nonnull(memmem(frame->payload, frame->size, SECRET " body 0000", 16));
    ck_assert_ptr_nonnull(memmem(frame->payload, frame->size, "/" SECRET "/file", 12));
}

static void read_by_others(const char *way, const char *name, unsigned put_flags)
{
    struct fl_key key;
    unsigned seen[5] = {0};

    wrap_rig_up(&rig, way);
    wrap_rig_close(&rig);
    wrap_rig_activate(&rig, name);
    wrap_rig_open(&rig);
    wrap_rig_put(&rig, 5);
    wrap_rig_put(&rig, 2);
    wrap_rig_take(&rig, 3);
    world_must(world_take_most(&rig.world, &rig.world.takings[0], 1, NULL), NULL, "take");
    world_must(world_commit(&rig.world, &rig.world.takings[0], NULL), NULL, "commit");
    wrap_rig_close(&rig);
    rig.world.keys.provider.get(&rig.world.keys, name, &key, NULL);
    const struct fl_buf named = {.data = key.bytes, .size = key.size};
    struct fl_buf bytes = wrap_rig_load(&rig, "/data0/segment-0000000000000002");
    size_t count = unseal(bytes.data, bytes.size, name, &named, note_frame, seen);
    ck_assert_uint_ge(count, 4);
    ck_assert_uint_eq(seen[FL_FRAME_PUT], 1u << put_flags);
    ck_assert_uint_eq(seen[FL_FRAME_ACK], 1u << FL_FRAME_SEALED | 1u); /* with a mark; numbers */
    ck_assert_uint_eq(seen[FL_FRAME_STATE], 1u << FL_FRAME_SEALED);
    fl_buf_free(&bytes);
    wrap_rig_down(&rig);
}

START_TEST(others_read_it_by_what_its_page_says)
{
    read_by_others("seal", "k16", FL_FRAME_SEALED);
    read_by_others("seal", "k24", FL_FRAME_SEALED);
    read_by_others("seal", "k32", FL_FRAME_SEALED);
    read_by_others("both", "k32", FL_FRAME_SEALED | FL_FRAME_PACKED);
}
END_TEST

/* How often the secret was written to the disk, whatever became of that. */
static int count_readable(void)
{
    int count = 0;

    for (uint64_t i = 0; i < sim_disk_ops(rig.world.disk); i++) {
        const struct sim_op *op = sim_disk_op(rig.world.disk, i);
        if (op->kind == SIM_OP_WRITE)
            count += memmem(op->data, (size_t)op->size, SECRET, 6) != NULL;
    }
    return count;
}

/* Lets a consumer fail to deliver an event, which becomes a dead letter. */
static void reject_one(void)
{
    struct fl_cursor *cursor = NULL;
    const flow_event *event;
    struct fl_lot_ref *lots = NULL;
    size_t count;

    ck_assert_int_eq(fl_store_cursor(rig.world.store, SECRET "-consumer", &cursor, NULL), FLOW_OK);
    atomic_store(&cursor->max_deliveries, 1);
    ck_assert_int_eq(fl_cursor_take(cursor, 1, &event, &count, &lots, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    fl_cursor_reject(cursor, &lots, SECRET " reason");
}

/* It is read back from the log. */
static void check_letter(void)
{
    struct fl_cursor *cursor = fl_store_find_cursor(rig.world.store, SECRET "-consumer");
    struct fl_letter letter;
    struct fl_run *run = NULL;
    struct fl_buf reason;

    ck_assert_ptr_nonnull(cursor);
    fl_buf_init(&reason, NULL);
    ck_assert_int_eq(fl_cursor_letter(cursor, 0, &letter, &reason, &run, NULL), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&reason), SECRET " reason");
    ck_assert_uint_eq(run->count, 1);
    fl_run_unref(run);
    fl_buf_free(&reason);
}

static int play_in_public(const char *way)
{
    wrap_rig_up(&rig, way);
    sim_disk_record(rig.world.disk);
    wrap_rig_put(&rig, 2);
    reject_one();
    for (int i = 0; i < 20; i++) {
        wrap_rig_put(&rig, 9);
        wrap_rig_take(&rig, 7);
        if (i % 5 == 4) {
            ck_assert_int_eq(fl_store_checkpoint(rig.world.store, 0, NULL), FLOW_OK);
            wrap_rig_close(&rig);
            wrap_rig_open(&rig);
            check_letter();
        }
    }
    wrap_rig_close(&rig);
    int count = count_readable();
    wrap_rig_down(&rig);
    return count;
}

START_TEST(nothing_readable_is_ever_written)
{
    ck_assert_int_gt(play_in_public("none"), 20);
    ck_assert_int_gt(play_in_public("pack"), 10); /* what is compressed is not hidden */
    ck_assert_int_eq(play_in_public("seal"), 0);
    ck_assert_int_eq(play_in_public("both"), 0);
}
END_TEST

/* ---- old files ---- */

struct names {
    unsigned segments, spares;
};

static int note_name(void *arg, const char *name)
{
    struct names *names = arg;
    uint64_t number;

    names->segments += fl_segment_is_name(name, &number) != 0;
    names->spares += fl_spare_is_name(name, &number) != 0;
    return 0;
}

static struct names list_names(void)
{
    const struct fl_io *io = sim_disk_io(rig.world.disk);
    struct names names = {0};

    io->list(io->self, "/data0", note_name, &names);
    return names;
}

/* Puts and takes as much as several segments. */
static void fill_segments(void)
{
    for (int i = 0; i < 40; i++) {
        wrap_rig_put(&rig, 16);
        wrap_rig_take(&rig, 16);
        ck_assert_int_eq(fl_store_checkpoint(rig.world.store, 0, NULL), FLOW_OK);
    }
}

static int is_readable(const char *path)
{
    struct fl_buf bytes = wrap_rig_load(&rig, path);
    int found = memmem(bytes.data, bytes.size, SECRET, 6) != NULL;

    fl_buf_free(&bytes);
    return found;
}

static int look_for_secret(void *arg, const char *name)
{
    char path[96];

    snprintf(path, sizeof path, "/data0/%s", name);
    *(int *)arg += strncmp(name, "in_use", 6) && is_readable(path);
    return 0;
}

static int count_readable_files(void)
{
    const struct fl_io *io = sim_disk_io(rig.world.disk);
    int count = 0;

    io->list(io->self, "/data0", look_for_secret, &count);
    return count;
}

/* Puts, in a frame of their own, where 50 files are, or that they are forgotten. */
static void put_files(int are_there)
{
    struct fl_buf positions;

    fl_buf_init(&positions, &rig.world.rig.lib->allocator);
    for (int i = 0; i < 50; i++) {
        char key[32];
        size_t size = (size_t)snprintf(key, sizeof key, SECRET " file %d", i);
        const flow_position position = {key, "here", size, are_there ? 4 : 0};
        ck_assert_int_eq(fl_position_append(&positions, &position), FLOW_OK);
    }
    ck_assert_int_eq(fl_store_put(rig.world.store, NULL, 0, &positions, NULL), FLOW_OK);
    fl_buf_free(&positions);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fl_store_checkpoint(rig.world.store, 0, NULL), FLOW_OK);
}

START_TEST(nothing_from_before_is_left_behind_a_smaller_checkpoint)
{
    wrap_rig_up(&rig, "none");
    put_files(1);
    wrap_rig_close(&rig);
    ck_assert(is_readable("/control/control-0") && is_readable("/control/control-1"));
    wrap_rig_activate(&rig, "new");
    wrap_rig_open(&rig);
    put_files(0);
    ck_assert(!is_readable("/control/control-0") && !is_readable("/control/control-1"));
    wrap_rig_close(&rig);
    wrap_rig_open(&rig);
    wrap_rig_down(&rig);
}
END_TEST

START_TEST(files_from_before_are_not_used_again)
{
    wrap_rig_up(&rig, "none");
    fill_segments();
    ck_assert_uint_gt(list_names().spares, 0);
    wrap_rig_close(&rig);
    ck_assert_int_gt(count_readable_files(), 1);
    wrap_rig_activate(&rig, "new");
    wrap_rig_open(&rig);
    ck_assert_uint_eq(list_names().spares, 0);
    fill_segments();
    ck_assert_int_eq(count_readable_files(), 0);
    ck_assert_uint_gt(list_names().spares, 0); /* encrypted ones are */
    wrap_rig_down(&rig);
}
END_TEST

/* ---- keys ---- */

START_TEST(a_key_is_needed_as_long_as_something_needs_it)
{
    wrap_rig_up(&rig, "seal");
    wrap_rig_put(&rig, 10); /* with "new" */
    wrap_rig_close(&rig);
    wrap_rig_activate(&rig, "old");
    wrap_rig_open(&rig);
    wrap_rig_put(&rig, 10);
    wrap_rig_close(&rig);
    rig.world.keys.names = "old ";
    wrap_rig_refuse(&rig, FLOW_ECONFIG, FIRST_SEGMENT " is encrypted with the key 'new'");
    rig.world.keys.names = "old new ";
    wrap_rig_open(&rig);
    wrap_rig_take(&rig, 10);
    ck_assert_int_eq(fl_store_checkpoint(rig.world.store, 0, NULL), FLOW_OK);
    wrap_rig_close(&rig);
    rig.world.keys.names = "old ";
    wrap_rig_open(&rig);
    wrap_rig_check(&rig);
    wrap_rig_down(&rig);
}
END_TEST

START_TEST(without_keys_an_encrypted_log_is_refused)
{
    wrap_rig_up(&rig, "seal");
    wrap_rig_put(&rig, 10);
    wrap_rig_close(&rig);
    wrap_rig_activate(&rig, NULL);
    wrap_rig_refuse(&rig, FLOW_ECONFIG, "is encrypted with the key 'new', and there are no keys");
    wrap_rig_activate(&rig, "new");
    rig.world.keys.twist = 1;
    wrap_rig_refuse(&rig, FLOW_ECONFIG, "another key 'new'");
    rig.world.keys.twist = 0;
    wrap_rig_open(&rig);
    wrap_rig_check(&rig);
    wrap_rig_down(&rig);
}
END_TEST

static uint64_t count_keys(const flow_logdir *dir, const char *name)
{
    flow_logdir_key key = {.struct_size = sizeof key};
    uint64_t found = 0;

    for (size_t i = 0; flow_logdir_key_at(dir, i, &key) == FLOW_OK; i++)
        found += strcmp(key.name, name) ? 0 : key.segments;
    return found;
}

START_TEST(a_stopped_log_says_which_keys_it_needs)
{
    static const char *const folders[] = {"/data0"};
    const struct fl_logdir_place place = {"/control", folders, 1};
    flow_logdir_stat stat = {.struct_size = sizeof stat};
    flow_logdir_key key = {.struct_size = sizeof key};
    flow_logdir *dir = NULL;

    wrap_rig_up(&rig, "seal");
    for (int i = 0; i < 2; i++) {
        wrap_rig_put(&rig, 10);
        wrap_rig_close(&rig);
        wrap_rig_activate(&rig, i ? "new" : "old");
        wrap_rig_open(&rig);
    }
    wrap_rig_close(&rig);
    rig.world.rig.lib->io = sim_disk_io(rig.world.disk);
    world_forget_owners(rig.world.disk);
    ck_assert_int_eq(fl_logdir_open(rig.world.rig.lib, &place, NULL, &dir, NULL), FLOW_OK);
    ck_assert_int_eq(flow_logdir_stat_get(dir, &stat), FLOW_OK);
    ck_assert_uint_eq(stat.encrypted, stat.segments);
    ck_assert_uint_eq(stat.hidden, 1);
    ck_assert_uint_eq(stat.events, 20);
    ck_assert_uint_eq(count_keys(dir, "old"), 1);
    ck_assert_uint_eq(count_keys(dir, "new"), stat.segments - 1);
    ck_assert_int_eq(flow_logdir_key_at(dir, 2, &key), FLOW_ENOENT);
    flow_logdir_free(dir);
    wrap_rig_down(&rig);
}
END_TEST

/* ---- nonces ---- */

/* What was encrypted with one key at one place. */
struct use {
    uint8_t salt[FL_SEAL_SALT];
    uint64_t at;
    uint32_t crc, size;
};

struct uses {
    struct fl_vec list; /* of struct use */
    struct {
        uint64_t file;
        struct fl_seal_front seal;
    } files[64]; /* as their fronts were last written */
    size_t file_count;
};

static struct fl_seal_front *seal_of(struct uses *uses, uint64_t file)
{
    size_t i = 0;

    while (i < uses->file_count && uses->files[i].file != file)
        i++;
    ck_assert_uint_lt(i, 64);
    if (i == uses->file_count)
        uses->files[uses->file_count++].file = file;
    return &uses->files[i].seal;
}

/* The same bytes may be written there again, but no others. */
static void note_use(struct uses *uses, const struct use *use)
{
    for (size_t i = 0; i < uses->list.count; i++) {
        const struct use *other = fl_vec_at(&uses->list, i);
        if (other->at == use->at && !memcmp(other->salt, use->salt, FL_SEAL_SALT))
            ck_assert_msg(other->crc == use->crc && other->size == use->size,
                          "two frames are encrypted with one key at byte %u", (unsigned)use->at);
    }
    ck_assert_ptr_nonnull(fl_vec_push(&uses->list, use));
}

static void note_write(struct uses *uses, const struct sim_op *op)
{
    struct fl_seal_front *seal = seal_of(uses, op->file);
    struct fl_frame frame;

    if (op->offset == 0 && op->size == FL_SEGMENT_FRONT)
        fl_seal_front_read(op->data + FL_SEGMENT_SEAL_FIRST, seal);
    for (uint64_t at = 0; op->offset && at + FL_FRAME_FRONT <= op->size; at += 8) {
        if (!fl_frame_read(op->data + at, &frame) || !(frame.flags & FL_FRAME_SEALED))
            continue;
        struct use use = {.at = (uint64_t)op->offset + at, .crc = frame.crc, .size = frame.size};
        memcpy(use.salt, seal->salt, FL_SEAL_SALT);
        note_use(uses, &use);
    }
}

static void collect_uses(struct uses *uses)
{
    memset(uses, 0, sizeof *uses);
    fl_vec_init(&uses->list, NULL, sizeof(struct use));
    for (uint64_t i = 0; i < sim_disk_ops(rig.world.disk); i++) {
        const struct sim_op *op = sim_disk_op(rig.world.disk, i);
        if (op->kind == SIM_OP_WRITE)
            note_write(uses, op);
    }
}

/* Call AT fails, and the log goes on; returns whether there are so many calls. */
static int play_with_fault(uint64_t at, const struct sim_fault *what)
{
    static struct uses uses;
    struct sim_fault fault = *what;

    fault.at = at;
    wrap_rig_up(&rig, "seal");
    wrap_rig_close(&rig);
    sim_disk_record(rig.world.disk);
    wrap_rig_open(&rig);
    sim_disk_fail(rig.world.disk, &fault);
    for (int i = 0; i < 12; i++) {
        wrap_rig_try_put(&rig, 1 + (uint32_t)i % 5, NULL);
        if (i % 4 == 3)
            fl_store_checkpoint(rig.world.store, 0, NULL);
    }
    int reached = sim_disk_failures(rig.world.disk) > 0;
    sim_disk_fail(rig.world.disk, NULL);
    for (int i = 0; i < 12; i++)
        wrap_rig_put(&rig, 1 + (uint32_t)i % 4);
    wrap_rig_check(&rig);
    wrap_rig_close(&rig);
    collect_uses(&uses);
    ck_assert_uint_ge(uses.list.count, 12);
    fl_vec_free(&uses.list);
    wrap_rig_down(&rig);
    return reached;
}

START_TEST(no_nonce_is_used_twice_whatever_fails)
{
    static const struct sim_fault faults[] = {
        {.error = EIO, .calls = SIM_CALL_WRITE},
        {.error = 0, .bytes = 100, .calls = SIM_CALL_WRITE},
        {.error = EIO, .calls = SIM_CALL_SYNC, .loss = SIM_LOST},
        {.error = EIO, .calls = SIM_CALL_SYNC, .loss = SIM_REACHED},
        {.error = EIO, .calls = SIM_CALL_SYNC, .loss = SIM_LOST, .lasts = 1},
        {.error = ENOSPC, .calls = SIM_CALL_WRITE, .lasts = 1},
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint64_t at = 1;
        while (play_with_fault(at, &faults[i]))
            at++;
        ck_assert_uint_gt(at, 12);
    }
}
END_TEST

START_TEST(files_that_are_used_again_get_keys_of_their_own)
{
    static struct uses uses;
    unsigned salts = 0;

    wrap_rig_up(&rig, "seal");
    sim_disk_record(rig.world.disk);
    fill_segments();
    wrap_rig_close(&rig);
    collect_uses(&uses);
    for (size_t i = 0; i < uses.list.count; i++) {
        const struct use *use = fl_vec_at(&uses.list, i);
        salts += use->at == FL_SEGMENT_FRONT; /* a segment begins with a frame */
    }
    ck_assert_uint_gt(salts, uses.file_count); /* files had several */
    ck_assert_uint_gt(salts, 3);
    fl_vec_free(&uses.list);
    wrap_rig_down(&rig);
}
END_TEST

static int writes_front(const struct sim_op *op)
{
    return op->kind == SIM_OP_WRITE && op->offset == 0 && op->size == FL_SEGMENT_FRONT;
}

/* Whether operation AT makes a segment of a file that was one before. */
static int uses_again(struct sim_disk *disk, uint64_t at)
{
    const struct sim_op *op = sim_disk_op(disk, at);
    int found = 0;

    for (uint64_t i = 0; i < at && writes_front(op) && !found; i++) {
        const struct sim_op *earlier = sim_disk_op(disk, i);
        found = writes_front(earlier) && earlier->file == op->file;
    }
    return found;
}

/* Opens what crashes can have left of PAST. */
static void open_after_crashes(struct sim_disk *past, uint64_t seed)
{
    for (uint64_t i = 0; i < 64; i++) {
        struct sim_disk *image = sim_disk_crash(past, SIM_TORN, seed * 64 + i);
        struct fl_store *store;
        flow_error *err = NULL;
        world_open_on(&rig.world, image, &store, &err);
        ck_assert_msg(store, "%s", flow_error_message(err));
        fl_store_close(store, NULL);
        sim_disk_free(image);
    }
}

/* The file was a segment until a moment before, and its last name may be forgotten in the crash. */
START_TEST(a_crash_while_a_file_is_used_again_does_no_harm)
{
    unsigned files = 0;

    wrap_rig_up(&rig, "seal");
    sim_disk_record(rig.world.disk);
    fill_segments();
    wrap_rig_close(&rig);
    struct sim_disk *past = sim_disk_past(rig.world.disk, 0);
    for (uint64_t at = 0; at < sim_disk_ops(rig.world.disk); at++) {
        sim_disk_advance(past, at + 1);
        if (!uses_again(rig.world.disk, at))
            continue;
        open_after_crashes(past, at);
        files++;
    }
    ck_assert_uint_gt(files, 3);
    sim_disk_free(past);
    wrap_rig_down(&rig);
}
END_TEST

/* Puts the same events into the log of DISK and returns the first put of its newest segment. */
static struct fl_buf go_on_at(struct sim_disk *disk)
{
    struct sim_disk *before = rig.world.disk;
    uint32_t put = rig.put;

    rig.world.disk = disk;
    wrap_rig_open(&rig);
    wrap_rig_put(&rig, 4);
    wrap_rig_close(&rig);
    struct fl_buf bytes = wrap_rig_load(&rig, "/data0/segment-0000000000000002");
    rig.world.disk = before;
    rig.put = put;
    return bytes;
}

START_TEST(a_copy_of_a_log_goes_on_with_keys_of_its_own)
{
    wrap_rig_up(&rig, "seal");
    wrap_rig_put(&rig, 4);
    wrap_rig_close(&rig);
    struct sim_disk *first = sim_disk_crash(rig.world.disk, SIM_KILLED, 0);
    struct sim_disk *second = sim_disk_crash(rig.world.disk, SIM_KILLED, 0);
    struct fl_buf a = go_on_at(first), b = go_on_at(second);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.data + FL_SEGMENT_FRONT, b.data + FL_SEGMENT_FRONT, 12); /* a frame */
    ck_assert_mem_ne(a.data + FL_SEGMENT_FRONT + FL_FRAME_FRONT,
                     b.data + FL_SEGMENT_FRONT + FL_FRAME_FRONT, 32);
    fl_buf_free(&a);
    fl_buf_free(&b);
    sim_disk_free(first);
    sim_disk_free(second);
    wrap_rig_down(&rig);
}
END_TEST

/* ---- compression ---- */

static uint64_t put_size(const char *way, int random)
{
    struct fl_frame frame;
    uint8_t body[4000];
    flow_batch *batch = NULL;

    wrap_rig_up(&rig, way);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(random ? world_random(&rig.world, 256) : i / 100);
    ck_assert_int_eq(flow_batch_new(rig.world.rig.lib, &batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_add(batch, body, sizeof body, NULL), FLOW_OK);
    ck_assert_int_eq(fl_store_put(rig.world.store, flow_batch_events(batch), 1, NULL, NULL),
                     FLOW_OK);
    flow_batch_free(batch);
    wrap_rig_find(&rig, FL_FRAME_PUT, 0, &frame);
    ck_assert_uint_eq(frame.flags & FL_FRAME_PACKED, !random && strcmp(way, "none"));
    ck_assert_uint_eq(fl_frame_plain(&frame), 4012);
    wrap_rig_down(&rig);
    return frame.size;
}

START_TEST(what_gets_smaller_is_compressed_and_nothing_else)
{
    ck_assert_uint_eq(put_size("none", 0), 4012);
    ck_assert_uint_lt(put_size("pack", 0), 400);
    ck_assert_uint_eq(put_size("pack", 1), 4012);
}
END_TEST

/* ---- without memory ---- */

static int live_on_grants(int64_t grants)
{
    struct world *world = &rig.world;

    failing_after(&world->rig.failing, grants);
    int rc = world_open(world, NULL);
    if (!rc)
        rc = wrap_rig_try_put(&rig, 5, NULL);
    if (!rc)
        rc = fl_store_checkpoint(world->store, 0, NULL);
    if (world->store) {
        struct fl_lot_ref *lots = NULL;
        const flow_event *events[8];
        size_t count;
        int taken = fl_cursor_take(world->cursor, 8, events, &count, &lots, NULL);
        if (lots)
            fl_cursor_return(world->cursor, &lots);
        rc = rc ? rc : taken;
        fl_store_close(world->store, NULL);
        world->store = NULL;
    }
    failing_after(&world->rig.failing, -1);
    return rc;
}

START_TEST(every_lack_of_memory_is_an_error_and_loses_nothing)
{
    int rc = FLOW_ENOMEM;

    wrap_rig_up(&rig, "both");
    for (int i = 0; i < 12; i++)
        wrap_rig_put(&rig, 9);
    wrap_rig_close(&rig);
    struct sim_disk *disk = rig.world.disk;
    uint32_t put = rig.put;
    for (int64_t grants = 0; rc != FLOW_OK; grants++) {
        rig.world.disk = sim_disk_crash(disk, SIM_KILLED, 0);
        rig.put = put;
        rc = live_on_grants(grants);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
        wrap_rig_open(&rig);
        wrap_rig_check(&rig);
        wrap_rig_close(&rig);
        sim_disk_free(rig.world.disk);
    }
    rig.world.disk = disk;
    wrap_rig_down(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"there and back", events_and_positions_come_back},
        {"before", what_was_written_before_stays_readable},
        {"format", others_read_it_by_what_its_page_says},
        {"readable", nothing_readable_is_ever_written},
        {"old checkpoints", nothing_from_before_is_left_behind_a_smaller_checkpoint},
        {"old files", files_from_before_are_not_used_again},
        {"rotation", a_key_is_needed_as_long_as_something_needs_it},
        {"no keys", without_keys_an_encrypted_log_is_refused},
        {"which keys", a_stopped_log_says_which_keys_it_needs},
        {"nonces", no_nonce_is_used_twice_whatever_fails},
        {"crash", a_crash_while_a_file_is_used_again_does_no_harm},
        {"recycled", files_that_are_used_again_get_keys_of_their_own},
        {"copy", a_copy_of_a_log_goes_on_with_keys_of_its_own},
        {"compression", what_gets_smaller_is_compressed_and_nothing_else},
        {"memory", every_lack_of_memory_is_an_error_and_loses_nothing},
    };

    return RUN_SUITE("crash/log_wrap", tests);
}
