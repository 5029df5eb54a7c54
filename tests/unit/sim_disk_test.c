/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The calls of the simulated disk: against a real file system, call by call; and the troubles that
 * it makes on request.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim_disk.h"
#include "suite.h"

/* ---- as a real file system ---- */

#define FDS 5
#define ROOM 4000

struct twin {
    const struct fl_io *io;
    char root[64];
    int fds[FDS];
    char listing[1000];
};

static uint32_t below(uint32_t limit)
{
    return ((uint32_t)rand() << 15 ^ (uint32_t)rand()) % limit;
}

static const char *random_name(void)
{
    static const char *const names[] = {"a",   "b",    "d",     "e",   "d/a",  "d/b",  "d/d",
                                        "e/a", "e/e",  "d/d/a", "f/a", "./a",  "d//a", "d/./b",
                                        "a/",  "d/e/", "",      "a/b", "d/d/", "e/e/e"};

    return names[below(sizeof names / sizeof names[0])];
}

static const char *path_in(const struct twin *twin, const char *name, char room[128])
{
    snprintf(room, 128, "%s/%s", twin->root, name);
    return room;
}

/* What one call is made with, the same for both. */
struct call {
    int what;
    const char *name;
    const char *other;
    int flags;
    int slot;
    size_t size;
    int64_t offset;
    uint8_t byte;
};

static int random_flags(void)
{
    static const int ways[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR, O_RDONLY | O_DIRECTORY};
    int flags = ways[below(5)];

    if ((flags & O_DIRECTORY) == 0 && below(2))
        flags |= O_CREAT | (below(3) ? 0 : O_EXCL);
    if ((flags & O_ACCMODE) != O_RDONLY)
        flags |= (below(4) ? 0 : O_TRUNC) | (below(6) ? 0 : O_APPEND);
    return flags;
}

static struct call random_call(void)
{
    return (struct call){
        .what = (int)below(16),
        .name = random_name(),
        .other = random_name(),
        .flags = random_flags(),
        .slot = (int)below(FDS),
        .size = below(below(2) ? 100 : 1500),
        .offset = below(2500),
        .byte = (uint8_t)('a' + below(26)),
    };
}

static int64_t call_open(struct twin *twin, const struct call *call, const char *path)
{
    if (twin->fds[call->slot] >= 0)
        fl_file_close(twin->io, twin->fds[call->slot]);
    int fd = twin->io->open(twin->io->self, path, call->flags | O_CLOEXEC, 0644);
    twin->fds[call->slot] = fd;
    return fd < 0 ? fd : 0;
}

/* Says what was read by a number. */
static int64_t told(int64_t result, const uint8_t *data)
{
    uint64_t sum = (uint64_t)result;

    for (int64_t i = 0; i < result; i++)
        sum = sum * 31 + data[i];
    return result < 0 ? result : (int64_t)(sum >> 1);
}

static int64_t call_write_parts(const struct twin *twin, const struct call *call, uint8_t *data)
{
    struct iovec parts[] = {{data, call->size / 2}, {data, 0}, {data, call->size / 3}};

    return twin->io->pwritev(twin->io->self, twin->fds[call->slot], parts, 3, call->offset);
}

static int64_t call_stat(const struct twin *twin, const struct call *call, const char *path)
{
    struct stat info = {0};
    int result = path ? twin->io->stat(twin->io->self, path, &info)
                      : twin->io->fstat(twin->io->self, twin->fds[call->slot], &info);

    if (result < 0)
        return result;
    return S_ISDIR(info.st_mode) ? -1000 : (int64_t)info.st_size;
}

static int add_name(void *arg, const char *name)
{
    struct twin *twin = arg;

    for (char *at = twin->listing; *name; at++) {
        if (*at != '\0' && *at < *name)
            continue;
        memmove(at + 1, at, strlen(at) + 1); /* the letters, sorted: names are no longer than one */
        *at = *name++;
        at = twin->listing - 1;
    }
    return 0;
}

