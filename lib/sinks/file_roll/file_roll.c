/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes events to files of a folder and begins another file every so often.  A file is made for
 * the first event that goes into it, never ahead, so none is empty.
 */

#include <errno.h>
#include <inttypes.h>

#include <flow/serializer.h>
#include <flow/sink.h>

#include "base/error.h"
#include "io/file.h"
#include "sinks/file_roll/file_mark.h"
#include "sinks/file_roll/path_manager.h"
#include "sinks/file_roll/rolled_file.h"
#include "sinks/sinks.h"

#define NAMES_MAX 1000 /* that are tried until one is free */

struct file_roll {
    flow_context *ctx;
    const flow_allocator *mem;
    const char *directory;
    struct path_manager *names;
    struct rolled_file *file; /* NULL: none open */
    int64_t roll_at;          /* when the open file is to be closed */
    int64_t interval_ms;      /* 0: never */
    size_t batch_size;
    flow_counter *opened;
    flow_counter *closed;
    flow_counter *failed;
};

static void file_roll_destroy(void *self)
{
    struct file_roll *roll = self;

    if (roll->file)
        rolled_file_abandon(roll->file);
    path_manager_free(roll->names);
    fl_free(roll->mem, roll);
}

static int new_names(struct file_roll *roll, flow_error **err)
{
    const flow_context *ctx = roll->ctx;
    struct path_manager_options options = {
        /* The choices are each style's name, then each style's class. */
        .style = flow_context_choice(ctx, "sink.pathManager") % 2,
        .directory = roll->directory,
        .prefix = flow_context_string(ctx, "sink.pathManager.prefix"),
        .extension = flow_context_string(ctx, "sink.pathManager.extension"),
        .now = flow_context_time(ctx),
    };

    return path_manager_new(roll->mem, &options, &roll->names, err);
}

/* Makes a serializer only to see whether it can be made, so that faults show before the start. */
static int try_serializer(const struct file_roll *roll, flow_error **err)
{
    flow_serializer *serializer;
    int rc = flow_serializer_new(roll->ctx, "sink.serializer", &serializer, err);

    if (!rc)
        flow_serializer_free(serializer);
    return rc;
}

static int file_roll_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct file_roll *roll = fl_zalloc(mem, sizeof *roll);

    if (!roll)
        return fl_error_nomem(err);
    roll->ctx = ctx;
    roll->mem = mem;
    roll->directory = flow_context_string(ctx, "sink.directory");
    roll->interval_ms = flow_context_int(ctx, "sink.rollInterval") * 1000;
    roll->batch_size = (size_t)flow_context_int(ctx, "sink.batchSize");
    roll->opened = flow_context_counter(ctx, "ConnectionCreatedCount");
    roll->closed = flow_context_counter(ctx, "ConnectionClosedCount");
    roll->failed = flow_context_counter(ctx, "ConnectionFailedCount");
    int rc = new_names(roll, err);
    if (!rc)
        rc = try_serializer(roll, err);
    if (rc) {
        file_roll_destroy(roll);
        return rc;
    }
    *self = roll;
    return FLOW_OK;
}

static int file_roll_start(void *self, flow_error **err)
{
    struct file_roll *roll = self;
    const struct fl_io *io = fl_io_of(roll->ctx);
    struct stat found;
    int rc = io->stat(io->self, roll->directory, &found);

    if (rc == 0 && !S_ISDIR(found.st_mode))
        rc = -ENOTDIR;
    if (rc < 0)
        return fl_error_errno(err, -rc, "cannot write to the folder", roll->directory);
    return file_marks_recover(roll->ctx, err);
}

static int close_file(struct file_roll *roll, flow_error **err)
{
    if (!roll->file)
        return FLOW_OK;
    int rc = rolled_file_close(roll->file, err);
    roll->file = NULL;
    flow_counter_add(roll->closed, 1);
    return rc;
}

static int file_roll_stop(void *self, flow_error **err)
{
    return close_file(self, err);
}

/* Opens a file under the next name that is free: another process may write to the same folder. */
static int open_free_name(struct file_roll *roll, flow_serializer *serializer, flow_error **err)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        const char *path = path_manager_next(roll->names, flow_context_time(roll->ctx));
        flow_error *fault = NULL;
        if (!path)
            return fl_error_nomem(err);
        int rc = rolled_file_open(roll->ctx, path, serializer, &roll->file, &fault);
        if (rc != FLOW_EEXIST) {
            fl_error_pass(err, fault);
            return rc;
        }
        flow_error_free(fault);
    }
    return flow_error_setf(err, FLOW_EEXIST, "%d names of files in %s are taken", NAMES_MAX,
                           roll->directory);
}

static int open_file(struct file_roll *roll, flow_error **err)
{
    flow_serializer *serializer;
    int rc = flow_serializer_new(roll->ctx, "sink.serializer", &serializer, err);

    if (rc)
        return rc;
    rc = open_free_name(roll, serializer, err);
    if (rc) {
        flow_serializer_free(serializer);
        flow_counter_add(roll->failed, 1);
        return rc;
    }
    flow_counter_add(roll->opened, 1);
    roll->roll_at = INT64_MAX;
    if (roll->interval_ms > 0)
        roll->roll_at = flow_context_now(roll->ctx) + roll->interval_ms;
    return FLOW_OK;
}

