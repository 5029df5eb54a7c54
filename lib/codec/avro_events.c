/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records become bodies without being decoded: the schema only tells where each of them ends.  That
 * is what Flume's bodies are too, save that it writes maps, and arrays of several blocks, anew.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "codec/avro_events.h"

void fl_avro_events_init(struct fl_avro_events *events, const flow_allocator *mem)
{
    *events = (struct fl_avro_events){.mem = mem, .room = INT64_MAX};
}

void fl_avro_events_free(struct fl_avro_events *events)
{
    fl_avro_reader_close(events->reader);
    fl_avro_schema_free(events->schema);
    events->reader = NULL;
    events->schema = NULL;
}

/* As Flume prints it: the bytes of the fingerprint from the lowest to the highest. */
static void print_hash(char hash[FL_AVRO_HASH_SIZE], uint64_t fingerprint)
{
    for (int i = 0; i < 8; i++)
        snprintf(hash + 2 * i, 3, "%02x", (unsigned)(fingerprint >> 8 * i & 0xff));
}

static int read_schema(struct fl_avro_events *events, flow_error **err)
{
    size_t size;
    const uint8_t *text = fl_avro_reader_meta(events->reader, "avro.schema", &size);

    if (!text)
        return flow_error_set(err, FLOW_EPARSE, "broken Avro file: its header has no schema");
    if (size > FL_AVRO_SCHEMA_MAX)
        return flow_error_set(err, FLOW_EPARSE, "broken Avro file: its schema is too large");
    int rc = fl_avro_schema_parse(events->mem, text, size, &events->schema, err);
    if (rc == FLOW_EPARSE)
        return flow_error_set(err, rc, "broken Avro file: the schema in its header");
    if (!rc)
        print_hash(events->hash, fl_avro_schema_fingerprint(events->schema));
    return rc;
}

int fl_avro_events_begin(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                         size_t *used, flow_error **err)
{
    fl_avro_events_free(events);
    events->in_block = 0;
    events->records = 0;
    int rc = fl_avro_reader_open(events->mem, piece, &events->reader, used, err);
    if (rc <= 0)
        return rc;
    rc = read_schema(events, err);
    return rc ? rc : 1;
}

const char *fl_avro_events_schema(const struct fl_avro_events *events, size_t *size)
{
    return (const char *)fl_avro_reader_meta(events->reader, "avro.schema", size);
}

void fl_avro_events_resume(struct fl_avro_events *events, int64_t records)
{
    events->records = records;
}

/* What is left of the present block's records, wherever the piece is by now. */
static struct fl_avro_in rest_of_block(const struct fl_avro_events *events,
                                       const struct fl_piece_of_file *piece)
{
    const struct fl_avro_in *in = &events->block.records;
    const uint8_t *start = events->block.in_piece ? piece->data + events->start : in->at;

    return fl_avro_in(start + events->at, (size_t)(in->end - in->at) - events->at);
}

static int broken(const struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                  const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE,
                           "broken Avro file: %s behind %lld records of the block at byte %lld",
                           what, (long long)events->records, (long long)piece->offset);
}

/* Finds the record that comes next in the present block. */
static int next_record(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                       struct fl_avro_in *record, flow_error **err)
{
    struct fl_avro_in in = rest_of_block(events, piece);

    record->at = in.at;
    int rc = fl_avro_schema_skip(events->schema, &in);
    record->end = in.at;
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    return rc ? broken(events, piece, "no record of the schema", err) : FLOW_OK;
}

/* Goes behind the records that were committed before a restart. */
static int skip_records(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                        flow_error **err)
{
    int64_t wanted = events->records;
    struct fl_avro_in record;
    int rc = FLOW_OK;

    events->at = 0;
    if (wanted > events->block.count)
        return flow_error_setf(err, FLOW_EPARSE,
                               "broken Avro file: the block at byte %lld has %lld records, not the "
                               "%lld that were read of it before",
                               (long long)piece->offset, (long long)events->block.count,
                               (long long)wanted);
    for (events->records = 0; !rc && events->records < wanted; events->records++) {
        rc = next_record(events, piece, &record, err);
        if (!rc)
            events->at += (size_t)(record.end - record.at);
    }
    if (rc)
        events->records = wanted;
    return rc;
}

/* Opens the block at the front of the piece: 1, or 0 when there is none so far. */
static int open_block(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                      flow_error **err)
{
    struct fl_avro_block *block = &events->block;
    int rc = fl_avro_reader_block(events->reader, piece, block, err);

    if (rc <= 0)
        return rc;
    events->start = block->in_piece ? (size_t)(block->records.at - piece->data) : 0;
    rc = skip_records(events, piece, err);
    events->in_block = rc == FLOW_OK;
    return rc ? rc : 1;
}

static int add_event(struct fl_avro_events *events, const struct fl_avro_in *record,
                     flow_batch *batch, flow_error **err)
{
    const struct fl_event_headers *headers = events->headers;
    size_t size = (size_t)(record->end - record->at);
    int rc = flow_batch_add_full(batch, size > 0 ? record->at : (const void *)"", size,
                                 headers->items, headers->count, sizeof *headers->items, err);

    if (rc)
        return rc;
    events->at += size;
    events->records++;
    events->room -= (int64_t)size;
    for (size_t i = 0; i < headers->count; i++)
        events->room -= headers->items[i].value_size;
    return FLOW_OK;
}

static int add_record(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                      flow_batch *batch, size_t *count, flow_error **err)
{
    struct fl_avro_in record;
    int rc = next_record(events, piece, &record, err);

    if (!rc)
        rc = add_event(events, &record, batch, err);
    *count += rc == FLOW_OK;
    return rc;
}

/* Ends the present block, which goes off the front of REST. */
static int close_block(struct fl_avro_events *events, struct fl_piece_of_file *rest,
                       flow_error **err)
{
    struct fl_avro_in left = rest_of_block(events, rest);

    if (left.at < left.end)
        return broken(events, rest, "something that is no record", err);
    rest->data += events->block.used;
    rest->size -= events->block.used;
    rest->offset += (int64_t)events->block.used;
    events->in_block = 0;
    events->records = 0;
    return FLOW_OK;
}

int fl_avro_events_read(struct fl_avro_events *events, const struct fl_piece_of_file *piece,
                        size_t max, flow_batch *batch, size_t *consumed, flow_error **err)
{
    struct fl_piece_of_file rest = *piece;
    size_t count = 0;
    int rc = 1;

    while (rc >= 0 && count < max && events->room > 0) {
        if (!events->in_block) {
            rc = open_block(events, &rest, err);
            if (rc <= 0)
                break;
        }
        rc = events->records < events->block.count ? add_record(events, &rest, batch, &count, err)
                                                   : FLOW_OK;
        if (!rc && events->records == events->block.count)
            rc = close_block(events, &rest, err);
    }
    *consumed = piece->size - rest.size;
    return rc < 0 ? rc : FLOW_OK;
}