static int64_t call_list(struct twin *twin, const char *path)
{
    twin->listing[0] = '\0';
    int result = twin->io->list(twin->io->self, path, add_name, twin);
    return result < 0 ? result : told((int64_t)strlen(twin->listing), (uint8_t *)twin->listing);
}

static int64_t call_on_file(struct twin *twin, const struct call *call)
{
    const struct fl_io *io = twin->io;
    int fd = twin->fds[call->slot];
    uint8_t data[ROOM];

    memset(data, call->byte, sizeof data);
    switch (call->what) {
    case 3: return told(io->read(io->self, fd, data, call->size), data);
    case 4: return told(io->pread(io->self, fd, data, call->size, call->offset), data);
    case 5: return io->write(io->self, fd, data, call->size);
    case 6: return io->pwrite(io->self, fd, data, call->size, call->offset);
    case 7: return call_write_parts(twin, call, data);
    case 8: return io->ftruncate(io->self, fd, call->offset);
    case 9: return io->fdatasync(io->self, fd);
    default: return call_stat(twin, call, NULL);
    }
}

static int64_t make_call(struct twin *twin, const struct call *call)
{
    const struct fl_io *io = twin->io;
    char room[2][128];
    const char *path = path_in(twin, call->name, room[0]);
    const char *other = path_in(twin, call->other, room[1]);

    switch (call->what) {
    case 0:
    case 1:
    case 2: return call_open(twin, call, path);
    case 10: return call_stat(twin, call, path);
    case 11: return io->rename(io->self, path, other);
    case 12: return io->renameat2(io->self, path, other, RENAME_NOREPLACE);
    case 13: return io->unlink(io->self, path);
    case 14: return io->mkdir(io->self, path, 0755);
    case 15: return call_list(twin, path);
    default: return call_on_file(twin, call);
    }
}

static void remove_folder(const char *path)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", path);
    ck_assert_int_eq(system(command), 0);
}

/* Both have the same to say about each call. */
static void assert_twins(struct twin *real, struct twin *sim, unsigned seed)
{
    srand(seed);
    for (int step = 0; step < 500; step++) {
        struct call call = random_call();
        int64_t wanted = make_call(real, &call);
        int64_t found = make_call(sim, &call);
        ck_assert_msg(wanted == found, "seed %u, call %d on %s, %s, flags %x: %lld, not %lld", seed,
                      call.what, call.name, call.other, (unsigned)call.flags, (long long)found,
                      (long long)wanted);
    }
}

static void close_all(const struct twin *twin)
{
    for (int i = 0; i < FDS; i++)
        fl_file_close(twin->io, twin->fds[i]);
}

START_TEST(does_what_a_real_file_system_does)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        struct sim_disk *disk = sim_disk_new();
        struct twin real = {fl_io_system(), "/tmp/flow-sim-XXXXXX", {-1, -1, -1, -1, -1}, ""};
        struct twin sim = {sim_disk_io(disk), "/base", {-1, -1, -1, -1, -1}, ""};
        ck_assert_ptr_nonnull(mkdtemp(real.root));
        ck_assert_int_eq(fl_folder_make(sim.io, sim.root, 0755, NULL), FLOW_OK);
        assert_twins(&real, &sim, seed);
        close_all(&real);
        close_all(&sim);
        ck_assert_uint_eq(sim_disk_open_files(disk), 0);
        remove_folder(real.root);
        sim_disk_free(disk);
    }
}
END_TEST

/* ---- single calls ---- */

/* A disk with one open file. */
struct one {
    struct sim_disk *disk;
    const struct fl_io *io;
    int fd;
};

static struct one make_one(void)
{
    struct one one = {.disk = sim_disk_new()};

    one.io = sim_disk_io(one.disk);
    ck_assert_int_eq(fl_file_open(one.io, "/file", O_RDWR | O_CREAT, 0600, &one.fd, NULL), 0);
    return one;
}

