/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The thread of the source.  It reads only as fast as the channels take: while they are full the
 * command waits at its pipe, so unlike in Flume no line is lost.  Standard error is none of its
 * business.
 */

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/error.h"
#include "sources/exec/exec.h"
#include "sources/patience.h"

#define FIRST_PAUSE_MS 100
#define MOST_PAUSE_MS 4000
#define GRACE_MS 2000 /* between asking a command to end and making it */

/* What poll waits for, in order; a descriptor that is closed is -1, which poll passes over. */
enum { WAKE, OUTPUT, END, WATCHED };

int exec_spawn(struct exec_source *source, flow_error **err)
{
    exec_lines_reset(&source->lines);
    int rc =
        fl_child_start(&source->child, source->words.items, FL_CHILD_GROUP | FL_CHILD_ERRORS, err);
    if (rc != FLOW_OK)
        return rc;
    rc = exec_errors_start(&source->errors, source->child.errors, err);
    if (rc != FLOW_OK)
        exec_abandon(source);
    return rc;
}

void exec_abandon(struct exec_source *source)
{
    siginfo_t info;

    fl_child_signal(&source->child, SIGKILL);
    exec_errors_finish(&source->errors);
    fl_child_end(&source->child, &info);
}

/* At the end there is no time to be patient: what is not taken at once is counted as lost. */
static void emit_last(struct exec_source *source)
{
    flow_error *fault = NULL;
    size_t count = flow_batch_count(source->batch);

    if (count > 0 && flow_emitter_emit(source->emitter, source->batch, &fault) != FLOW_OK) {
        flow_counter_add(source->lost, (int64_t)count);
        flow_context_logf(source->ctx, FLOW_LOG_ERROR, "%zu lines are lost at the end: %s", count,
                          flow_error_message(fault));
    }
    flow_error_free(fault);
    flow_batch_clear(source->batch);
}

static void emit(struct exec_source *source)
{
    if (flow_batch_count(source->batch) == 0)
        return;
    if (flow_context_stopping(source->ctx) ||
        fl_emit_patiently(source->ctx, source->emitter, source->batch, FIRST_PAUSE_MS,
                          MOST_PAUSE_MS) != FLOW_OK)
        emit_last(source);
    flow_batch_clear(source->batch);
}

/* Memory may come back, as room in a channel does; 0 when the source is to stop before. */
static int await_memory(struct exec_source *source, int rc)
{
    emit(source);
    return rc == FLOW_ENOMEM && flow_wait(source->ctx, FIRST_PAUSE_MS) == FLOW_OK;
}

static int add_line(struct exec_source *source, const char *line, size_t size, flow_error **err)
{
    int rc = flow_batch_add(source->batch, line, size, NULL);

    while (rc != FLOW_OK && await_memory(source, rc))
        rc = flow_batch_add(source->batch, line, size, NULL);
    if (rc != FLOW_OK)
        flow_counter_add(source->lost, 1);
    return rc == FLOW_OK ? rc : flow_error_set(err, rc, "a line is lost at the end");
}

static int add_lines(struct exec_source *source, int end, flow_error **err)
{
    const char *line;
    size_t size;
    int rc = FLOW_OK;

    while (rc == FLOW_OK && exec_lines_next(&source->lines, end, &line, &size)) {
        if (flow_batch_count(source->batch) == 0)
            source->batch_since = flow_context_now(source->ctx);
        rc = add_line(source, line, size, err);
        if (flow_batch_count(source->batch) >= source->batch_size)
            emit(source);
    }
    return rc;
}

/* Reads what there is of the output, which is closed at its end. */
static int read_some(struct exec_source *source, flow_error **err)
{
    uint8_t data[EXEC_READ_SIZE];
    int *fd = &source->child.output;
    ssize_t got = read(*fd, data, sizeof(data));

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return FLOW_OK;
    int end = got <= 0;
    if (end) {
        close(*fd);
        *fd = -1;
    }
    int rc = exec_lines_feed(&source->lines, data, got > 0 ? (size_t)got : 0, end, err);
    return rc == FLOW_OK ? add_lines(source, end, err) : rc;
}

