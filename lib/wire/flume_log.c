/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Version 3 of Flume's logs.  A record is three messages of Protocol Buffers, each led by its size:
 * a head, what belongs to its kind, and an empty foot.  Fields that are missing though Flume always
 * writes them break the format; unknown ones are passed over.
 */

#include "base/be.h"
#include "wire/flume_log.h"
#include "wire/flume_log_parts.h"

int32_t fl_flume_be32(const uint8_t *at)
{
    return (int32_t)fl_be32_get(at);
}

int64_t fl_flume_be64(const uint8_t *at)
{
    return (int64_t)((uint64_t)(uint32_t)fl_flume_be32(at) << 32 | (uint32_t)fl_flume_be32(at + 4));
}

/* A fixed32 of Flume's is signed. */
static int32_t signed32(const struct fl_proto_field *field)
{
    return (int32_t)(uint32_t)field->number;
}

/* Where a loop over the fields of a message came to its end: FLOW_OK when all in ALL were there. */
static int complete(int rc, unsigned seen, unsigned all)
{
    return rc == 0 && (seen & all) == all ? FLOW_OK : FLOW_EPARSE;
}

static int read_head(struct fl_proto in, struct fl_flume_record *record)
{
    struct fl_proto_field field;
    unsigned seen = 0;
    int32_t kind = 0;
    int rc;

    while ((rc = fl_proto_next(&in, &field)) > 0) {
        switch (field.tag) {
        case FL_PROTO_FIXED32(1):
            kind = signed32(&field);
            seen |= 1;
            break;
        case FL_PROTO_FIXED64(2):
            record->transaction = (int64_t)field.number;
            seen |= 2;
            break;
        case FL_PROTO_FIXED64(3):
            record->order = (int64_t)field.number;
            seen |= 4;
            break;
        default: break;
        }
    }
    if (kind < FL_FLUME_PUT || kind > FL_FLUME_COMMIT)
        return FLOW_EPARSE;
    record->kind = (enum fl_flume_kind)kind;
    return complete(rc, seen, 7);
}

/* The event is looked through once, so that its headers can be walked without surprise. */
static int read_event(struct fl_proto in, struct fl_flume_put *put)
{
    struct fl_proto_field field;
    unsigned seen = 0;
    int rc;

    put->version = FL_FLUME_VERSION_3;
    put->headers = in;
    while ((rc = fl_proto_next(&in, &field)) > 0) {
        if (field.tag == FL_PROTO_BYTES(2)) {
            put->body = field.bytes;
            seen = 1;
        }
    }
    return complete(rc, seen, 1);
}

static int read_put(struct fl_proto in, struct fl_flume_record *record)
{
    struct fl_flume_put *put = &record->put;
    struct fl_proto_field field;
    unsigned seen = 0;
    int rc;

    while ((rc = fl_proto_next(&in, &field)) > 0) {
        if (field.tag == FL_PROTO_BYTES(1)) {
            /* Two events in one record would have to be merged; Flume never writes that. */
            if (seen || read_event(field.bytes, put))
                return FLOW_EPARSE;
            seen = 1;
        } else if (field.tag == FL_PROTO_FIXED64(2)) {
            put->has_checksum = 1;
            put->checksum = (int64_t)field.number;
        }
    }
    return complete(rc, seen, 1);
}

static int read_take(struct fl_proto in, struct fl_flume_record *record)
{
    struct fl_proto_field field;
    int32_t log = -1;
    int32_t offset = -1;
    int rc;

    while ((rc = fl_proto_next(&in, &field)) > 0) {
        if (field.tag == FL_PROTO_FIXED32(1))
            log = signed32(&field);
        else if (field.tag == FL_PROTO_FIXED32(2))
            offset = signed32(&field);
    }
    if (rc != 0 || log < 0 || offset < 0)
        return FLOW_EPARSE;
    record->taken = fl_flume_pointer((uint32_t)log, (uint32_t)offset);
    return FLOW_OK;
}

static int read_commit(struct fl_proto in, struct fl_flume_record *record)
{
    struct fl_proto_field field;
    int32_t committed = 0;
    int rc;

    while ((rc = fl_proto_next(&in, &field)) > 0) {
        if (field.tag == FL_PROTO_FIXED32(1))
            committed = signed32(&field);
    }
    if (rc != 0 || (committed != FL_FLUME_PUT && committed != FL_FLUME_TAKE))
        return FLOW_EPARSE;
    record->committed = (enum fl_flume_kind)committed;
    return FLOW_OK;
}

/* A message without fields that anybody knows. */
static int read_nothing(struct fl_proto in)
{
    struct fl_proto_field field;
    int rc;

    do {
        rc = fl_proto_next(&in, &field);
    } while (rc > 0);
    return rc;
}

