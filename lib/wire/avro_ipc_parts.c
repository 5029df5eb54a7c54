/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The parts of a call: the handshake, once a connection; metadata; the name of the message; and its
 * events.  A part is read as a whole or, where its bytes have not all come, not at all.
 */

#include <string.h>

#include "wire/avro_ipc_parts.h"
#include "wire/avro_shape.h"
#include "wire/draft.h"

/* A client's protocol, and metadata: more is no protocol, and no metadata. */
#define PROTOCOL_MAX ((size_t)1024 * 1024)
#define METADATA_MAX ((size_t)64 * 1024)

/* As much of the name of an unknown message is repeated. */
#define NAME_MAX_TOLD 256u

/* What the functions below return: they go on with 0 only. */
enum { WHOLE, SHORT, BAD, NO_MEMORY };

int fl_avro_refuse(struct fl_avro_ipc *ipc, const char *text)
{
    ipc->phase = FL_AVRO_AT_END;
    ipc->call.kind = FL_AVRO_REFUSED;
    fl_buf_clear(&ipc->fault);
    return fl_buf_text(&ipc->fault, text);
}

static int is_short(struct fl_avro_scan *scan, size_t more)
{
    scan->need = (size_t)(scan->end - scan->begin) + more;
    return SHORT;
}

static int scan_wide(struct fl_avro_scan *scan, int64_t *value)
{
    uint64_t bits = 0;

    for (unsigned shift = 0; scan->at < scan->end; shift += 7) {
        uint8_t byte = *scan->at++;
        /* The tenth byte has room for one bit. */
        if (shift == 63 && byte > 1)
            return BAD;
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return WHOLE;
        }
    }
    return is_short(scan, 1);
}

static inline int scan_long(struct fl_avro_scan *scan, int64_t *value)
{
    if (scan->at == scan->end || *scan->at >= 0x80)
        return scan_wide(scan, value);
    uint8_t byte = *scan->at++;
    *value = (int64_t)(byte >> 1) ^ -(int64_t)(byte & 1);
    return WHOLE;
}

static inline int scan_fixed(struct fl_avro_scan *scan, size_t size, const uint8_t **data)
{
    size_t there = (size_t)(scan->end - scan->at);

    if (there < size)
        return is_short(scan, size - there);
    *data = scan->at;
    scan->at += size;
    return WHOLE;
}

/* Bytes or a string of up to MOST bytes. */
static inline int scan_bytes(struct fl_avro_scan *scan, size_t most, const uint8_t **data,
                             size_t *size)
{
    int64_t length = 0;
    int rc = scan_long(scan, &length);

    if (rc)
        return rc;
    if (length < 0 || (uint64_t)length > most)
        return BAD;
    *size = (size_t)length;
    return scan_fixed(scan, *size, data);
}

/* The head of a block of a map or an array: how many items it has, 0 at the end.  A negative number
 * is followed by the size of the block, which nobody needs. */
static inline int scan_block(struct fl_avro_scan *scan, uint64_t *count)
{
    int64_t items = 0;
    int64_t bytes;
    int rc = scan_long(scan, &items);

    *count = (uint64_t)items;
    if (rc || items >= 0)
        return rc;
    *count = 0 - *count;
    return scan_long(scan, &bytes);
}

/* A map of bytes of up to MOST bytes. */
static int scan_map(struct fl_avro_scan *scan, size_t most)
{
    const uint8_t *first = scan->at;
    const uint8_t *data;
    uint64_t count;
    size_t size;
    int rc;

    while ((rc = scan_block(scan, &count)) == WHOLE && count > 0) {
        for (; count > 0 && rc == WHOLE; count--) {
            rc = scan_bytes(scan, most, &data, &size);
            if (rc == WHOLE)
                rc = scan_bytes(scan, most, &data, &size);
            if (rc == WHOLE && (size_t)(scan->at - first) > most)
                return BAD;
        }
        if (rc)
            return rc;
    }
    return rc;
}

/* An index of a union of null and something. */
static int scan_optional(struct fl_avro_scan *scan, int *present)
{
    int64_t index = 0;
    int rc = scan_long(scan, &index);

    *present = (int)(index & 1);
    return !rc && (index < 0 || index > 1) ? BAD : rc;
}

struct handshake {
    const uint8_t *client_hash;
    const uint8_t *protocol;
    size_t protocol_size;
    int has_protocol;
    const uint8_t *server_hash;
    const uint8_t *meta; /* or NULL */
};

