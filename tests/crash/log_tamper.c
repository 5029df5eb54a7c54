/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Logs that somebody has changed who knows the checksums and not the keys, and logs of a later
 * version: what comes of it is refused with its place, and never taken for an event.
 */

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "core/library.h"
#include "store/logdir.h"
#include "suite.h"
#include "wrap_rig.h"

static struct wrap_rig rig;

/* A log of four puts, of which the last proves that the others were there, as a crash leaves it. */
static void up_after_crash(const char *way)
{
    flow_error *err = NULL;

    wrap_rig_up(&rig, way);
    for (int i = 0; i < 4; i++)
        wrap_rig_put(&rig, 3);
    struct sim_disk *image = sim_disk_crash(rig.world.disk, SIM_KILLED, 0);
    wrap_rig_close(&rig);
    sim_disk_free(rig.world.disk);
    rig.world.disk = image;
    ck_assert_ptr_null(err);
}

static struct fl_buf payload_at(uint64_t at, const struct fl_frame *frame)
{
    struct fl_buf bytes = wrap_rig_load(&rig, FIRST_SEGMENT);

    fl_buf_consume(&bytes, (size_t)at + FL_FRAME_FRONT);
    bytes.size = frame->size;
    return bytes;
}

static flow_logdir *look(int with_keys, int code)
{
    static const char *const folders[] = {"/data0"};
    const struct fl_logdir_place place = {"/control", folders, 1};
    flow_logdir *dir = NULL;
    flow_error *err = NULL;

    rig.world.rig.lib->io = sim_disk_io(rig.world.disk);
    world_forget_owners(rig.world.disk);
    int rc = fl_logdir_open(rig.world.rig.lib, &place, with_keys ? &rig.world.keys.provider : NULL,
                            &dir, &err);
    ck_assert_msg(rc == code, "%s", flow_error_message(err));
    flow_error_free(err);
    return dir;
}

static uint64_t count_faults(int with_keys, const char *part)
{
    flow_logdir_fault fault = {.struct_size = sizeof fault};
    flow_logdir *dir = look(with_keys, FLOW_OK);
    uint64_t count = 0;

    for (; flow_logdir_fault_at(dir, count, &fault) == FLOW_OK; count++)
        ck_assert_msg(strstr(fault.message, part), "%s", fault.message);
    flow_logdir_free(dir);
    return count;
}

/* ---- frames ---- */

/* Puts frame INDEX back, changed, with right checksums. */
static void change_frame(unsigned index, void (*change)(struct fl_frame *, uint8_t *payload))
{
    struct fl_frame frame;
    uint64_t at = wrap_rig_find(&rig, FL_FRAME_PUT, index, &frame);
    struct fl_buf payload = payload_at(at, &frame);

    change(&frame, payload.data);
    wrap_rig_forge(&rig, at, &frame, payload.data);
    fl_buf_free(&payload);
}

static void flip_body(struct fl_frame *frame, uint8_t *payload)
{
    payload[frame->size / 2] ^= 1;
}

static void flip_tag(struct fl_frame *frame, uint8_t *payload)
{
    payload[frame->size - 1] ^= 0x80;
}

static void change_offset(struct fl_frame *frame, uint8_t *payload)
{
    (void)payload;
    frame->first++;
}

static void change_time(struct fl_frame *frame, uint8_t *payload)
{
    (void)payload;
    frame->time++;
}

static void change_positions(struct fl_frame *frame, uint8_t *payload)
{
    (void)payload;
    frame->positions = 0;
}

static void keep_all(struct fl_frame *frame, uint8_t *payload)
{
    (void)frame;
    (void)payload;
}

START_TEST(a_frame_that_was_changed_is_damaged)
{
    void (*const changes[])(struct fl_frame *, uint8_t *) = {
        flip_body, flip_tag, change_offset, change_time, change_positions,
    };

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        up_after_crash("seal");
        change_frame(1, changes[i]);
        wrap_rig_refuse(&rig, FLOW_EPARSE, "is damaged: it is not what was encrypted there");
        ck_assert_uint_eq(count_faults(1, "its payload is damaged; events lost: offsets"), 1);
        ck_assert_uint_eq(count_faults(0, "no checksum is wrong"), 0);
        wrap_rig_down(&rig);
    }
    up_after_crash("seal");
    change_frame(1, keep_all); /* so that it is the changes that matter */
    wrap_rig_open(&rig);
    wrap_rig_check(&rig);
    wrap_rig_down(&rig);
}
END_TEST

