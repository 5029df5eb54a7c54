/* SPDX-License-Identifier: Apache-2.0 */

/* The hdfs sink on a disk that fails: nothing is lost and nothing written twice. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "core/library.h"
#include "hdfs_rig.h"
#include "suite.h"

#define LIMIT 4000 /* allocations of a run, at most */

/* A disk with so much room, and folders that cannot be written to. */
static struct {
    _Atomic int64_t room;
    _Atomic int refuse; /* files whose path holds "bad" */
    _Atomic int renames_fail;
} disk;

static int64_t write_to_disk(void *self, int fd, const void *data, size_t size)
{
    int64_t room = disk.room;

    if (room == 0)
        return -ENOSPC;
    if ((int64_t)size > room)
        size = (size_t)room;
    int64_t done = write(fd, data, size);
    disk.room -= done;
    return done;
}

static int open_on_disk(void *self, const char *path, int flags, uint32_t mode)
{
    const struct fl_io *io = fl_io_system();

    return disk.refuse && strstr(path, "bad") ? -EACCES : io->open(io->self, path, flags, mode);
}

static int rename_on_disk(void *self, const char *from, const char *to, uint32_t flags)
{
    const struct fl_io *io = fl_io_system();

    if (disk.renames_fail > 0) {
        disk.renames_fail--;
        return -EIO;
    }
    return io->renameat2(io->self, from, to, flags);
}

static void start(struct hdfs_rig *rig, struct fl_io *io, const char *const *settings)
{
    hdfs_rig_init(rig, settings);
    *io = *fl_io_system();
    io->write = write_to_disk;
    io->open = open_on_disk;
    io->renameat2 = rename_on_disk;
    disk.room = INT64_MAX;
    disk.refuse = 0;
    disk.renames_fail = 0;
    rig->lib->io = io;
    hdfs_rig_start(rig);
}

/* Waits for what is pending while the clock moves, so that whatever failed is tried again. */
static int settle_over_time(struct hdfs_rig *rig, flow_error **err)
{
    flow_error *why = NULL;
    int rc;

    while ((rc = flow_harness_settle(rig->harness, 10, &why)) == FLOW_ETIMEDOUT) {
        flow_error_free(why);
        why = NULL;
        flow_harness_advance(rig->harness, 1000, NULL);
    }
    if (err)
        *err = why;
    else
        flow_error_free(why);
    return rc;
}

/* Puts what was added where the sink takes it, and lets it begin. */
static int begin(struct hdfs_rig *rig)
{
    if (flow_batch_count(rig->batch))
        ck_assert_int_eq(flow_harness_push(rig->harness, rig->batch, NULL), FLOW_OK);
    flow_batch_clear(rig->batch);
    return flow_harness_run(rig->harness, NULL);
}

/* Delivers what was added, which must fail with a message that says WHY. */
static void run_into(struct hdfs_rig *rig, const char *why)
{
    flow_error *err = NULL;

    ck_assert_int_lt(hdfs_rig_run(rig, &err), 0);
    ck_assert_msg(strstr(flow_error_message(err), why) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
}

START_TEST(a_refused_folder_rolls_back_what_another_already_has)
{
    static const char *const settings[] = {"hdfs.filePrefix", "%{n}", NULL};
    struct hdfs_rig rig;
    struct fl_io io;
    start(&rig, &io, settings);

    hdfs_rig_add(&rig, "0", "n", "good");
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    disk.refuse = 1;
    hdfs_rig_add(&rig, "1", "n", "good");
    hdfs_rig_add(&rig, "2", "n", "bad");
    hdfs_rig_add(&rig, "3", "n", "fresh");
    run_into(&rig, "Permission denied");
    hdfs_rig_await(&rig, (const char *const[]){"good.1001", NULL});
    hdfs_rig_check(&rig, "good.1001", "0\n");
    ck_assert_uint_eq(flow_channel_size(flow_harness_channel(rig.harness)), 3);

    disk.refuse = 0;
    ck_assert_int_eq(hdfs_rig_run(&rig, NULL), FLOW_OK);
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_await(&rig,
                   (const char *const[]){"bad.1002", "fresh.1002", "good.1001", "good.1002", NULL});
    hdfs_rig_check(&rig, "good.1002", "1\n");
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_disk_that_is_full_for_a_while_delays_events)
{
    static const char *const settings[] = {"hdfs.callTimeout", "0", NULL};
    struct hdfs_rig rig;
    struct fl_io io;
    start(&rig, &io, settings);

    disk.room = 2; /* the line is cut in the middle */
    hdfs_rig_add(&rig, "one", NULL, NULL);
    ck_assert_int_eq(begin(&rig), FLOW_PENDING);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(flow_harness_settle(rig.harness, 10, NULL), FLOW_ETIMEDOUT);
        flow_harness_advance(rig.harness, 1000, NULL);
    }
    disk.room = INT64_MAX;
    ck_assert_int_eq(settle_over_time(&rig, NULL), FLOW_OK);
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_list(&rig); /* its number is the time at which the uploader came to it */
    ck_assert_uint_eq(rig.count, 1);
    hdfs_rig_check(&rig, rig.names[0], "one\n");
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_disk_that_stays_full_rolls_back)
{
    static const char *const settings[] = {"hdfs.callTimeout", "5000", NULL};
    struct hdfs_rig rig;
    struct fl_io io;
    flow_error *err = NULL;
    start(&rig, &io, settings);

    hdfs_rig_deliver(&rig, "one");
    disk.room = 2;
    hdfs_rig_add(&rig, "two", NULL, NULL);
    ck_assert_int_eq(begin(&rig), FLOW_PENDING);
    ck_assert_int_eq(settle_over_time(&rig, &err), FLOW_EDELIVERY);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "No space left on device"));
    flow_error_free(err);
    hdfs_rig_await(&rig, (const char *const[]){"FlumeData.1001", NULL});
    hdfs_rig_check(&rig, "FlumeData.1001", "one\n"); /* without the half of a line */
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_renaming_that_fails_is_tried_again)
{
    static const char *const settings[] = {
        "hdfs.rollCount", "1", "hdfs.retryInterval", "1", "hdfs.closeTries", "3", NULL};
    static const char *const renamed[] = {"FlumeData.1001", NULL};
    struct hdfs_rig rig;
    struct fl_io io;
    int64_t since = 0;
    start(&rig, &io, settings);

    disk.renames_fail = 2;
    hdfs_rig_deliver(&rig, "x");
    /* The uploader takes its time, from the false clock, when it is through with a try. */
    while (!hdfs_rig_is_there(&rig, renamed)) {
        await_a_little(&since, "the third try");
        flow_harness_advance(rig.harness, 1000, NULL);
    }
    ck_assert_int_eq(disk.renames_fail, 0);
    hdfs_rig_free(&rig);
}
END_TEST

