/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Version 2 of Flume's logs, that of Flume 1.2: big-endian fields one behind the other, as Java's
 * DataOutput writes them, and headers as Hadoop's MapWritable of Text.  A record does not say how
 * long it is.
 */

#include "wire/flume_log.h"
#include "wire/flume_log_parts.h"

#define MAGIC ((int32_t)0xdeadbeef)
#define TEXT_CLASS ((int8_t)-116) /* MapWritable's number of Text */

/* Each reader returns FLOW_OK, FL_FLUME_SHORT or FLOW_EPARSE. */

static int take_bytes(struct fl_proto *in, size_t size, const uint8_t **bytes)
{
    if (fl_proto_left(in) < size)
        return FL_FLUME_SHORT;
    *bytes = in->at;
    in->at += size;
    return FLOW_OK;
}

static int take_int8(struct fl_proto *in, int8_t *value)
{
    const uint8_t *bytes;
    int rc = take_bytes(in, 1, &bytes);

    if (!rc)
        *value = (int8_t)*bytes;
    return rc;
}

static int take_int16(struct fl_proto *in, int16_t *value)
{
    const uint8_t *bytes;
    int rc = take_bytes(in, 2, &bytes);

    if (!rc)
        *value = (int16_t)(uint16_t)(bytes[0] << 8 | bytes[1]);
    return rc;
}

static int take_int32(struct fl_proto *in, int32_t *value)
{
    const uint8_t *bytes;
    int rc = take_bytes(in, 4, &bytes);

    if (!rc)
        *value = fl_flume_be32(bytes);
    return rc;
}

static int take_int64(struct fl_proto *in, int64_t *value)
{
    const uint8_t *bytes;
    int rc = take_bytes(in, 8, &bytes);

    if (!rc)
        *value = fl_flume_be64(bytes);
    return rc;
}

/* Hadoop's WritableUtils.readVInt: a small number in one byte, else its length and the bytes.  Only
 * sizes are written so, none of which is negative. */
static int take_vint(struct fl_proto *in, int32_t *value)
{
    const uint8_t *bytes;
    int8_t first;
    int rc = take_int8(in, &first);

    if (rc)
        return rc;
    *value = first;
    if (first >= 0)
        return FLOW_OK;
    unsigned size = (unsigned)(-112 - first);
    if (first >= -112 || size > 4)
        return FLOW_EPARSE;
    rc = take_bytes(in, size, &bytes);
    if (rc)
        return rc;
    uint32_t bits = 0;
    for (unsigned i = 0; i < size; i++)
        bits = bits << 8 | bytes[i];
    *value = (int32_t)bits;
    return *value < 0 ? FLOW_EPARSE : FLOW_OK;
}

/* A Text with its class in front. */
static int take_text(struct fl_proto *in, struct fl_proto *text)
{
    const uint8_t *bytes;
    int32_t size;
    int8_t class;
    int rc = take_int8(in, &class);

    if (!rc && class != TEXT_CLASS)
        return FLOW_EPARSE;
    if (!rc)
        rc = take_vint(in, &size);
    if (!rc)
        rc = take_bytes(in, (size_t)size, &bytes);
    if (!rc)
        *text = fl_proto(bytes, (size_t)size);
    return rc;
}

static int take_header(struct fl_proto *in, struct fl_flume_header *header)
{
    int rc = take_text(in, &header->name);

    return rc ? rc : take_text(in, &header->value);
}

int fl_flume_header2_next(struct fl_flume_put *put, struct fl_flume_header *header)
{
    if (put->headers.at == put->headers.end)
        return 0;
    /* They were walked through when the record was read. */
    return take_header(&put->headers, header) ? FLOW_EPARSE : 1;
}