/* Its checksum says that it was written whole, so it may have been acknowledged. */
START_TEST(the_last_frame_is_not_dropped_as_if_it_had_been_cut_off)
{
    up_after_crash("seal");
    change_frame(3, flip_tag);
    wrap_rig_refuse(&rig, FLOW_EPARSE, "it is not what was encrypted there");
    ck_assert_uint_eq(count_faults(1, "its payload is damaged; events lost: offsets 9 to 11"), 1);
    wrap_rig_down(&rig);
}
END_TEST

START_TEST(frames_cannot_change_places)
{
    struct fl_frame first, second;

    up_after_crash("seal");
    uint64_t a = wrap_rig_find(&rig, FL_FRAME_PUT, 0, &first);
    uint64_t b = wrap_rig_find(&rig, FL_FRAME_PUT, 1, &second);
    struct fl_buf one = payload_at(a, &first), other = payload_at(b, &second);
    ck_assert_uint_eq(first.size, second.size);
    wrap_rig_forge(&rig, a, &second, other.data);
    wrap_rig_forge(&rig, b, &first, one.data);
    wrap_rig_refuse(&rig, FLOW_EPARSE, FIRST_SEGMENT ": the frame at byte");
    wrap_rig_forge(&rig, b, &second, other.data); /* the same frame twice */
    wrap_rig_refuse(&rig, FLOW_EPARSE, FIRST_SEGMENT ": the frame at byte");
    wrap_rig_forge(&rig, a, &first, one.data);
    wrap_rig_open(&rig);
    wrap_rig_check(&rig);
    fl_buf_free(&one);
    fl_buf_free(&other);
    wrap_rig_down(&rig);
}
END_TEST

/* ---- how the key is made ---- */

static void spoil(uint64_t at)
{
    wrap_rig_poke(&rig, FIRST_SEGMENT, at + 100, "spoilt", 6);
}

START_TEST(one_copy_of_how_a_key_is_made_is_enough)
{
    const uint64_t copies[] = {FL_SEGMENT_SEAL_FIRST, FL_SEGMENT_SEAL_SECOND};

    for (int i = 0; i < 2; i++) {
        up_after_crash("seal");
        spoil(copies[i]);
        ck_assert_uint_eq(count_faults(i, "a copy of how its key is made is damaged"), 1);
        flow_logdir *dir = look(i, FLOW_OK);
        ck_assert_int_eq(flow_logdir_repair(dir, NULL), FLOW_OK);
        flow_logdir_free(dir);
        ck_assert_uint_eq(count_faults(i, "nothing"), 0);
        spoil(copies[!i]); /* what was made anew does it alone */
        wrap_rig_open(&rig);
        wrap_rig_check(&rig);
        wrap_rig_down(&rig);
    }
}
END_TEST

START_TEST(without_both_the_events_are_lost_and_said_to_be)
{
    up_after_crash("seal");
    spoil(FL_SEGMENT_SEAL_FIRST);
    spoil(FL_SEGMENT_SEAL_SECOND);
    wrap_rig_refuse(&rig, FLOW_EPARSE, "what the key of its frames is made of is damaged");
    flow_logdir *dir = look(0, FLOW_OK);
    uint64_t first = 0, end = 0;
    ck_assert_int_eq(flow_logdir_lost_at(dir, 0, &first, &end), FLOW_OK);
    ck_assert_uint_eq(first, 0);
    ck_assert_uint_eq(end, 12);
    ck_assert_int_eq(flow_logdir_repair(dir, NULL), FLOW_OK);
    flow_logdir_free(dir);
    rig.put = 0;
    wrap_rig_open(&rig);
    ck_assert_uint_eq(fl_store_visible(rig.world.store), 12);
    wrap_rig_down(&rig);
}
END_TEST

/* ---- later versions ---- */

static void set_later_flag(struct fl_frame *frame, uint8_t *payload)
{
    (void)payload;
    frame->flags |= 0x40;
}

static void set_later_type(struct fl_frame *frame, uint8_t *payload)
{
    (void)payload;
    frame->type = FL_FRAME_DEAD + 1;
}

static void check_later(void (*change)(struct fl_frame *, uint8_t *))
{
    static const char *const ways[] = {"none", "both"};

    for (int i = 0; i < 2; i++) {
        up_after_crash(ways[i]);
        change_frame(1, change);
        wrap_rig_refuse(&rig, FLOW_EABI, "was written by a later version of libflow");
        ck_assert_ptr_null(look(0, FLOW_EABI));
        ck_assert_ptr_null(look(1, FLOW_EABI));
        wrap_rig_down(&rig);
    }
}

