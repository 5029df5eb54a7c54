/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers.  Success is a status and a little JSON; failures carry the Java exception, and its name
 * is what tells a folder without permission from a NameNode that is on stand-by.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "sinks/hdfs/answer.h"

/* Exceptions by what they mean; those not listed may pass by themselves. */
static const struct {
    const char *name;
    enum fl_hdfs_answer answer;
    const char *advice;
} exceptions[] = {
    {"FileNotFoundException", FL_HDFS_ABSENT, NULL},
    {"FileAlreadyExistsException", FL_HDFS_EXISTS, NULL},
    {"AlreadyBeingCreatedException", FL_HDFS_BUSY, NULL},
    {"RecoveryInProgressException", FL_HDFS_BUSY, NULL},
    {"LeaseExpiredException", FL_HDFS_BUSY, NULL},
    {"AccessControlException", FL_HDFS_REFUSED, "permission denied"},
    {"AuthorizationException", FL_HDFS_REFUSED, "not authorized"},
    {"SecurityException", FL_HDFS_REFUSED, "not authenticated"},
    {"SafeModeException", FL_HDFS_REFUSED, "HDFS is in safe mode"},
    {"DSQuotaExceededException", FL_HDFS_REFUSED, "the space quota is used up"},
    {"NSQuotaExceededException", FL_HDFS_REFUSED, "the quota of names is used up"},
    {"QuotaExceededException", FL_HDFS_REFUSED, "a quota is used up"},
    {"QuotaByStorageTypeExceededException", FL_HDFS_REFUSED, "a quota is used up"},
    {"ParentNotDirectoryException", FL_HDFS_REFUSED, "a folder of the path is a file"},
    {"InvalidPathException", FL_HDFS_REFUSED, "HDFS does not allow this path"},
    {"PathComponentTooLongException", FL_HDFS_REFUSED, "a name of the path is too long"},
    {"MaxDirectoryItemsExceededException", FL_HDFS_REFUSED, "the folder is full"},
    {"UnsupportedOperationException", FL_HDFS_REFUSED, "the server cannot do this"},
    {"IllegalArgumentException", FL_HDFS_REFUSED, NULL},
};

/* Adds the character that follows a backslash; returns where it ends. */
static const char *unescape(const char *at, const char *end, struct fl_buf *out)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    const char *found;
    uint32_t code = 0;

    if (*at != 'u') {
        found = memchr(from, *at, sizeof from - 1);
        fl_buf_byte(out, (uint8_t)(found ? to[found - from] : *at));
        return at + 1;
    }
    at++;
    for (int i = 0; i < 4 && at < end; i++, at++) {
        char c = fl_lower(*at);
        code = code * 16 + (uint32_t)(c >= 'a' && c <= 'f' ? c - 'a' + 10 : (c - '0') & 15);
    }
    fl_utf8_append(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
    return at;
}

/* Adds the text from AT, behind its quote, to OUT; returns where it ends, behind the other. */
static const char *read_text(const char *at, const char *end, struct fl_buf *out)
{
    while (at < end && *at != '"') {
        if (*at == '\\' && at + 1 < end)
            at = unescape(at + 1, end, out);
        else
            fl_buf_byte(out, (uint8_t)*at++);
    }
    return at < end ? at + 1 : end;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && fl_is_space(*at))
        at++;
    return at;
}

/* Adds the value at AT, a text, a number or a word. */
static void read_value(const char *at, const char *end, struct fl_buf *out)
{
    if (at < end && *at == '"') {
        read_text(at + 1, end, out);
        return;
    }
    while (at < end && !strchr(",}] \t\r\n", *at))
        fl_buf_byte(out, (uint8_t)*at++);
}

int fl_hdfs_json_member(const struct fl_buf *json, const char *name, struct fl_buf *value)
{
    const char *at = (const char *)json->data, *end = json->size ? at + json->size : at;

    while (at < end) {
        if (*at++ != '"')
            continue;
        fl_buf_clear(value);
        at = skip_space(read_text(at, end, value), end);
        int same = value->size == strlen(name) && !memcmp(value->data, name, value->size);
        if (at < end && *at == ':') {
            at = skip_space(at + 1, end);
            if (same) {
                fl_buf_clear(value);
                read_value(at, end, value);
                return 1;
            }
        }
    }
    fl_buf_clear(value);
    return 0;
}

