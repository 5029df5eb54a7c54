/* SPDX-License-Identifier: Apache-2.0 */

/* One request a connection, one connection at a time. */

#include "control.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 5000 /* for a request, and for room for its answer */
#define PAUSE_MS 100
#define MODE 0600

/* ---- requests ---- */

/* Waits for EVENTS of a connection; 0 when it takes too long, or the agent ends. */
static int await(const struct control *control, int fd, short events)
{
    struct pollfd both[] = {{.fd = fd, .events = events}, {.fd = control->stop, .events = POLLIN}};

    return poll(both, 2, PATIENCE_MS) > 0 && both[1].revents == 0;
}

/* Reads to the end of the request; -1 when that does not come, or it is too long. */
static ssize_t read_request(const struct control *control, int fd, char *room)
{
    size_t size = 0;

    while (size < CONTROL_ROOM && await(control, fd, POLLIN)) {
        ssize_t got = recv(fd, room + size, CONTROL_ROOM - size, 0);
        if (got <= 0)
            return got == 0 ? (ssize_t)size : -1;
        size += (size_t)got;
    }
    return -1;
}

/* Divides a request into its words; 0 when it is none. */
static size_t split(const char *room, size_t size, const char **words)
{
    size_t count = 0;

    if (!size || room[size - 1])
        return 0;
    for (const char *at = room; at < room + size && count < CONTROL_WORDS; at += strlen(at) + 1)
        words[count++] = at;
    return count;
}

static void send_all(const struct control *control, int fd, const char *text, size_t size)
{
    while (size > 0 && await(control, fd, POLLOUT)) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text += sent;
        size -= (size_t)sent;
    }
}

static void serve(struct control *control, int fd)
{
    char room[CONTROL_ROOM];
    const char *words[CONTROL_WORDS];
    char *text = NULL;
    size_t size = 0;
    ssize_t got = read_request(control, fd, room);
    size_t count = got > 0 ? split(room, (size_t)got, words) : 0;
    FILE *out = count ? open_memstream(&text, &size) : NULL;

    if (!out)
        return;
    pthread_mutex_lock(&control->lock);
    int status = control_answer(control->pipeline, words, count, out);
    pthread_mutex_unlock(&control->lock);
    fclose(out);
    char *head = text_format("%d\n", status);
    send_all(control, fd, head, strlen(head));
    send_all(control, fd, text, size);
    free(head);
    free(text);
}

static void *run(void *self)
{
    struct control *control = self;
    struct pollfd both[] = {{.fd = control->listener, .events = POLLIN},
                            {.fd = control->stop, .events = POLLIN}};

    while (poll(both, 2, -1) >= 0 && both[1].revents == 0) {
        int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) { /* no descriptors: there may be some again */
            poll(&both[1], 1, PAUSE_MS);
            continue;
        }
        serve(control, fd);
        close(fd);
    }
    return NULL;
}

/* ---- the socket ---- */

static int set_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address->sun_path, path);
    return 0;
}

/* Removes what an agent that was killed has left, but never another file, nor the socket of one
 * that runs. */
static int clear_way(const struct sockaddr_un *address)
{
    struct stat found;

    if (lstat(address->sun_path, &found) != 0)
        return errno == ENOENT ? 0 : -1;
    if (!S_ISSOCK(found.st_mode)) {
        errno = EEXIST;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int there = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    int gone = fd >= 0 && !there && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (!gone) {
        errno = EADDRINUSE;
        return -1;
    }
    return unlink(address->sun_path);
}

/* The mode is set before there is a name, so that nobody else can ever connect. */
static int listen_at(const char *path)
{
    struct sockaddr_un address;
    int fd = -1;

    if (set_address(&address, path) != 0 || clear_way(&address) != 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && fchmod(fd, MODE) == 0 &&
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(path, MODE) == 0 && listen(fd, 8) == 0)
        return fd;
    int fault = errno;
    if (fd >= 0)
        close(fd);
    errno = fault;
    return -1;
}

/* The thread takes no signals: they are for the agent. */
static int start_thread(struct control *control)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&control->thread, NULL, run, control);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int control_open(struct control *control, const struct options *options, struct log *log)
{
    *control = (struct control){.listener = -1, .stop = -1, .log = log};
    if (!options->control)
        return EXIT_OK;
    control->listener = listen_at(options->control);
    if (control->listener < 0) {
        log_say(log, FLOW_LOG_ERROR, "cannot open the control socket %s: %s", options->control,
                strerror(errno));
        return EXIT_FAILURE_RUN;
    }
    control->path = text_copy(options->control);
    pthread_mutex_init(&control->lock, NULL);
    control->stop = eventfd(0, EFD_CLOEXEC);
    if (control->stop >= 0 && start_thread(control) == 0)
        return EXIT_OK;
    log_say(log, FLOW_LOG_ERROR, "no thread for the control socket");
    if (control->stop >= 0)
        close(control->stop);
    control->stop = -1;
    control_close(control);
    return EXIT_FAILURE_RUN;
}

void control_close(struct control *control)
{
    if (control->listener < 0)
        return;
    if (control->stop >= 0) {
        eventfd_write(control->stop, 1);
        pthread_join(control->thread, NULL);
        close(control->stop);
    }
    unlink(control->path);
    close(control->listener);
    free(control->path);
    pthread_mutex_destroy(&control->lock);
    control->listener = -1;
}

void control_show(struct control *control, flow_pipeline *pipeline)
{
    if (control->listener < 0)
        return;
    pthread_mutex_lock(&control->lock);
    control->pipeline = pipeline;
    pthread_mutex_unlock(&control->lock);
}
