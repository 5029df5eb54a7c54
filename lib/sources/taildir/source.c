/* SPDX-License-Identifier: Apache-2.0 */

/* Follows growing files: settings, start and stop. */

#include <string.h>

#include "base/error.h"
#include "sources/patience.h"
#include "sources/sources.h"
#include "sources/taildir/taildir.h"

static void read_options(const flow_context *ctx, struct tail_options *o)
{
    o->file_key =
        flow_context_bool(ctx, "fileHeader") ? flow_context_string(ctx, "fileHeaderKey") : NULL;
    o->batch_size = (size_t)flow_context_int(ctx, "batchSize");
    o->max_batches = flow_context_int(ctx, "maxBatchCount");
    o->idle_timeout = flow_context_int(ctx, "idleTimeout");
    o->write_interval = flow_context_int(ctx, "writePosInterval");
    o->skip_to_end = flow_context_bool(ctx, "skipToEnd");
    o->byte_offset = flow_context_bool(ctx, "byteOffsetHeader");
    o->cache = flow_context_bool(ctx, "cachePatternMatching");
}

static int find_paths(struct taildir *t, flow_error **err)
{
    struct fl_buf path;

    fl_buf_init(&path, t->mem);
    t->position_path = fl_strdup(t->mem, flow_context_string(t->ctx, "positionFile"));
    if (t->position_path && fl_buf_printf(&path, "%s.ids", t->position_path) == FLOW_OK)
        t->identity_path = fl_buf_detach(&path);
    fl_buf_free(&path);
    return t->identity_path ? FLOW_OK : fl_error_nomem(err);
}

static int find_counters(struct taildir *t, flow_error **err)
{
    t->truncated = flow_context_counter(t->ctx, "FileTruncatedCount");
    t->reused = flow_context_counter(t->ctx, "InodeReusedCount");
    t->read_fails = flow_context_counter(t->ctx, "EventReadFail");
    t->write_fails = flow_context_counter(t->ctx, "PositionWriteFail");
    t->cuts = flow_context_counter(t->ctx, "LineCutCount");
    int all =
        t->truncated && t->reused && t->read_fails && t->write_fails != NULL && t->cuts != NULL;
    return all ? FLOW_OK : fl_error_nomem(err);
}

static void taildir_destroy(void *self)
{
    struct taildir *t = self;

    tail_table_clear(&t->table, t->io);
    tail_table_free(&t->table);
    tail_groups_free(t);
    tail_window_free(&t->window);
    fl_vec_free(&t->turn);
    fl_vec_free(&t->headers);
    tail_standing_free(t);
    flow_batch_free(t->batch);
    fl_free(t->mem, t->position_path);
    fl_free(t->mem, t->identity_path);
    fl_free(t->mem, t);
}

static int make_parts(struct taildir *t, flow_error **err)
{
    tail_table_init(&t->table, t->mem);
    fl_vec_init(&t->groups, t->mem, sizeof(struct tail_group));
    fl_vec_init(&t->turn, t->mem, sizeof(struct tail_file *));
    fl_vec_init(&t->headers, t->mem, sizeof(flow_header));
    t->window.mem = t->mem;
    tail_standing_init(t);
    int rc = find_paths(t, err);
    rc = rc == FLOW_OK ? find_counters(t, err) : rc;
    rc = rc == FLOW_OK ? flow_batch_new(flow_context_library(t->ctx), &t->batch, err) : rc;
    return rc == FLOW_OK ? tail_groups_init(t, err) : rc;
}

static int taildir_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct taildir *t = fl_zalloc(mem, sizeof *t);

    if (!t)
        return fl_error_nomem(err);
    t->ctx = ctx;
    t->mem = mem;
    t->io = fl_io_of(ctx);
    read_options(ctx, &t->options);
    int rc = make_parts(t, err);
    if (rc != FLOW_OK) {
        taildir_destroy(t);
        return rc;
    }
    *self = t;
    return FLOW_OK;
}

static int taildir_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct taildir *t = self;
    int rc = tail_groups_check(t, err);

    t->scan = 0;
    t->batch_size = fl_batch_size(emitter, t->options.batch_size);
    t->positions_changed = 1;
    t->identities_changed = 1;
    t->write_fault = FLOW_OK;
    t->write_due = flow_context_now(t->ctx) + t->options.write_interval;
    rc = rc == FLOW_OK ? fl_folder_make_above(t->io, t->position_path, 0777, err) : rc;
    rc = rc == FLOW_OK ? tail_standing_look(t, emitter, err) : rc;
    rc = rc == FLOW_OK ? tail_positions_load(t, err) : rc;
    rc = rc == FLOW_OK ? tail_scan(t, err) : rc;
    if (rc != FLOW_OK)
        tail_table_clear(&t->table, t->io);
    return rc;
}

