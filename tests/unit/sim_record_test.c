/* SPDX-License-Identifier: Apache-2.0 */

/* The record of the simulated disk, and the disks that come from it. */

#include <stdlib.h>
#include <string.h>

#include "sim_rig.h"
#include "suite.h"

START_TEST(a_killed_process_leaves_a_first_part_of_its_write)
{
    struct sim_rig rig = sim_rig_make();
    char room[64];
    int counts[4] = {0};

    sim_put(&rig, 'a', 0, 1);
    sim_put(&rig, 'b', 1, 3);
    for (uint64_t seed = 1; seed < SIM_SEEDS; seed++)
        counts[strlen(sim_after_crash(&rig, SIM_KILLED, seed, room)) - 1]++;
    ck_assert(counts[1] > 0 && counts[2] > 0 && counts[3] > 0);
    ck_assert_str_eq(sim_after_crash(&rig, SIM_KILLED, 0, room), "abbb");
    sim_disk_mark(rig.disk, 1);
    for (uint64_t seed = 1; seed < SIM_SEEDS; seed++)
        ck_assert_str_eq(sim_after_crash(&rig, SIM_KILLED, seed, room), "abbb");
    sim_rig_free(&rig);
}
END_TEST

/* A random piece of work on a few files and folders; STEP decides what is done. */
static void work(const struct sim_rig *rig, int step)
{
    static const char *const names[] = {"/a", "/b", "/c", "/d/a", "/d/b"};
    const char *name = names[rand() % 5];
    const char *other = names[rand() % 5];
    const struct fl_io *io = rig->io;

    switch (rand() % 8) {
    case 0: (void)io->rename(io->self, name, other); break;
    case 1: (void)io->unlink(io->self, name); break;
    case 2: sim_sync_folder(rig, rand() % 2 ? "/" : "/d"); break;
    case 3: fl_file_close(io, sim_make(io, name)); break;
    case 4: sim_sync(rig); break;
    case 5: (void)io->ftruncate(io->self, rig->fd, rand() % 5000); break;
    default: sim_put(rig, (char)('a' + step % 26), rand() % 8, 1 + rand() % 4); break;
    }
    if (step % 13 == 0)
        sim_fail_sync(rig, (enum sim_loss)(step % 4), (uint64_t)step);
    if (step % 17 == 0)
        sim_disk_evict(rig->disk);
}

#define STEPS 300

/* The disk of the past is what the disk was, and its crashes are those it would have had. */
START_TEST(the_past_is_as_it_was)
{
    struct sim_rig rig = sim_rig_make();
    static uint64_t hashes[STEPS][SIM_MODES];
    static uint64_t ops[STEPS];

    srand(1);
    ck_assert_int_eq(rig.io->mkdir(rig.io->self, "/d", 0700), 0);
    sim_put(&rig, 'x', 0, 8);
    sim_disk_record(rig.disk);
    for (int step = 0; step < STEPS; step++) {
        work(&rig, step);
        sim_disk_mark(rig.disk, (uint64_t)step);
        ops[step] = sim_disk_ops(rig.disk);
        for (int mode = 0; mode < SIM_MODES; mode++) {
            struct sim_disk *image = sim_disk_crash(rig.disk, (enum sim_mode)mode, 7);
            hashes[step][mode] = sim_disk_hash(image);
            sim_disk_free(image);
        }
    }
    struct sim_disk *past = sim_disk_past(rig.disk, 0);
    for (int step = 0; step < STEPS; step++) {
        sim_disk_advance(past, ops[step]);
        ck_assert_int_eq(sim_disk_op(rig.disk, ops[step] - 1)->kind, SIM_OP_MARK);
        ck_assert_uint_eq(sim_disk_op(rig.disk, ops[step] - 1)->value, (uint64_t)step);
        for (int mode = 0; mode < SIM_MODES; mode++) {
            struct sim_disk *image = sim_disk_crash(past, (enum sim_mode)mode, 7);
            ck_assert_msg(sim_disk_hash(image) == hashes[step][mode], "step %d, %s", step,
                          sim_mode_name((enum sim_mode)mode));
            sim_disk_free(image);
        }
    }
    sim_disk_free(past);
    sim_rig_free(&rig);
}
END_TEST

START_TEST(a_seed_repeats_an_image)
{
    struct sim_rig rig = sim_rig_make();
    int others = 0;

    sim_put(&rig, 'a', 0, 16);
    sim_sync(&rig);
    sim_put(&rig, 'b', 0, 16);
    for (uint64_t seed = 0; seed < SIM_SEEDS; seed++) {
        struct sim_disk *images[3];
        for (size_t i = 0; i < 3; i++)
            images[i] = sim_disk_crash(rig.disk, SIM_TORN, seed + i / 2);
        ck_assert_uint_eq(sim_disk_hash(images[0]), sim_disk_hash(images[1]));
        others += sim_disk_hash(images[0]) != sim_disk_hash(images[2]);
        for (size_t i = 0; i < 3; i++)
            sim_disk_free(images[i]);
    }
    ck_assert_int_gt(others, SIM_SEEDS / 2);
    sim_rig_free(&rig);
}
END_TEST

