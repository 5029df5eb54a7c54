/* SPDX-License-Identifier: Apache-2.0 */

/* What a server answers, buffer by buffer as Flume's does: the handshake, which is empty after the
 * first call; metadata; the result or the error. */

#include "wire/avro_ipc.h"

/* A handshake that has nothing to add: no protocol, no hash, no metadata. */
static const uint8_t plain_match[] = {FL_AVRO_BOTH << 1, 0, 0, 0};

/* The same with {libflow: 1} for metadata. */
static const uint8_t libflow_match[] = {
    FL_AVRO_BOTH << 1, 0, 0, 2, 2, 14, 'l', 'i', 'b', 'f', 'l', 'o', 'w', 2, '1', 0};
static const uint8_t no_metadata[] = {0};

static int put_buffer(struct fl_buf *out, const void *data, size_t size)
{
    int rc = fl_buf_be32(out, (uint32_t)size);

    return rc || size == 0 ? rc : fl_buf_append(out, data, size);
}

/* The answer to a handshake that shows the server's protocol. */
static int put_protocol(struct fl_buf *out, enum fl_avro_match match)
{
    int rc = fl_avro_put_long(out, match);

    if (!rc)
        rc = fl_avro_put_long(out, 1);
    if (!rc)
        rc = fl_avro_put_bytes(out, fl_avro_protocol, FL_AVRO_PROTOCOL_SIZE);
    if (!rc)
        rc = fl_avro_put_long(out, 1);
    if (!rc)
        rc = fl_buf_append(out, fl_avro_protocol_hash, FL_AVRO_HASH);
    return rc ? rc : fl_avro_put_long(out, 0);
}

static int put_handshake(struct fl_buf *out, enum fl_avro_match match)
{
    struct fl_buf text;

    if (match == FL_AVRO_NO_HANDSHAKE)
        return put_buffer(out, NULL, 0);
    if (match == FL_AVRO_BOTH)
        return put_buffer(out, plain_match, sizeof plain_match);
    if (match == FL_AVRO_LIBFLOWS)
        return put_buffer(out, libflow_match, sizeof libflow_match);
    fl_buf_init(&text, out->mem);
    int rc = put_protocol(&text, match);
    if (!rc)
        rc = put_buffer(out, text.data, text.size);
    fl_buf_free(&text);
    return rc;
}

/* A frame up to its COUNT buffers, and the first of these. */
static int put_head(struct fl_buf *out, const struct fl_avro_call *call, uint32_t count)
{
    int rc = fl_buf_be32(out, call->serial);

    if (!rc)
        rc = fl_buf_be32(out, count);
    return rc ? rc : put_handshake(out, call->match);
}

static int put_result(struct fl_buf *out, const struct fl_avro_call *call, const void *data,
                      size_t size)
{
    int rc = put_head(out, call, 3);

    if (!rc)
        rc = put_buffer(out, no_metadata, sizeof no_metadata);
    return rc ? rc : put_buffer(out, data, size);
}

int fl_avro_put_status(struct fl_buf *out, const struct fl_avro_call *call,
                       enum fl_avro_status status)
{
    const uint8_t result[] = {0, (uint8_t)(status << 1)};

    return put_result(out, call, result, sizeof result);
}

/* The flag of an error, the index of the text in the union of errors, the text. */
static int put_error(struct fl_buf *out, const struct fl_avro_call *call, const struct fl_buf *why)
{
    struct fl_buf error;

    fl_buf_init(&error, out->mem);
    int rc = fl_buf_byte(&error, 1);
    if (!rc)
        rc = fl_avro_put_long(&error, 0);
    if (!rc)
        rc = fl_avro_put_bytes(&error, why->data, why->size);
    if (!rc)
        rc = put_result(out, call, error.data, error.size);
    fl_buf_free(&error);
    return rc;
}

int fl_avro_ipc_put_answer(struct fl_buf *out, const struct fl_avro_ipc *ipc)
{
    const struct fl_avro_call *call = &ipc->call;

    if (call->kind == FL_AVRO_PING || call->kind == FL_AVRO_STRANGER)
        return put_head(out, call, 1);
    return put_error(out, call, &ipc->fault);
}
