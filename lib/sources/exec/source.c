/* SPDX-License-Identifier: Apache-2.0 */

/* The exec source: runs a command and makes an event of each line it prints. */

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "sources/exec/exec.h"
#include "sources/sources.h"

static void exec_destroy(void *self)
{
    struct exec_source *source = self;

    flow_batch_free(source->batch);
    exec_lines_close(&source->lines);
    exec_errors_close(&source->errors);
    fl_vec_free(&source->words);
    fl_free(source->mem, source->text);
    if (source->wake >= 0)
        close(source->wake);
    fl_free(source->mem, source);
}

/* Without a shell the command is split at white space, without any quoting; with one, it is the
 * shell's last word as it stands. */
static int split_command(struct exec_source *source, flow_error **err)
{
    const char *shell = flow_context_string(source->ctx, "shell");
    const char *none = NULL;

    source->text = fl_strdup(source->mem, shell ? shell : source->command);
    if (!source->text || fl_words_split(source->text, &source->words) != FLOW_OK)
        return fl_error_nomem(err);
    if (source->words.count == 0)
        return flow_context_refuse(source->ctx, shell ? "shell" : "command", "is empty", err);
    if (shell && (!fl_vec_push(&source->words, &source->command) ||
                  fl_vec_push(&source->words, &none) == NULL))
        return fl_error_nomem(err);
    return FLOW_OK;
}

static void read_settings(struct exec_source *source)
{
    const flow_context *ctx = source->ctx;

    source->command = flow_context_string(ctx, "command");
    source->restart = flow_context_bool(ctx, "restart");
    source->restart_throttle = flow_context_int(ctx, "restartThrottle");
    source->batch_size = (size_t)flow_context_int(ctx, "batchSize");
    source->batch_timeout = flow_context_int(ctx, "batchTimeout");
}

static int make_parts(struct exec_source *source, flow_error **err)
{
    const char *charset = flow_context_string(source->ctx, "charset");
    int rc = exec_lines_open(&source->lines, source->mem, charset, err);

    if (rc == FLOW_OK)
        rc = exec_errors_open(&source->errors, source->ctx, charset, err);
    if (rc == FLOW_OK)
        rc = flow_batch_new(flow_context_library(source->ctx), &source->batch, err);
    if (rc == FLOW_OK)
        rc = split_command(source, err);
    if (rc != FLOW_OK)
        return rc;
    source->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return source->wake >= 0 ? FLOW_OK : fl_error_errno(err, errno, "make an eventfd", NULL);
}

static int exec_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct exec_source *source = fl_zalloc(mem, sizeof(*source));

    if (!source)
        return fl_error_nomem(err);
    source->ctx = ctx;
    source->mem = mem;
    source->wake = -1;
    source->errors.ended = -1;
    fl_vec_init(&source->words, mem, sizeof(char *));
    source->lost = flow_context_counter(ctx, "EventLostCount");
    read_settings(source);
    int rc = make_parts(source, err);
    if (rc != FLOW_OK)
        exec_destroy(source);
    else
        *self = source;
    return rc;
}

static int exec_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct exec_source *source = self;
    uint64_t woken;
    int rc;

    while (read(source->wake, &woken, sizeof(woken)) > 0)
        ; /* what an earlier stop left */
    source->emitter = emitter;
    rc = exec_spawn(source, err);
    if (rc != FLOW_OK)
        return rc;
    if (fl_thread_start(&source->thread, flow_context_name(source->ctx), exec_run, source) ==
        FLOW_OK)
        return FLOW_OK;
    exec_abandon(source);
    return flow_error_set(err, FLOW_ENOMEM, "no thread for the command");
}

static int exec_stop(void *self, flow_error **err)
{
    struct exec_source *source = self;
    uint64_t one = 1;

    if (write(source->wake, &one, sizeof(one)) < 0)
        flow_context_log(source->ctx, FLOW_LOG_DEBUG, "it was woken before");
    fl_thread_join(&source->thread);
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "command",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The command. Without a shell it is split at white space, without quoting.",
    },
    {
        .name = "shell",
        .type = FLOW_TYPE_STRING,
        .help = "A shell that gets the command as its last argument, for example /bin/sh -c.",
    },
    {
        .name = "restart",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Whether the command is run again when it has ended.",
    },
    {
        .name = "restartThrottle",
        .type = FLOW_TYPE_INT,
        .default_value = "10000",
        .unit = "ms",
        .min = 0,
        .max = INT64_MAX,
        .help = "The pause before the command is run again.",
    },
    {
        .name = "logStdErr",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Whether what the command prints to standard error goes to the log; it is read "
                "either way.",
    },
    {
        .name = "batchSize",
        .type = FLOW_TYPE_INT,
        .default_value = "20",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many lines are put into the channels at a time.",
    },
    {
        .name = "batchTimeout",
        .type = FLOW_TYPE_INT,
        .default_value = "3000",
        .unit = "ms",
        .min = 0,
        .max = INT64_MAX,
        .help = "How long a line waits for others before it is put into the channels.",
    },
    {
        .name = "charset",
        .type = FLOW_TYPE_CHARSET,
        .default_value = "UTF-8",
        .help = "What the command prints in; event bodies are UTF-8.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Runs a command and makes an event of each line it prints.",
    .description =
        "A line ends with a newline, a carriage return, or both; the end is not part of the "
        "event. Bytes that are no character become U+FFFD. A line of more than 16 MiB is cut "
        "into several events.\n\n"
        "While the channels are full the command's output is not read and it waits, so no line is "
        "lost; Flume would end it. Its standard error is read at all times, as in Flume. When the "
        "source stops, the command and all it has started get "
        "SIGTERM and, 2 s later, SIGKILL; what it had printed by then is still put into the "
        "channels. EventLostCount counts lines for which there was no room at that moment.\n\n"
        "What a command has printed cannot be asked for again: after a crash of the process the "
        "lines that were in a memory channel are lost, and tail -F begins again where it is told "
        "to.",
};

const flow_source_ops fl_exec_source = {
    .struct_size = sizeof fl_exec_source,
    .type = "exec",
    .aliases = "org.apache.flume.source.ExecSource",
    .schema = &schema,
    .create = exec_create,
    .destroy = exec_destroy,
    .start = exec_start,
    .stop = exec_stop,
};