/* Copies the member NAME of BODY to TEXT, cut to its room; "" when there is none. */
static void copy_member(const struct fl_buf *body, const char *name, char *text, size_t room)
{
    struct fl_buf value;

    fl_buf_init(&value, body->mem);
    fl_hdfs_json_member(body, name, &value);
    size_t length = value.size < room ? value.size : room - 1;
    if (length)
        memcpy(text, value.data, length);
    text[length] = '\0';
    fl_buf_free(&value);
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
}

static void set_error(struct fl_hdfs_reply *reply, long status, const char *exception,
                      const char *message, const char *advice)
{
    flow_error_setf(&reply->error, FLOW_EIO, "%s%s%s%s%s (status %ld)", advice ? advice : "",
                    advice ? ": " : "", *exception ? exception : "the server failed",
                    *message ? ": " : "", message, status);
    flow_error_set_retriable(&reply->error, 1);
}

/* A failure without an exception, from a proxy or from authentication. */
static enum fl_hdfs_answer answer_of_status(long status)
{
    switch (status) {
    case 401: return FL_HDFS_REFUSED;
    case 404: return FL_HDFS_ABSENT;
    default: return FL_HDFS_LATER;
    }
}

static void read_failure(long status, const struct fl_buf *body, struct fl_hdfs_reply *reply)
{
    char exception[80], message[400];
    const char *advice = NULL;

    copy_member(body, "exception", exception, sizeof exception);
    copy_member(body, "message", message, sizeof message);
    reply->answer = *exception ? FL_HDFS_LATER : answer_of_status(status);
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (!strcmp(exception, exceptions[i].name)) {
            reply->answer = exceptions[i].answer;
            advice = exceptions[i].advice;
        }
    }
    if (!strcmp(exception, "StandbyException") ||
        !strcmp(exception, "ObserverRetryOnActiveException"))
        reply->standby = 1;
    /* A message from the middle of an IOException names the lease's trouble only in its text. */
    if (reply->answer == FL_HDFS_LATER && strstr(message, "RecoveryInProgress"))
        reply->answer = FL_HDFS_BUSY;
    set_error(reply, status, exception, message, advice);
}

/* {"boolean":true} of rename, truncate and delete; some versions send nothing for "true". */
static void read_boolean(const struct fl_buf *body, struct fl_hdfs_reply *reply)
{
    char text[8];

    copy_member(body, "boolean", text, sizeof text);
    if (!strcmp(text, "false"))
        reply->answer = FL_HDFS_NO;
}

static void read_length(const struct fl_buf *body, struct fl_hdfs_reply *reply)
{
    char text[24], type[16];
    int64_t length = 0;

    copy_member(body, "length", text, sizeof text);
    copy_member(body, "type", type, sizeof type);
    if (fl_parse_int(text, strlen(text), &length) || length < 0 || strcmp(type, "FILE")) {
        reply->answer = FL_HDFS_LATER;
        flow_error_setf(&reply->error, FLOW_EPARSE,
                        "the server's answer tells no length of a file");
    }
    reply->length = (uint64_t)length;
}

void fl_hdfs_reply_read(enum fl_hdfs_op op, long status, const struct fl_buf *body,
                        struct fl_hdfs_reply *reply)
{
    memset(reply, 0, sizeof *reply);
    if (status == 307)
        reply->redirected = 1;
    else if (status < 200 || status > 299)
        read_failure(status, body, reply);
    else if (op == FL_HDFS_LENGTH)
        read_length(body, reply);
    else if (op != FL_HDFS_CREATE && op != FL_HDFS_APPEND)
        read_boolean(body, reply);
    if (reply->answer == FL_HDFS_NO)
        flow_error_set(&reply->error, FLOW_EIO, "the server says that it did not do it");
}