/* A batch that no channel took is dropped: its lines are read again. */
static int taildir_stop(void *self, flow_error **err)
{
    struct taildir *t = self;

    flow_batch_clear(t->batch);
    tail_positions_write(t, 1);
    tail_table_clear(&t->table, t->io);
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "filegroups",
        .type = FLOW_TYPE_WORDS,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The names of the groups of files.",
    },
    {
        .name = "filegroups.",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_PREFIX | FLOW_PROPERTY_REQUIRED,
        .help = "The files of each group, at filegroups.GROUP: a folder, a slash, and a Java "
                "regular expression for the whole name, for example /var/log/app/.*\\\\.log.",
    },
    {
        .name = "headers.",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_PREFIX,
        .help = "Headers of all events of a group: the value at headers.GROUP.HEADER.",
    },
    {
        .name = "positionFile",
        .type = FLOW_TYPE_PATH,
        .default_value = "~/.flume/taildir_position.json",
        .help = "The file that remembers how far each file was read; its folder is made. No two "
                "sources may have the same.",
    },
    {
        .name = "batchSize",
        .type = FLOW_TYPE_INT,
        .default_value = "100",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many lines are committed at a time.",
    },
    {
        .name = "maxBatchCount",
        .type = FLOW_TYPE_INT,
        .default_value = "9223372036854775807",
        .min = 1,
        .max = INT64_MAX,
        .flags = FLOW_PROPERTY_LENIENT,
        .help = "After how many batches of one file the others have their turn.",
    },
    {
        .name = "skipToEnd",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Whether files that are there at the start, and known neither to the position file "
                "nor to a durable channel, are read from their end; also those that are new when "
                "a crash comes.",
    },
    {
        .name = "idleTimeout",
        .type = FLOW_TYPE_INT,
        .default_value = "120000",
        .unit = "ms",
        .min = 0,
        .max = INT32_MAX,
        .help = "How long a file stays open that does not change. A last line without an end "
                "becomes an event then.",
    },
    {
        .name = "writePosInterval",
        .type = FLOW_TYPE_INT,
        .default_value = "3000",
        .unit = "ms",
        .min = 1,
        .max = INT32_MAX,
        .help = "How often the position file is written, when there is something new.",
    },
    {
        .name = "byteOffsetHeader",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Adds a header byteoffset: where in the file the line begins.",
    },
    {
        .name = "fileHeader",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Adds a header with the absolute path of the file, by its name of that moment.",
    },
    {
        .name = "fileHeaderKey",
        .type = FLOW_TYPE_STRING,
        .default_value = "file",
        .help = "The name of that header.",
    },
    {
        .name = "cachePatternMatching",
        .type = FLOW_TYPE_BOOL,
        .default_value = "true",
        .help = "Whether a folder is listed anew only when the time of its last change says that "
                "something was added or renamed.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Follows files that grow, each from where it was read last, and makes an event of "
               "each line.",
    .description =
        "The files of a group lie in one folder and have names that match. Each is known by its "
        "device and inode, so a file that is renamed is read on where it was and never again, "
        "whether it matches under both names or only under one, and also when it was renamed "
        "while libflow did not run. A file that no longer matches, or was deleted, is read on "
        "until nothing was written to it for idleTimeout.\n"
        "\n"
        "A file that has become shorter, or whose beginning has changed, was emptied by its owner "
        "(as logrotate does with copytruncate): it is read from its beginning and the log says so "
        "(FileTruncatedCount). The copies that are made then are files of their own, so no pattern "
        "should match them. A new file that was given the inode of a deleted one is told by the "
        "time it was made and by its first 256 bytes, and read from its beginning "
        "(InodeReusedCount).\n"
        "\n"
        "A line ends at a newline; a carriage return before it is not part of it. A line without "
        "an end waits for it, at most for idleTimeout. A line of more than 16 MiB is cut into "
        "several events (LineCutCount). A file that cannot be read is told once (EventReadFail) "
        "and tried again, while the others are read.\n"
        "\n"
        "The positionFile is in Flume's format, in both directions: libflow goes on where Flume "
        "stopped, and Flume where libflow did. What tells files apart that had one inode after "
        "the other is kept in a file beside it, with .ids behind the name; together with that it "
        "also remembers files that are not found at present. Whoever removes the position file, or "
        "an entry, has the files read anew, unless a durable channel knows them. Positions are "
        "written every writePosInterval and at the stop (PositionWriteFail counts failed "
        "attempts).\n"
        "\n"
        "Durable channels, such as those of type file, also keep positions together with the "
        "lines, and theirs count: after a crash at any moment each of them goes on behind the last "
        "line it has, whatever became of the position file, and whether files were renamed, "
        "emptied or replaced meanwhile. A channel that does not know a file, because it is new or "
        "was emptied, goes on where the position file says. To have files read anew, remove both. "
        "When Flume has read on in between, give the source another name: under that the channels "
        "know nothing, and the position file counts.\n"
        "\n"
        "Where a channel is in memory, a crash loses what it held, and the lines since the "
        "position file was written are read again. Nothing can be done for lines that a file "
        "loses before they are read, as copytruncate may.\n"
        "\n"
        "When a channel takes no events the same batch is tried again until it does; nothing is "
        "read meanwhile. When there are no lines the source pauses, by backoffSleepIncrement "
        "longer each time up to maxBackoffSleep; the first line ends that.",
};

const flow_source_ops fl_taildir_source = {
    .struct_size = sizeof fl_taildir_source,
    .type = "taildir",
    .aliases = "org.apache.flume.source.taildir.TaildirSource",
    .schema = &schema,
    .create = taildir_create,
    .destroy = taildir_destroy,
    .start = taildir_start,
    .stop = taildir_stop,
    .poll = tail_poll,
};
