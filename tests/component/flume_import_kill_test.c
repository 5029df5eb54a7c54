/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An import that is killed, or fails, at any call that changes something, or runs out of memory at
 * any place: the next one brings the rest, and no event is lost or comes twice.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/library.h"
#include "failing.h"
#include "flume_move.h"
#include "mortal.h"
#include "suite.h"

/* The system's table, with an end at one of the calls that change something. */
struct disk {
    struct fl_io io;
    _Atomic int calls;
    int last;     /* call that is made; 0: all */
    int is_fatal; /* the process is killed then; else that one call fails */
};

static int is_end(void *self)
{
    struct disk *disk = self;

    if (!disk->last || ++disk->calls != disk->last + 1)
        return 0;
    if (disk->is_fatal)
        raise(SIGKILL);
    return 1;
}

static int disk_open(void *self, const char *path, int flags, uint32_t mode)
{
    return flags & O_CREAT && is_end(self) ? -EIO : fl_io_system()->open(NULL, path, flags, mode);
}

static int64_t disk_write(void *self, int fd, const void *data, size_t size)
{
    return is_end(self) ? -EIO : fl_io_system()->write(NULL, fd, data, size);
}

static int64_t disk_pwrite(void *self, int fd, const void *data, size_t size, int64_t offset)
{
    return is_end(self) ? -EIO : fl_io_system()->pwrite(NULL, fd, data, size, offset);
}

static int64_t disk_pwritev(void *self, int fd, const struct iovec *parts, int count,
                            int64_t offset)
{
    return is_end(self) ? -EIO : fl_io_system()->pwritev(NULL, fd, parts, count, offset);
}

static int disk_fdatasync(void *self, int fd)
{
    return is_end(self) ? -EIO : fl_io_system()->fdatasync(NULL, fd);
}

static int disk_rename(void *self, const char *from, const char *to)
{
    return is_end(self) ? -EIO : fl_io_system()->rename(NULL, from, to);
}

static int disk_renameat2(void *self, const char *from, const char *to, uint32_t flags)
{
    return is_end(self) ? -EIO : fl_io_system()->renameat2(NULL, from, to, flags);
}

static int disk_unlink(void *self, const char *path)
{
    /* Of a lock that cannot be given up the process would keep itself out. */
    struct disk *disk = self;

    return disk->is_fatal && is_end(self) ? -EIO : fl_io_system()->unlink(NULL, path);
}

static int disk_mkdir(void *self, const char *path, uint32_t mode)
{
    return is_end(self) ? -EIO : fl_io_system()->mkdir(NULL, path, mode);
}

static void disk_init(struct disk *disk, int last, int is_fatal)
{
    *disk = (struct disk){.io = *fl_io_system(), .last = last, .is_fatal = is_fatal};
    disk->io.self = disk;
    disk->io.open = disk_open;
    disk->io.write = disk_write;
    disk->io.pwrite = disk_pwrite;
    disk->io.pwritev = disk_pwritev;
    disk->io.fdatasync = disk_fdatasync;
    disk->io.rename = disk_rename;
    disk->io.renameat2 = disk_renameat2;
    disk->io.unlink = disk_unlink;
    disk->io.mkdir = disk_mkdir;
}

/* ---- tests ---- */

