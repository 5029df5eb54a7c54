/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Remembers in .flumespool-main.meta how far the present file was committed: an Avro container
 * whose header names the file and whose last record is the offset.  Flume's format, so that either
 * goes on where the other stopped.  Each commit appends a record; a container that has grown is
 * written anew, and one that was found is never appended to, for its end may be torn.
 */

#include "sources/spooldir/spooldir.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/avro_file.h"

#define FILE_MODE 0666
#define LARGEST ((size_t)1 << 28) /* one that Flume wrote: 28 bytes a transaction */
#define GROWN ((size_t)1 << 20)
#define SCHEMA_OF(more)                                                                            \
    "{\"type\":\"record\",\"name\":\"TransferStateFileMeta\",\"namespace\":"                       \
    "\"org.apache.flume.serialization\",\"fields\":[{\"name\":\"offset\",\"type\":\"long\"}" more  \
    "]}"
#define SCHEMA SCHEMA_OF("")

/* Within an Avro block an offset is not enough.  Flume passes over what its own schema does not
 * have, and begins the block anew. */
#define SCHEMA_WITH_RECORDS SCHEMA_OF(",{\"name\":\"records\",\"type\":\"long\",\"default\":0}")

static void forget(struct spool_tracker *tracker)
{
    fl_free(tracker->mem, tracker->target);
    tracker->target = NULL;
    tracker->place = (struct spool_place){.offset = 0};
    tracker->has_place = 0;
}

void spool_tracker_close(struct spool_tracker *tracker)
{
    fl_file_close(tracker->io, tracker->fd);
    tracker->fd = -1;
    forget(tracker);
}

/* Whether the container is one of those that have the number of records too. */
static int has_records(const struct fl_avro_reader *reader)
{
    size_t size;
    const uint8_t *schema = fl_avro_reader_meta(reader, "avro.schema", &size);

    return schema && size == strlen(SCHEMA_WITH_RECORDS) &&
           memcmp(schema, SCHEMA_WITH_RECORDS, size) == 0;
}

static int get_record(struct fl_avro_in *in, int with_records, struct spool_place *place)
{
    int rc = fl_avro_get_long(in, &place->offset);

    place->records = 0;
    return rc == FLOW_OK && with_records ? fl_avro_get_long(in, &place->records) : rc;
}

/* Reads all records in REST; the last one counts.  What is torn behind it was never committed. */
static void read_records(struct spool_tracker *tracker, struct fl_avro_reader *reader,
                         struct fl_piece_of_file *rest)
{
    struct fl_avro_block block;
    int with_records = has_records(reader);
    flow_error *torn = NULL;

    while (fl_avro_reader_block(reader, rest, &block, &torn) > 0) {
        struct spool_place place;
        while (get_record(&block.records, with_records, &place) == FLOW_OK) {
            tracker->place = place;
            tracker->has_place = 1;
        }
        rest->data += block.used;
        rest->size -= block.used;
    }
    flow_error_free(torn);
}

static int read_container(struct spool_tracker *tracker, const struct fl_buf *data,
                          flow_error **err)
{
    struct fl_piece_of_file rest = {.data = data->data, .size = data->size, .last = 1};
    struct fl_avro_reader *reader;
    size_t size;
    int rc = fl_avro_reader_open(tracker->mem, &rest, &reader, &size, err);

    if (rc < 0)
        return rc;
    rest.data += size;
    rest.size -= size;
    const uint8_t *target = fl_avro_reader_meta(reader, "file", &size);
    if (!target) {
        rc = flow_error_set(err, FLOW_EPARSE, "it names no file");
    } else {
        tracker->target = fl_strndup(tracker->mem, (const char *)target, size);
        rc = tracker->target ? FLOW_OK : fl_error_nomem(err);
    }
    if (rc == FLOW_OK)
        read_records(tracker, reader, &rest);
    fl_avro_reader_close(reader);
    return rc;
}

int spool_tracker_load(struct spool_tracker *tracker, flow_error **err)
{
    struct fl_buf data;
    const char *path = tracker->paths->meta;
    struct stat info;

    forget(tracker);
    /* Flume makes the file before it has anything to write, and takes an empty one for none. */
    if (tracker->io->stat(tracker->io->self, path, &info) != 0 || info.st_size == 0)
        return FLOW_OK;
    fl_buf_init(&data, tracker->mem);
    int rc = fl_file_load(tracker->io, path, LARGEST, &data, err);
    if (rc == FLOW_OK)
        rc = read_container(tracker, &data, err);
    fl_buf_free(&data);
    if (rc != FLOW_OK) {
        forget(tracker);
        rc = flow_error_setf(
            err, rc, "cannot read the position in %s; remove it to begin the file anew", path);
    }
    return rc;
}