static int read_kind(struct fl_proto in, struct fl_flume_record *record)
{
    switch (record->kind) {
    case FL_FLUME_PUT: return read_put(in, record);
    case FL_FLUME_TAKE: return read_take(in, record);
    case FL_FLUME_COMMIT: return read_commit(in, record);
    default: return read_nothing(in);
    }
}

int fl_flume_record_head(const void *data, size_t size, struct fl_flume_record *record)
{
    struct fl_proto in = fl_proto(data, size);
    struct fl_proto part;

    *record = (struct fl_flume_record){0};
    return fl_proto_delimited(&in, &part) ? FLOW_EPARSE : read_head(part, record);
}

int fl_flume_record_read(const void *data, size_t size, struct fl_flume_record *record)
{
    struct fl_proto in = fl_proto(data, size);
    struct fl_proto part;

    *record = (struct fl_flume_record){0};
    if (fl_proto_delimited(&in, &part) || read_head(part, record))
        return FLOW_EPARSE;
    if (fl_proto_delimited(&in, &part) || read_kind(part, record))
        return FLOW_EPARSE;
    return fl_proto_delimited(&in, &part) ? FLOW_EPARSE : read_nothing(part);
}

static int read_header(struct fl_proto in, struct fl_flume_header *header)
{
    struct fl_proto_field field;
    unsigned seen = 0;
    int rc;

    /* A value that is missing was null, of which Flume makes an empty text. */
    *header = (struct fl_flume_header){.value = fl_proto("", 0)};
    while ((rc = fl_proto_next(&in, &field)) > 0) {
        if (field.tag == FL_PROTO_BYTES(1)) {
            header->name = field.bytes;
            seen = 1;
        } else if (field.tag == FL_PROTO_BYTES(2)) {
            header->value = field.bytes;
        }
    }
    return complete(rc, seen, 1);
}

static int header3_next(struct fl_flume_put *put, struct fl_flume_header *header)
{
    struct fl_proto_field field;
    int rc;

    while ((rc = fl_proto_next(&put->headers, &field)) > 0) {
        if (field.tag == FL_PROTO_BYTES(1))
            return read_header(field.bytes, header) ? FLOW_EPARSE : 1;
    }
    return rc;
}

int fl_flume_header_next(struct fl_flume_put *put, struct fl_flume_header *header)
{
    return put->version == FL_FLUME_VERSION_2 ? fl_flume_header2_next(put, header)
                                              : header3_next(put, header);
}

static int read_encryption(struct fl_proto in, struct fl_flume_encryption *encryption)
{
    struct fl_proto_field field;
    unsigned seen = 0;
    int rc;

    *encryption = (struct fl_flume_encryption){.parameters = fl_proto("", 0)};
    while ((rc = fl_proto_next(&in, &field)) > 0) {
        switch (field.tag) {
        case FL_PROTO_BYTES(1):
            encryption->cipher = field.bytes;
            seen |= 1;
            break;
        case FL_PROTO_BYTES(2):
            encryption->alias = field.bytes;
            seen |= 2;
            break;
        case FL_PROTO_BYTES(3): encryption->parameters = field.bytes; break;
        default: break;
        }
    }
    return complete(rc, seen, 3);
}

static int read_meta_field(const struct fl_proto_field *field, struct fl_flume_log_meta *meta,
                           unsigned *seen)
{
    switch (field->tag) {
    case FL_PROTO_FIXED32(1):
        meta->version = signed32(field);
        *seen |= 1;
        break;
    case FL_PROTO_FIXED32(2):
        meta->log = signed32(field);
        *seen |= 2;
        break;
    case FL_PROTO_FIXED64(3):
        meta->position = (int64_t)field->number;
        *seen |= 4;
        break;
    case FL_PROTO_FIXED64(4):
        meta->order = (int64_t)field->number;
        *seen |= 8;
        break;
    case FL_PROTO_BYTES(5):
        meta->is_encrypted = 1;
        return read_encryption(field->bytes, &meta->encryption);
    case FL_PROTO_FIXED64(6): meta->backup_position = (int64_t)field->number; break;
    case FL_PROTO_FIXED64(7): meta->backup_order = (int64_t)field->number; break;
    default: break;
    }
    return FLOW_OK;
}

int fl_flume_log_meta_read(const void *data, size_t size, struct fl_flume_log_meta *meta)
{
    struct fl_proto in = fl_proto(data, size);
    struct fl_proto message;
    struct fl_proto_field field;
    unsigned seen = 0;
    int rc;

    *meta = (struct fl_flume_log_meta){0};
    if (fl_proto_delimited(&in, &message))
        return FLOW_EPARSE;
    while ((rc = fl_proto_next(&message, &field)) > 0) {
        if (read_meta_field(&field, meta, &seen))
            return FLOW_EPARSE;
    }
    if (meta->position < 0 || meta->backup_position < 0 || meta->log < 0)
        return FLOW_EPARSE;
    return complete(rc, seen, 15);
}
