/* SPDX-License-Identifier: Apache-2.0 */

/* Imports channels that the real Flume wrote (see tests/data/flume-log). */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing.h"
#include "flume_channel.h"
#include "suite.h"

#define DATA TEST_DATA "/flume-log"

/* Of 1.7.0, 1.9.0 and 1.11.0. */
#define ALL "3 4 5 6 7 8 9 10 11 15 16 17 "

/* Its logs. */
#define LOG_1 "data0/log-1"
#define LOG_2 "data1/log-2"

static int add_hex(struct fl_buf *text, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        ck_assert_int_eq(fl_buf_printf(text, "%02x", bytes[i]), FLOW_OK);
    return FLOW_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const flow_header *)a)->name, ((const flow_header *)b)->name);
}

/* As the lines of `expected`. */
static int add_line(void *arg, const struct fl_flume_event *event, flow_error **err)
{
    struct fl_buf *text = arg;
    flow_header headers[8];

    ck_assert_uint_le(event->header_count, 8);
    for (size_t i = 0; i < event->header_count; i++) {
        headers[i] = event->headers[i];
        ck_assert_uint_eq(strlen(headers[i].name), headers[i].name_size);
        ck_assert_uint_eq(strlen(headers[i].value), headers[i].value_size);
    }
    qsort(headers, event->header_count, sizeof headers[0], by_name);
    add_hex(text, event->body, event->body_size);
    for (size_t i = 0; i < event->header_count; i++) {
        ck_assert_int_eq(fl_buf_byte(text, ' '), FLOW_OK);
        add_hex(text, headers[i].name, headers[i].name_size);
        ck_assert_int_eq(fl_buf_byte(text, '='), FLOW_OK);
        add_hex(text, headers[i].value, headers[i].value_size);
    }
    return fl_buf_byte(text, '\n');
}

static void check_events(const struct flume_channel *channel, struct fl_flume_counts *counts)
{
    struct fl_flume_import *import;
    struct fl_buf text;
    flow_error *err = NULL;

    struct fl_buf expected = flume_channel_load(channel, "expected");
    fl_buf_init(&text, NULL);
    fl_flume_open(fl_io_system(), &channel->options, &import, &err);
    ck_assert_msg(!err, "%s", flow_error_message(err));
    ck_assert_int_eq(fl_flume_each(import, add_line, &text, NULL), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&text), fl_buf_cstr(&expected));
    *counts = *fl_flume_counts(import);
    fl_flume_close(import);
    fl_buf_free(&text);
    fl_buf_free(&expected);
}

/* ---- whole channels ---- */

START_TEST(events_are_those_that_flume_finds)
{
    static const char *const names[] = {"1.7.0", "1.9.0", "1.11.0"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct flume_channel channel;
        struct fl_flume_counts counts;

        flume_channel_use(&channel, DATA, names[i], 2);
        check_events(&channel, &counts);
        ck_assert_int_eq(counts.has_used_checkpoint, 1);
        ck_assert_uint_eq(counts.logs, 2);
        ck_assert_uint_eq(counts.events, 12);
        ck_assert_uint_eq(counts.returned, 2);
        ck_assert_uint_eq(counts.open_takes, 4);
        ck_assert_uint_eq(counts.open_puts, 4);

        /* All of the logs say the same without the checkpoint. */
        channel.options.checkpoint_dir = NULL;
        check_events(&channel, &counts);
        ck_assert_int_eq(counts.has_used_checkpoint, 0);
        ck_assert_uint_eq(counts.returned, 0);
        ck_assert_uint_eq(counts.puts, 22);
        ck_assert_uint_eq(counts.takes, 7);
        ck_assert_uint_eq(counts.commits, 5);
        ck_assert_uint_eq(counts.rollbacks, 1);
    }
}
END_TEST

START_TEST(the_old_format_is_read)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_use(&channel, DATA, "version2", 1);
    check_events(&channel, &counts);
    ck_assert_int_eq(counts.has_used_checkpoint, 1);
    ck_assert_uint_eq(counts.puts, 5); /* behind the checkpoint */
    channel.options.checkpoint_dir = NULL;
    check_events(&channel, &counts);
    ck_assert_uint_eq(counts.puts, 14);
}
END_TEST

