/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A web server of two pages.  It answers one request a connection, one connection at a time, and
 * none of them for long: whoever asks for counters has a line to say.
 */

#include "monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT 41414
#define REQUEST_ROOM 8192
#define PATIENCE_MS 2000 /* for the next bytes of a request or for room for those of an answer */
#define PAUSE_MS 100
#define FEW 64 /* reads of a request: nobody sends it byte by byte */

/* ---- requests ---- */

/* Waits for EVENTS of a connection; 0 when it takes too long, or the agent ends. */
static int await(const struct monitor *monitor, int fd, short events)
{
    struct pollfd both[] = {{.fd = fd, .events = events}, {.fd = monitor->stop, .events = POLLIN}};

    return poll(both, 2, PATIENCE_MS) > 0 && both[1].revents == 0;
}

/* Reads up to the empty line behind the headers; 0 when it does not come. */
static int read_request(const struct monitor *monitor, int fd, char *room)
{
    size_t size = 0;

    for (int i = 0; i < FEW && size < REQUEST_ROOM - 1 && await(monitor, fd, POLLIN); i++) {
        ssize_t got = recv(fd, room + size, REQUEST_ROOM - 1 - size, 0);
        if (got <= 0)
            return 0;
        size += (size_t)got;
        room[size] = '\0';
        if (strstr(room, "\r\n\r\n") || strstr(room, "\n\n"))
            return 1;
    }
    return 0;
}

static void send_all(const struct monitor *monitor, int fd, const char *text, size_t size)
{
    while (size > 0 && await(monitor, fd, POLLOUT)) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        size -= (size_t)sent;
    }
}

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

static void serve(struct monitor *monitor, int fd)
{
    char request[REQUEST_ROOM];
    char *rest = NULL;

    if (!read_request(monitor, fd, request))
        return;
    const char *method = strtok_r(request, " \r\n", &rest);
    const char *path = method ? strtok_r(NULL, " \r\n", &rest) : NULL;
    if (!path || *path != '/')
        return;
    struct answer answer = answer_to(monitor, method, path);
    char *head = text_format("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                             "Connection: close\r\n\r\n",
                             answer.status, answer.type, answer.size);
    send_all(monitor, fd, head, strlen(head));
    if (strcmp(method, "HEAD") != 0)
        send_all(monitor, fd, answer.body, answer.size);
    free(head);
    free(answer.body);
}

static void *run(void *self)
{
    struct monitor *monitor = self;
    struct pollfd both[] = {{.fd = monitor->listener, .events = POLLIN},
                            {.fd = monitor->stop, .events = POLLIN}};

    while (poll(both, 2, -1) >= 0 && both[1].revents == 0) {
        int fd = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            poll(&both[1], 1, PAUSE_MS); /* perhaps there are too many files; not at full speed */
            continue;
        }
        serve(monitor, fd);
        shutdown(fd, SHUT_RDWR);
        close(fd);
    }
    return NULL;
}

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

/* Signals are for the main thread. */
static int start_thread(struct monitor *monitor)
{
    sigset_t all;
    sigset_t before;

    monitor->stop = eventfd(0, EFD_CLOEXEC);
    if (monitor->stop < 0)
        return errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&monitor->thread, NULL, run, monitor);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number)
        close(monitor->stop);
    return number;
}

static void start(struct monitor *monitor, uint16_t port, struct log *log)
{
    int fd = listen_on(AF_INET6, port);
    int number;

    if (fd < 0 && errno != EADDRINUSE)
        fd = listen_on(AF_INET, port);
    number = fd < 0 ? errno : 0;
    monitor->listener = fd;
    if (fd >= 0)
        number = start_thread(monitor);
    if (number) {
        log_say(log, FLOW_LOG_ERROR, "no metrics at port %u: %s", port, strerror(number));
        if (fd >= 0)
            close(fd);
        monitor->listener = -1;
        return;
    }
    log_say(log, FLOW_LOG_INFO, "metrics at port %d", port_of(fd));
}

int monitor_open(struct monitor *monitor, const struct options *options, struct log *log)
{
    const char *type = text_list_value(&options->defines, "flume.monitoring.type");
    const char *port = text_list_value(&options->defines, "flume.monitoring.port");
    char *end = NULL;
    long number = port ? strtol(port, &end, 10) : DEFAULT_PORT;

    *monitor = (struct monitor){.listener = -1};
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
    static const uint64_t one = 1;

    if (monitor->listener >= 0) {
        if (write(monitor->stop, &one, sizeof one) == sizeof one)
            pthread_join(monitor->thread, NULL);
        close(monitor->stop);
        close(monitor->listener);
    }
    pthread_mutex_destroy(&monitor->lock);
}

void monitor_show(struct monitor *monitor, flow_pipeline *pipeline)
{
    pthread_mutex_lock(&monitor->lock);
    monitor->pipeline = pipeline;
    pthread_mutex_unlock(&monitor->lock);
}
