/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_IO_FILE_H
#define FL_IO_FILE_H

/*
 * The file layer: the one place that opens, writes, syncs, renames, truncates and removes.  Tests
 * hand in a table of their own to inject faults.  Every function of the table returns 0 or more,
 * or a negative errno, and is the system call of its name; the wrappers below repeat what EINTR
 * and short counts leave, and describe faults.
 */

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <flow/component.h>
#include <flow/error.h>

#include "base/buf.h"

struct fl_io {
    void *self;
    int (*open)(void *self, const char *path, int flags, uint32_t mode);
    int (*close)(void *self, int fd);
    int64_t (*read)(void *self, int fd, void *data, size_t size);
    int64_t (*pread)(void *self, int fd, void *data, size_t size, int64_t offset);
    int64_t (*write)(void *self, int fd, const void *data, size_t size);
    int64_t (*pwrite)(void *self, int fd, const void *data, size_t size, int64_t offset);
    int (*fdatasync)(void *self, int fd);
    int (*ftruncate)(void *self, int fd, int64_t size);
    int (*fstat)(void *self, int fd, struct stat *out);
    int (*stat)(void *self, const char *path, struct stat *out);
    int (*rename)(void *self, const char *from, const char *to);
    int (*renameat2)(void *self, const char *from, const char *to, uint32_t flags);
    int (*unlink)(void *self, const char *path);
    int (*mkdir)(void *self, const char *path, uint32_t mode);
    int64_t (*pwritev)(void *self, int fd, const struct iovec *parts, int count, int64_t offset);

    /* As fcntl's F_SETLK over the whole file, for writing: a lock that a forked child does not have
     * and that closing any descriptor of the file gives up.  -EAGAIN or -EACCES: another process
     * has it. */
    int (*lock)(void *self, int fd);

    /* Bytes that may be written below PATH by who this is. */
    int (*free_space)(void *self, const char *path, uint64_t *bytes);

    /* Calls EACH for every name in the folder PATH but "." and ".."; ends with what EACH returns
     * when that is not 0. */
    int (*list)(void *self, const char *path, int (*each)(void *arg, const char *name), void *arg);

    /* When the file was made, in ns since 1970; -ENOTSUP where nobody knows. */
    int (*birth)(void *self, int fd, int64_t *ns);

    /* 1 when any process has the file open for writing, 0 when none has; a failure where that
     * cannot be told: for a file of somebody else's, or on a network.  FD is open for reading. */
    int (*is_written)(void *self, int fd);
};

/* The system's own: constant. */
const struct fl_io *fl_io_system(void);

/* The one that the component of CTX is to use. */
const struct fl_io *fl_io_of(const flow_context *ctx);

/* Opens, close-on-exec always.  *FD is -1 on failure; FLOW_EEXIST by O_EXCL. */
int fl_file_open(const struct fl_io *io, const char *path, int flags, uint32_t mode, int *fd,
                 flow_error **err);
void fl_file_close(const struct fl_io *io, int fd);

/* Reads up to SIZE bytes; *GOT is less only at the end of the file. */
int fl_file_read(const struct fl_io *io, int fd, void *data, size_t size, size_t *got,
                 const char *path, flow_error **err);

/* Writes all of it, at the file's position. */
int fl_file_write(const struct fl_io *io, int fd, const void *data, size_t size, const char *path,
                  flow_error **err);

/* Reads up to as many bytes as PART has room for at OFFSET; *GOT is less only at the end of the
 * file. */
int fl_file_read_at(const struct fl_io *io, int fd, const struct iovec *part, int64_t offset,
                    size_t *got, const char *path, flow_error **err);

/* Writes all of COUNT parts, which it may change, behind each other from OFFSET on. */
int fl_file_write_at(const struct fl_io *io, int fd, struct iovec *parts, size_t count,
                     int64_t offset, const char *path, flow_error **err);
int fl_file_sync(const struct fl_io *io, int fd, const char *path, flow_error **err);

/* Locks the file FD against other processes, see the table. */
int fl_file_lock(const struct fl_io *io, int fd, const char *path, flow_error **err);
int fl_file_truncate(const struct fl_io *io, int fd, int64_t size, const char *path,
                     flow_error **err);

/* Renames without replacing anything: FLOW_EEXIST when TO exists. */
int fl_file_rename_new(const struct fl_io *io, const char *from, const char *to,
                       flow_error **err);
int fl_file_rename(const struct fl_io *io, const char *from, const char *to, flow_error **err);
int fl_file_remove(const struct fl_io *io, const char *path, flow_error **err);

/* Makes a folder and those above it; one that exists is fine. */
int fl_folder_make(const struct fl_io *io, const char *path, uint32_t mode, flow_error **err);

/* As fl_folder_make, and makes the entries of it and of all folders above it durable, as far as
 * they may be opened. */
int fl_folder_make_durable(const struct fl_io *io, const char *path, uint32_t mode,
                           flow_error **err);

/* The same for the folder that PATH is in. */
int fl_folder_make_durable_above(const struct fl_io *io, const char *path, uint32_t mode,
                                 flow_error **err);

/* Makes the entries of a folder durable. */
int fl_folder_sync(const struct fl_io *io, const char *path, flow_error **err);

/* The same for the folder that PATH is in. */
int fl_folder_make_above(const struct fl_io *io, const char *path, uint32_t mode, flow_error **err);
int fl_folder_sync_above(const struct fl_io *io, const char *path, flow_error **err);

/* Reads a whole file, of at most LIMIT bytes (FLOW_ETOOBIG). */
int fl_file_load(const struct fl_io *io, const char *path, size_t limit, struct fl_buf *out,
                 flow_error **err);

/* Replaces a file by another content at once: written beside it, synced, renamed. */
int fl_file_replace(const struct fl_io *io, const char *path, const void *data, size_t size,
                    flow_error **err);

#endif
