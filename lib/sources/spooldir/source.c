/* SPDX-License-Identifier: Apache-2.0 */

/* Reads whole files out of a folder into which others put them: settings, start and stop. */

#include <string.h>

#include "base/error.h"
#include "sources/patience.h"
#include "sources/sources.h"
#include "sources/spooldir/spooldir.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Two names each, ours and Flume's class. */
#define DESERIALIZERS                                                                              \
    "LINE|org.apache.flume.serialization.LineDeserializer$Builder|"                                \
    "BLOB|org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder|"                          \
    "AVRO|org.apache.flume.serialization.AvroEventDeserializer$Builder"

static void read_options(flow_context *ctx, struct spool_options *o)
{
    o->suffix = flow_context_string(ctx, "fileSuffix");
    o->file_key =
        flow_context_bool(ctx, "fileHeader") ? flow_context_string(ctx, "fileHeaderKey") : NULL;
    o->basename_key = flow_context_bool(ctx, "basenameHeader")
                          ? flow_context_string(ctx, "basenameHeaderKey")
                          : NULL;
    o->batch_size = (size_t)flow_context_int(ctx, "batchSize");
    o->max_units = (size_t)flow_context_int(ctx, flow_context_is_set(ctx, "bufferMaxLineLength")
                                                     ? "bufferMaxLineLength"
                                                     : "deserializer.maxLineLength");
    o->max_blob = (size_t)flow_context_int(ctx, "deserializer.maxBlobLength");
    o->poll_delay = flow_context_int(ctx, "pollDelay");
    o->max_backoff = flow_context_int(ctx, "maxBackoff");
    o->order = (enum spool_order)flow_context_choice(ctx, "consumeOrder");
    o->tracking = (enum spool_tracking)flow_context_choice(ctx, "trackingPolicy");
    o->delete_done = flow_context_choice(ctx, "deletePolicy") == 1;
    o->recursive = flow_context_bool(ctx, "recursiveDirectorySearch");
    o->format = (enum spool_format)(flow_context_choice(ctx, "deserializer") / 2);
    o->is_literal = flow_context_choice(ctx, "deserializer.schemaType") == 1;
}

/* PATH without double slashes and those at its end, as Java writes it. */
static char *tidy(const flow_allocator *mem, const char *path)
{
    char *copy = fl_strdup(mem, path);
    char *to = copy;

    for (const char *from = copy; copy && *from != '\0'; from++) {
        if (*from != '/' || (from[1] != '/' && from[1] != '\0'))
            *to++ = *from;
    }
    if (copy)
        *to = '\0';
    return copy;
}

static char *join(const flow_allocator *mem, const char *folder, const char *name)
{
    struct fl_buf path;
    char *joined = NULL;

    fl_buf_init(&path, mem);
    if (fl_buf_printf(&path, "%s/%s", folder, name) == FLOW_OK)
        joined = fl_buf_detach(&path);
    fl_buf_free(&path);
    return joined;
}

static int find_paths(struct spooldir *s)
{
    struct spool_paths *paths = &s->paths;
    char *tracker = tidy(s->mem, flow_context_string(s->ctx, "trackerDir"));

    paths->spool = tidy(s->mem, flow_context_string(s->ctx, "spoolDir"));
    if (paths->spool && tracker) {
        paths->spool_size = strlen(paths->spool);
        paths->tracker =
            *tracker == '/' ? fl_strdup(s->mem, tracker) : join(s->mem, paths->spool, tracker);
    }
    if (paths->tracker)
        paths->meta = join(s->mem, paths->tracker, ".flumespool-main.meta");
    fl_free(s->mem, tracker);
    return paths->meta ? FLOW_OK : FLOW_ENOMEM;
}

static int open_charsets(struct spooldir *s, flow_error **err)
{
    const char *in = flow_context_string(s->ctx, "inputCharset");
    const char *out = flow_context_string(s->ctx, "deserializer.outputCharset");
    int policy = flow_context_choice(s->ctx, "decodeErrorPolicy"); /* in the order of FL_CHARSET_ */
    int rc = fl_charset_open(s->mem, in, policy, &s->in, err);

    rc = rc == FLOW_OK ? fl_charset_open(s->mem, out, FL_CHARSET_REPLACE, &s->out, err) : rc;
    if (rc == FLOW_OK) {
        fl_line_reader_init(&s->line, s->mem, s->in, s->out, s->options.max_units);
        s->line.headers = &s->headers;
    }
    return rc;
}