START_TEST(the_backup_steps_in_for_a_broken_checkpoint)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "dual", 1);
    channel.options.backup_checkpoint_dir = flume_channel_backup(&channel);
    check_events(&channel, &counts);
    ck_assert_int_eq(counts.has_used_checkpoint, 2);
    ck_assert_uint_eq(counts.returned, 2);

    /* Nothing is lost without it either, wherever its compressed file is cut. */
    struct fl_buf packed = flume_channel_load(&channel, "backup/checkpoint.snappy");
    for (size_t size = 0; size < packed.size; size += 13) {
        flume_channel_cut(&channel, "backup/checkpoint.snappy", size);
        check_events(&channel, &counts);
        ck_assert_int_eq(counts.has_used_checkpoint, 0);
        flume_channel_store(&channel, "backup/checkpoint.snappy", packed.data, packed.size);
    }
    fl_buf_free(&packed);
    ck_assert_int_eq(unlink(flume_channel_path(&channel, "backup/backupComplete")), 0);
    check_events(&channel, &counts);
    ck_assert_int_eq(counts.has_used_checkpoint, 0);
    flume_channel_free(&channel);
}
END_TEST

/* ---- checkpoints that are none ---- */

static void check_fault(const struct flume_channel *channel, const char *part)
{
    struct fl_flume_import *import;
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    ck_assert_int_eq(fl_flume_open(fl_io_system(), &channel->options, &import, NULL), FLOW_OK);
    ck_assert_ptr_nonnull(fl_flume_checkpoint_fault(import));
    ck_assert_msg(strstr(fl_flume_checkpoint_fault(import), part), "%s",
                  fl_flume_checkpoint_fault(import));
    ck_assert_int_eq(fl_flume_each(import, flume_channel_add_number, &text, NULL), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&text), ALL);
    fl_flume_close(import);
    fl_buf_free(&text);
}

static void patched(size_t offset, const char *bytes, size_t size, const char *part)
{
    struct flume_channel channel;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    flume_channel_patch(&channel, "checkpoint/checkpoint", offset, bytes, size);
    check_fault(&channel, part);
    flume_channel_free(&channel);
}

START_TEST(a_checkpoint_that_is_not_whole_is_as_good_as_none)
{
    struct flume_channel channel;

    patched(4 * 8 + 7, "\1", 1, "Flume was stopped while it wrote it");
    patched(1 * 8 + 7, "\xff", 1, "of different times");
    patched(0 * 8 + 7, "\2", 1, "of an unknown version");

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    flume_channel_cut(&channel, "checkpoint/checkpoint", (1029 + 39) * 8 + 1);
    check_fault(&channel, "checkpoint/checkpoint: it is not whole");
    flume_channel_cut(&channel, "checkpoint/checkpoint", 0);
    check_fault(&channel, "it is not whole");
    ck_assert_int_eq(unlink(flume_channel_path(&channel, "checkpoint/checkpoint")), 0);
    check_fault(&channel, "there is none");
    flume_channel_free(&channel);

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    flume_channel_cut(&channel, "checkpoint/checkpoint.meta", 5);
    check_fault(&channel, "its .meta file is damaged");
    ck_assert_int_eq(unlink(flume_channel_path(&channel, "checkpoint/checkpoint.meta")), 0);
    check_fault(&channel, "it has no .meta file");
    flume_channel_free(&channel);

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    flume_channel_flip(&channel, "checkpoint/inflighttakes", 20);
    check_fault(&channel, "inflight lists");
    flume_channel_free(&channel);

    flume_channel_use(&channel, DATA, "1.11.0", 2);
    channel.options.checkpoint_dir = NULL;
    check_fault(&channel, "no checkpoint directory is given");
}
END_TEST

/* The queue goes around the end of its ring, or has a gap, or is larger than the ring. */
START_TEST(the_ring_of_a_checkpoint_is_followed)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;
    struct fl_buf bytes;
    uint8_t ring[40 * 8] = {0};

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    bytes = flume_channel_load(&channel, "checkpoint/checkpoint.meta");
    /* queueHead, field 4, a fixed32 with the tag 0x25 */
    uint8_t *head = memchr(bytes.data, 0x25, bytes.size);
    ck_assert_ptr_nonnull(head);
    size_t at = (size_t)(head + 1 - bytes.data);
    size_t first = head[1];
    fl_buf_free(&bytes);
    bytes = flume_channel_load(&channel, "checkpoint/checkpoint");
    const uint8_t *queue = bytes.data + FL_FLUME_CHECKPOINT_HEAD_SIZE + first * 8;
    memcpy(ring + 39 * 8, queue, 8);
    memcpy(ring, queue + 8, 16);
    flume_channel_patch(&channel, "checkpoint/checkpoint", FL_FLUME_CHECKPOINT_HEAD_SIZE, ring,
                        sizeof ring);
    flume_channel_patch(&channel, "checkpoint/checkpoint.meta", at, "\x27", 1);
    flume_channel_expect(&channel, ALL, &counts);
    ck_assert_int_eq(counts.has_used_checkpoint, 1);

    flume_channel_patch(&channel, "checkpoint/checkpoint", FL_FLUME_CHECKPOINT_HEAD_SIZE + 8,
                        "\0\0\0\0\0\0\0\0", 8);
    check_fault(&channel, "its queue has a gap");
    flume_channel_patch(&channel, "checkpoint/checkpoint.meta", at, "\x28", 1);
    check_fault(&channel, "its queue is outside of the file");
    fl_buf_free(&bytes);
    flume_channel_free(&channel);
}
END_TEST

