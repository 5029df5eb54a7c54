/* SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <check.h>

#include "client.h"

/* A wait that lasts this long has failed; none of them should last at all. */
#define PATIENCE_S 60

static struct sockaddr_in local(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
    };
}

int client_open(uint16_t port)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    const struct sockaddr_in address = local(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void client_send(int fd, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        ck_assert_int_gt(sent, 0);
        bytes += sent;
        size -= (size_t)sent;
    }
}

void client_text(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

/* A peer without memory may have hung up before. */
void client_end(int fd)
{
    ck_assert(shutdown(fd, SHUT_WR) == 0 || errno == ENOTCONN);
}

void client_expect(int fd, const char *text)
{
    char got[4096] = "";
    size_t size = strlen(text);
    size_t at = 0;

    ck_assert_uint_lt(size, sizeof got);
    while (at < size) {
        ssize_t count = recv(fd, got + at, size - at, 0);
        ck_assert_msg(count > 0, "got '%s' and no more, expected '%s'", got, text);
        at += (size_t)count;
    }
    ck_assert_str_eq(got, text);
}

void client_read(int fd, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        ssize_t count = recv(fd, at, size, 0);
        ck_assert_int_gt(count, 0);
        at += count;
        size -= (size_t)count;
    }
}

void client_expect_bytes(int fd, const void *data, size_t size)
{
    char got[4096];

    ck_assert_uint_le(size, sizeof got);
    client_read(fd, got, size);
    ck_assert_mem_eq(got, data, size);
}

uint64_t client_drain(int fd, size_t size)
{
    static const size_t room = 64 * 1024;
    unsigned char got[64 * 1024];
    uint64_t sum = 0;

    while (size > 0) {
        ssize_t count = recv(fd, got, size < room ? size : room, 0);
        ck_assert_int_gt(count, 0);
        for (ssize_t i = 0; i < count; i++)
            sum += got[i];
        size -= (size_t)count;
    }
    return sum;
}

void client_expect_end(int fd)
{
    char byte;

    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
}

int client_refused(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) <= 0;
}

uint16_t client_occupy(int *fd)
{
    struct sockaddr_in address = local(0);
    socklen_t size = sizeof address;

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(*fd, (const struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(*fd, 1), 0);
    ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

int client_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}