static int find_counters(struct spooldir *s, flow_error **err)
{
    s->completed = flow_context_counter(s->ctx, "FileCompletedCount");
    s->set_aside = flow_context_counter(s->ctx, "FileSetAsideCount");
    s->read_fails = flow_context_counter(s->ctx, "EventReadFail");
    s->cuts = flow_context_counter(s->ctx, "LineCutCount");
    s->reused = flow_context_counter(s->ctx, "FileNameReusedCount");
    int all = s->completed && s->set_aside && s->read_fails && s->cuts != NULL && s->reused != NULL;
    return all ? FLOW_OK : fl_error_nomem(err);
}

static void spooldir_destroy(void *self)
{
    struct spooldir *s = self;

    spool_scan_free(&s->scan);
    spool_standing_free(s);
    if (s->out)
        fl_line_reader_free(&s->line);
    fl_charset_free(s->in);
    fl_charset_free(s->out);
    fl_free(s->mem, s->paths.spool);
    fl_free(s->mem, s->paths.tracker);
    fl_free(s->mem, s->paths.meta);
    fl_free(s->mem, s);
}

static int make_parts(struct spooldir *s, flow_error **err)
{
    s->file = (struct spool_file){.mem = s->mem, .io = s->io, .fd = -1};
    s->tracker = (struct spool_tracker){.mem = s->mem, .io = s->io, .paths = &s->paths, .fd = -1};
    s->tracker.with_records = s->options.format == SPOOL_AVRO;
    fl_avro_events_init(&s->avro, s->mem);
    s->avro.headers = &s->headers;
    s->scan = (struct spool_scan){
        .mem = s->mem, .ctx = s->ctx, .io = s->io, .options = &s->options, .paths = &s->paths};
    spool_standing_init(s);
    int rc = spool_scan_init(&s->scan, err);
    if (rc == FLOW_OK && find_paths(s) != FLOW_OK)
        rc = fl_error_nomem(err);
    rc = rc == FLOW_OK ? find_counters(s, err) : rc;
    return rc == FLOW_OK ? open_charsets(s, err) : rc;
}

static int spooldir_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct spooldir *s = fl_zalloc(mem, sizeof *s);

    if (!s)
        return fl_error_nomem(err);
    s->ctx = ctx;
    s->mem = mem;
    s->io = fl_io_of(ctx);
    read_options(ctx, &s->options);
    int rc = make_parts(s, err);
    if (rc != FLOW_OK) {
        spooldir_destroy(s);
        return rc;
    }
    *self = s;
    return FLOW_OK;
}

static void release(struct spooldir *s)
{
    spool_end(s);
    spool_tracker_close(&s->tracker);
    flow_batch_free(s->batch);
    s->batch = NULL;
}

static int spooldir_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct spooldir *s = self;
    int rc = spool_check_folder(s, err);

    s->emitter = emitter;
    s->batch_size = fl_batch_size(emitter, s->options.batch_size);
    rc = rc == FLOW_OK ? spool_make_tracker(s, err) : rc;
    rc = rc == FLOW_OK ? spool_tracker_load(&s->tracker, err) : rc;
    rc = rc == FLOW_OK ? flow_batch_new(flow_context_library(s->ctx), &s->batch, err) : rc;
    if (rc == FLOW_OK &&
        fl_thread_start(&s->thread, flow_context_name(s->ctx), spool_run, s) != FLOW_OK)
        rc = fl_error_nomem(err);
    if (rc != FLOW_OK)
        release(s);
    return rc;
}

static int spooldir_stop(void *self, flow_error **err)
{
    struct spooldir *s = self;

    fl_thread_join(&s->thread);
    release(s);
    return FLOW_OK;
}