/* ---- folders ---- */

START_TEST(a_missing_folder_is_noticed_by_the_checkpoint)
{
    struct flume_channel channel;

    flume_channel_use(&channel, DATA, "1.11.0", 1);
    flume_channel_refuse(&channel, FLOW_ENOENT,
                         "refers to log-2, which is in none of the data directories");
    channel.dirs[0] = "/nonexistent";
    flume_channel_refuse(&channel, FLOW_ENOENT, "/nonexistent");
    flume_channel_use(&channel, DATA, "1.11.0", 2);
    channel.options.checkpoint_dir = "/nonexistent";
    flume_channel_refuse(&channel, FLOW_ENOENT, "/nonexistent");
}
END_TEST

START_TEST(logs_without_what_belongs_to_them_are_refused)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    channel.options.checkpoint_dir = NULL;
    ck_assert_int_eq(unlink(flume_channel_path(&channel, LOG_1 ".meta")), 0);
    flume_channel_refuse(&channel, FLOW_EPARSE, "it has no .meta file beside it");
    channel.options.is_lenient = 1;
    flume_channel_expect(&channel, ALL, &counts);
    flume_channel_store(&channel, LOG_1 ".meta", "xyz", 3);
    flume_channel_refuse(&channel, FLOW_EPARSE, "log-1.meta is damaged");
    flume_channel_free(&channel);

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    struct fl_buf log = flume_channel_load(&channel, LOG_1);
    struct fl_buf meta = flume_channel_load(&channel, LOG_1 ".meta");
    flume_channel_store(&channel, "data1/log-1", log.data, log.size);
    flume_channel_store(&channel, "data1/log-1.meta", meta.data, meta.size);
    flume_channel_refuse(&channel, FLOW_EPARSE, "cannot be of one channel");
    channel.dirs[1] = channel.dirs[0];
    flume_channel_refuse(&channel, FLOW_EINVAL, "are the same directory");
    fl_buf_free(&log);
    fl_buf_free(&meta);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(a_log_of_another_name_or_version_is_refused)
{
    struct flume_channel channel;
    struct fl_buf meta;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    meta = flume_channel_load(&channel, LOG_1 ".meta");
    flume_channel_store(&channel, "data0/log-3.meta", meta.data, meta.size);
    flume_channel_store(&channel, "data0/log-3", "\x80", 1);
    flume_channel_refuse(&channel, FLOW_EPARSE, "log-3 says of itself that it is log-1");
    ck_assert_int_eq(meta.data[1], 0x0d); /* the version, a fixed32, is the first field */
    meta.data[2] = 9;
    flume_channel_store(&channel, LOG_1 ".meta", meta.data, meta.size);
    flume_channel_store(&channel, "data0/log-3", "", 0);
    flume_channel_refuse(&channel, FLOW_EPARSE, "log-1 is of version 9");
    fl_buf_free(&meta);
    flume_channel_free(&channel);
}
END_TEST

/* What is no log is left alone, and so are logs that were made and never written. */
START_TEST(other_names_are_passed_over)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    flume_channel_store(&channel, "data0/log-1.bak", "x", 1);
    flume_channel_store(&channel, "data0/log-", "x", 1);
    flume_channel_store(&channel, "data0/log-01", "x", 1);
    flume_channel_store(&channel, "data0/log-99999999999", "x", 1);
    flume_channel_store(&channel, "data1/log-7", "", 0);
    flume_channel_expect(&channel, ALL, &counts);
    ck_assert_uint_eq(counts.logs, 2);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(an_encrypted_log_needs_a_key)
{
    struct flume_channel channel;

    flume_channel_use(&channel, DATA, "encrypted", 1);
    flume_channel_refuse(&channel, FLOW_ECONFIG,
                         "log-1 is encrypted with the key 'key-1', and no key store is given");
}
END_TEST