static void free_one(struct one *one)
{
    fl_file_close(one->io, one->fd);
    sim_disk_free(one->disk);
}

static int64_t size_of(const struct one *one)
{
    struct stat info;

    ck_assert_int_eq(one->io->fstat(one->io->self, one->fd, &info), 0);
    return info.st_size;
}

START_TEST(refuses_what_it_does_not_simulate)
{
    struct one one = make_one();
    const struct fl_io *io = one.io;

    ck_assert_int_eq(io->open(io->self, "/file", O_RDWR | O_DIRECT, 0), -EINVAL);
    ck_assert_int_eq(io->open(io->self, "/file", O_RDWR | O_DSYNC, 0), -EINVAL);
    ck_assert_int_eq(io->open(io->self, "/file", O_RDWR | O_SYNC, 0), -EINVAL);
    ck_assert_int_eq(io->open(io->self, "/", O_RDWR | O_TMPFILE, 0), -EINVAL);
    ck_assert_int_eq(io->open(io->self, "/../file", O_RDWR, 0), -EINVAL);
    ck_assert_int_eq(io->renameat2(io->self, "/file", "/b", RENAME_EXCHANGE), -EINVAL);
    ck_assert_int_eq(io->close(io->self, 1), -EBADF);
    ck_assert_int_eq(io->fdatasync(io->self, one.fd + 1), -EBADF);
    free_one(&one);
}
END_TEST

START_TEST(inodes_stay_and_descriptors_outlive_names)
{
    struct one one = make_one();
    const struct fl_io *io = one.io;
    struct stat before;
    struct stat after;
    char text[4] = "";

    ck_assert_int_eq(io->stat(io->self, "/file", &before), 0);
    ck_assert_int_eq(io->rename(io->self, "/file", "/other"), 0);
    ck_assert_int_eq(io->stat(io->self, "/other", &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_int_eq(io->unlink(io->self, "/other"), 0);
    ck_assert_int_eq(fl_folder_sync(io, "/", NULL), FLOW_OK);
    ck_assert_int_eq(io->pwrite(io->self, one.fd, "abc", 3, 0), 3);
    ck_assert_int_eq(io->pread(io->self, one.fd, text, 3, 0), 3);
    ck_assert_str_eq(text, "abc");
    ck_assert_int_eq(io->lock(io->self, one.fd), 0);
    free_one(&one);
}
END_TEST

/* ---- troubles ---- */

/* A piece of work with nine calls that change something. */
static int replace_file(const struct fl_io *io, const char *path)
{
    return fl_file_replace(io, path, "content", 7, NULL);
}

START_TEST(each_call_fails_in_turn)
{
    static const uint32_t kinds[] = {0, SIM_CALL_OPEN, SIM_CALL_WRITE, SIM_CALL_SYNC,
                                     SIM_CALL_RENAME};
    static const uint64_t wanted[] = {10, 2, 1, 2, 1};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct one one = make_one();
        uint64_t failed = 0;
        for (uint64_t at = 1;; at++) {
            struct sim_fault fault = {.calls = kinds[i], .at = at, .error = EIO};
            sim_disk_fail(one.disk, &fault);
            int rc = replace_file(one.io, "/file");
            if (sim_disk_failures(one.disk) == 0) {
                ck_assert_int_eq(rc, FLOW_OK);
                break;
            }
            failed++;
            ck_assert_uint_eq(sim_disk_failures(one.disk), 1);
            ck_assert_uint_eq(sim_disk_open_files(one.disk), 1);
        }
        ck_assert_msg(kinds[i] == 0 ? failed >= 7 : failed == wanted[i], "%x: %d calls",
                      (unsigned)kinds[i], (int)failed);
        free_one(&one);
    }
}
END_TEST

START_TEST(a_fault_lasts_below_a_folder)
{
    struct one one = make_one();
    struct sim_fault fault = {.calls = SIM_CALL_CHANGES, .at = 2, .lasts = 1, .error = EROFS};

    ck_assert_int_eq(fl_folder_make(one.io, "/bad/er", 0700, NULL), FLOW_OK);
    ck_assert_int_eq(fl_folder_make(one.io, "/bader", 0700, NULL), FLOW_OK);
    fault.below = "/bad/";
    sim_disk_fail(one.disk, &fault);
    ck_assert_int_eq(one.io->mkdir(one.io->self, "/bad/1", 0700), 0);
    ck_assert_int_eq(replace_file(one.io, "/bader/file"), FLOW_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(one.io->mkdir(one.io->self, "/bad/er/2", 0700), -EROFS);
    ck_assert_int_eq(one.io->rename(one.io->self, "/file", "/bad/file"), -EROFS);
    ck_assert_int_eq(one.io->open(one.io->self, "/bad/f", O_RDWR | O_CREAT, 0600), -EROFS);
    ck_assert_int_eq(one.io->open(one.io->self, "/bad/f", O_RDONLY, 0), -ENOENT);
    ck_assert_uint_eq(sim_disk_failures(one.disk), 5);
    sim_disk_fail(one.disk, NULL);
    ck_assert_int_eq(one.io->mkdir(one.io->self, "/bad/er/2", 0700), 0);
    free_one(&one);
}
END_TEST

START_TEST(reads_and_writes_stop_short)
{
    struct one one = make_one();
    struct sim_fault fault = {.calls = SIM_CALL_WRITE, .at = 1, .bytes = 3};
    char text[8] = "";

    sim_disk_fail(one.disk, &fault);
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, "abcdef", 6, 0), 3);
    ck_assert_int_eq(size_of(&one), 3);
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, "abcdef", 6, 0), 6);
    fault = (struct sim_fault){.at = 1, .lasts = 1, .bytes = 2};
    sim_disk_fail(one.disk, &fault);
    ck_assert_int_eq(one.io->fdatasync(one.io->self, one.fd), 0);
    ck_assert_int_eq(one.io->pread(one.io->self, one.fd, text, 6, 1), 2);
    ck_assert_int_eq(one.io->read(one.io->self, one.fd, text, 6), 2);
    ck_assert_int_eq(one.io->read(one.io->self, one.fd, text, 6), 2);
    ck_assert_str_eq(text, "cd");
    free_one(&one);
}
END_TEST