START_TEST(a_frame_of_a_later_version_is_no_damage)
{
    check_later(set_later_flag);
    check_later(set_later_type);
}
END_TEST

START_TEST(one_is_told_too_where_it_is_read_back)
{
    wrap_rig_up(&rig, "none");
    for (int i = 0; i < 20; i++)
        wrap_rig_put(&rig, 4);
    change_frame(0, set_later_flag);
    flow_error *err = wrap_rig_read(&rig);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "later version of libflow"));
    flow_error_free(err);
    change_frame(1, keep_all);
    wrap_rig_down(&rig);
}
END_TEST

START_TEST(a_segment_by_another_name_is_refused_and_stays)
{
    static const char other[] = "/data0/segment-0000000000000009";

    up_after_crash("none");
    const struct fl_io *io = sim_disk_io(rig.world.disk);
    ck_assert_int_eq(io->rename(io->self, FIRST_SEGMENT, other), 0);
    wrap_rig_refuse(&rig, FLOW_ECONFIG, "holds segment 0000000000000001");
    ck_assert_ptr_null(look(0, FLOW_ECONFIG));
    ck_assert_int_eq(io->rename(io->self, other, FIRST_SEGMENT), 0);
    wrap_rig_open(&rig);
    wrap_rig_check(&rig);
    wrap_rig_down(&rig);
}
END_TEST

/* ---- bombs ---- */

/* Gives the first put RAW bytes that SIZE zeroes claim to have been, in a frame of zstd's. */
static void set_bomb(struct fl_frame *frame, uint8_t *payload, size_t zeroes, uint32_t raw)
{
    size_t size = 4096;
    uint8_t *plain = calloc(1, zeroes), packed[4096];

    size = ZSTD_compress(packed, size, plain, zeroes, 1);
    free(plain);
    ck_assert(!ZSTD_isError(size) && size <= frame->size);
    memset(payload, 0, frame->size);
    memcpy(payload, packed, size);
    frame->size = (uint32_t)size;
    frame->flags = FL_FRAME_PACKED;
    frame->raw = raw;
    frame->positions = 0;
    frame->count = raw / 13;
}

static void claim_too_much(struct fl_frame *frame, uint8_t *payload)
{
    set_bomb(frame, payload, 1 << 20, 1u << 30);
}

static void claim_less(struct fl_frame *frame, uint8_t *payload)
{
    set_bomb(frame, payload, 1 << 20, 1000);
}

static void claim_more(struct fl_frame *frame, uint8_t *payload)
{
    set_bomb(frame, payload, 1 << 20, 2u << 20);
}

static void claim_all(struct fl_frame *frame, uint8_t *payload)
{
    set_bomb(frame, payload, 1 << 20, 1u << 20);
}

START_TEST(a_few_bytes_do_not_become_what_they_like)
{
    void (*const bombs[])(struct fl_frame *, uint8_t *) = {
        claim_too_much,
        claim_less,
        claim_more,
        claim_all,
    };

    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        up_after_crash("none");
        change_frame(1, bombs[i]);
        ck_assert_uint_ge(count_faults(0, "lost"), 1);
        ck_assert_int_le(rig.world.rig.failing.bytes, 64 << 20);
        int rc = world_open(&rig.world, NULL);
        if (!rc) { /* events are not looked into until they are read */
            flow_error *err = wrap_rig_read(&rig);
            ck_assert_ptr_nonnull(err);
            flow_error_free(err);
        }
        wrap_rig_down(&rig);
    }
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"changes", a_frame_that_was_changed_is_damaged},
        {"last", the_last_frame_is_not_dropped_as_if_it_had_been_cut_off},
        {"places", frames_cannot_change_places},
        {"one copy", one_copy_of_how_a_key_is_made_is_enough},
        {"both copies", without_both_the_events_are_lost_and_said_to_be},
        {"later", a_frame_of_a_later_version_is_no_damage},
        {"later, read", one_is_told_too_where_it_is_read_back},
        {"names", a_segment_by_another_name_is_refused_and_stays},
        {"bombs", a_few_bytes_do_not_become_what_they_like},
    };

    return RUN_SUITE("crash/log_tamper", tests);
}