/* ---- Flume is running ---- */

/* Starts a process that has a file of the channel open, and waits until it has. */
static pid_t hold(const char *path, int flags, int with_lock)
{
    int ready[2];
    char byte;

    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, flags, 0600);
        if (fd < 0 || (with_lock && fcntl(fd, F_SETLK, &whole)) || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void let_go(pid_t pid)
{
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void refused_while_held(const char *name, int flags, int with_lock)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    pid_t pid = hold(flume_channel_path(&channel, name), flags, with_lock);
    flume_channel_refuse(&channel, FLOW_ESTATE, "a Flume is running on");
    let_go(pid);
    flume_channel_expect(&channel, ALL, &counts);
    flume_channel_free(&channel);
}

START_TEST(a_running_flume_is_noticed_by_its_lock_and_its_files)
{
    refused_while_held("data1/in_use.lock", O_RDWR | O_CREAT, 1);
    refused_while_held("checkpoint/in_use.lock", O_RDWR | O_CREAT, 1);
    /* What Flume does on Linux: it keeps the file open and loses the lock. */
    refused_while_held("data0/in_use.lock", O_RDWR | O_CREAT, 0);
    refused_while_held(LOG_2, O_RDWR, 0);
    refused_while_held("checkpoint/checkpoint", O_RDWR, 0);
}
END_TEST

START_TEST(a_reader_does_no_harm)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    pid_t pid = hold(flume_channel_path(&channel, LOG_2), O_RDONLY, 0);
    flume_channel_expect(&channel, ALL, &counts);
    let_go(pid);
    flume_channel_free(&channel);
}
END_TEST

/* Whether another process can take the lock of a file. */
static int can_lock(const char *path)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR);
        _exit(fd >= 0 && fcntl(fd, F_SETLK, &whole) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status) == 0;
}

START_TEST(no_flume_can_start_meanwhile)
{
    struct flume_channel channel;
    struct fl_flume_import *import;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    flume_channel_store(&channel, "data1/in_use.lock", "", 0);
    ck_assert(can_lock(flume_channel_path(&channel, "data1/in_use.lock")));
    ck_assert_int_eq(fl_flume_open(fl_io_system(), &channel.options, &import, NULL), FLOW_OK);
    ck_assert(!can_lock(flume_channel_path(&channel, "data1/in_use.lock")));
    fl_flume_close(import);
    ck_assert(can_lock(flume_channel_path(&channel, "data1/in_use.lock")));
    flume_channel_free(&channel);
}
END_TEST

/* ---- failures ---- */

static int stop_at_third(void *arg, const struct fl_flume_event *event, flow_error **err)
{
    return ++*(int *)arg == 3 ? flow_error_set(err, FLOW_EFULL, "enough") : FLOW_OK;
}

START_TEST(the_receiver_can_end_it)
{
    struct flume_channel channel;
    struct fl_flume_import *import;
    flow_error *err = NULL;
    int calls = 0;

    flume_channel_use(&channel, DATA, "1.11.0", 2);
    ck_assert_int_eq(fl_flume_open(fl_io_system(), &channel.options, &import, NULL), FLOW_OK);
    ck_assert_int_eq(fl_flume_each(import, stop_at_third, &calls, &err), FLOW_EFULL);
    ck_assert_int_eq(calls, 3);
    ck_assert_str_eq(flow_error_message(err), "enough");
    flow_error_free(err);
    fl_flume_close(import);
}
END_TEST

START_TEST(every_lack_of_memory_is_an_error)
{
    static const char *const names[] = {"1.11.0", "dual", "version2"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int rc = FLOW_ENOMEM;

        for (int64_t grants = 0; rc != FLOW_OK; grants++) {
            struct flume_channel channel;
            struct failing failing;
            struct fl_buf text;
            flow_error *err = NULL;

            flume_channel_use(&channel, DATA, names[i], i == 0 ? 2 : 1);
            channel.options.backup_checkpoint_dir = i == 1 ? flume_channel_backup(&channel) : NULL;
            failing_init(&failing);
            failing_after(&failing, grants);
            channel.options.mem = &failing.allocator;
            fl_buf_init(&text, NULL);
            rc = flume_channel_numbers(fl_io_system(), &channel, &text, NULL, &err);
            ck_assert_int_eq(failing.live, 0);
            ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
            ck_assert_int_eq(flow_error_code(err), rc);
            ck_assert_int_lt(grants, 1000);
            flow_error_free(err);
            fl_buf_free(&text);
        }
    }
}
END_TEST