static int scan_handshake(struct fl_avro_scan *scan, struct handshake *shake)
{
    int has_meta = 0;
    int rc = scan_fixed(scan, FL_AVRO_HASH, &shake->client_hash);

    if (!rc)
        rc = scan_optional(scan, &shake->has_protocol);
    if (!rc && shake->has_protocol)
        rc = scan_bytes(scan, PROTOCOL_MAX, &shake->protocol, &shake->protocol_size);
    if (!rc)
        rc = scan_fixed(scan, FL_AVRO_HASH, &shake->server_hash);
    if (!rc)
        rc = scan_optional(scan, &has_meta);
    if (rc || !has_meta)
        return rc;
    shake->meta = scan->at;
    return scan_map(scan, METADATA_MAX);
}

int fl_avro_find(struct fl_avro_in map, const char *key, const uint8_t **data, size_t *size)
{
    struct fl_avro_items items = {0};
    size_t wanted = strlen(key);
    const uint8_t *name;
    size_t name_size;

    while (fl_avro_next(&map, &items) > 0) {
        if (fl_avro_get_bytes(&map, &name, &name_size) || fl_avro_get_bytes(&map, data, size))
            return 0;
        if (name_size == wanted && memcmp(name, key, wanted) == 0)
            return 1;
    }
    return 0;
}

/* Whether the metadata of the handshake, which end at END, are a libflow's. */
static int is_libflow(const struct handshake *shake, const uint8_t *end)
{
    const uint8_t *value;
    size_t size;

    return shake->meta &&
           fl_avro_find((struct fl_avro_in){shake->meta, end}, FL_AVRO_PEER_KEY, &value, &size);
}

static int is_ours(const uint8_t *hash)
{
    return memcmp(hash, fl_avro_protocol_hash, FL_AVRO_HASH) == 0;
}

static int remembers(const struct fl_avro_ipc *ipc, const uint8_t *hash)
{
    const struct fl_avro_memory *memory = ipc->memory;

    return memory && memory->has(memory->self, hash);
}

/* The client shows its protocol, which is not ours. */
static int read_protocol(struct fl_avro_ipc *ipc, const struct handshake *shake)
{
    int fits;

    if (fl_avro_shape_fits(ipc->mem, shake->protocol, shake->protocol_size, &fits))
        return NO_MEMORY;
    if (!fits)
        return fl_avro_refuse(ipc, "org.apache.avro.AvroTypeException: the events of the client's "
                                   "protocol are not Flume's")
                   ? NO_MEMORY
                   : WHOLE;
    if (ipc->memory)
        ipc->memory->learn(ipc->memory->self, shake->client_hash);
    ipc->connected = 1;
    return WHOLE;
}

/* A client with another protocol has to have shown it once. */
static int read_handshake(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan)
{
    struct handshake shake = {0};
    int rc = scan_handshake(scan, &shake);

    if (rc)
        return rc;
    ipc->foreign = !is_ours(shake.client_hash);
    ipc->connected = !ipc->foreign || remembers(ipc, shake.client_hash);
    if (!ipc->connected && !shake.has_protocol) {
        ipc->call.kind = FL_AVRO_STRANGER;
        ipc->call.match = FL_AVRO_NONE;
        ipc->phase = FL_AVRO_AT_END;
        return WHOLE;
    }
    if (!ipc->connected)
        rc = read_protocol(ipc, &shake);
    if (rc || !ipc->connected)
        return rc;
    ipc->call.match = is_ours(shake.server_hash) ? FL_AVRO_BOTH : FL_AVRO_CLIENT;
    if (ipc->call.match == FL_AVRO_BOTH && is_libflow(&shake, scan->at))
        ipc->call.match = FL_AVRO_LIBFLOWS;
    ipc->phase = FL_AVRO_AT_METADATA;
    return WHOLE;
}

static int read_metadata(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan)
{
    const uint8_t *first = scan->at;
    int rc = scan_map(scan, METADATA_MAX);
    size_t size = (size_t)(scan->at - first);

    if (rc)
        return rc;
    ipc->phase = FL_AVRO_AT_NAME;
    /* An empty map is one byte. */
    return size > 1 && fl_buf_append(&ipc->metadata, first, size) ? NO_MEMORY : WHOLE;
}