START_TEST(a_full_disk_takes_what_fits)
{
    struct one one = make_one();
    static const uint8_t zeros[5000];
    uint64_t left = 0;

    sim_disk_set_room(one.disk, 4096);
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, zeros, 3000, 100), 3000);
    ck_assert_int_eq(one.io->free_space(one.io->self, "/", &left), 0);
    ck_assert_uint_eq(left, 512);
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, zeros, 5000, 100), 4096 - 100);
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, zeros, 1, 4096), -ENOSPC);
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, "over", 4, 1000), 4);
    ck_assert_int_eq(one.io->ftruncate(one.io->self, one.fd, 600), 0);
    ck_assert_int_eq(one.io->free_space(one.io->self, "/", &left), 0);
    ck_assert_uint_eq(left, 3072);
    ck_assert_int_eq(one.io->free_space(one.io->self, "/none", &left), -ENOENT);
    sim_disk_set_room(one.disk, 100);
    ck_assert_int_eq(one.io->free_space(one.io->self, "/", &left), 0);
    ck_assert_uint_eq(left, 0);
    free_one(&one);
}
END_TEST

/* Removed, but open: it still takes room. */
START_TEST(room_comes_back_with_the_last_descriptor)
{
    struct one one = make_one();
    static const uint8_t bytes[2048];
    uint64_t left = 0;

    sim_disk_set_room(one.disk, 4096);
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, bytes, 2048, 0), 2048);
    ck_assert_int_eq(one.io->unlink(one.io->self, "/file"), 0);
    ck_assert_int_eq(one.io->free_space(one.io->self, "/", &left), 0);
    ck_assert_uint_eq(left, 2048);
    fl_file_close(one.io, one.fd);
    ck_assert_int_eq(one.io->free_space(one.io->self, "/", &left), 0);
    ck_assert_uint_eq(left, 4096);
    sim_disk_free(one.disk);
}
END_TEST

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS 200