/* Runs an import that is killed at that call; returns 0 when it came to its end. */
static int run_and_kill(const struct flume_channel *channel, int last)
{
    int status;
    pid_t child = fork_muted();

    if (child == 0) {
        struct disk disk;
        struct rig rig;
        disk_init(&disk, last, 1);
        rig_init(&rig, 0);
        rig.lib->io = &disk.io;
        _exit(move_import(&rig, channel, 10000, NULL, NULL) == FLOW_OK ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return 1;
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}

START_TEST(an_import_that_is_killed_anywhere_is_finished_by_the_next)
{
    struct flume_channel model;
    struct journal journal;
    int killed = 1;
    int last = 1;

    journal_backlog(&journal, &model);
    for (; killed; last++) {
        struct flume_channel channel;
        journal_copy(&channel, &model);
        killed = run_and_kill(&channel, last);
        move_well(&channel);
        ck_assert(!move_has(&channel, "data0/log-1") && !move_has(&channel, "data1/log-2"));
        ck_assert(!move_has(&channel, "data0/log-1.meta"));
        ck_assert(!move_has(&channel, "data1/log-2.meta"));
        ck_assert(!move_has(&channel, "data0/log-import"));
        move_expect_backlog(&channel);
        flume_channel_free(&channel);
    }
    ck_assert_int_gt(last, 40);
    journal_end(&journal);
    flume_channel_free(&model);
}
END_TEST

START_TEST(an_import_that_fails_anywhere_can_be_repeated)
{
    struct flume_channel model;
    struct journal journal;
    int failed = 1;

    journal_backlog(&journal, &model);
    for (int last = 1; failed; last++) {
        struct flume_channel channel;
        struct disk disk;
        struct rig rig;
        flow_error *err = NULL;
        journal_copy(&channel, &model);
        disk_init(&disk, last, 0);
        rig_init(&rig, 0);
        rig.lib->io = &disk.io;
        int rc = move_import(&rig, &channel, 10000, NULL, &err);
        ck_assert_int_eq(flow_error_code(err), rc);
        flow_error_free(err);
        failed = disk.calls > last;
        rig_free(&rig);
        move_well(&channel);
        move_expect_backlog(&channel);
        flume_channel_free(&channel);
    }
    journal_end(&journal);
    flume_channel_free(&model);
}
END_TEST

/* With memory for GRANTS more pieces, again and again, until all is done. */
static void import_short_of_memory(struct failing *failing, flow_library *lib,
                                   const struct flume_channel *channel, flow_inlet *inlet)
{
    flow_flume *flume = NULL;
    int rc = FLOW_ENOMEM;

    for (int64_t grants = 0; rc != FLOW_OK; grants++) {
        flow_error *err = NULL;
        failing_after(failing, grants);
        rc = flume ? FLOW_OK : move_open(lib, channel, 0, &flume, &err);
        if (!rc)
            rc = flow_flume_import(flume, inlet, 0, &err);
        ck_assert_msg(rc == FLOW_OK || rc == FLOW_ENOMEM, "%s", flow_error_message(err));
        ck_assert_int_eq(flow_error_code(err), rc);
        flow_error_free(err);
        ck_assert_int_lt(grants, 10000);
    }
    failing_after(failing, -1);
    flow_flume_free(flume);
}

START_TEST(every_lack_of_memory_is_an_error)
{
    struct failing failing;
    struct flume_channel channel;
    struct journal journal;
    struct rig rig;

    failing_init(&failing);
    journal_backlog(&journal, &channel);
    rig_init(&rig, 0);
    ck_assert_int_eq(flow_library_free(rig.lib, NULL), FLOW_OK);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &rig.lib, NULL), FLOW_OK);
    ck_assert_int_eq(move_build(&rig, &channel, 10000, NULL), FLOW_OK);
    /* Its lock is Flume's, so it is another channel's folders. */
    move_shell(&channel, "mkdir flume && mv data0 data1 flume");
    for (size_t i = 0; i < 2; i++)
        snprintf(channel.paths[i], sizeof channel.paths[i], "%s/flume/data%zu", channel.root, i);
    rig_start(&rig);
    import_short_of_memory(&failing, rig.lib, &channel, rig_inlet(&rig, "r1"));
    rig_free(&rig);
    ck_assert_int_eq(failing.live, 0);
    move_expect_backlog(&channel);
    journal_end(&journal);
    flume_channel_free(&channel);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"killed", an_import_that_is_killed_anywhere_is_finished_by_the_next},
        {"failed", an_import_that_fails_anywhere_can_be_repeated},
        {"out of memory", every_lack_of_memory_is_an_error},
    };

    return RUN_SUITE("flume_import_kill", tests);
}
