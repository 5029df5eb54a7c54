/* SPDX-License-Identifier: Apache-2.0 */

/* A web server of two pages, which answers one request a connection. */

#include "monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT 41414
#define REQUEST_ROOM 8192
#define PATIENCE_MS 2000 /* whoever asks for counters has a line to say */

/* ---- answers ---- */

struct answer {
    const char *status;
    const char *type;
    char *body;
    size_t size;
};

static void print_metrics(struct monitor *monitor, struct answer *answer)
{
    FILE *out = open_memstream(&answer->body, &answer->size);

    if (!out)
        return;
    pthread_mutex_lock(&monitor->lock);
    monitor_print(out, monitor->pipeline);
    pthread_mutex_unlock(&monitor->lock);
    fclose(out);
}

static void say(struct answer *answer, const char *status, const char *text)
{
    answer->status = status;
    answer->type = "text/html;charset=utf-8";
    answer->body = text_copy(text);
    answer->size = strlen(text);
}

/* Answers as Flume's server does. */
static struct answer answer_to(struct monitor *monitor, const char *method, const char *path)
{
    struct answer answer = {.status = "200 OK", .type = "application/json;charset=utf-8"};
    size_t size = strcspn(path, "?#");

    if (strcmp(method, "TRACE") == 0 || strcmp(method, "OPTIONS") == 0)
        say(&answer, "403 Forbidden", "Forbidden\n");
    else if (size == 1)
        say(&answer, "200 OK", "For metrics see <a href=\"./metrics\">here</a>.\n");
    else if (size == 8 && strncasecmp(path, "/metrics", size) == 0)
        print_metrics(monitor, &answer);
    else
        say(&answer, "404 Not Found", "Not found\n");
    return answer;
}

/* ---- requests ---- */

/* A request ends with the empty line behind its headers. */
static size_t find_end(const char *data, size_t size)
{
    const char *strict = memmem(data, size, "\r\n\r\n", 4);
    const char *plain = memmem(data, size, "\n\n", 2);

    if (strict && (!plain || strict < plain))
        return (size_t)(strict - data) + 4;
    return plain ? (size_t)(plain - data) + 2 : 0;
}

/* "METHOD PATH ..."; whoever says something else gets no answer. */
static enum server_next serve(void *self, const char *request, size_t size, FILE *out)
{
    char *line = text_copy_sized(request, strcspn(request, "\r\n"));
    char *rest = NULL;
    const char *method = strtok_r(line, " ", &rest);
    const char *path = method ? strtok_r(NULL, " ", &rest) : NULL;

    (void)size;
    if (path && *path == '/') {
        struct answer answer = answer_to(self, method, path);
        fprintf(out,
                "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                "Connection: close\r\n\r\n",
                answer.status, answer.type, answer.size);
        if (strcmp(method, "HEAD") != 0)
            fwrite(answer.body, 1, answer.size, out);
        free(answer.body);
    }
    free(line);
    return SERVER_CLOSE;
}

static const struct server_protocol protocol = {
    .name = "monitor",
    .room = REQUEST_ROOM,
    .patience = PATIENCE_MS,
    .idle = PATIENCE_MS,
    .find = find_end,
    .answer = serve,
};

/* ---- the port ---- */

/* A socket of FAMILY that listens on all addresses, or -1 with errno. */
static int listen_on(int family, uint16_t port)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    int is_six = family == AF_INET6;
    const void *address = is_six ? (const void *)&six : (const void *)&four;
    socklen_t size = is_six ? sizeof six : sizeof four;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;
    int no = 0;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (is_six)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, address, size) == 0 && listen(fd, 16) == 0)
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

static int port_of(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t size = sizeof address;

    getsockname(fd, (struct sockaddr *)&address, &size);
    return ntohs(address.sin6_port); /* it stands where that of the other family does */
}

/* ---- opening and closing ---- */

static void start(struct monitor *monitor, uint16_t port, struct log *log)
{
    int fd = listen_on(AF_INET6, port);

    if (fd < 0 && errno != EADDRINUSE)
        fd = listen_on(AF_INET, port);
    int number = fd < 0 ? errno : server_start(&monitor->server, fd, &protocol, monitor);
    if (number)
        log_say(log, FLOW_LOG_ERROR, "no metrics at port %u: %s", port, strerror(number));
    else
        log_say(log, FLOW_LOG_INFO, "metrics at port %d", port_of(fd));
}

int monitor_open(struct monitor *monitor, const struct options *options, struct log *log)
{
    const char *type = text_list_value(&options->defines, "flume.monitoring.type");
    const char *port = text_list_value(&options->defines, "flume.monitoring.port");
    char *end = NULL;
    long number = port ? strtol(port, &end, 10) : DEFAULT_PORT;

    *monitor = (struct monitor){.server.listener = -1};
    pthread_mutex_init(&monitor->lock, NULL);
    if (!type)
        return EXIT_OK;
    if (strcasecmp(type, "http") != 0) {
        fprintf(stderr, "Error: flume.monitoring.type: there is http, not '%s'\n", type);
        return EXIT_USAGE;
    }
    if (port && (end == port || *end || number < 0 || number > UINT16_MAX)) {
        fprintf(stderr, "Error: flume.monitoring.port: '%s' is no port\n", port);
        return EXIT_USAGE;
    }
    if (!options->dry_run)
        start(monitor, (uint16_t)number, log);
    return EXIT_OK;
}

void monitor_close(struct monitor *monitor)
{
    server_stop(&monitor->server);
    pthread_mutex_destroy(&monitor->lock);
}

void monitor_show(struct monitor *monitor, flow_pipeline *pipeline)
{
    pthread_mutex_lock(&monitor->lock);
    monitor->pipeline = pipeline;
    pthread_mutex_unlock(&monitor->lock);
}