/* A block of one record. */
static int put_record(const struct spool_tracker *tracker, struct fl_buf *out,
                      const struct spool_place *place)
{
    uint8_t room[20];
    struct fl_buf datum = {.data = room, .capacity = sizeof room}; /* never longer than that */
    int rc = fl_avro_put_long(&datum, place->offset);

    if (rc == FLOW_OK && tracker->with_records)
        rc = fl_avro_put_long(&datum, place->records);
    rc = rc == FLOW_OK ? fl_avro_put_long(out, 1) : rc;
    rc = rc == FLOW_OK ? fl_avro_put_bytes(out, room, datum.size) : rc;
    return rc == FLOW_OK ? fl_buf_append(out, tracker->sync, sizeof tracker->sync) : rc;
}

static int put_header(const struct spool_tracker *tracker, struct fl_buf *out, const char *path)
{
    const char *schema = tracker->with_records ? SCHEMA_WITH_RECORDS : SCHEMA;
    const char *const entries[] = {"avro.schema", schema, "file", path};
    int rc = fl_buf_append(out, "Obj\1", 4);

    rc = rc == FLOW_OK ? fl_avro_put_long(out, 2) : rc;
    for (size_t i = 0; rc == FLOW_OK && i < sizeof entries / sizeof *entries; i++)
        rc = fl_avro_put_text(out, entries[i]);
    rc = rc == FLOW_OK ? fl_avro_put_long(out, 0) : rc;
    return rc == FLOW_OK ? fl_buf_append(out, tracker->sync, sizeof tracker->sync) : rc;
}

/* Writes DATA beside the container and puts it in its place, without waiting for the disk: after
 * a power failure an older position only means that some events come twice. */
static int replace(struct spool_tracker *tracker, const struct fl_buf *data, flow_error **err)
{
    struct fl_buf name;
    const char *meta = tracker->paths->meta;
    const char *beside;
    int rc;

    fl_buf_init(&name, tracker->mem);
    rc = fl_buf_printf(&name, "%s.tmp", meta);
    beside = rc == FLOW_OK ? fl_buf_cstr(&name) : NULL;
    if (!beside) {
        rc = fl_error_nomem(err);
        goto done;
    }
    rc = fl_file_open(tracker->io, beside, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, FILE_MODE,
                      &tracker->fd, err);
    rc = rc == FLOW_OK
             ? fl_file_write(tracker->io, tracker->fd, data->data, data->size, beside, err)
             : rc;
    rc = rc == FLOW_OK ? fl_file_rename(tracker->io, beside, meta, err) : rc;
done:
    fl_buf_free(&name);
    return rc;
}

/* Writes the container anew, with one record, and keeps it open. */
static int store_anew(struct spool_tracker *tracker, const char *path,
                      const struct spool_place *place, flow_error **err)
{
    struct fl_buf out;
    int rc = fl_random(tracker->sync, sizeof tracker->sync, err);

    fl_file_close(tracker->io, tracker->fd);
    tracker->fd = -1;
    if (rc != FLOW_OK)
        return rc;
    fl_buf_init(&out, tracker->mem);
    rc = put_header(tracker, &out, path);
    rc = rc == FLOW_OK ? put_record(tracker, &out, place) : rc;
    rc = rc == FLOW_OK ? replace(tracker, &out, err) : fl_error_nomem(err);
    tracker->size = out.size;
    fl_buf_free(&out);
    return rc;
}

static int append(struct spool_tracker *tracker, const struct spool_place *place, flow_error **err)
{
    uint8_t room[64];
    struct fl_buf out = {.data = room, .capacity = sizeof room}; /* a record has 38 bytes at most */
    int rc = put_record(tracker, &out, place);

    if (rc == FLOW_OK)
        rc = fl_file_write(tracker->io, tracker->fd, out.data, out.size, tracker->paths->meta, err);
    tracker->size += out.size;
    return rc;
}

static int set_target(struct spool_tracker *tracker, const char *path, flow_error **err)
{
    char *target = fl_strdup(tracker->mem, path);

    if (!target)
        return fl_error_nomem(err);
    forget(tracker);
    tracker->target = target;
    return FLOW_OK;
}

int spool_tracker_store(struct spool_tracker *tracker, const char *path,
                        const struct spool_place *place, flow_error **err)
{
    int is_same = tracker->target && strcmp(tracker->target, path) == 0;
    int rc;

    if (is_same && tracker->fd >= 0 && tracker->size < GROWN) {
        rc = append(tracker, place, err);
    } else {
        rc = is_same ? FLOW_OK : set_target(tracker, path, err);
        rc = rc == FLOW_OK ? store_anew(tracker, path, place, err) : rc;
    }
    if (rc == FLOW_OK) {
        tracker->place = *place;
        tracker->has_place = 1;
        return rc;
    }
    /* Half a record may be there: the next one goes to a new container. */
    fl_file_close(tracker->io, tracker->fd);
    tracker->fd = -1;
    return rc;
}

int spool_tracker_clear(struct spool_tracker *tracker, flow_error **err)
{
    int was_there = tracker->target != NULL;

    spool_tracker_close(tracker);
    return was_there ? fl_file_remove(tracker->io, tracker->paths->meta, err) : FLOW_OK;
}
