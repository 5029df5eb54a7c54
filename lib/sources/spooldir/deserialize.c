/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From the file's bytes to events, in each of its formats: where the first one begins, what a
 * window of bytes becomes, and which place is reached.
 */

#include "sources/spooldir/spooldir.h"

#include <string.h>

#include "base/error.h"

#define HASH_HEADER "flume.avro.schema.hash"
#define LITERAL_HEADER "flume.avro.schema.literal"

static void set_header(struct fl_event_headers *headers, const char *name, const char *value,
                       size_t size)
{
    headers->items[headers->count++] = (flow_header){
        .name = name,
        .value = value,
        .name_size = (uint32_t)strlen(name),
        .value_size = (uint32_t)size,
    };
}

/* Those about the file; what comes of its contents is behind them. */
static void set_headers(struct spooldir *s)
{
    const struct spool_options *o = &s->options;

    s->headers.count = 0;
    if (o->file_key)
        set_header(&s->headers, o->file_key, s->file.absolute, strlen(s->file.absolute));
    if (o->basename_key) {
        const char *name = strrchr(s->file.path, '/') + 1;
        set_header(&s->headers, o->basename_key, name, strlen(name));
    }
}

static void set_schema_header(struct spooldir *s)
{
    size_t size;
    const char *schema = fl_avro_events_schema(&s->avro, &size);

    if (s->options.is_literal)
        set_header(&s->headers, LITERAL_HEADER, schema, size);
    else
        set_header(&s->headers, HASH_HEADER, s->avro.hash, strlen(s->avro.hash));
}

/* Goes behind the header of an Avro container, which has to be known wherever reading begins. */
static int read_header(struct spooldir *s, flow_error **err)
{
    size_t used = 0;
    int rc = 0;

    while (rc == 0) {
        struct fl_piece_of_file piece = spool_file_piece(&s->file);
        rc = fl_avro_events_begin(&s->avro, &piece, &used, err);
        if (rc == 0)
            rc = spool_file_more(&s->file, err);
    }
    if (rc < 0)
        return rc;
    spool_file_consume(&s->file, used);
    set_schema_header(s);
    return FLOW_OK;
}

/* The place of the first event: of lines it is behind the byte order mark. */
static int find_first(struct spooldir *s, flow_error **err)
{
    uint8_t head[4];
    size_t size;

    switch (s->options.format) {
    case SPOOL_AVRO: return read_header(s, err);
    case SPOOL_BLOB: return FLOW_OK;
    default:
        size = spool_file_peek(&s->file, 0, head, sizeof head);
        return spool_file_seek(&s->file, (int64_t)fl_line_reader_begin(&s->line, head, size), err);
    }
}

/* Whether the position can be one of this file; if not, the log says why. */
static int is_of_file(const struct spooldir *s, const struct spool_place *place)
{
    uint8_t marker[FL_AVRO_SYNC_SIZE];
    const char *why = NULL;

    if (place->offset > s->file.opened.st_size)
        why = "is shorter than what was committed of it";
    else if (s->options.format == SPOOL_AVRO && place->offset > s->file.offset &&
             (spool_file_peek(&s->file, place->offset, marker, sizeof marker) < sizeof marker ||
              !fl_avro_reader_is_marker(s->avro.reader, marker)))
        why = "has no Avro block where what was committed of it ends";
    if (why)
        flow_context_logf(s->ctx, FLOW_LOG_WARN,
                          "%s %s: it is taken for another file and read from its beginning",
                          s->file.path, why);
    return why == NULL;
}

/* How far the file was committed: as the channels say, or else the tracker. */
static int find_committed(struct spooldir *s, struct spool_place *place, flow_error **err)
{
    const struct spool_tracker *tracker = &s->tracker;
    int rc = spool_standing_find(s, place, err);

    if (rc == FLOW_OK && place->offset < 0 && tracker->target && tracker->has_place &&
        strcmp(tracker->target, s->file.path) == 0)
        *place = tracker->place;
    return rc;
}

int spool_begin(struct spooldir *s, flow_error **err)
{
    struct spool_place place;

    set_headers(s);
    /* First, because it also makes the key, which is needed for a file that cannot be decoded. */
    int rc = find_committed(s, &place, err);
    rc = rc == FLOW_OK ? find_first(s, err) : rc;
    if (rc == FLOW_OK && place.offset >= 0 && is_of_file(s, &place)) {
        s->file.is_first = 0;
        fl_avro_events_resume(&s->avro, place.records);
        rc = spool_file_seek(&s->file, place.offset, err);
    }
    s->file.committed = spool_place_of(s);
    return rc;
}

int spool_deserialize(struct spooldir *s, size_t max, int *moved, flow_error **err)
{
    struct fl_piece_of_file piece = spool_file_piece(&s->file);
    size_t before = flow_batch_count(s->batch);
    size_t used = 0;
    int rc;

    switch (s->options.format) {
    case SPOOL_AVRO: rc = fl_avro_events_read(&s->avro, &piece, max, s->batch, &used, err); break;
    case SPOOL_BLOB:
        rc = fl_blob_read(s->options.max_blob, &s->headers, &piece, max, s->batch, &used, err);
        break;
    default: rc = fl_line_reader_read(&s->line, &piece, max, s->batch, &used, err); break;
    }
    spool_file_consume(&s->file, used);
    *moved = used > 0 || flow_batch_count(s->batch) > before;
    return rc;
}

/* As Flume: one without a body, and without a schema. */
int spool_add_empty(struct spooldir *s, flow_error **err)
{
    set_headers(s);
    return flow_batch_add_full(s->batch, "", 0, s->headers.items, s->headers.count,
                               sizeof *s->headers.items, err);
}

void spool_end(struct spooldir *s)
{
    fl_avro_events_free(&s->avro);
    spool_file_close(&s->file);
}

struct spool_place spool_place_of(const struct spooldir *s)
{
    return (struct spool_place){
        .offset = s->file.offset,
        .records = s->options.format == SPOOL_AVRO ? s->avro.records : 0,
    };
}
