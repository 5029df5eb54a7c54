/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The file layer, on real files, and on a table that interrupts, stops short and fails at will.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "suite.h"

static char folder[] = "/tmp/flow-io-XXXXXX";

static int remove_folder(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* The path of NAME in the folder, in a place that the next call but three uses again. */
static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void assert_content(const char *path, const char *wanted)
{
    struct fl_buf buf;

    fl_buf_init(&buf, NULL);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 1000, &buf, NULL), FLOW_OK);
    ck_assert_uint_eq(buf.size, strlen(wanted));
    ck_assert_mem_eq(buf.data, wanted, buf.size);
    fl_buf_free(&buf);
}

/* A table over the system's whose calls are interrupted every other time, move one byte at a
 * time, and fail from the call on that `fail_at` counts. */
struct faulty {
    int calls;
    int fail_at;
    int error;
    int no_replace; /* 1: renameat2 is not supported */
    int opened;
};

static int trouble(struct faulty *faulty)
{
    faulty->calls++;
    if (faulty->fail_at > 0 && faulty->calls >= faulty->fail_at)
        return -faulty->error;
    return faulty->calls % 2 ? -EINTR : 0;
}

static int faulty_open(void *self, const char *path, int flags, uint32_t mode)
{
    struct faulty *faulty = self;
    int rc = trouble(faulty);

    ck_assert(flags & O_CLOEXEC);
    if (rc < 0)
        return rc;
    rc = fl_io_system()->open(NULL, path, flags, mode);
    faulty->opened += rc >= 0;
    return rc;
}

static int faulty_close(void *self, int fd)
{
    ((struct faulty *)self)->opened--;
    return fl_io_system()->close(NULL, fd);
}

static int64_t faulty_read(void *self, int fd, void *data, size_t size)
{
    int rc = trouble(self);

    return rc < 0 ? rc : fl_io_system()->read(NULL, fd, data, size > 0);
}

static int64_t faulty_write(void *self, int fd, const void *data, size_t size)
{
    int rc = trouble(self);

    return rc < 0 ? rc : fl_io_system()->write(NULL, fd, data, size > 0);
}

static int64_t faulty_pread(void *self, int fd, void *data, size_t size, int64_t offset)
{
    int rc = trouble(self);

    return rc < 0 ? rc : fl_io_system()->pread(NULL, fd, data, size > 0, offset);
}

/* Writes one byte of the first part that has any. */
static int64_t faulty_pwritev(void *self, int fd, const struct iovec *parts, int count,
                              int64_t offset)
{
    int rc = trouble(self);

    for (int i = 0; i < count && rc == 0; i++) {
        if (parts[i].iov_len > 0) {
            struct iovec byte = {parts[i].iov_base, 1};
            return fl_io_system()->pwritev(NULL, fd, &byte, 1, offset);
        }
    }
    return rc;
}

static int faulty_sync(void *self, int fd)
{
    int rc = trouble(self);

    return rc < 0 ? rc : fl_io_system()->fdatasync(NULL, fd);
}

static int faulty_truncate(void *self, int fd, int64_t size)
{
    int rc = trouble(self);

    return rc < 0 ? rc : fl_io_system()->ftruncate(NULL, fd, size);
}

static int faulty_rename(void *self, const char *from, const char *to)
{
    struct faulty *faulty = self;

    if (faulty->fail_at > 0 && ++faulty->calls >= faulty->fail_at)
        return -faulty->error;
    return fl_io_system()->rename(NULL, from, to);
}

static int faulty_renameat2(void *self, const char *from, const char *to, uint32_t flags)
{
    struct faulty *faulty = self;

    return faulty->no_replace ? -EINVAL : fl_io_system()->renameat2(NULL, from, to, flags);
}

static struct fl_io faulty_io(struct faulty *faulty)
{
    struct fl_io io = *fl_io_system();

    io.self = faulty;
    io.open = faulty_open;
    io.close = faulty_close;
    io.read = faulty_read;
    io.write = faulty_write;
    io.pread = faulty_pread;
    io.pwritev = faulty_pwritev;
    io.fdatasync = faulty_sync;
    io.ftruncate = faulty_truncate;
    io.rename = faulty_rename;
    io.renameat2 = faulty_renameat2;
    return io;
}

