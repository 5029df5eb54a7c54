/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs the command of a config filter.  The child is awaited by its pidfd, so that neither the
 * host's SIGCHLD handler nor its other children are touched, and killed when it takes too long or
 * says too much.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "config/command.h"

extern char **environ;

#define OUTPUT_LIMIT ((size_t)64 << 10)
#define TIME_LIMIT_MS 10000

/* A child at work; descriptors are -1 where there is none. */
struct child {
    pid_t pid;
    int output;
    int fd; /* its pidfd */
    int64_t deadline;
    int status; /* as waitpid has it */
};

/* Splits COMMAND, which is changed, into WORDS, ended by KEY and NULL. */
static int split_words(char *command, const char *key, struct fl_vec *words)
{
    const char *none = NULL;
    char *rest = NULL;

    for (char *word = strtok_r(command, " \t\r\n\f", &rest); word;
         word = strtok_r(NULL, " \t\r\n\f", &rest))
        if (!fl_vec_push(words, &word))
            return FLOW_ENOMEM;
    return fl_vec_push(words, &key) && fl_vec_push(words, &none) ? FLOW_OK : FLOW_ENOMEM;
}

/* The child gets none of the host's signal settings and an empty standard input. */
static int spawn_with(char *const *words, int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!rc)
        rc = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static int start(struct child *child, char *const *words, flow_error **err)
{
    int pipe_ends[2];

    if (pipe2(pipe_ends, O_CLOEXEC))
        return fl_error_errno(err, errno, "make a pipe for", words[0]);
    int number = spawn_with(words, pipe_ends[1], &child->pid);
    close(pipe_ends[1]);
    if (number) {
        close(pipe_ends[0]);
        return fl_error_errno(err, number, "run", words[0]);
    }
    child->output = pipe_ends[0];
    child->fd = pidfd_open(child->pid, 0);
    child->deadline = fl_clock_after(fl_clock_system(), TIME_LIMIT_MS);
    return FLOW_OK;
}

/* Waits until FD can be read; 0 when time ran out. */
static int wait_readable(const struct child *child, int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int64_t left;

    while ((left = child->deadline - fl_clock_now(fl_clock_system())) > 0) {
        int rc = poll(&one, 1, (int)left);
        if (rc > 0)
            return 1;
        if (rc < 0 && errno != EINTR)
            return 0;
    }
    return 0;
}

/* Reads all the child prints. */
static int read_output(struct child *child, struct fl_buf *out, flow_error **err)
{
    for (;;) {
        if (!wait_readable(child, child->output))
            return flow_error_setf(err, FLOW_ETIMEDOUT, "the command did not end within %d s",
                                   TIME_LIMIT_MS / 1000);
        void *room = fl_buf_reserve(out, 4096);
        if (!room)
            return fl_error_nomem(err);
        ssize_t got = read(child->output, room, 4096);
        if (got == 0)
            return FLOW_OK;
        if (got > 0)
            out->size += (size_t)got;
        else if (errno != EINTR && errno != EAGAIN)
            return fl_error_errno(err, errno, "read what it prints from", "the command");
        if (out->size > OUTPUT_LIMIT)
            return flow_error_setf(err, FLOW_ETOOBIG, "the command printed more than %zu bytes",
                                   OUTPUT_LIMIT);
    }
}

/* Ends the child, by force after RC says that something went wrong, and takes its status. */
static int finish(struct child *child, int rc, flow_error **err)
{
    siginfo_t info = {.si_pid = 0};

    if (!rc && (child->fd < 0 || !wait_readable(child, child->fd)))
        rc = flow_error_setf(err, FLOW_ETIMEDOUT, "the command did not end within %d s",
                             TIME_LIMIT_MS / 1000);
    if (rc)
        kill(child->pid, SIGKILL);
    while (waitid(P_PID, (id_t)child->pid, &info, WEXITED) && errno == EINTR)
        ;
    close(child->output);
    if (child->fd >= 0)
        close(child->fd);
    if (rc)
        return rc;
    if (info.si_code == CLD_EXITED && info.si_status == 0)
        return FLOW_OK;
    if (info.si_code == CLD_EXITED)
        return flow_error_setf(err, FLOW_EIO, "the command ended with status %d", info.si_status);
    return flow_error_setf(err, FLOW_EIO, "the command was ended by signal %d", info.si_status);
}

/* The first line of OUTPUT as UTF-8. */
static int first_line(struct fl_buf *output, int64_t charset, char **value, flow_error **err)
{
    const char *end = output->size ? memchr(output->data, '\n', output->size) : NULL;
    size_t size = end ? (size_t)(end - (const char *)output->data) : output->size;
    struct fl_buf text;

    while (size > 0 && output->data[size - 1] == '\r')
        size--;
    fl_buf_init(&text, output->mem);
    int rc = charset == FL_COMMAND_LATIN1 ? fl_utf8_from_latin1(&text, output->data, size)
                                          : fl_buf_append(&text, output->data, size);
    if (!rc && (fl_utf8_valid(text.data, text.size) < text.size ||
                (text.size && memchr(text.data, '\0', text.size))))
        rc = flow_error_set(err, FLOW_EPARSE, "what the command printed is no text in its charset");
    if (!rc)
        *value = fl_buf_detach(&text);
    fl_buf_free(&text);
    return rc ? rc : *value ? FLOW_OK : fl_error_nomem(err);
}

static int run(char *const *words, int64_t charset, const flow_allocator *mem, char **value,
               flow_error **err)
{
    struct child child;
    struct fl_buf output;
    int rc = start(&child, words, err);

    if (rc)
        return rc;
    fl_buf_init(&output, mem);
    rc = finish(&child, read_output(&child, &output, err), err);
    if (!rc)
        rc = first_line(&output, charset, value, err);
    fl_buf_free(&output);
    return rc;
}

int fl_command_value(const flow_allocator *mem, const char *command, int64_t charset,
                     const char *key, char **value, flow_error **err)
{
    char *copy = fl_strdup(mem, command);
    struct fl_vec words;

    *value = NULL;
    fl_vec_init(&words, mem, sizeof(char *));
    int rc = copy ? split_words(copy, key, &words) : FLOW_ENOMEM;
    if (rc)
        rc = fl_error_nomem(err);
    else if (words.count < 3)
        rc = flow_error_set(err, FLOW_EINVAL, "the command is empty");
    else
        rc = run(words.items, charset, mem, value, err);
    fl_vec_free(&words);
    fl_free(mem, copy);
    return rc;
}
