/* SPDX-License-Identifier: Apache-2.0 */

/* Listening at a path of the file system: the file, and the server's connections. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "client.h"
#include "core/context.h"
#include "core/registry.h"
#include "failing.h"
#include "mortal.h"
#include "net/local.h"
#include "net/loop.h"
#include "net/server.h"
#include "suite.h"

static char folder[32];
static char path[108]; /* room for what a socket can have */

static void set_up(void)
{
    strcpy(folder, "/tmp/flow-local-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
}

static void tear_down(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Makes an ordinary file of PATH. */
static void write_file(void)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs("precious", file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Listens at PATH; returns the result, and in *FD and *LOCAL what was made. */
static int listen_at(unsigned mode, int *fd, struct fl_local **local)
{
    flow_error *err = NULL;
    int rc = fl_local_listen(fl_io_system(), NULL, path, mode, fd, local, &err);

    ck_assert_msg(rc || !err, "%s", flow_error_message(err));
    flow_error_free(err);
    return rc;
}

static void expect_refused(int code, const char *words)
{
    flow_error *err = NULL;
    struct fl_local *local;
    int fd;

    ck_assert_int_eq(fl_local_listen(fl_io_system(), NULL, path, 0600, &fd, &local, &err), code);
    ck_assert_msg(strstr(flow_error_message(err), words) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
}

START_TEST(the_file_has_the_mode_that_was_asked_for)
{
    static const unsigned modes[] = {0600, 0660, 0666, 0640, 0777};
    static const mode_t masks[] = {0, 022, 077, 0777};
    struct fl_local *local;
    struct stat found;
    int fd;

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        for (size_t k = 0; k < sizeof masks / sizeof masks[0]; k++) {
            mode_t before = umask(masks[k]);
            ck_assert_int_eq(listen_at(modes[i], &fd, &local), FLOW_OK);
            umask(before);
            ck_assert_int_eq(lstat(path, &found), 0);
            ck_assert_uint_eq(found.st_mode & 07777, modes[i]);
            fl_local_remove(local);
            close(fd);
            ck_assert_int_ne(lstat(path, &found), 0);
        }
    }
}
END_TEST

START_TEST(the_socket_of_a_dead_process_is_replaced)
{
    struct fl_local *local;
    int fd;
    int status;
    pid_t child = fork_muted();

    if (child == 0)
        _exit(listen_at(0600, &fd, &local) ? 1 : 0);
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_eq(listen_at(0600, &fd, &local), FLOW_OK);
    fl_local_remove(local);
    close(fd);
}
END_TEST

START_TEST(a_socket_that_somebody_listens_at_is_left_alone)
{
    struct fl_local *local;
    char words[64];
    int fd;

    ck_assert_int_eq(listen_at(0600, &fd, &local), FLOW_OK);
    snprintf(words, sizeof words, "process %d does already", (int)getpid());
    expect_refused(FLOW_EEXIST, words);
    ck_assert_int_eq(access(path, F_OK), 0);
    fl_local_remove(local);
    close(fd);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
    struct stat found;

    write_file();
    expect_refused(FLOW_EEXIST, "no socket");
    ck_assert_int_eq(lstat(path, &found), 0);
    ck_assert(S_ISREG(found.st_mode));
}
END_TEST

START_TEST(a_file_of_somebody_else_is_not_removed)
{
    struct fl_local *local;
    int fd;

    ck_assert_int_eq(listen_at(0600, &fd, &local), FLOW_OK);
    ck_assert_int_eq(unlink(path), 0);
    write_file();
    fl_local_remove(local);
    close(fd);
    ck_assert_int_eq(access(path, F_OK), 0);
    fl_local_remove(NULL);
}
END_TEST

START_TEST(paths_that_cannot_be_are_refused)
{
    char name[109];
    flow_error *err = NULL;
    struct fl_local *local;
    int fd;

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(fl_local_listen(fl_io_system(), NULL, name, 0600, &fd, &local, &err), FLOW_EINVAL);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "longer than 107 bytes"));
    flow_error_free(err);
    snprintf(path, sizeof path, "%s/missing/socket", folder);
    expect_refused(FLOW_ENOENT, "missing/socket");
}
END_TEST

static const struct fl_type type = {.kind = FLOW_KIND_SOURCE, .name = "t", .aliases = ""};

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_context *ctx;
    struct fl_loop_host *host;
    struct fl_server *server;
};

