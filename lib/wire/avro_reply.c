/* SPDX-License-Identifier: Apache-2.0 */

/* Answers: frames are joined as their bytes come, a complete payload is read in one go. */

#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "codec/avro.h"
#include "wire/avro_request.h"

#define NUMBER 4 /* bytes of a frame's numbers */

/* Java cuts a payload at 8192 bytes; a peer that cuts it finer than this is not one of its kind. */
#define BUFFERS_MAX 65536

enum { SERIAL, COUNT, SIZE, DATA, COMPLETE };

void fl_avro_reply_init(struct fl_avro_reply *reply, const flow_allocator *mem)
{
    *reply = (struct fl_avro_reply){.state = SERIAL};
    fl_buf_init(&reply->bytes, mem);
}

void fl_avro_reply_free(struct fl_avro_reply *reply)
{
    fl_buf_free(&reply->bytes);
}

void fl_avro_reply_clear(struct fl_avro_reply *reply)
{
    fl_buf_clear(&reply->bytes);
    reply->state = SERIAL;
}

/* Takes the number that the last four bytes are away again. */
static uint32_t take_number(struct fl_buf *bytes)
{
    bytes->size -= NUMBER;
    return fl_be32_get(bytes->data + bytes->size);
}

static int begin_buffer(struct fl_avro_reply *reply)
{
    reply->left = NUMBER;
    reply->state = reply->buffers > 0 ? SIZE : COMPLETE;
    return FLOW_OK;
}

static int take_count(struct fl_avro_reply *reply, uint32_t count, flow_error **err)
{
    if (count == 0 || count > BUFFERS_MAX)
        return flow_error_setf(
            err, FLOW_EPARSE, "the peer does not speak Avro's RPC: an answer in %u buffers", count);
    reply->buffers = count;
    return begin_buffer(reply);
}

static int take_size(struct fl_avro_reply *reply, uint32_t size, flow_error **err)
{
    if (size > FL_AVRO_REPLY_MAX - reply->bytes.size)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "the answer announces a buffer of %u bytes, and %zu are the most",
                               size, FL_AVRO_REPLY_MAX);
    reply->buffers--;
    reply->left = size;
    reply->state = DATA;
    return size > 0 ? FLOW_OK : begin_buffer(reply);
}

/* What was announced has come. */
static int advance(struct fl_avro_reply *reply, flow_error **err)
{
    switch (reply->state) {
    case SERIAL:
        reply->serial = take_number(&reply->bytes);
        reply->left = NUMBER;
        reply->state = COUNT;
        return FLOW_OK;
    case COUNT: return take_count(reply, take_number(&reply->bytes), err);
    case SIZE: return take_size(reply, take_number(&reply->bytes), err);
    default: return begin_buffer(reply);
    }
}

int fl_avro_reply_feed(struct fl_avro_reply *reply, const void *data, size_t size, size_t *used,
                       flow_error **err)
{
    const uint8_t *at = data;
    int rc = FLOW_OK;

    *used = 0;
    if (reply->state == SERIAL && reply->bytes.size == 0)
        reply->left = NUMBER;
    while (!rc && reply->state != COMPLETE && *used < size) {
        size_t part = size - *used < reply->left ? size - *used : reply->left;
        if (fl_buf_append(&reply->bytes, at + *used, part))
            return fl_error_nomem(err);
        *used += part;
        reply->left -= (uint32_t)part;
        if (reply->left == 0)
            rc = advance(reply, err);
    }
    return rc ? rc : reply->state == COMPLETE;
}

/* Reads the index of a union that is null or something else. */
static int get_present(struct fl_avro_in *in, int *present)
{
    int64_t index;

    if (fl_avro_get_long(in, &index) || index < 0 || index > 1)
        return FLOW_EPARSE;
    *present = (int)index;
    return FLOW_OK;
}

/* Reads metadata, of which only the mark of a libflow is of interest; LIBFLOW may be NULL. */
static int get_meta(struct fl_avro_in *in, int *libflow)
{
    static const char peer[] = FL_AVRO_PEER_KEY;
    struct fl_avro_items items = {0};
    const uint8_t *key;
    const uint8_t *value;
    size_t key_size;
    size_t value_size;
    int rc;

    while ((rc = fl_avro_next(in, &items)) > 0) {
        if (fl_avro_get_bytes(in, &key, &key_size) || fl_avro_get_bytes(in, &value, &value_size))
            return FLOW_EPARSE;
        if (libflow && key_size == sizeof peer - 1 && memcmp(key, peer, key_size) == 0)
            *libflow = 1;
    }
    return rc;
}

static int get_handshake(struct fl_avro_in *in, struct fl_avro_answer *answer)
{
    const uint8_t *text;
    size_t size;
    int64_t match;
    int present;

    if (fl_avro_get_long(in, &match) || match < 0 || match > FL_AVRO_NONE)
        return FLOW_EPARSE;
    answer->match = (enum fl_avro_match)match;
    if (get_present(in, &present) || (present && fl_avro_get_bytes(in, &text, &size)))
        return FLOW_EPARSE;
    if (get_present(in, &present) ||
        (present && fl_avro_get_fixed(in, FL_AVRO_HASH, &answer->server_hash)))
        return FLOW_EPARSE;
    if (get_present(in, &present))
        return FLOW_EPARSE;
    return present ? get_meta(in, &answer->is_libflow) : FLOW_OK;
}

/* The union of errors has one branch that is not declared: the text of a system error. */
static int get_error(struct fl_avro_in *in, struct fl_avro_answer *answer)
{
    const uint8_t *text;
    int64_t branch;

    if (fl_avro_get_long(in, &branch) || branch != 0 ||
        fl_avro_get_bytes(in, &text, &answer->text_size))
        return FLOW_EPARSE;
    answer->text = (const char *)text;
    return FLOW_OK;
}

static int get_result(struct fl_avro_in *in, struct fl_avro_answer *answer)
{
    if (get_meta(in, NULL) || fl_avro_get_bool(in, &answer->is_error))
        return FLOW_EPARSE;
    return answer->is_error ? get_error(in, answer) : fl_avro_get_int(in, &answer->status);
}

int fl_avro_reply_read(const struct fl_avro_reply *reply, int handshake,
                       struct fl_avro_answer *answer, flow_error **err)
{
    struct fl_avro_in in = fl_avro_in(reply->bytes.data, reply->bytes.size);
    int rc = FLOW_OK;

    *answer = (struct fl_avro_answer){.match = FL_AVRO_NO_HANDSHAKE};
    if (handshake)
        rc = get_handshake(&in, answer);
    if (!rc && answer->match != FL_AVRO_NONE)
        rc = get_result(&in, answer);
    if (!rc && in.at != in.end)
        rc = FLOW_EPARSE;
    if (!rc)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EPARSE, "the answer breaks Avro's format at its byte %zu",
                           (size_t)(in.at - reply->bytes.data));
}

const char *fl_avro_status_name(int32_t status)
{
    static const char *const names[] = {"OK", "FAILED", "UNKNOWN"};

    return status >= 0 && status <= FL_AVRO_UNKNOWN ? names[status] : "?";
}
