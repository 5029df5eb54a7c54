/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body is a row of buffers, each led by its size, up to one of size 0; together they are the
 * handshake, metadata, the name of the message and its argument.  What protocol a client has need
 * not be known: all that there ever were write events in the same way.
 */

#include <string.h>

#include "base/be.h"
#include "codec/avro.h"
#include "wire/avro_legacy.h"

#define SIZE_BYTES 4u
#define HASH 16u

/* The protocol as Flume hashes it, and its MD5. */
static const char protocol[] =
    "{\"protocol\":\"FlumeOGEventAvroServer\",\"namespace\":\"com.cloudera.flume.handlers.avro\","
    "\"doc\":\"* Licensed to the Apache Software Foundation (ASF) under one\\n * or more "
    "contributor license agreements.  See the NOTICE file\\n * distributed with this work for "
    "additional information\\n * regarding copyright ownership.  The ASF licenses this file\\n * "
    "to you under the Apache License, Version 2.0 (the\\n * \\\"License\\\"); you may not use this "
    "file except in compliance\\n * with the License.  You may obtain a copy of the License "
    "at\\n *\\n * http://www.apache.org/licenses/LICENSE-2.0\\n *\\n * Unless required by "
    "applicable law or agreed to in writing,\\n * software distributed under the License is "
    "distributed on an\\n * \\\"AS IS\\\" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY\\n * "
    "KIND, either express or implied.  See the License for the\\n * specific language governing "
    "permissions and limitations\\n * under the License.\",\"types\":[{\"type\":\"enum\",\"name\":"
    "\"Priority\",\"symbols\":[\"FATAL\",\"ERROR\",\"WARN\",\"INFO\",\"DEBUG\",\"TRACE\"]},{"
    "\"type\":\"record\",\"name\":\"AvroFlumeOGEvent\",\"fields\":[{\"name\":\"timestamp\","
    "\"type\":\"long\"},{\"name\":\"priority\",\"type\":\"Priority\"},{\"name\":\"body\","
    "\"type\":\"bytes\"},{\"name\":\"nanos\",\"type\":\"long\"},{\"name\":\"host\",\"type\":"
    "\"string\"},{\"name\":\"fields\",\"type\":{\"type\":\"map\",\"values\":\"bytes\"}}]}],"
    "\"messages\":{\"append\":{\"request\":[{\"name\":\"evt\",\"type\":\"AvroFlumeOGEvent\"}],"
    "\"response\":\"null\"}}}";

static const uint8_t hash[HASH] = {0x84, 0xf2, 0x6a, 0x5a, 0x74, 0xaf, 0x57, 0x26,
                                   0xd8, 0xbc, 0x68, 0x10, 0x56, 0x69, 0xc9, 0x96};

/* ---- requests ---- */

/* Moves the buffers together and stores how many bytes they have. */
static int join(uint8_t *data, size_t size, size_t *joined)
{
    uint8_t *out = data;

    for (size_t at = 0; size - at >= SIZE_BYTES;) {
        uint32_t part = fl_be32_get(data + at);
        at += SIZE_BYTES;
        if (part == 0) {
            *joined = (size_t)(out - data);
            return FLOW_OK;
        }
        if (part > size - at)
            return FLOW_EPARSE;
        memmove(out, data + at, part);
        out += part;
        at += part;
    }
    return FLOW_EPARSE;
}

static int skip_map(struct fl_avro_in *in)
{
    struct fl_avro_items items = {0};
    const uint8_t *data;
    size_t size;
    int rc;

    while ((rc = fl_avro_next(in, &items)) > 0) {
        if (fl_avro_get_bytes(in, &data, &size) || fl_avro_get_bytes(in, &data, &size))
            return FLOW_EPARSE;
    }
    return rc;
}

/* The index of a union of null and something: whether it is something. */
static int get_optional(struct fl_avro_in *in, int32_t *present)
{
    if (fl_avro_get_int(in, present) || *present < 0 || *present > 1)
        return FLOW_EPARSE;
    return FLOW_OK;
}

static int read_handshake(struct fl_avro_in *in, struct fl_avro_legacy_call *call)
{
    const uint8_t *client;
    const uint8_t *server;
    const uint8_t *text;
    size_t size;
    int32_t present;
    int rc = fl_avro_get_fixed(in, HASH, &client);

    if (!rc)
        rc = get_optional(in, &present);
    if (!rc && present)
        rc = fl_avro_get_bytes(in, &text, &size);
    if (!rc)
        rc = fl_avro_get_fixed(in, HASH, &server);
    if (!rc)
        rc = get_optional(in, &present);
    if (!rc && present)
        rc = skip_map(in);
    call->knows_us = !rc && memcmp(server, hash, HASH) == 0;
    return rc;
}

static int read_fields(struct fl_avro_in *in, struct fl_draft *draft)
{
    struct fl_avro_items items = {0};
    const uint8_t *name;
    const uint8_t *value;
    size_t name_size;
    size_t value_size;
    int rc;

    while ((rc = fl_avro_next(in, &items)) > 0) {
        rc = fl_avro_get_bytes(in, &name, &name_size);
        if (!rc)
            rc = fl_avro_get_bytes(in, &value, &value_size);
        if (!rc)
            rc = fl_og_field(draft, name, name_size, value, value_size);
        if (rc)
            return rc;
    }
    return rc;
}