/* What recovers on an image crashes in turn, and the first disk knows nothing of it. */
START_TEST(an_image_is_a_disk)
{
    struct sim_rig rig = sim_rig_make();
    struct sim_rig again = {0};
    char room[64];

    sim_put(&rig, 'a', 0, 2);
    sim_sync(&rig);
    sim_put(&rig, 'b', 2, 1);
    again.disk = sim_disk_crash(rig.disk, SIM_KILLED, 0);
    again.io = sim_disk_io(again.disk);
    sim_assert_always(&again, "aab");
    sim_disk_record(again.disk);
    again.fd = sim_make(again.io, "/file");
    sim_put(&again, 'c', 0, 1);
    struct sim_disk *past = sim_disk_past(again.disk, 0);
    ck_assert_str_eq(sim_letters(past, "/file", room), "aab");
    sim_disk_advance(past, 1);
    ck_assert_str_eq(sim_letters(past, "/file", room), "cab");
    ck_assert_str_eq(sim_after_crash(&again, SIM_SYNCED, 0, room), "aab");
    ck_assert_str_eq(sim_letters(rig.disk, "/file", room), "aab");
    ck_assert_str_eq(sim_after_crash(&rig, SIM_SYNCED, 0, room), "aa");
    sim_disk_free(past);
    sim_rig_free(&again);
    sim_rig_free(&rig);
}
END_TEST

/* Whether the file of an image is the old one, 1 when it is the new one. */
static int which_is_there(struct sim_disk *image)
{
    uint8_t data[16] = "";
    int64_t size = sim_load(image, "/config", data, sizeof data);

    ck_assert(size == 3 || size == 5);
    ck_assert_mem_eq(data, size == 3 ? "old" : "newer", (size_t)size);
    return size == 5;
}

/* At every moment of a replacement the power may fail: the promise of the file layer, tried out as
 * that of a log is to be. */
START_TEST(a_replaced_file_outlasts_every_crash)
{
    struct sim_rig rig = sim_rig_make();
    int seen[2][2] = {{0}};
    int done = 0;

    ck_assert_int_eq(fl_file_replace(rig.io, "/config", "old", 3, NULL), FLOW_OK);
    sim_disk_record(rig.disk);
    ck_assert_int_eq(fl_file_replace(rig.io, "/config", "newer", 5, NULL), FLOW_OK);
    sim_disk_mark(rig.disk, 1);
    struct sim_disk *past = sim_disk_past(rig.disk, 0);
    for (uint64_t ops = 0; ops <= sim_disk_ops(rig.disk); ops++) {
        sim_disk_advance(past, ops);
        if (ops > 0 && sim_disk_op(rig.disk, ops - 1)->kind == SIM_OP_MARK)
            done = 1;
        for (uint64_t seed = 0; seed < 200; seed++) {
            enum sim_mode mode = (enum sim_mode)(seed % SIM_JUMBLED);
            struct sim_disk *image = sim_disk_crash(past, mode, seed);
            seen[done][which_is_there(image)]++;
            sim_disk_free(image);
        }
    }
    ck_assert(seen[0][0] > 0 && seen[0][1] > 0);
    ck_assert(seen[1][0] == 0 && seen[1][1] == 200);
    sim_disk_free(past);
    sim_rig_free(&rig);
}
END_TEST

START_TEST(operations_are_told_in_words)
{
    struct sim_rig rig = sim_rig_make();
    static const char *const wanted[] = {
        "create a as 3 in 1",
        "write 512 bytes at 1024 of 2",
        "truncate 2 to 7",
        "sync 2",
        "rename a in 1 to b in 1",
        "unlink b in 1",
        "failed sync 2, partly",
        "mark 99",
        "evict",
    };
    char room[100];

    sim_disk_record(rig.disk);
    sim_make(rig.io, "/a");
    sim_put(&rig, 'a', 2, 1);
    ck_assert_int_eq(rig.io->ftruncate(rig.io->self, rig.fd, 7), 0);
    sim_sync(&rig);
    ck_assert_int_eq(rig.io->rename(rig.io->self, "/a", "/b"), 0);
    ck_assert_int_eq(rig.io->unlink(rig.io->self, "/b"), 0);
    sim_fail_sync(&rig, SIM_PARTLY, 5);
    sim_disk_mark(rig.disk, 99);
    sim_disk_evict(rig.disk);
    ck_assert_uint_eq(sim_disk_ops(rig.disk), sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        ck_assert_str_eq(sim_op_text(sim_disk_op(rig.disk, i), room, sizeof room), wanted[i]);
    ck_assert_ptr_null(sim_disk_op(rig.disk, 9));
    sim_rig_free(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"killed", a_killed_process_leaves_a_first_part_of_its_write},
        {"past", the_past_is_as_it_was},
        {"seeds", a_seed_repeats_an_image},
        {"image", an_image_is_a_disk},
        {"replacement", a_replaced_file_outlasts_every_crash},
        {"words", operations_are_told_in_words},
    };

    return RUN_SUITE("sim record", tests);
}
