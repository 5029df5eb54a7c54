/* SPDX-License-Identifier: Apache-2.0 */
/* Replies: a status, or an exception that tells why there is none. */

#include <string.h>

#include "base/error.h"
#include "wire/thrift_call.h"

/* Fields of a reply and of an exception. */
enum { REPLY_STATUS = 0, EXCEPTION_TEXT = 1, EXCEPTION_REASON = 2 };

void fl_thrift_reply_init(struct fl_thrift_reply *reply, const flow_allocator *mem)
{
    fl_buf_init(&reply->bytes, mem);
    reply->size = 0;
}

void fl_thrift_reply_free(struct fl_thrift_reply *reply)
{
    fl_buf_free(&reply->bytes);
}

void fl_thrift_reply_clear(struct fl_thrift_reply *reply)
{
    fl_buf_clear(&reply->bytes);
    reply->size = 0;
}

/* Takes what is missing of the first TOTAL bytes. */
static int take(struct fl_thrift_reply *reply, size_t total, const uint8_t *data, size_t size,
                size_t *used)
{
    size_t part = total - reply->bytes.size;

    if (part > size - *used)
        part = size - *used;
    if (fl_buf_append(&reply->bytes, data + *used, part))
        return FLOW_ENOMEM;
    *used += part;
    return reply->bytes.size == total;
}

int fl_thrift_reply_feed(struct fl_thrift_reply *reply, const void *data, size_t size, size_t *used,
                         flow_error **err)
{
    int rc = 1;

    *used = 0;
    if (reply->size == 0) {
        rc = take(reply, FL_THRIFT_FRAME_HEAD, data, size, used);
        int fault =
            rc == 1 ? fl_thrift_get_frame(reply->bytes.data, FL_THRIFT_REPLY_MAX, &reply->size, err)
                    : FLOW_OK;
        if (fault)
            return fault;
    }
    if (rc == 1)
        rc = take(reply, FL_THRIFT_FRAME_HEAD + (size_t)reply->size, data, size, used);
    return rc < 0 ? fl_error_nomem(err) : rc;
}

static int get_reason(struct fl_thrift_in *in, const struct fl_thrift_field *field,
                      struct fl_thrift_answer *answer)
{
    const uint8_t *text;
    int64_t reason;
    int rc;

    if (field->id == EXCEPTION_TEXT && field->type == FL_THRIFT_BYTES) {
        rc = fl_thrift_get_bytes(in, &text, &answer->text_size);
        answer->text = rc ? NULL : (const char *)text;
        return rc;
    }
    if (field->id != EXCEPTION_REASON || field->type != FL_THRIFT_I32)
        return fl_thrift_skip_value(in, field->type);
    rc = fl_thrift_get_number(in, field->type, &reason);
    if (!rc)
        answer->reason = (int32_t)reason;
    return rc;
}

static int get_exception(struct fl_thrift_in *in, struct fl_thrift_answer *answer)
{
    struct fl_thrift_field field = {0};
    int rc;

    answer->is_error = 1;
    while (!(rc = fl_thrift_get_field(in, &field)) && field.type != FL_THRIFT_STOP) {
        rc = get_reason(in, &field, answer);
        if (rc)
            return rc;
    }
    return rc;
}

static int get_status(struct fl_thrift_in *in, struct fl_thrift_answer *answer)
{
    struct fl_thrift_field field = {0};
    int64_t status;
    int found = 0;
    int rc;

    while (!(rc = fl_thrift_get_field(in, &field)) && field.type != FL_THRIFT_STOP) {
        if (field.id == REPLY_STATUS && field.type == FL_THRIFT_I32) {
            rc = fl_thrift_get_number(in, field.type, &status);
            if (!rc)
                answer->status = (int32_t)status;
            found = 1;
        } else {
            rc = fl_thrift_skip_value(in, field.type);
        }
        if (rc)
            return rc;
    }
    return rc || found ? rc : FLOW_EPARSE;
}

int fl_thrift_reply_read(const struct fl_thrift_reply *reply, enum fl_thrift_protocol protocol,
                         struct fl_thrift_answer *answer, flow_error **err)
{
    const uint8_t *message = reply->bytes.data + FL_THRIFT_FRAME_HEAD;
    struct fl_thrift_in in = {protocol, message, message + reply->size, 0};
    struct fl_thrift_head head;
    int rc = fl_thrift_get_head(&in, &head);

    *answer = (struct fl_thrift_answer){.seq = head.seq};
    if (!rc && head.type == FL_THRIFT_EXCEPTION)
        rc = get_exception(&in, answer);
    else if (!rc)
        rc = head.type == FL_THRIFT_REPLY ? get_status(&in, answer) : FLOW_EPARSE;
    if (!rc)
        return FLOW_OK;
    return flow_error_setf(
        err, FLOW_EPARSE, "the answer of the peer breaks Thrift's %s protocol at byte %zu",
        protocol == FL_THRIFT_COMPACT ? "compact" : "binary", (size_t)(in.at - message));
}

const char *fl_thrift_status_name(int32_t status)
{
    static const char *const names[] = {"OK", "FAILED", "ERROR", "UNKNOWN"};

    return status >= 0 && status <= FL_THRIFT_STATUS_UNKNOWN ? names[status] : "?";
}
