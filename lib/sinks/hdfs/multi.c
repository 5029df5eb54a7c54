/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libcurl 7 makes the pair of sockets by which a multi handle is woken without close-on-exec, and
 * tells nobody their numbers.  They are among the descriptors that appeared meanwhile; the one that
 * is read from is known by becoming readable through a wake-up.  The other one is changed only when
 * no descriptor of another thread can be meant.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/number.h"
#include "sinks/hdfs/multi.h"

#define SET_SIZE 65536 /* descriptors that are looked at */

/* A set of descriptors. */
struct set {
    uint8_t bits[SET_SIZE / 8];
};

static int has(const struct set *set, int fd)
{
    return set->bits[fd / 8] >> (fd % 8) & 1;
}

/* Whether FD is of the kind that libcurl uses, and inherited. */
static int is_candidate(int fd)
{
    int family = 0, flags = fcntl(fd, F_GETFD);
    socklen_t size = sizeof family;

    return flags >= 0 && !(flags & FD_CLOEXEC) &&
           !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) && family == AF_UNIX;
}

/* Reads which descriptors this process has. */
static void read_open(struct set *set)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    memset(set, 0, sizeof *set);
    while (folder && (entry = readdir(folder))) {
        int64_t fd = 0;
        if (!fl_parse_int(entry->d_name, strlen(entry->d_name), &fd) && fd >= 0 && fd < SET_SIZE &&
            is_candidate((int)fd))
            set->bits[fd / 8] |= (uint8_t)(1 << (fd % 8));
    }
    if (folder)
        closedir(folder);
}

static int readable(int fd)
{
    int bytes = 0;

    return ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* Of those in AFTER but not in BEFORE: the one that a wake-up makes readable, and any other. */
static void find_pair(CURLM *multi, const struct set *before, const struct set *after, int pair[2])
{
    int others = 0;

    pair[0] = pair[1] = -1;
    curl_multi_wakeup(multi);
    for (int fd = 0; fd < SET_SIZE; fd++) {
        if (!has(after, fd) || has(before, fd))
            continue;
        if (pair[0] < 0 && readable(fd)) {
            pair[0] = fd;
        } else {
            pair[1] = fd;
            others++;
        }
    }
    curl_multi_poll(multi, NULL, 0, 0, NULL);
    if (pair[0] >= 0 && readable(pair[0]))
        pair[0] = -1; /* not the wake-up's byte */
    if (others != 1)
        pair[1] = -1;
}

CURLM *fl_hdfs_multi_new(const flow_allocator *mem)
{
    struct set *before = fl_alloc(mem, sizeof *before), *after = fl_alloc(mem, sizeof *after);
    CURLM *multi = NULL;
    int pair[2];

    if (before && after) {
        read_open(before);
        multi = curl_multi_init();
    }
    if (multi) {
        read_open(after);
        find_pair(multi, before, after, pair);
        for (int i = 0; i < 2 && pair[0] >= 0; i++)
            if (pair[i] >= 0)
                fcntl(pair[i], F_SETFD, FD_CLOEXEC);
    }
    fl_free(mem, before);
    fl_free(mem, after);
    return multi;
}
