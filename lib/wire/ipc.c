/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/error.h"
#include "base/le.h"
#include "wire/ipc.h"

static const char request_magic[4] = {'F', 'L', 'Q', '1'};
static const char answer_magic[4] = {'F', 'L', 'A', '1'};

/* ---- requests ---- */

int fl_ipc_request_write(struct fl_buf *out, const struct fl_ipc_request *request)
{
    uint8_t *at = fl_buf_reserve(out, FL_IPC_REQUEST_FRONT);

    if (!at)
        return FLOW_ENOMEM;
    memcpy(at, request_magic, sizeof request_magic);
    at = fl_le32_put(at + sizeof request_magic, request->events);
    at = fl_le64_put(fl_le64_put(at, request->number), request->size);
    fl_le32_put(fl_le32_put(at, request->spans), request->spans_size);
    out->size += FL_IPC_REQUEST_FRONT;
    return FLOW_OK;
}

/* Whether the sizes in a request can be true. */
static int check_request(const struct fl_ipc_request *request, flow_error **err)
{
    if (request->size / FL_IPC_EVENT_MIN < request->events || (!request->events && request->size))
        return flow_error_setf(err, FLOW_EPARSE, "request %llu says that %llu bytes are %u events",
                               (unsigned long long)request->number,
                               (unsigned long long)request->size, request->events);
    if (request->spans_size > FL_IPC_SPANS_SIZE_MAX ||
        request->spans_size / FL_IPC_SPAN_FRONT < request->spans ||
        (!request->spans && request->spans_size))
        return flow_error_setf(err, FLOW_EPARSE,
                               "request %llu says that %u bytes are %u spans; at most %u bytes are "
                               "allowed",
                               (unsigned long long)request->number, request->spans_size,
                               request->spans, FL_IPC_SPANS_SIZE_MAX);
    return FLOW_OK;
}

int fl_ipc_request_read(const uint8_t *data, uint64_t most, struct fl_ipc_request *request,
                        flow_error **err)
{
    if (memcmp(data, request_magic, sizeof request_magic))
        return flow_error_setf(err, FLOW_EPARSE,
                               "a request begins with %02x %02x %02x %02x instead of \"FLQ1\"",
                               data[0], data[1], data[2], data[3]);
    *request = (struct fl_ipc_request){
        .events = fl_le32_get(data + 4),
        .number = fl_le64_get(data + 8),
        .size = fl_le64_get(data + 16),
        .spans = fl_le32_get(data + 24),
        .spans_size = fl_le32_get(data + 28),
    };
    if (request->size > most)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "request %llu has %llu bytes of events, more than the %llu that are "
                               "allowed",
                               (unsigned long long)request->number,
                               (unsigned long long)request->size, (unsigned long long)most);
    return check_request(request, err);
}

/* ---- spans ---- */

uint32_t fl_ipc_span_size(uint32_t key_size)
{
    return FL_IPC_SPAN_FRONT + ((key_size + 7) & ~7u);
}

int fl_ipc_span_write(struct fl_buf *out, const struct fl_ipc_span *span)
{
    uint32_t size = fl_ipc_span_size(span->key_size);
    uint8_t *at = fl_buf_reserve(out, size);

    if (!at)
        return FLOW_ENOMEM;
    memset(at, 0, size);
    at = fl_le64_put(fl_le64_put(at, span->first), span->horizon);
    at = fl_le32_put(fl_le32_put(at, span->count), span->key_size);
    if (span->key_size)
        memcpy(at, span->key, span->key_size);
    out->size += size;
    return FLOW_OK;
}

static int broken_span(const struct fl_ipc_request *request, size_t left, const char *what,
                       flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE, "request %llu, spans at byte %zu: %s",
                           (unsigned long long)request->number, request->spans_size - left, what);
}