struct job {
    struct sim_disk *disk;
    int number;
    const char *fault;
};

static void *work(void *arg)
{
    struct job *job = arg;
    const struct fl_io *io = sim_disk_io(job->disk);
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/file%d", job->number);
    if (fl_file_open(io, path, O_RDWR | O_CREAT, 0600, &fd, NULL))
        job->fault = "open";
    for (int i = 0; i < ROUNDS; i++) {
        if (io->pwrite(io->self, fd, path, 6, 6 * i) != 6 || io->fdatasync(io->self, fd))
            job->fault = "write";
        sim_disk_mark(job->disk, (uint64_t)job->number);
    }
    fl_file_close(io, fd);
    return NULL;
}

START_TEST(threads_share_a_disk_and_its_record)
{
    struct sim_disk *disk = sim_disk_new();
    struct job jobs[THREADS];
    pthread_t threads[THREADS];
    uint64_t marks = 0;

    sim_disk_record(disk);
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){disk, i, NULL};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        /* Meanwhile, disks of the past share its memory. */
        struct sim_disk *past = sim_disk_past(disk, sim_disk_ops(disk));
        sim_disk_free(sim_disk_crash(past, SIM_TORN, (uint64_t)i));
        sim_disk_free(past);
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_ptr_null(jobs[i].fault);
    }
    for (uint64_t i = 0; i < sim_disk_ops(disk); i++)
        marks += sim_disk_op(disk, i)->kind == SIM_OP_MARK;
    ck_assert_uint_eq(marks, THREADS * ROUNDS);
    ck_assert_uint_eq(sim_disk_ops(disk), THREADS * (1 + 3 * ROUNDS));
    sim_disk_free(disk);
}
END_TEST

START_TEST(is_written_to_real_files)
{
    struct one one = make_one();
    char root[] = "/tmp/flow-sim-XXXXXX";
    char path[64];
    struct fl_buf buf;

    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(one.io->pwrite(one.io->self, one.fd, "end", 3, 200000), 3);
    ck_assert_int_eq(fl_folder_make(one.io, "/d/e", 0700, NULL), FLOW_OK);
    ck_assert_int_eq(replace_file(one.io, "/d/e/f"), FLOW_OK);
    ck_assert_int_eq(sim_disk_export(one.disk, root), 0);
    fl_buf_init(&buf, NULL);
    snprintf(path, sizeof path, "%s/file", root);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 300000, &buf, NULL), FLOW_OK);
    ck_assert_uint_eq(buf.size, 200003);
    ck_assert_mem_eq(buf.data + 200000, "end", 3);
    fl_buf_clear(&buf);
    snprintf(path, sizeof path, "%s/d/e/f", root);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 100, &buf, NULL), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&buf), "content");
    fl_buf_free(&buf);
    ck_assert_int_eq(sim_disk_export(one.disk, "/proc/none"), -ENOENT);
    remove_folder(root);
    free_one(&one);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"as a real file system", does_what_a_real_file_system_does},
        {"refuses", refuses_what_it_does_not_simulate},
        {"inodes", inodes_stay_and_descriptors_outlive_names},
        {"each call fails", each_call_fails_in_turn},
        {"a lasting fault", a_fault_lasts_below_a_folder},
        {"short counts", reads_and_writes_stop_short},
        {"full", a_full_disk_takes_what_fits},
        {"removed but open", room_comes_back_with_the_last_descriptor},
        {"threads", threads_share_a_disk_and_its_record},
        {"export", is_written_to_real_files},
    };

    return RUN_SUITE("sim disk", tests);
}
