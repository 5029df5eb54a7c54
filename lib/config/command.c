/* SPDX-License-Identifier: Apache-2.0 */

/* Runs the command of a config filter, which is killed when it takes too long or says too much. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "config/command.h"

#define OUTPUT_LIMIT ((size_t)64 << 10)
#define TIME_LIMIT_MS 10000

/* A command at work. */
struct command {
    struct fl_child child;
    int64_t deadline;
};

/* COMMAND, which is changed, as WORDS with KEY as the last of them. */
static int split_words(char *command, const char *key, struct fl_vec *words)
{
    const char *none = NULL;
    int rc = fl_words_split(command, words);

    if (rc)
        return rc;
    return fl_vec_push(words, &key) && fl_vec_push(words, &none) ? FLOW_OK : FLOW_ENOMEM;
}

/* Waits until FD can be read, or its other end is gone; 0 when time ran out. */
static int wait_readable(const struct command *command, int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int64_t left;

    while ((left = command->deadline - fl_clock_now(fl_clock_system())) > 0) {
        int rc = poll(&one, 1, (int)left);
        if (rc > 0)
            return 1;
        if (rc < 0 && errno != EINTR)
            return 0;
    }
    return 0;
}

/* Reads all the child prints. */
static int read_output(const struct command *command, struct fl_buf *out, flow_error **err)
{
    for (;;) {
        if (!wait_readable(command, command->child.output))
            return flow_error_setf(err, FLOW_ETIMEDOUT, "the command did not end within %d s",
                                   TIME_LIMIT_MS / 1000);
        void *room = fl_buf_reserve(out, 4096);
        if (!room)
            return fl_error_nomem(err);
        ssize_t got = read(command->child.output, room, 4096);
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

/* Ends the command, by force after RC says that something went wrong, and takes its status. */
static int finish(struct command *command, int rc, flow_error **err)
{
    siginfo_t info;

    if (!rc && command->child.fd >= 0 && !wait_readable(command, command->child.fd))
        rc = flow_error_setf(err, FLOW_ETIMEDOUT, "the command did not end within %d s",
                             TIME_LIMIT_MS / 1000);
    if (rc)
        fl_child_signal(&command->child, SIGKILL);
    fl_child_end(&command->child, &info);
    if (rc)
        return rc;
    if (info.si_pid == 0 || (info.si_code == CLD_EXITED && info.si_status == 0))
        return FLOW_OK; /* or the host took the status: what it printed has to do */
    if (info.si_code == CLD_EXITED)
        return flow_error_setf(err, FLOW_EIO, "the command ended with status %d", info.si_status);
    return flow_error_setf(err, FLOW_EIO, "the command was ended by signal %d", info.si_status);
}

/* Whether TEXT is UTF-8 and can end in NUL. */
static int is_text(const struct fl_buf *text)
{
    return !text->size || (fl_utf8_valid(text->data, text->size) == text->size &&
                           !memchr(text->data, '\0', text->size));
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
    if (!rc && !is_text(&text))
        rc = flow_error_set(err, FLOW_EPARSE, "what the command printed is no text in its charset");
    else if (rc || !(*value = fl_buf_detach(&text)))
        rc = fl_error_nomem(err);
    fl_buf_free(&text);
    return rc;
}

static int run(const flow_allocator *mem, char *const *words, int64_t charset, char **value,
               flow_error **err)
{
    struct command command = {.deadline = fl_clock_after(fl_clock_system(), TIME_LIMIT_MS)};
    struct fl_buf output;
    int rc = fl_child_start(&command.child, words, 0, err);

    if (rc)
        return rc;
    fl_buf_init(&output, mem);
    rc = finish(&command, read_output(&command, &output, err), err);
    if (!rc)
        rc = first_line(&output, charset, value, err);
    fl_buf_free(&output);
    return rc;
}

int fl_command_value(const flow_allocator *mem, const struct fl_command *command, char **value,
                     flow_error **err)
{
    char *copy = fl_strdup(mem, command->line);
    struct fl_vec words;

    *value = NULL;
    fl_vec_init(&words, mem, sizeof(char *));
    int rc = copy ? split_words(copy, command->key, &words) : FLOW_ENOMEM;
    if (rc)
        rc = fl_error_nomem(err);
    else if (words.count < 3)
        rc = flow_error_set(err, FLOW_EINVAL, "the command is empty");
    else
        rc = run(mem, words.items, command->charset, value, err);
    fl_vec_free(&words);
    fl_free(mem, copy);
    return rc;
}
