/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opening files and knowing them again.  An inode is used again as soon as its file is deleted, so
 * what was read of a file counts only while the time of its birth and its first bytes are the same.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "sources/taildir/taildir.h"

void tail_file_close(struct taildir *t, struct tail_file *file)
{
    fl_file_close(t->io, file->fd);
    file->fd = -1;
}

void tail_file_fault(struct taildir *t, struct tail_file *file, int rc, const flow_error *fault)
{
    if (rc != file->fault) {
        flow_counter_add(t->read_fails, 1);
        flow_context_logf(t->ctx, FLOW_LOG_ERROR, "tried again, while others go on: %s",
                          flow_error_message(fault));
    }
    file->fault = rc;
}

void tail_file_anew(struct taildir *t, struct tail_file *file, int64_t pos)
{
    file->pos = pos;
    file->head = (struct tail_head){0};
    file->read_size = -1;
    file->is_listed = 0;
    file->generation++;
    file->begun = pos;
    file->ahead = 0;
    t->positions_changed = 1;
    t->identities_changed = 1;
}

/* Whether the file that was born at BIRTH, 0 when that is not known, is the one it is taken for. */
static int is_same(const struct tail_file *file, int64_t birth)
{
    if (file->noted != 0) {
        /* Flume keeps nothing but inode and path. */
        return birth != 0 ? birth <= file->noted : !file->renamed;
    }
    return file->birth == 0 || birth == 0 || file->birth == birth;
}

/* Decides where the reading of a file that was just opened begins. */
static void find_start(struct taildir *t, struct tail_file *file)
{
    int64_t birth = 0;

    if (t->io->birth(t->io->self, file->fd, &birth) != 0)
        birth = 0;
    if (!is_same(file, birth)) {
        flow_counter_add(t->reused, 1);
        flow_context_logf(t->ctx, FLOW_LOG_INFO,
                          "%s is another file than the one that had its inode, %llu", file->path,
                          (unsigned long long)file->inode);
        tail_standing_forget(t, file);
        file->is_asked = 0;
        tail_file_anew(t, file, file->fresh);
    }
    t->identities_changed = t->identities_changed || file->birth != birth || file->noted != 0;
    file->birth = birth;
    file->noted = 0;
    file->renamed = 0;
}

/* For how long nothing was written, so that of many old files few are open at a time. */
static int64_t age_of(const struct taildir *t, const struct stat *info)
{
    int64_t changed = info->st_mtim.tv_sec * INT64_C(1000) + info->st_mtim.tv_nsec / 1000000;
    int64_t age = flow_context_time(t->ctx) - changed;

    return age > 0 ? age : 0;
}

static int open_file(struct taildir *t, struct tail_file *file, flow_error **err)
{
    struct stat info;

    if (file->fd >= 0)
        return FLOW_OK;
    /* Not to be held up by a pipe that took the place of the file. */
    int flags = O_RDONLY | O_NOCTTY | O_NONBLOCK;
    int rc = fl_file_open(t->io, file->path, flags, 0, &file->fd, err);
    if (rc != FLOW_OK)
        return rc;
    int number = t->io->fstat(t->io->self, file->fd, &info);
    if (number < 0)
        rc = fl_error_errno(err, -number, "cannot look at", file->path);
    else if (info.st_ino != file->inode || info.st_dev != file->dev)
        rc = flow_error_setf(err, FLOW_ENOENT, "%s is another file by now", file->path);
    if (rc != FLOW_OK) {
        tail_file_close(t, file);
        return rc;
    }
    find_start(t, file);
    file->active_at = flow_context_now(t->ctx) - age_of(t, &info);
    return FLOW_OK;
}

/* Sums up the first SIZE bytes; 0 when they are not there. */
static int sum_head(struct taildir *t, const struct tail_file *file, uint32_t size, uint32_t *sum,
                    flow_error **err)
{
    uint8_t head[TAIL_HEAD_MAX];
    const struct iovec part = {.iov_base = head, .iov_len = size};
    size_t got;
    int rc = fl_file_read_at(t->io, file->fd, &part, 0, &got, file->path, err);

    *sum = rc == FLOW_OK ? fl_crc32c(0, head, got) : 0;
    return rc != FLOW_OK ? rc : got == size;
}

int tail_file_check(struct taildir *t, struct tail_file *file, flow_error **err)
{
    struct stat info;
    uint32_t sum;
    const char *what = NULL;
    int number = t->io->fstat(t->io->self, file->fd, &info);

    if (number < 0)
        return fl_error_errno(err, -number, "cannot look at", file->path);
    if (info.st_size < file->pos) {
        what = "is shorter than what was read of it";
    } else if (file->head.size > 0) {
        int there = sum_head(t, file, file->head.size, &sum, err);
        if (there < 0)
            return there;
        what = there && sum == file->head.sum ? NULL : "does not begin as it did";
    }
    if (what) {
        flow_counter_add(t->truncated, 1);
        flow_context_logf(t->ctx, FLOW_LOG_WARN, "%s %s: it is read from its beginning", file->path,
                          what);
        tail_file_anew(t, file, 0);
    }
    return FLOW_OK;
}

int tail_file_begin(struct taildir *t, struct tail_file *file, flow_error **fault, flow_error **err)
{
    int rc = open_file(t, file, fault);

    if (rc == FLOW_OK && !file->is_asked) {
        rc = tail_standing_ask(t, file, err);
        if (rc != FLOW_OK)
            return rc;
        rc = tail_standing_take(t, file, fault);
    }
    return rc == FLOW_OK ? tail_file_check(t, file, fault) : rc;
}

struct tail_head tail_file_head(struct taildir *t, struct tail_file *file, int64_t offset)
{
    struct tail_head head = {.size = offset < TAIL_HEAD_MAX ? (uint32_t)offset : TAIL_HEAD_MAX};

    if (head.size == file->head.size)
        return file->head;
    int grows = head.size > file->head.size;
    if (sum_head(t, file, head.size, &head.sum, NULL) != 1) {
        /* It was emptied just now, which is seen next time. */
        return grows ? file->head : (struct tail_head){0};
    }
    if (grows) {
        file->head = head;
        t->identities_changed = 1;
    }
    return head;
}