static int take_headers(struct fl_proto *in, struct fl_flume_put *put)
{
    struct fl_flume_header header;
    int32_t count;
    int8_t classes;
    int rc = take_int8(in, &classes);

    /* Flume knows of no class but Text, and writes 0 here. */
    if (!rc && classes != 0)
        return FLOW_EPARSE;
    if (!rc)
        rc = take_int32(in, &count);
    if (rc)
        return rc;
    if (count < 0)
        return FLOW_EPARSE;
    put->headers.at = in->at;
    for (int32_t i = 0; i < count && !rc; i++)
        rc = take_header(in, &header);
    put->headers.end = in->at;
    return rc;
}

static int take_put(struct fl_proto *in, struct fl_flume_put *put)
{
    const uint8_t *bytes = in->at;
    int32_t size;
    int rc = take_headers(in, put);

    put->version = FL_FLUME_VERSION_2;
    if (!rc)
        rc = take_int32(in, &size);
    if (!rc && size < -1)
        return FLOW_EPARSE;
    if (!rc && size < 0)
        size = 0; /* no body at all */
    if (!rc)
        rc = take_bytes(in, (size_t)size, &bytes);
    if (!rc)
        put->body = fl_proto(bytes, (size_t)size);
    return rc;
}

static int take_take(struct fl_proto *in, uint64_t *taken)
{
    int32_t offset;
    int32_t log;
    int rc = take_int32(in, &offset);

    if (!rc)
        rc = take_int32(in, &log);
    if (rc)
        return rc;
    *taken = fl_flume_pointer((uint32_t)log, (uint32_t)offset);
    return log < 0 || offset < 0 ? FLOW_EPARSE : FLOW_OK;
}

static int take_commit(struct fl_proto *in, enum fl_flume_kind *committed)
{
    int16_t kind;
    int rc = take_int16(in, &kind);

    if (rc)
        return rc;
    *committed = (enum fl_flume_kind)kind;
    return kind != FL_FLUME_PUT && kind != FL_FLUME_TAKE ? FLOW_EPARSE : FLOW_OK;
}

static int take_head(struct fl_proto *in, struct fl_flume_record *record)
{
    int32_t magic;
    int16_t kind;
    int rc = take_int32(in, &magic);

    if (!rc && magic != MAGIC)
        return FLOW_EPARSE;
    if (!rc)
        rc = take_int16(in, &kind);
    if (!rc && (kind < FL_FLUME_PUT || kind > FL_FLUME_COMMIT))
        return FLOW_EPARSE;
    if (!rc)
        record->kind = (enum fl_flume_kind)kind;
    if (!rc)
        rc = take_int64(in, &record->transaction);
    return rc ? rc : take_int64(in, &record->order);
}

int fl_flume_record2_read(const void *data, size_t size, struct fl_flume_record *record,
                          size_t *used)
{
    struct fl_proto in = fl_proto(data, size);

    *record = (struct fl_flume_record){0};
    int rc = take_head(&in, record);
    if (rc)
        return rc;
    switch (record->kind) {
    case FL_FLUME_PUT: rc = take_put(&in, &record->put); break;
    case FL_FLUME_TAKE: rc = take_take(&in, &record->taken); break;
    case FL_FLUME_COMMIT: rc = take_commit(&in, &record->committed); break;
    default: break;
    }
    *used = size - fl_proto_left(&in);
    return rc;
}

int fl_flume_log_head_read(const void *data, size_t size, struct fl_flume_log_meta *meta)
{
    const uint8_t *at = data;

    *meta = (struct fl_flume_log_meta){0};
    if (size < FL_FLUME_LOG_HEAD_SIZE || fl_flume_be32(at) != FL_FLUME_VERSION_2)
        return FLOW_EPARSE;
    meta->version = FL_FLUME_VERSION_2;
    meta->log = fl_flume_be32(at + 4);
    meta->position = fl_flume_be64(at + 8);
    meta->order = fl_flume_be64(at + 16);
    return meta->log < 0 || meta->position < 0 ? FLOW_EPARSE : FLOW_OK;
}
