/* SPDX-License-Identifier: Apache-2.0 */
/* What a server answers. */

#include <string.h>

#include "wire/thrift_server.h"

/* Fields of a reply and of an exception. */
enum { REPLY_STATUS = 0, EXCEPTION_TEXT = 1, EXCEPTION_REASON = 2 };

/* Before the first field of all, as the compact protocol counts; a field 0 is no step from it. */
#define NO_FIELD 0

static int open_reply(struct fl_buf *out, const struct fl_thrift_reply_to *to, uint8_t type,
                      size_t *start)
{
    const struct fl_thrift_head head = {
        .seq = to->seq,
        .type = type,
        .name = to->method,
        .name_size = strlen(to->method),
    };
    int rc = to->unframed ? FLOW_OK : fl_thrift_open_frame(out, start);

    return rc ? rc : fl_thrift_put_head(out, to->protocol, &head);
}

static int close_reply(struct fl_buf *out, const struct fl_thrift_reply_to *to, size_t start,
                       int rc)
{
    if (!rc)
        rc = fl_thrift_put_stop(out);
    if (!rc && !to->unframed)
        fl_thrift_close_frame(out, start);
    return rc;
}

int fl_thrift_put_status(struct fl_buf *out, const struct fl_thrift_reply_to *to, int32_t status)
{
    size_t start;
    int rc = open_reply(out, to, FL_THRIFT_REPLY, &start);

    if (!rc)
        rc = fl_thrift_put_field(out, to->protocol, FL_THRIFT_I32, REPLY_STATUS, NO_FIELD);
    if (!rc)
        rc = fl_thrift_put_i32(out, to->protocol, status);
    return close_reply(out, to, start, rc);
}

int fl_thrift_put_done(struct fl_buf *out, const struct fl_thrift_reply_to *to)
{
    size_t start;
    int rc = open_reply(out, to, FL_THRIFT_REPLY, &start);

    return close_reply(out, to, start, rc);
}

int fl_thrift_put_exception(struct fl_buf *out, const struct fl_thrift_reply_to *to, int32_t reason,
                            const char *text)
{
    enum fl_thrift_protocol protocol = to->protocol;
    size_t start;
    int rc = open_reply(out, to, FL_THRIFT_EXCEPTION, &start);

    if (!rc)
        rc = fl_thrift_put_field(out, protocol, FL_THRIFT_BYTES, EXCEPTION_TEXT, NO_FIELD);
    if (!rc)
        rc = fl_thrift_put_bytes(out, protocol, text, strlen(text));
    if (!rc)
        rc = fl_thrift_put_field(out, protocol, FL_THRIFT_I32, EXCEPTION_REASON, EXCEPTION_TEXT);
    if (!rc)
        rc = fl_thrift_put_i32(out, protocol, reason);
    return close_reply(out, to, start, rc);
}

int fl_thrift_server_good(const struct fl_thrift_server *server)
{
    const struct fl_thrift_method *method = server->method;

    return method && !server->broken && (server->given || method->events == FL_THRIFT_STOP);
}

static int refuse_method(struct fl_buf *out, struct fl_thrift_reply_to *to, const char *name)
{
    struct fl_buf text;

    fl_buf_init(&text, out->mem);
    to->method = name;
    int rc = fl_buf_printf(&text, "Invalid method name: '%s'", name);
    const char *words = rc ? NULL : fl_buf_cstr(&text);
    rc = words ? fl_thrift_put_exception(out, to, FL_THRIFT_UNKNOWN_METHOD, words) : FLOW_ENOMEM;
    fl_buf_free(&text);
    return rc;
}

static int put_refusal(struct fl_buf *out, struct fl_thrift_server *server)
{
    struct fl_thrift_reply_to to = {
        .protocol = server->protocol,
        .unframed = server->service->unframed,
        .seq = server->seq,
    };
    const char *text = fl_buf_cstr(&server->text);

    if (!text)
        return FLOW_ENOMEM;
    if (!server->method)
        return refuse_method(out, &to, text);
    to.method = server->method->name;
    if (server->broken)
        return fl_thrift_put_exception(out, &to, FL_THRIFT_PROTOCOL_ERROR, text);
    return fl_thrift_put_exception(out, &to, FL_THRIFT_INTERNAL_ERROR,
                                   "the call has no argument 1 of the right type");
}

int fl_thrift_put_refusal(struct fl_buf *out, struct fl_thrift_server *server)
{
    int rc = put_refusal(out, server);

    fl_buf_free(&server->text);
    return rc;
}