static void start(struct fixture *f)
{
    failing_init(&f->failing);
    const flow_library_options options = {
        .struct_size = sizeof options,
        .allocator = &f->failing.allocator,
    };
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(fl_context_new(f->lib, &type, "r1", NULL, NULL, &f->ctx, NULL), FLOW_OK);
    ck_assert_int_eq(fl_loop_host_new(&f->failing.allocator, "loop", &f->host, NULL), FLOW_OK);
    f->ctx->loop = f->host;
    ck_assert_int_eq(fl_server_new(f->ctx, 0, &f->server, NULL), FLOW_OK);
}

static void finish(struct fixture *f)
{
    fl_server_free(f->server);
    fl_loop_host_free(f->host);
    fl_context_free(f->ctx);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static struct fl_conn *take(struct fixture *f, size_t size)
{
    struct fl_piece *piece = fl_server_take(f->server, 1);
    struct fl_conn *conn = piece->conn;

    ck_assert_uint_eq(piece->size, size);
    fl_server_release(f->server, piece);
    return conn;
}

START_TEST(a_server_talks_over_its_socket)
{
    struct fixture f;
    char name[64];

    start(&f);
    ck_assert_int_eq(fl_server_listen_local(f.server, path, 0600, NULL), FLOW_OK);
    int fd = dial();
    client_text(fd, "hello");
    struct fl_conn *conn = take(&f, 5);
    snprintf(name, sizeof name, "process %d of user %u", (int)getpid(), (unsigned)getuid());
    ck_assert_str_eq(fl_conn_peer(conn), name);
    ck_assert_uint_eq(fl_conn_port(conn), 0);
    ck_assert_int_eq(fl_conn_send(conn, "world", 5), FLOW_OK);
    client_expect(fd, "world");
    client_end(fd);
    ck_assert_ptr_eq(take(&f, 0), conn);
    fl_conn_close(conn);
    client_expect_end(fd);
    close(fd);
    finish(&f);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(two_servers_cannot_have_one_path)
{
    struct fixture one, two;
    flow_error *err = NULL;

    start(&one);
    start(&two);
    ck_assert_int_eq(fl_server_listen_local(one.server, path, 0600, NULL), FLOW_OK);
    ck_assert_int_eq(fl_server_listen_local(two.server, path, 0600, &err), FLOW_EEXIST);
    ck_assert(flow_error_retriable(err));
    flow_error_free(err);
    finish(&two);
    ck_assert_int_eq(access(path, F_OK), 0);
    finish(&one);
}
END_TEST

START_TEST(memory_may_run_out_while_listening)
{
    struct fixture f;
    int rc = FLOW_ENOMEM;

    start(&f);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        failing_after(&f.failing, grants);
        rc = fl_server_listen_local(f.server, path, 0600, NULL);
        failing_after(&f.failing, -1);
    }
    ck_assert_int_eq(rc, FLOW_OK);
    finish(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"mode", the_file_has_the_mode_that_was_asked_for},
        {"stale", the_socket_of_a_dead_process_is_replaced},
        {"in use", a_socket_that_somebody_listens_at_is_left_alone},
        {"no socket", a_file_that_is_no_socket_is_left_alone},
        {"remove", a_file_of_somebody_else_is_not_removed},
        {"paths", paths_that_cannot_be_are_refused},
        {"server", a_server_talks_over_its_socket},
        {"two servers", two_servers_cannot_have_one_path},
        {"memory", memory_may_run_out_while_listening},
    };

    return RUN_SUITE_BETWEEN("net/local", tests, set_up, tear_down);
}