static int end_of_spans(const struct fl_ipc_request *request, uint64_t sum, flow_error **err)
{
    if (!request->spans || sum == request->events)
        return 0;
    return flow_error_setf(err, FLOW_EPARSE, "request %llu has %u events, but its spans have %llu",
                           (unsigned long long)request->number, request->events,
                           (unsigned long long)sum);
}

int fl_ipc_span_next(const struct fl_ipc_request *request, const uint8_t **data, size_t *left,
                     uint64_t *sum, struct fl_ipc_span *span, flow_error **err)
{
    const uint8_t *at = *data;

    if (!*left)
        return end_of_spans(request, *sum, err);
    if (*left < FL_IPC_SPAN_FRONT)
        return broken_span(request, *left, "a span is cut", err);
    *span = (struct fl_ipc_span){
        .first = fl_le64_get(at),
        .horizon = fl_le64_get(at + 8),
        .count = fl_le32_get(at + 16),
        .key_size = fl_le32_get(at + 20),
        .key = at + FL_IPC_SPAN_FRONT,
    };
    if (span->key_size > FL_IPC_KEY_MAX || fl_ipc_span_size(span->key_size) > *left)
        return broken_span(request, *left, "the key of a span is too long", err);
    if (span->first > UINT64_MAX - span->count)
        return broken_span(request, *left, "the numbers of a span are too large", err);
    if (span->count && span->key_size && span->horizon > span->first)
        return broken_span(request, *left, "a span begins before its horizon", err);
    *sum += span->count;
    *data += fl_ipc_span_size(span->key_size);
    *left -= fl_ipc_span_size(span->key_size);
    return 1;
}

/* ---- answers ---- */

/* Cuts a text of UTF-8 where it is too long, but not within a character. */
static uint16_t text_size(const struct fl_ipc_answer *answer)
{
    uint16_t size = answer->text_size;

    if (size <= FL_IPC_TEXT_MAX)
        return size;
    size = FL_IPC_TEXT_MAX;
    while (size && ((uint8_t)answer->text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

int fl_ipc_answer_write(struct fl_buf *out, const struct fl_ipc_answer *answer)
{
    uint16_t size = text_size(answer);
    uint8_t *at = fl_buf_reserve(out, FL_IPC_ANSWER_FRONT + (size_t)size);

    if (!at)
        return FLOW_ENOMEM;
    memcpy(at, answer_magic, sizeof answer_magic);
    at = fl_le16_put(fl_le16_put(at + sizeof answer_magic, answer->status), size);
    at = fl_le64_put(at, answer->number);
    if (size)
        memcpy(at, answer->text, size);
    out->size += FL_IPC_ANSWER_FRONT + (size_t)size;
    return FLOW_OK;
}

static uint16_t le16_get(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

int fl_ipc_answer_read(const uint8_t *data, size_t size, struct fl_ipc_answer *answer, size_t *used,
                       flow_error **err)
{
    size_t known = size < sizeof answer_magic ? size : sizeof answer_magic;

    if (memcmp(data, answer_magic, known))
        return flow_error_set(err, FLOW_EPARSE, "an answer does not begin with \"FLA1\"");
    if (size < FL_IPC_ANSWER_FRONT)
        return 0;
    *answer = (struct fl_ipc_answer){
        .status = le16_get(data + 4),
        .text_size = le16_get(data + 6),
        .number = fl_le64_get(data + 8),
        .text = (const char *)data + FL_IPC_ANSWER_FRONT,
    };
    if (answer->text_size > FL_IPC_TEXT_MAX || answer->status > FL_IPC_REFUSED)
        return flow_error_setf(
            err, FLOW_EPARSE, "the answer to request %llu has status %u and a text of %u bytes",
            (unsigned long long)answer->number, answer->status, answer->text_size);
    if (size - FL_IPC_ANSWER_FRONT < answer->text_size)
        return 0;
    *used = FL_IPC_ANSWER_FRONT + answer->text_size;
    return 1;
}