static int read_event(struct fl_avro_in *in, struct fl_draft *draft)
{
    struct fl_og_event event = fl_og_event();
    const uint8_t *body;
    const uint8_t *host;
    int rc = fl_avro_get_long(in, &event.timestamp);

    if (!rc)
        rc = fl_avro_get_int(in, &event.priority);
    if (!rc && (event.priority < 0 || event.priority > FL_OG_PRIORITY_MAX))
        return FLOW_EPARSE;
    if (!rc)
        rc = fl_avro_get_bytes(in, &body, &draft->size);
    if (!rc)
        rc = fl_avro_get_long(in, &event.nanos);
    if (!rc)
        rc = fl_avro_get_bytes(in, &host, &event.host_size);
    if (!rc)
        rc = read_fields(in, draft);
    if (rc)
        return rc;
    draft->body = body;
    event.host = host;
    return fl_og_finish(draft, &event);
}

static int read_call(struct fl_avro_in *in, struct fl_avro_legacy_call *call,
                     struct fl_draft *draft)
{
    static const char append[] = "append";
    const uint8_t *name;
    size_t size;

    call->kind = FL_AVRO_LEGACY_REFUSED;
    draft->fault = "org.apache.avro.AvroRuntimeException: Malformed data";
    if (skip_map(in) || fl_avro_get_bytes(in, &name, &size))
        return FLOW_OK;
    if (size == 0) {
        call->kind = FL_AVRO_LEGACY_PING;
        return FLOW_OK;
    }
    if (size != sizeof append - 1 || memcmp(name, append, size) != 0) {
        draft->fault = "org.apache.avro.AvroRuntimeException: No such remote message";
        return FLOW_OK;
    }
    int rc = read_event(in, draft);
    if (rc)
        return rc == FLOW_EPARSE ? FLOW_OK : rc;
    call->kind = FL_AVRO_LEGACY_APPEND;
    draft->fault = NULL;
    return FLOW_OK;
}

int fl_avro_legacy_read(uint8_t *data, size_t size, struct fl_avro_legacy_call *call,
                        struct fl_draft *draft)
{
    size_t joined;

    fl_draft_clear(draft);
    if (join(data, size, &joined))
        return FLOW_EPARSE;
    struct fl_avro_in in = fl_avro_in(data, joined);
    int rc = read_handshake(&in, call);
    return rc ? rc : read_call(&in, call, draft);
}

/* ---- answers ---- */

static int put_protocol(struct fl_buf *out)
{
    int rc = fl_avro_put_long(out, 1);

    if (!rc)
        rc = fl_avro_put_text(out, protocol);
    if (!rc)
        rc = fl_avro_put_long(out, 1);
    return rc ? rc : fl_buf_append(out, hash, HASH);
}

/* Whether the protocols match, the server's where the client needs it, and no metadata. */
static int put_handshake(struct fl_buf *out, const struct fl_avro_legacy_call *call)
{
    enum { BOTH, CLIENT };
    static const uint8_t nothing[2];
    int rc = fl_avro_put_long(out, call->knows_us ? BOTH : CLIENT);

    if (!rc)
        rc = call->knows_us ? fl_buf_append(out, nothing, sizeof nothing) : put_protocol(out);
    return rc ? rc : fl_avro_put_long(out, 0);
}

/* The flag of an error and what it says; the result of a call that went well is nothing. */
static int put_result(struct fl_buf *out, const char *error)
{
    int rc = fl_buf_byte(out, error != NULL);

    if (rc || !error)
        return rc;
    rc = fl_avro_put_long(out, 0);
    return rc ? rc : fl_avro_put_text(out, error);
}

static int open_buffer(struct fl_buf *out, size_t *start)
{
    *start = out->size;
    return fl_buf_be32(out, 0);
}

static void close_buffer(struct fl_buf *out, size_t start)
{
    uint32_t size = (uint32_t)(out->size - start - SIZE_BYTES);

    for (unsigned i = 0; i < SIZE_BYTES; i++)
        out->data[start + i] = (uint8_t)(size >> (24 - 8 * i));
}

int fl_avro_legacy_put_answer(struct fl_buf *out, const struct fl_avro_legacy_call *call,
                              const char *error)
{
    static const uint8_t metadata[] = {0, 0, 0, 1, 0};
    size_t start;
    int rc = open_buffer(out, &start);

    if (!rc)
        rc = put_handshake(out, call);
    if (!rc)
        close_buffer(out, start);
    if (!rc && call->kind != FL_AVRO_LEGACY_PING) {
        rc = fl_buf_append(out, metadata, sizeof metadata);
        if (!rc)
            rc = open_buffer(out, &start);
        if (!rc)
            rc = put_result(out, error);
        if (!rc)
            close_buffer(out, start);
    }
    return rc ? rc : fl_buf_be32(out, 0);
}
