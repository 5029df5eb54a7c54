/* SPDX-License-Identifier: Apache-2.0 */

/* Clients of a process that forks. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <flow.h>

#include "mortal.h"
#include "suite.h"

/* Listens on any port of this machine. */
static int listen_anywhere(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static flow_client *new_client(flow_library *lib, uint16_t port)
{
    flow_config *config;
    flow_client *client;
    char text[128];

    snprintf(text, sizeof text, "hosts = a\nhosts.a = 127.0.0.1:%u\ncompression-type = deflate\n",
             port);
    ck_assert_int_eq(flow_config_new(lib, &config, NULL), FLOW_OK);
    ck_assert_int_eq(
        flow_config_parse(config, "test", text, strlen(text), FLOW_FORMAT_PROPERTIES, NULL),
        FLOW_OK);
    ck_assert_int_eq(flow_client_new(lib, config, &client, NULL), FLOW_OK);
    flow_config_free(config);
    return client;
}

static void use_and_free(flow_client *client)
{
    int rc = flow_client_append(client, "x", 1, NULL, 0, sizeof(flow_header), NULL);

    flow_client_free(client);
    _exit(rc != FLOW_EFORKED);
}

/* A connection with layers ends with a word of them, which is not the child's to say. */
START_TEST(a_forked_child_leaves_the_connection_alone)
{
    flow_library *lib;
    uint16_t port;
    int listener = listen_anywhere(&port), status;
    char byte;

    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    flow_client *client = new_client(lib, port);
    ck_assert_int_eq(flow_client_connect(client, NULL), FLOW_OK);
    int fd = accept(listener, NULL, NULL);
    pid_t child = fork_muted();
    if (!child)
        use_and_free(client);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    flow_client_free(client);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 1);
    close(fd);
    close(listener);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_forked_child_leaves_the_connection_alone", a_forked_child_leaves_the_connection_alone},
    };

    return RUN_SUITE("client fork", tests);
}