START_TEST(goes_on_after_interruptions_and_short_counts)
{
    struct faulty faulty = {0};
    struct fl_io io = faulty_io(&faulty);
    const char *path = in_folder("a");
    char text[16];
    size_t got;
    int fd;

    ck_assert_int_eq(fl_file_open(&io, path, O_RDWR | O_CREAT, 0600, &fd, NULL), FLOW_OK);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(fl_file_write(&io, fd, "hello world", 11, path, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_sync(&io, fd, path, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_truncate(&io, fd, 5, path, NULL), FLOW_OK);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(fl_file_read(&io, fd, text, sizeof text, &got, path, NULL), FLOW_OK);
    ck_assert_uint_eq(got, 5);
    ck_assert_mem_eq(text, "hello", 5);
    fl_file_close(&io, fd);
    fl_file_close(&io, -1);
    ck_assert_int_eq(faulty.opened, 0);
}
END_TEST

START_TEST(writes_parts_behind_each_other_and_reads_anywhere)
{
    struct faulty faulty = {0};
    struct fl_io io = faulty_io(&faulty);
    const char *path = in_folder("parts");
    char text[16] = "";
    const struct iovec room = {text, 7};
    char bytes[] = "hello world";
    struct iovec parts[] = {{bytes, 0},     {bytes, 5},     {bytes, 0},
                            {bytes + 5, 1}, {bytes + 6, 5}, {bytes, 0}};
    size_t got;
    int fd;

    ck_assert_int_eq(fl_file_open(&io, path, O_RDWR | O_CREAT, 0600, &fd, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_write_at(&io, fd, parts, 6, 2, path, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_read_at(&io, fd, &room, 4, &got, path, NULL), FLOW_OK);
    ck_assert_str_eq(text, "llo wor");
    ck_assert_int_eq(fl_file_read_at(&io, fd, &room, 9, &got, path, NULL), FLOW_OK);
    ck_assert_uint_eq(got, 4);
    fl_file_close(&io, fd);
}
END_TEST

START_TEST(more_parts_than_one_call_takes_are_written)
{
    static struct iovec parts[3000];
    const char *path = in_folder("many");
    char bytes[] = "abc";
    struct fl_buf buf;
    int fd;

    for (int i = 0; i < 3000; i++)
        parts[i] = (struct iovec){bytes + i % 3, 1};
    ck_assert_int_eq(fl_file_open(fl_io_system(), path, O_RDWR | O_CREAT, 0600, &fd, NULL),
                     FLOW_OK);
    ck_assert_int_eq(fl_file_write_at(fl_io_system(), fd, parts, 3000, 0, path, NULL), FLOW_OK);
    fl_file_close(fl_io_system(), fd);
    fl_buf_init(&buf, NULL);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 5000, &buf, NULL), FLOW_OK);
    ck_assert_uint_eq(buf.size, 3000);
    for (int i = 0; i < 3000; i++)
        ck_assert_int_eq(buf.data[i], "abc"[i % 3]);
    fl_buf_free(&buf);
}
END_TEST

/* A process that has the lock keeps others out; its child does not have it. */
START_TEST(a_lock_keeps_other_processes_out)
{
    const char *path = in_folder("lock");
    flow_error *err = NULL;
    int fd;

    ck_assert_int_eq(fl_file_open(fl_io_system(), path, O_RDWR | O_CREAT, 0600, &fd, NULL),
                     FLOW_OK);
    ck_assert_int_eq(fl_file_lock(fl_io_system(), fd, path, NULL), FLOW_OK);
    pid_t child = fork();
    if (child == 0) {
        int rc = fl_file_lock(fl_io_system(), fd, path, &err);
        int told = rc != FLOW_OK && strstr(flow_error_message(err), "locked by another process");
        _exit(told ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(fl_file_lock(fl_io_system(), fd, path, NULL), FLOW_OK);
    fl_file_close(fl_io_system(), fd);
}
END_TEST

static int count_name(void *arg, const char *name)
{
    int *counts = arg;

    counts[0]++;
    counts[1] += strcmp(name, "x") == 0;
    return counts[0] == counts[2] ? 77 : 0;
}

START_TEST(lists_a_folder)
{
    const struct fl_io *io = fl_io_system();
    const char *path = in_folder("listed");
    char inside[300];
    int counts[3] = {0, 0, 0};
    uint64_t bytes = 0;

    ck_assert_int_eq(fl_folder_make(io, path, 0700, NULL), FLOW_OK);
    for (const char *name = "xyz"; *name; name++) {
        snprintf(inside, sizeof inside, "%s/%c", path, *name);
        ck_assert_int_eq(fl_file_replace(io, inside, "", 0, NULL), FLOW_OK);
    }
    ck_assert_int_eq(io->list(io->self, path, count_name, counts), 0);
    ck_assert_int_eq(counts[0], 3);
    ck_assert_int_eq(counts[1], 1);
    counts[0] = 0;
    counts[2] = 2;
    ck_assert_int_eq(io->list(io->self, path, count_name, counts), 77);
    ck_assert_int_eq(io->list(io->self, in_folder("gone"), count_name, counts), -ENOENT);
    ck_assert_int_eq(io->free_space(io->self, path, &bytes), 0);
    ck_assert_uint_gt(bytes, 0);
}
END_TEST

START_TEST(describes_faults)
{
    flow_error *err = NULL;
    int fd = 7;

    ck_assert_int_eq(fl_file_open(fl_io_system(), in_folder("none"), O_RDONLY, 0, &fd, &err),
                     FLOW_ENOENT);
    ck_assert_int_eq(fd, -1);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "/none"));
    flow_error_free(err);
    err = NULL;
    ck_assert_int_eq(fl_file_open(fl_io_system(), folder, O_WRONLY, 0, &fd, &err), FLOW_EIO);
    flow_error_free(err);
    ck_assert_int_eq(fl_file_remove(fl_io_system(), in_folder("none"), NULL), FLOW_ENOENT);
}
END_TEST

START_TEST(replaces_a_file_at_once)
{
    const char *path = in_folder("config");

    ck_assert_int_eq(fl_file_replace(fl_io_system(), path, "old", 3, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_replace(fl_io_system(), path, "newer", 5, NULL), FLOW_OK);
    assert_content(path, "newer");
    ck_assert_int_ne(access(in_folder("config.new"), F_OK), 0);
}
END_TEST

/* Wherever it fails, the old content stays as it was or the new one is whole. */
START_TEST(never_leaves_half_a_file)
{
    const char *path = in_folder("half");
    int done = 0;

    for (int at = 1; !done; at++) {
        struct faulty faulty = {.fail_at = at, .error = ENOSPC};
        struct fl_io io = faulty_io(&faulty);
        struct fl_buf buf;
        ck_assert_int_lt(at, 100);
        ck_assert_int_eq(fl_file_replace(fl_io_system(), path, "old", 3, NULL), FLOW_OK);
        done = fl_file_replace(&io, path, "newer", 5, NULL) == FLOW_OK;
        fl_buf_init(&buf, NULL);
        ck_assert_int_eq(fl_file_load(fl_io_system(), path, 10, &buf, NULL), FLOW_OK);
        ck_assert((buf.size == 3 && memcmp(buf.data, "old", 3) == 0) ||
                  (buf.size == 5 && memcmp(buf.data, "newer", 5) == 0));
        ck_assert(!done || buf.size == 5);
        ck_assert_int_eq(faulty.opened, 0);
        fl_buf_free(&buf);
    }
}
END_TEST

START_TEST(loads_up_to_a_limit)
{
    struct fl_buf buf;
    const char *path = in_folder("limit");

    ck_assert_int_eq(fl_file_replace(fl_io_system(), path, "12345", 5, NULL), FLOW_OK);
    fl_buf_init(&buf, NULL);
    ck_assert_int_eq(fl_buf_text(&buf, "x"), FLOW_OK);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 4, &buf, NULL), FLOW_ETOOBIG);
    ck_assert_uint_eq(buf.size, 1);
    ck_assert_int_eq(fl_file_load(fl_io_system(), path, 5, &buf, NULL), FLOW_OK);
    ck_assert_mem_eq(buf.data, "x12345", 6);
    fl_buf_free(&buf);
}
END_TEST

static void assert_rename_replaces_nothing(int supported)
{
    struct faulty faulty = {.no_replace = !supported};
    struct fl_io io = faulty_io(&faulty);
    const char *from = in_folder("from");
    const char *to = in_folder("to");

    (void)unlink(to);
    ck_assert_int_eq(fl_file_replace(fl_io_system(), from, "1", 1, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_rename_new(&io, from, to, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_replace(fl_io_system(), from, "2", 1, NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_rename_new(&io, from, to, NULL), FLOW_EEXIST);
    assert_content(to, "1");
    assert_content(from, "2");
}

START_TEST(renames_without_replacing)
{
    assert_rename_replaces_nothing(1);
    assert_rename_replaces_nothing(0);
}
END_TEST

START_TEST(makes_folders)
{
    const struct fl_io *io = fl_io_system();

    ck_assert_int_eq(fl_folder_make(io, in_folder("p/q/r"), 0700, NULL), FLOW_OK);
    ck_assert_int_eq(fl_folder_make(io, in_folder("p/q/r"), 0700, NULL), FLOW_OK);
    ck_assert_int_eq(fl_folder_make(io, in_folder("p/q/s/"), 0700, NULL), FLOW_OK);
    ck_assert_int_eq(access(in_folder("p/q/s"), X_OK), 0);
    ck_assert_int_eq(fl_folder_sync(io, in_folder("p"), NULL), FLOW_OK);
    ck_assert_int_eq(fl_file_replace(io, in_folder("p/file"), "", 0, NULL), FLOW_OK);
    ck_assert_int_eq(fl_folder_make(io, in_folder("p/file"), 0700, NULL), FLOW_EIO);
    ck_assert_int_eq(fl_folder_make(io, in_folder("p/file/x"), 0700, NULL), FLOW_EIO);
}
END_TEST

START_TEST(reads_and_writes_at_offsets)
{
    const struct fl_io *io = fl_io_system();
    struct stat info;
    char text[4];
    int fd;

    ck_assert_int_eq(fl_file_open(io, in_folder("offsets"), O_RDWR | O_CREAT, 0600, &fd, NULL),
                     FLOW_OK);
    ck_assert_int_eq(io->pwrite(io->self, fd, "abcd", 4, 2), 4);
    ck_assert_int_eq(io->pread(io->self, fd, text, 4, 3), 3);
    ck_assert_mem_eq(text, "bcd", 3);
    ck_assert_int_eq(io->fstat(io->self, fd, &info), 0);
    ck_assert_int_eq(info.st_size, 6);
    fl_file_close(io, fd);
    ck_assert_int_eq(io->pread(io->self, fd, text, 4, 0), -EBADF);
}
END_TEST

START_TEST(tells_whether_anybody_writes_a_file)
{
    const struct fl_io *io = fl_io_system();
    const char *path = in_folder("written");
    int writer = open(path, O_WRONLY | O_CREAT, 0600);
    int reader = open(path, O_RDONLY);

    ck_assert_int_eq(io->is_written(io->self, reader), 1);
    close(writer);
    ck_assert_int_eq(io->is_written(io->self, reader), 0);
    /* The answer leaves nothing behind that whoever opens the file next would meet. */
    writer = open(path, O_WRONLY | O_NONBLOCK);
    ck_assert_int_ge(writer, 0);
    close(writer);
    close(reader);
    ck_assert_int_eq(io->is_written(io->self, reader), -EBADF);
}
END_TEST

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    signals++;
}

/* Opens a file again and again, for writing, until it is killed. */
static pid_t start_opener(const char *path)
{
    pid_t child = fork();

    if (child == 0)
        alarm(60); /* should nobody be left to kill it */
    while (child == 0) {
        int fd = open(path, O_WRONLY);
        if (fd >= 0)
            close(fd);
    }
    return child;
}

/* Of those who open a file meanwhile the kernel tells by a signal: not one that the host gets. */
START_TEST(asking_who_writes_a_file_sends_no_signal)
{
    static const int numbers[] = {SIGIO, SIGURG};
    const struct fl_io *io = fl_io_system();
    const char *path = in_folder("busy");
    int fd = open(path, O_RDONLY | O_CREAT, 0600);
    int answers[2] = {0, 0};

    signals = 0;
    for (size_t i = 0; i < 2; i++)
        signal(numbers[i], count_signal);
    pid_t opener = start_opener(path);
    /* Until both answers were given often, with opens in between and during the question. */
    while (answers[0] < 3000 || answers[1] < 3000) {
        int is_written = io->is_written(io->self, fd);
        ck_assert_int_ge(is_written, 0);
        answers[is_written]++;
    }
    kill(opener, SIGKILL);
    waitpid(opener, NULL, 0);
    close(fd);
    ck_assert_int_eq(signals, 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"goes on after interruptions", goes_on_after_interruptions_and_short_counts},
        {"parts", writes_parts_behind_each_other_and_reads_anywhere},
        {"many parts", more_parts_than_one_call_takes_are_written},
        {"lock", a_lock_keeps_other_processes_out},
        {"lists a folder", lists_a_folder},
        {"is written", tells_whether_anybody_writes_a_file},
        {"is written, quietly", asking_who_writes_a_file_sends_no_signal},
        {"describes faults", describes_faults},
        {"replaces a file at once", replaces_a_file_at_once},
        {"never leaves half a file", never_leaves_half_a_file},
        {"loads up to a limit", loads_up_to_a_limit},
        {"renames without replacing", renames_without_replacing},
        {"makes folders", makes_folders},
        {"reads and writes at offsets", reads_and_writes_at_offsets},
    };
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    int rc = RUN_SUITE("file", tests);
    return remove_folder() == 0 ? rc : EXIT_FAILURE;
}