/* A table over the system's that fails one call, counts descriptors, and allows nobody to write. */
struct faulty {
    int calls;
    int fail_at;
    int opened;
};

static int fails(struct faulty *faulty)
{
    return ++faulty->calls == faulty->fail_at;
}

static int faulty_open(void *self, const char *path, int flags, uint32_t mode)
{
    struct faulty *faulty = self;

    ck_assert(!(flags & (O_CREAT | O_TRUNC | O_WRONLY)));
    ck_assert(!(flags & O_RDWR) || strstr(path, "in_use.lock"));
    int fd = fails(faulty) ? -EIO : fl_io_system()->open(NULL, path, flags, mode);
    faulty->opened += fd >= 0;
    return fd;
}

static int faulty_close(void *self, int fd)
{
    ((struct faulty *)self)->opened--;
    return fl_io_system()->close(NULL, fd);
}

static int64_t faulty_read(void *self, int fd, void *data, size_t size)
{
    return fails(self) ? -EIO : fl_io_system()->read(NULL, fd, data, size);
}

static int64_t faulty_pread(void *self, int fd, void *data, size_t size, int64_t offset)
{
    return fails(self) ? -EIO : fl_io_system()->pread(NULL, fd, data, size, offset);
}

static int faulty_stat(void *self, const char *path, struct stat *out)
{
    return fails(self) ? -EIO : fl_io_system()->stat(NULL, path, out);
}

static int faulty_list(void *self, const char *path, int (*each)(void *arg, const char *name),
                       void *arg)
{
    return fails(self) ? -EIO : fl_io_system()->list(NULL, path, each, arg);
}

static int faulty_lock(void *self, int fd)
{
    return fails(self) ? -EIO : fl_io_system()->lock(NULL, fd);
}

/* What is left out here is never called: that would crash. */
static struct fl_io faulty_io(struct faulty *faulty)
{
    return (struct fl_io){
        .self = faulty,
        .open = faulty_open,
        .close = faulty_close,
        .read = faulty_read,
        .pread = faulty_pread,
        .stat = faulty_stat,
        .list = faulty_list,
        .lock = faulty_lock,
        .is_written = fl_io_system()->is_written,
    };
}

START_TEST(every_failed_call_is_an_error_and_nothing_is_written)
{
    struct flume_channel channel;
    int rc = FLOW_EIO;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    flume_channel_store(&channel, "data0/in_use.lock", "", 0);
    for (int at = 1; rc != FLOW_OK; at++) {
        struct faulty faulty = {.fail_at = at};
        struct fl_io io = faulty_io(&faulty);
        struct fl_buf text;
        flow_error *err = NULL;

        fl_buf_init(&text, NULL);
        rc = flume_channel_numbers(&io, &channel, &text, NULL, &err);
        ck_assert_int_eq(faulty.opened, 0);
        ck_assert_msg((rc == FLOW_OK) == (faulty.calls < at), "call %d: %d", at, rc);
        ck_assert_int_eq(flow_error_code(err), rc);
        flow_error_free(err);
        fl_buf_free(&text);
        ck_assert_int_lt(at, 1000);
    }
    flume_channel_free(&channel);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"whole", events_are_those_that_flume_finds},
        {"version_2", the_old_format_is_read},
        {"backup", the_backup_steps_in_for_a_broken_checkpoint},
        {"checkpoint", a_checkpoint_that_is_not_whole_is_as_good_as_none},
        {"ring", the_ring_of_a_checkpoint_is_followed},
        {"missing", a_missing_folder_is_noticed_by_the_checkpoint},
        {"meta", logs_without_what_belongs_to_them_are_refused},
        {"foreign", a_log_of_another_name_or_version_is_refused},
        {"names", other_names_are_passed_over},
        {"encrypted", an_encrypted_log_needs_a_key},
        {"running", a_running_flume_is_noticed_by_its_lock_and_its_files},
        {"reader", a_reader_does_no_harm},
        {"lock", no_flume_can_start_meanwhile},
        {"receiver", the_receiver_can_end_it},
        {"out_of_memory", every_lack_of_memory_is_an_error},
        {"input_output", every_failed_call_is_an_error_and_nothing_is_written},
    };

    return RUN_SUITE("flume_import", tests);
}