START_TEST(a_file_keeps_its_name_after_too_many_tries)
{
    static const char *const settings[] = {"hdfs.closeTries", "2", NULL};
    struct hdfs_rig rig;
    struct fl_io io;
    start(&rig, &io, settings);

    disk.renames_fail = 100;
    hdfs_rig_deliver(&rig, "x");
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_await(&rig, (const char *const[]){"FlumeData.1001.tmp", NULL});
    ck_assert_int_eq(disk.renames_fail, 98);
    hdfs_rig_free(&rig);
}
END_TEST

static const char *const by_name[] = {"hdfs.filePrefix", "%{n}", "hdfs.closeTries", "1", NULL};

/* Starts the sink with GRANTS allocations; returns 1 when that was enough. */
static int start_with(int64_t grants)
{
    struct hdfs_rig rig;
    hdfs_rig_init(&rig, by_name);

    failing_after(&rig.failing, grants);
    int started = flow_harness_start(rig.harness, NULL) == FLOW_OK;
    failing_after(&rig.failing, -1);
    hdfs_rig_free(&rig);
    return started;
}

/* Delivers two events to two files with GRANTS allocations; returns 1 when that was enough.
 * Otherwise they are delivered afterwards. */
static int deliver_with(int64_t grants)
{
    struct hdfs_rig rig;
    hdfs_rig_init(&rig, by_name);
    hdfs_rig_start(&rig);

    hdfs_rig_add(&rig, "1", "n", "a");
    hdfs_rig_add(&rig, "2", "n", "b");
    ck_assert_int_eq(flow_harness_push(rig.harness, rig.batch, NULL), FLOW_OK);
    flow_batch_clear(rig.batch);
    failing_after(&rig.failing, grants);
    int granted = begin(&rig) == FLOW_PENDING && settle_over_time(&rig, NULL) == FLOW_OK;
    failing_after(&rig.failing, -1);
    if (!granted) {
        ck_assert_int_eq(begin(&rig), FLOW_PENDING);
        ck_assert_int_eq(settle_over_time(&rig, NULL), FLOW_OK);
    }
    flow_harness_stop(rig.harness, NULL);
    hdfs_rig_list(&rig);
    ck_assert_uint_eq(rig.count, 2);
    hdfs_rig_check(&rig, rig.names[0], "1\n");
    hdfs_rig_check(&rig, rig.names[1], "2\n");
    hdfs_rig_free(&rig);
    return granted;
}

START_TEST(every_allocation_may_fail)
{
    int64_t grants = 0;

    while (!start_with(grants))
        ck_assert_int_lt(++grants, LIMIT);
    ck_assert_int_gt(grants, 10);
    for (grants = 0; !deliver_with(grants);)
        ck_assert_int_lt(++grants, LIMIT);
    ck_assert_int_gt(grants, 10);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_refused_folder_rolls_back_what_another_already_has",
         a_refused_folder_rolls_back_what_another_already_has},
        {"a_disk_that_is_full_for_a_while_delays_events",
         a_disk_that_is_full_for_a_while_delays_events},
        {"a_disk_that_stays_full_rolls_back", a_disk_that_stays_full_rolls_back},
        {"a_renaming_that_fails_is_tried_again", a_renaming_that_fails_is_tried_again},
        {"a_file_keeps_its_name_after_too_many_tries", a_file_keeps_its_name_after_too_many_tries},
        {"every_allocation_may_fail", every_allocation_may_fail},
    };
    return RUN_SUITE("hdfs sink, faults", tests);
}