/* As Flume's server says it. */
static int refuse_name(struct fl_avro_ipc *ipc, const uint8_t *name, size_t size)
{
    struct fl_buf *fault = &ipc->fault;
    int told = size < NAME_MAX_TOLD ? (int)size : (int)NAME_MAX_TOLD;
    int rc = fl_avro_refuse(ipc, "org.apache.avro.AvroRuntimeException: No ");

    if (!rc && ipc->foreign)
        rc = fl_buf_printf(fault, "message named %.*s in %s", told, (const char *)name,
                           fl_avro_protocol);
    else if (!rc)
        rc = fl_buf_printf(fault, "such remote message: %.*s", told, (const char *)name);
    return rc ? NO_MEMORY : WHOLE;
}

static int read_name(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan)
{
    const uint8_t *name;
    size_t size;
    int rc = scan_bytes(scan, ipc->frame_max, &name, &size);

    if (rc)
        return rc;
    if (size == 11 && memcmp(name, "appendBatch", size) == 0) {
        ipc->call.kind = FL_AVRO_APPEND_BATCH;
        ipc->phase = FL_AVRO_AT_EVENTS;
    } else if (size == 6 && memcmp(name, "append", size) == 0) {
        ipc->call.kind = FL_AVRO_APPEND;
        ipc->phase = FL_AVRO_AT_EVENT;
    } else if (size == 0) {
        ipc->call.kind = FL_AVRO_PING;
        ipc->phase = FL_AVRO_AT_END;
    } else {
        return refuse_name(ipc, name, size);
    }
    return WHOLE;
}

static int scan_header(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan)
{
    const uint8_t *name;
    const uint8_t *value;
    size_t name_size;
    size_t value_size;
    int rc = scan_bytes(scan, FLOW_EVENT_HEADERS_MAX, &name, &name_size);

    if (!rc)
        rc = scan_bytes(scan, FLOW_EVENT_HEADERS_MAX, &value, &value_size);
    if (rc)
        return rc;
    if (ipc->headers.count == FL_DRAFT_HEADERS_MAX)
        return BAD;
    const flow_header header = {(const char *)name, (const char *)value, (uint32_t)name_size,
                                (uint32_t)value_size};
    return fl_vec_push(&ipc->headers, &header) ? WHOLE : NO_MEMORY;
}

static int scan_event(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan)
{
    uint64_t count;
    int rc;

    ipc->headers.count = 0;
    while ((rc = scan_block(scan, &count)) == WHOLE && count > 0) {
        for (; count > 0 && rc == WHOLE; count--)
            rc = scan_header(ipc, scan);
        if (rc)
            return rc;
    }
    if (rc)
        return rc;
    rc = scan_bytes(scan, ipc->frame_max, &ipc->body, &ipc->body_size);
    scan->sure = rc == SHORT && scan->need > (size_t)(scan->end - scan->begin) + 1;
    return rc;
}

/* The next event of the array, with the head of its block where one begins. */
static int scan_next_event(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan, int *is_event)
{
    uint64_t items = ipc->items;
    int rc = items > 0 ? WHOLE : scan_block(scan, &items);

    *is_event = items > 0;
    if (!rc && items > 0)
        rc = scan_event(ipc, scan);
    if (rc)
        return rc;
    if (items == 0)
        ipc->phase = FL_AVRO_AT_END;
    else
        ipc->items = items - 1;
    return WHOLE;
}

static int scan_only_event(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan, int *is_event)
{
    int rc = scan_event(ipc, scan);

    if (rc)
        return rc;
    *is_event = 1;
    ipc->phase = FL_AVRO_AT_END;
    return WHOLE;
}

static int read_part(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan, int *is_event)
{
    switch (ipc->phase) {
    case FL_AVRO_AT_EVENTS: return scan_next_event(ipc, scan, is_event);
    case FL_AVRO_AT_EVENT: return scan_only_event(ipc, scan, is_event);
    case FL_AVRO_AT_NAME: return read_name(ipc, scan);
    case FL_AVRO_AT_METADATA: return read_metadata(ipc, scan);
    default: return read_handshake(ipc, scan);
    }
}

int fl_avro_step(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan)
{
    int is_event = 0;
    int rc = read_part(ipc, scan, &is_event);

    /* A part that no frame can hold would be waited for in vain. */
    if (rc == SHORT && scan->need > ipc->frame_max)
        rc = BAD;
    if (rc == SHORT)
        return FL_AVRO_STEP_SHORT;
    if (rc == BAD && fl_avro_refuse(ipc, "org.apache.avro.AvroRuntimeException: Malformed data"))
        rc = NO_MEMORY;
    if (rc == NO_MEMORY)
        return FLOW_ENOMEM;
    return is_event && rc == WHOLE ? FL_AVRO_STEP_EVENT : FL_AVRO_STEP_PART;
}