/* How long poll may wait: until a batch is due. */
static int patience_of(const struct exec_source *source)
{
    if (flow_batch_count(source->batch) == 0)
        return -1;
    int64_t age = flow_context_now(source->ctx) - source->batch_since;
    int64_t left = source->batch_timeout - age;
    return left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

static int handle(struct exec_source *source, const struct pollfd *watched, flow_error **err)
{
    int rc = FLOW_OK;

    if (watched[OUTPUT].revents != 0)
        rc = read_some(source, err);
    if (patience_of(source) == 0)
        emit(source);
    return rc;
}

/* Waits for something to do; what is not there yet or any more is passed over. */
static int watch(const struct exec_source *source, struct pollfd *watched, flow_error **err)
{
    const struct fl_child *child = &source->child;

    watched[WAKE] = (struct pollfd){.fd = source->wake, .events = POLLIN};
    watched[OUTPUT] = (struct pollfd){.fd = child->output, .events = POLLIN};
    watched[END] = (struct pollfd){.fd = child->output < 0 ? child->fd : -1, .events = POLLIN};
    if (poll(watched, WATCHED, patience_of(source)) >= 0 || errno == EINTR)
        return FLOW_OK;
    return fl_error_errno(err, errno, "wait for", source->command);
}

/* Reads until the command has ended; FLOW_ECLOSED when the source is to stop before. */
static int follow(struct exec_source *source, flow_error **err)
{
    struct pollfd watched[WATCHED];
    int rc = FLOW_OK;

    while (rc == FLOW_OK && (source->child.output >= 0 || source->child.fd >= 0)) {
        rc = watch(source, watched, err);
        if (flow_context_stopping(source->ctx))
            return FLOW_ECLOSED;
        if (rc == FLOW_OK && watched[END].revents != 0)
            break;
        if (rc == FLOW_OK)
            rc = handle(source, watched, err);
    }
    return rc;
}

/* Waits until the command has ended; 0 after MS, which is never when it is negative. */
static int has_ended(const struct exec_source *source, int ms)
{
    struct pollfd one = {.fd = source->child.fd, .events = POLLIN};
    int rc;

    do
        rc = poll(&one, 1, ms);
    while (rc < 0 && errno == EINTR);
    return rc > 0;
}

/* Reads what the command printed before it was asked to end. */
static void read_rest(struct exec_source *source)
{
    for (int i = 0; i < EXEC_LAST_READS; i++) {
        struct pollfd one = {.fd = source->child.output, .events = POLLIN};
        if (one.fd < 0 || poll(&one, 1, 0) <= 0 || read_some(source, NULL) != FLOW_OK)
            return;
    }
}

/* Ends the command and all it has started. */
static void end_command(struct exec_source *source)
{
    fl_child_signal(&source->child, SIGTERM);
    int ended = has_ended(source, GRACE_MS);
    read_rest(source);
    fl_child_signal(&source->child, SIGKILL);
    if (!ended)
        flow_context_logf(source->ctx, FLOW_LOG_WARN, "the command had to be killed");
    if (source->child.fd >= 0)
        has_ended(source, -1);
}

static void log_end(const struct exec_source *source, const siginfo_t *info)
{
    if (info->si_pid == 0)
        flow_context_logf(source->ctx, FLOW_LOG_INFO, "Command [%s] exited", source->command);
    else if (info->si_code == CLD_EXITED)
        flow_context_logf(source->ctx, FLOW_LOG_INFO, "Command [%s] exited with %d",
                          source->command, info->si_status);
    else
        flow_context_logf(source->ctx, FLOW_LOG_WARN, "Command [%s] was ended by signal %d",
                          source->command, info->si_status);
}

/* One run of the command that has been started, to its end. */
static void run_once(struct exec_source *source)
{
    siginfo_t info;
    flow_error *fault = NULL;
    int rc = follow(source, &fault);

    if (rc != FLOW_OK)
        end_command(source);
    emit(source);
    if (rc != FLOW_OK && rc != FLOW_ECLOSED)
        flow_context_logf(source->ctx, FLOW_LOG_ERROR, "the command was ended: %s",
                          flow_error_message(fault));
    flow_error_free(fault);
    exec_errors_finish(&source->errors);
    fl_child_end(&source->child, &info);
    if (rc != FLOW_ECLOSED)
        log_end(source, &info);
}

/* Waits for the time to start the command again, and does; 0 when that is not to be. */
static int begin_again(struct exec_source *source)
{
    while (source->restart && flow_wait(source->ctx, source->restart_throttle) == FLOW_OK) {
        flow_error *fault = NULL;
        flow_context_logf(source->ctx, FLOW_LOG_INFO, "restarting the command");
        if (exec_spawn(source, &fault) == FLOW_OK)
            return 1;
        flow_context_logf(source->ctx, FLOW_LOG_ERROR, "%s", flow_error_message(fault));
        flow_error_free(fault);
    }
    return 0;
}

void exec_run(void *self)
{
    struct exec_source *source = self;

    do
        run_once(source);
    while (!flow_context_stopping(source->ctx) && begin_again(source));
}