static int file_roll_timer(void *self, flow_error **err)
{
    struct file_roll *roll = self;

    if (!roll->file || flow_context_now(roll->ctx) < roll->roll_at)
        return FLOW_OK;
    return close_file(roll, err);
}

static int64_t file_roll_deadline(void *self)
{
    struct file_roll *roll = self;

    return roll->file ? roll->roll_at : INT64_MAX;
}

static void abandon_file(struct file_roll *roll)
{
    rolled_file_abandon(roll->file);
    roll->file = NULL;
    flow_counter_add(roll->closed, 1);
}

static int write_events(struct file_roll *roll, flow_txn *txn, const flow_event *const *events,
                        size_t count, flow_error **err)
{
    int rc = file_roll_timer(roll, err); /* an event never goes into a file past its time */

    if (!rc && !roll->file)
        rc = open_file(roll, err);
    if (rc)
        return rc;
    rc = rolled_file_write(roll->file, txn, events, count, err);
    if (rc)
        abandon_file(roll);
    return rc;
}

static int file_roll_process(void *self, flow_txn *txn, flow_error **err)
{
    struct file_roll *roll = self;
    const flow_event *const *events;
    size_t count;
    int rc = flow_txn_take(txn, roll->batch_size, 0, &events, &count, err);

    if (rc || count == 0)
        return rc;
    return write_events(roll, txn, events, count, err);
}

/* A batch whose commit failed comes again. */
static void file_roll_ended(void *self, const flow_txn *txn, int result)
{
    struct file_roll *roll = self;

    (void)txn;
    if (!roll->file)
        return;
    if (!result)
        rolled_file_committed(roll->file);
    else if (rolled_file_is_ahead(roll->file))
        abandon_file(roll);
}

static const flow_property properties[] = {
    {
        .name = "sink.directory",
        .type = FLOW_TYPE_PATH,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The folder to write to. It must exist.",
    },
    {
        .name = "sink.rollInterval",
        .type = FLOW_TYPE_INT,
        .default_value = "30",
        .unit = "s",
        .min = 0,
        .max = INT32_MAX,
        .help = "How long a file is written to, counted from its first event; 0: until the sink "
                "stops.",
    },
    {
        .name = "sink.batchSize",
        .type = FLOW_TYPE_INT,
        .default_value = "100",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many events are taken in one transaction, and written at once, at most.",
    },
    {
        .name = "sink.fsyncPerTransaction",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Force each batch to disk before it leaves the channel. Without it a crash of the "
                "machine, though not one of the process, can cost what was written last.",
    },
    {
        .name = "sink.serializer",
        .type = FLOW_TYPE_COMPONENT,
        .kind = FLOW_KIND_SERIALIZER,
        .default_value = "TEXT",
        .help = "What the events look like in a file; its own properties follow behind "
                "'sink.serializer.'.",
    },
    {
        .name = "sink.pathManager",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "DEFAULT",
        .choices = "DEFAULT|ROLLTIME|org.apache.flume.formatter.output.DefaultPathManager$Builder|"
                   "org.apache.flume.formatter.output.RollTimePathManager$Builder",
        .help = "How files are named. DEFAULT: the time at which the sink was made, in "
                "milliseconds since 1970, a dash and a number that counts from 1. ROLLTIME: the "
                "local time at which the file was made, as yyyyMMddHHmmss, a dash and a number. "
                "Flume's class names mean the same.",
    },
    {
        .name = "sink.pathManager.prefix",
        .type = FLOW_TYPE_STRING,
        .help = "What the names of files begin with.",
    },
    {
        .name = "sink.pathManager.extension",
        .type = FLOW_TYPE_STRING,
        .help = "What the names of files end in, without the dot.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Writes events to files in a folder and begins a new file every so often.",
    .description =
        "Unlike Flume, the sink makes no empty files: a file is made for the first event that "
        "goes into it, and its time counts from there. An existing file is never written to; when "
        "a name is taken the next one is used.\n\n"
        "A batch is in the file, as far as the operating system is concerned, before it leaves "
        "the channel. When a write fails, for example because the disk is full, what was written "
        "of the batch is cut off, the file is closed, the batch stays in the channel, and the "
        "next attempt goes to a new file.\n\n"
        "From a file channel each event gets into the files exactly once, even when the process "
        "is killed: the channel stores, in the step that makes a batch gone, how long the file is "
        "with it, and at the next start what is behind that, whose events come again, is cut off. "
        "A file that has another inode than the one that was written is not touched. A file that "
        "was just made when the process was killed can stay behind empty, and the "
        "end of a file that a serializer of another's writes is missing in one that was cut. "
        "Events that were committed survive a crash of the machine too with "
        "sink.fsyncPerTransaction, as long as the channel's fsyncPerTransaction is not turned "
        "off.",
};

const flow_sink_ops fl_file_roll_sink = {
    .struct_size = sizeof fl_file_roll_sink,
    .type = "file_roll",
    .aliases = "org.apache.flume.sink.RollingFileSink",
    .schema = &schema,
    .create = file_roll_create,
    .destroy = file_roll_destroy,
    .start = file_roll_start,
    .stop = file_roll_stop,
    .process = file_roll_process,
    .deadline = file_roll_deadline,
    .timer = file_roll_timer,
    .ended = file_roll_ended,
};
