/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_LOCAL_H
#define FL_NET_LOCAL_H

/* Unix-domain sockets that listen, and their files. */

#include <sys/types.h>

#include <flow/error.h>

#include "io/file.h"

/* The most bytes of a path. */
#define FL_LOCAL_PATH_MAX 107u

/* The file of a socket that listens. */
struct fl_local {
    const struct fl_io *io;
    const flow_allocator *mem;
    dev_t device;
    ino_t inode;
    char path[];
};

/*
 * Makes a socket that listens at PATH: *FD, which does not block and belongs to the caller, and
 * *LOCAL for fl_local_remove.  The file gets the permissions MODE, whatever the umask is, and at no
 * moment more.  A socket that nobody listens at any more is replaced; anything else that is there
 * stays, and is an error.
 *
 * Blocks: shortly, while another process makes a socket in the same folder.
 * Errors: FLOW_EEXIST when somebody listens there, FLOW_EINVAL for a path that is too long,
 * FLOW_EIO.
 */
int fl_local_listen(const struct fl_io *io, const flow_allocator *mem, const char *path,
                    unsigned mode, int *fd, struct fl_local **local, flow_error **err);

/* Removes the file, unless it is another one by now, and frees LOCAL.  To be called while the
 * socket is still open, so that nobody can have replaced it in between.  NULL is allowed. */
void fl_local_remove(struct fl_local *local);

/* Room for the text of fl_local_peer. */
#define FL_LOCAL_PEER 48

/* Who is at the other end of FD: "process 12 of user 1000". */
void fl_local_peer(int fd, char text[FL_LOCAL_PEER]);

#endif