static const flow_property properties[] = {
    {
        .name = "spoolDir",
        .type = FLOW_TYPE_PATH,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "The folder whose files are read.",
    },
    {
        .name = "fileSuffix",
        .type = FLOW_TYPE_STRING,
        .default_value = ".COMPLETED",
        .help = "What is added to the name of a finished file; files whose names end in it are "
                "never read.",
    },
    {
        .name = "deletePolicy",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "never",
        .choices = "never|immediate",
        .help = "Whether a finished file is kept or deleted.",
    },
    {
        .name = "trackingPolicy",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "rename",
        .choices = "rename|tracker_dir",
        .help = "How a finished file that is kept is marked: by renaming it, or by an empty file "
                "of its name and fileSuffix in trackerDir.",
    },
    {
        .name = "trackerDir",
        .type = FLOW_TYPE_PATH,
        .default_value = ".flumespool",
        .help = "The folder for the position within the present file, and for the markers of "
                "trackingPolicy; relative to spoolDir unless it begins with a slash.",
    },
    {
        .name = "fileHeader",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Adds a header with the absolute path of the file.",
    },
    {
        .name = "fileHeaderKey",
        .type = FLOW_TYPE_STRING,
        .default_value = "file",
        .help = "The name of that header.",
    },
    {
        .name = "basenameHeader",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Adds a header with the name of the file without its folders.",
    },
    {
        .name = "basenameHeaderKey",
        .type = FLOW_TYPE_STRING,
        .default_value = "basename",
        .help = "The name of that header.",
    },
    {
        .name = "includePattern",
        .type = FLOW_TYPE_PATTERN,
        .default_value = "^.*$",
        .help = "Only files whose whole names match are read.",
    },
    {
        .name = "ignorePattern",
        .type = FLOW_TYPE_PATTERN,
        .default_value = "^$",
        .help = "Files whose whole names match are not read, whatever includePattern says, and "
                "folders whose names match are not looked into.",
    },
    {
        .name = "consumeOrder",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "oldest",
        .choices = "oldest|youngest|random",
        .help = "Which file comes first, by the time of its last change; of several of the same "
                "millisecond the one with the smallest name.",
    },
    {
        .name = "recursiveDirectorySearch",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Looks into folders within spoolDir too, except those whose names begin with a "
                "dot.",
    },
    {
        .name = "pollDelay",
        .type = FLOW_TYPE_INT,
        .default_value = "500",
        .unit = "ms",
        .min = 1,
        .max = INT32_MAX,
        .help = "How long to wait before looking for files again when there were none.",
    },
    {
        .name = "batchSize",
        .type = FLOW_TYPE_INT,
        .default_value = "100",
        .unit = "events",
        .min = 1,
        .max = INT32_MAX,
        .help = "How many events are committed at a time.",
    },
    {
        .name = "maxBackoff",
        .type = FLOW_TYPE_INT,
        .default_value = "4000",
        .unit = "ms",
        .min = 1,
        .max = INT32_MAX,
        .help = "The longest pause between two attempts when a channel takes no events; the first "
                "is 250 ms, and each is twice as long as the one before.",
    },
    {
        .name = "inputCharset",
        .type = FLOW_TYPE_CHARSET,
        .default_value = "UTF-8",
        .help = "The character set of the files, for the LINE deserializer.",
    },
    {
        .name = "decodeErrorPolicy",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "FAIL",
        .choices = "FAIL|REPLACE|IGNORE",
        .help = "What to do about bytes that are no character of inputCharset: set the file aside, "
                "put U+FFFD in their place, or leave them out.",
    },
    {
        .name = "deserializer",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "LINE",
        .choices = DESERIALIZERS,
        .help =
            "How a file becomes events: an event of each LINE, one of the whole file (BLOB), or "
            "one of each record of an Avro container file (AVRO).",
    },
    {
        .name = "deserializer.maxLineLength",
        .type = FLOW_TYPE_INT,
        .default_value = "2048",
        .unit = "characters",
        .min = 1,
        .max = INT32_MAX,
        .help = "Longer lines are cut into several events of this length (LINE).",
    },
    {
        .name = "deserializer.outputCharset",
        .type = FLOW_TYPE_CHARSET,
        .default_value = "UTF-8",
        .help = "The character set of the bodies (LINE).",
    },
    {
        .name = "deserializer.maxBlobLength",
        .type = FLOW_TYPE_INT,
        .default_value = "100000000",
        .unit = "bytes",
        .min = 1,
        .max = INT32_MAX,
        .help = "Larger files are cut into several events of this size (BLOB).",
    },
    {
        .name = "deserializer.schemaType",
        .type = FLOW_TYPE_CHOICE,
        .default_value = "HASH",
        .choices = "HASH|LITERAL",
        .help = "What events get of the schema of their file (AVRO): its fingerprint in the header "
                "flume.avro.schema.hash, or all of it in flume.avro.schema.literal.",
    },
    {
        .name = "bufferMaxLineLength",
        .type = FLOW_TYPE_INT,
        .unit = "characters",
        .min = 1,
        .max = INT32_MAX,
        .flags = FLOW_PROPERTY_DEPRECATED,
        .help = "An old name: set deserializer.maxLineLength instead, which this one overrules.",
    },
    {
        .name = "bufferMaxLines",
        .type = FLOW_TYPE_INT,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "Flume ignores it as well; batchSize says how many lines are held at a time.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = COUNT(properties),
    .summary = "Reads the files that are put into a folder, each once and to its end.",
    .description =
        "A file must be complete when it appears: write it elsewhere on the same file system and "
        "move it into the folder. Names that begin with a dot are left alone. When all events of "
        "a file are committed, it is renamed, marked or deleted; never before.\n"
        "\n"
        "The position within the present file is kept in .flumespool-main.meta in trackerDir, in "
        "Flume's format, after each commit. A restart goes on there, and so does Flume when it is "
        "started in place of libflow, or the other way round.\n"
        "\n"
        "Durable channels, such as those of type file, also keep it together with the events, and "
        "theirs counts: after a crash at any moment each of them goes on behind the last event it "
        "has. Where a channel is in memory, a crash may lose what it held, and repeat the batch "
        "that was under way.\n"
        "\n"
        "LINE ends lines at a newline; a carriage return before it stays in the body. A last line "
        "without newline is an event too. An empty file is one event with an empty body.\n"
        "\n"
        "AVRO reads Avro container files, packed by deflate, bzip2, snappy, zstandard or not at "
        "all. A body is a record in Avro's binary encoding, as it lies in the file. The header "
        "flume.avro.schema.hash has the fingerprint CRC-64-AVRO of the file's schema in its "
        "canonical form, in hexadecimal digits from the lowest byte to the highest; with "
        "schemaType LITERAL flume.avro.schema.literal has the schema as the file has it, which "
        "then comes with each event. A block, as it lies there and unpacked, has 256 MiB at most, "
        "a schema 16 MiB. A container without records is one event with an empty body and no "
        "schema. The position is that of a block and a number of records in it; Flume, which "
        "knows only the former, begins the block anew.\n"
        "\n"
        "Where Flume ends for good, one file is dealt with, an error says so, and the others go "
        "on (FileSetAsideCount). A file that was modified while it was read is renamed to "
        "NAME.modified and fileSuffix: what was read of it is committed, the rest is for its "
        "owner to look at. One with a line or record that cannot be decoded, which was cut or is "
        "no Avro container, becomes NAME.undecodable and fileSuffix, with all events before that "
        "place committed. With trackingPolicy tracker_dir such a file is only marked, and with "
        "deletePolicy immediate it is renamed rather than deleted. When the new name of a "
        "finished file is taken, because its name was used before, a number is added: NAME.1 and "
        "fileSuffix (FileNameReusedCount). A file that cannot be opened, read or renamed is left "
        "alone until something about it changes.\n"
        "\n"
        "When a channel takes no events, the same batch is tried again until it does; nothing is "
        "read meanwhile.",
};

const flow_source_ops fl_spooldir_source = {
    .struct_size = sizeof fl_spooldir_source,
    .type = "spooldir",
    .aliases = "org.apache.flume.source.SpoolDirectorySource",
    .schema = &schema,
    .create = spooldir_create,
    .destroy = spooldir_destroy,
    .start = spooldir_start,
    .stop = spooldir_stop,
};
