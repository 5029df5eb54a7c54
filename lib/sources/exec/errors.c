/* SPDX-License-Identifier: Apache-2.0 */

/* The thread that reads the command's standard error, and logs it where that is asked for. */

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "sources/exec/exec.h"

#define PAUSE_MS 100 /* between attempts to get memory */

int exec_errors_open(struct exec_errors *errors, flow_context *ctx, const char *charset,
                     flow_error **err)
{
    errors->ctx = ctx;
    errors->is_logged = flow_context_bool(ctx, "logStdErr");
    errors->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (errors->ended < 0)
        return fl_error_errno(err, errno, "make an eventfd", NULL);
    return exec_lines_open(&errors->lines, flow_library_allocator(flow_context_library(ctx)),
                           charset, err);
}

void exec_errors_close(struct exec_errors *errors)
{
    if (errors->ended >= 0)
        close(errors->ended);
    exec_lines_close(&errors->lines);
}

/* Whether FD can be read, or is, within MS. */
static int is_readable(int fd, int ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, ms) > 0;
}

static void log_lines(struct exec_errors *errors, int end)
{
    const char *line;
    size_t size;

    while (exec_lines_next(&errors->lines, end, &line, &size))
        flow_context_logf(errors->ctx, FLOW_LOG_INFO, "stderr: %.*s", (int)size, line);
}

/* Logs the lines that SIZE bytes complete, and at the END one that has none.  Waits for memory if
 * need be, until the command has ended. */
static void take(struct exec_errors *errors, const void *data, size_t size, int end)
{
    int rc;

    if (!errors->is_logged)
        return;
    while ((rc = exec_lines_feed(&errors->lines, data, size, end, NULL)) != FLOW_OK &&
           !is_readable(errors->ended, PAUSE_MS))
        ;
    if (rc == FLOW_OK)
        log_lines(errors, end);
    else
        flow_context_log(errors->ctx, FLOW_LOG_ERROR,
                         "a part of standard error is lost for want of memory");
}

/* Reads what there is; 0 at the end. */
static int read_some(struct exec_errors *errors)
{
    uint8_t data[EXEC_READ_SIZE];
    ssize_t got = read(errors->fd, data, sizeof(data));

    if (got < 0)
        return errno == EINTR || errno == EAGAIN;
    if (got > 0)
        take(errors, data, (size_t)got, 0);
    return got > 0;
}

/* Waits for something to read; 0 when no more is to be waited for. */
static int await(const struct exec_errors *errors)
{
    struct pollfd watched[] = {
        {.fd = errors->ended, .events = POLLIN},
        {.fd = errors->fd, .events = POLLIN},
    };

    if (poll(watched, 2, -1) >= 0)
        return watched[0].revents == 0;
    return errno == EINTR || !is_readable(errors->ended, PAUSE_MS);
}

static void run(void *self)
{
    struct exec_errors *errors = self;
    int more = 1;

    while (more && await(errors))
        more = read_some(errors);
    for (int i = 0; more && i < EXEC_LAST_READS && is_readable(errors->fd, 0); i++)
        more = read_some(errors);
    take(errors, "", 0, 1);
}

int exec_errors_start(struct exec_errors *errors, int fd, flow_error **err)
{
    errors->fd = fd;
    exec_lines_reset(&errors->lines);
    if (fl_thread_start(&errors->thread, flow_context_name(errors->ctx), run, errors) == FLOW_OK)
        return FLOW_OK;
    return flow_error_set(err, FLOW_ENOMEM, "no thread for standard error");
}

void exec_errors_finish(struct exec_errors *errors)
{
    uint64_t count = 1;

    if (write(errors->ended, &count, sizeof(count)) < 0)
        flow_context_log(errors->ctx, FLOW_LOG_DEBUG, "the end was told before");
    fl_thread_join(&errors->thread);
    while (read(errors->ended, &count, sizeof(count)) > 0)
        ; /* for the next run */
}
