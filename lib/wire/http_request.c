/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head comes line by line and is kept; each line is looked at when it is complete.  Wherever a
 * request could be read in two ways, such as with two lengths, it is refused: what stands between
 * us and the peer may read it the other way.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "wire/http_request.h"

/* A line with the size of a chunk, and what extends it. */
#define CHUNK_LINE_MAX 4096u

/* Bytes of the decimal digits of a length, and of the hexadecimal ones of a chunk's. */
#define LENGTH_DIGITS 18u
#define CHUNK_DIGITS 15u

enum { AT_REQUEST, IN_HEADERS, IN_BODY, AT_CHUNK, IN_CHUNK, BEHIND_CHUNK, IN_TRAILERS };

struct fl_http_field {
    struct fl_http_span name;
    struct fl_http_span value;
};

void fl_http_init(struct fl_http_request *request, const flow_allocator *mem, uint64_t body_max)
{
    *request = (struct fl_http_request){.body_max = body_max};
    fl_buf_init(&request->head, mem);
    fl_vec_init(&request->fields, mem, sizeof(struct fl_http_field));
}

void fl_http_free(struct fl_http_request *request)
{
    fl_buf_free(&request->head);
    fl_vec_free(&request->fields);
}

size_t fl_http_held(const struct fl_http_request *request)
{
    return request->head.capacity + request->fields.capacity * sizeof(struct fl_http_field);
}

static int fault(struct fl_http_request *request, int status, const char *why, flow_error **err)
{
    request->status = status;
    return flow_error_setf(err, status == 413 || status == 431 ? FLOW_ETOOBIG : FLOW_EPARSE,
                           "an HTTP request %s", why);
}

int fl_http_is(const struct fl_http_text *text, const char *word)
{
    return text->size == strlen(word) && fl_equal_bytes_ignore_case(text->data, word, text->size);
}

static struct fl_http_text text_of(const struct fl_http_request *request, struct fl_http_span span)
{
    return (struct fl_http_text){(const char *)request->head.data + span.at, span.size};
}

static struct fl_http_span span_of(const struct fl_http_request *request, const char *at,
                                   const char *end)
{
    return (struct fl_http_span){(uint32_t)(at - (const char *)request->head.data),
                                 (uint32_t)(end - at)};
}

struct fl_http_text fl_http_method(const struct fl_http_request *request)
{
    return text_of(request, request->method);
}

struct fl_http_text fl_http_target(const struct fl_http_request *request)
{
    return text_of(request, request->target);
}

int fl_http_header(const struct fl_http_request *request, const char *name,
                   struct fl_http_text *value)
{
    for (size_t i = 0; i < request->fields.count; i++) {
        const struct fl_http_field *field = fl_vec_at(&request->fields, i);
        struct fl_http_text found = text_of(request, field->name);
        if (fl_http_is(&found, name)) {
            *value = text_of(request, field->value);
            return 1;
        }
    }
    return 0;
}

static size_t count_headers(const struct fl_http_request *request, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < request->fields.count; i++) {
        const struct fl_http_field *field = fl_vec_at(&request->fields, i);
        struct fl_http_text found = text_of(request, field->name);
        count += (size_t)fl_http_is(&found, name);
    }
    return count;
}

/* Of a list of words between commas, whether WORD is among them. */
static int has_word(const struct fl_http_text *list, const char *word)
{
    const char *end = list->data + list->size;

    for (const char *at = list->data; at < end;) {
        const char *stop = memchr(at, ',', (size_t)(end - at));
        struct fl_http_text one = {at, (size_t)((stop ? stop : end) - at)};
        while (one.size > 0 && (*one.data == ' ' || *one.data == '\t'))
            one = (struct fl_http_text){one.data + 1, one.size - 1};
        while (one.size > 0 && strchr(" \t", one.data[one.size - 1]))
            one.size--;
        if (fl_http_is(&one, word))
            return 1;
        at = stop ? stop + 1 : end;
    }
    return 0;
}

/* ---- lines ---- */

/* Moves bytes up to the end of the line that begins at `line` of `head`.  1: it is complete, and
 * LINE is it, without its end; 0: more is needed. */
static int take_line(struct fl_http_request *request, const uint8_t **data, size_t *size,
                     struct fl_http_text *line)
{
    const uint8_t *newline = memchr(*data, '\n', *size);
    size_t part = newline ? (size_t)(newline - *data) + 1 : *size;

    if (fl_buf_append(&request->head, *data, part))
        return FLOW_ENOMEM;
    *data += part;
    *size -= part;
    if (!newline)
        return 0;
    line->data = (const char *)request->head.data + request->line;
    line->size = request->head.size - request->line - 1;
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return 1;
}

/* As much of the piece as may still be looked at for a line. */
static size_t room(const struct fl_http_request *request, size_t most, size_t size)
{
    size_t left = most - request->head.size;

    return left < size ? left : size;
}

/* Characters of a token: what methods and the names of headers are made of. */
static int is_token(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)at[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return 0;
    }
    return size > 0;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether there are control characters in LINE besides those that are ALLOWED. */
static int has_controls(const struct fl_http_text *line, char allowed)
{
    for (size_t i = 0; i < line->size; i++) {
        unsigned char c = (unsigned char)line->data[i];
        if ((c < ' ' && c != (unsigned char)allowed) || c == 0x7f)
            return 1;
    }
    return 0;
}

/* "METHOD TARGET HTTP/1.x" */
static int read_request_line(struct fl_http_request *request, const struct fl_http_text *line,
                             flow_error **err)
{
    const char *end = line->data + line->size;
    const char *first = memchr(line->data, ' ', line->size);
    const char *last = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;

    if (!last || !is_token(line->data, (size_t)(first - line->data)) || last == first + 1 ||
        has_controls(line, ' '))
        return fault(request, 400, "does not begin with a method, a target and a version", err);
    size_t version = (size_t)(end - last - 1);
    if (version != 8 || memcmp(last + 1, "HTTP/", 5) != 0 || !is_digit(last[6]) || last[7] != '.' ||
        !is_digit(last[8]))
        return fault(request, 400, "has no version", err);
    if (last[6] != '1')
        return fault(request, 505, "is of another version than HTTP/1", err);
    request->minor = last[8] != '0';
    request->method = span_of(request, line->data, first);
    request->target = span_of(request, first + 1, last);
    return FLOW_OK;
}

/* "NAME: VALUE" */
static int read_header(struct fl_http_request *request, const struct fl_http_text *line,
                       flow_error **err)
{
    const char *colon = memchr(line->data, ':', line->size);
    const char *end = line->data + line->size;

    if (!colon || !is_token(line->data, (size_t)(colon - line->data)) || has_controls(line, '\t'))
        return fault(request, 400, "has a header that is none", err);
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    const struct fl_http_field field = {
        .name = span_of(request, line->data, colon),
        .value = span_of(request, value, end),
    };
    if (request->fields.count == FL_HTTP_HEADERS_MAX)
        return fault(request, 431, "has too many headers", err);
    return fl_vec_push(&request->fields, &field) ? FLOW_OK : fl_error_nomem(err);
}

/* ---- what the head says of the body ---- */

static int read_number(const struct fl_http_text *text, uint64_t *number)
{
    *number = 0;
    if (text->size == 0 || text->size > LENGTH_DIGITS)
        return FLOW_EPARSE;
    for (size_t i = 0; i < text->size; i++) {
        if (!is_digit(text->data[i]))
            return FLOW_EPARSE;
        *number = *number * 10 + (uint64_t)(text->data[i] - '0');
    }
    return FLOW_OK;
}

static int read_length(struct fl_http_request *request, flow_error **err)
{
    struct fl_http_text value;

    if (!fl_http_header(request, "Content-Length", &value))
        return FLOW_OK;
    if (count_headers(request, "Content-Length") > 1 || read_number(&value, &request->length))
        return fault(request, 400, "has a length that is none", err);
    if (request->length > request->body_max)
        return fault(request, 413, "has a body that is too large", err);
    request->has_body = 1;
    return FLOW_OK;
}

static int read_coding(struct fl_http_request *request, flow_error **err)
{
    struct fl_http_text value;

    if (!fl_http_header(request, "Transfer-Encoding", &value))
        return FLOW_OK;
    if (count_headers(request, "Transfer-Encoding") > 1 || !fl_http_is(&value, "chunked"))
        return fault(request, 501, "has a transfer encoding other than chunked", err);
    if (request->has_body || request->minor == 0)
        return fault(request, 400, "comes in chunks where it must not", err);
    request->has_body = 1;
    request->chunked = 1;
    return FLOW_OK;
}

static void read_wishes(struct fl_http_request *request)
{
    struct fl_http_text value;
    int has_connection = fl_http_header(request, "Connection", &value);

    if (request->minor > 0)
        request->keep_alive = !has_connection || !has_word(&value, "close");
    else
        request->keep_alive = has_connection && has_word(&value, "keep-alive");
    request->expects_continue = request->minor > 0 && request->has_body &&
                                fl_http_header(request, "Expect", &value) &&
                                fl_http_is(&value, "100-continue");
}

/* The empty line behind the headers has come. */
static int end_head(struct fl_http_request *request, flow_error **err)
{
    int rc = read_length(request, err);

    if (!rc)
        rc = read_coding(request, err);
    if (!rc && count_headers(request, "Host") != 1 &&
        (request->minor > 0 || count_headers(request, "Host") > 1))
        rc = fault(request, 400, "does not name its host once", err);
    if (rc)
        return rc;
    read_wishes(request);
    request->left = request->length;
    request->state = request->chunked ? AT_CHUNK : IN_BODY;
    request->line = request->head.size;
    return FL_HTTP_HEAD;
}

static void begin(struct fl_http_request *request)
{
    fl_http_free(request);
    fl_http_init(request, request->head.mem, request->body_max);
}

static int take_head(struct fl_http_request *request, const struct fl_http_text *line,
                     flow_error **err)
{
    int rc = FLOW_OK;

    if (request->state == IN_HEADERS && line->size == 0)
        return end_head(request, err);
    if (request->state == IN_HEADERS)
        rc = read_header(request, line, err);
    else if (line->size > 0) /* Empty lines in front of a request were once a habit. */
        rc = read_request_line(request, line, err);
    if (line->size > 0)
        request->state = IN_HEADERS;
    request->line = request->head.size;
    return rc;
}

static int read_head(struct fl_http_request *request, const uint8_t **data, size_t *size,
                     flow_error **err)
{
    size_t here = room(request, FL_HTTP_HEAD_MAX, *size);
    size_t left = here;
    struct fl_http_text line;
    int rc = take_line(request, data, &left, &line);

    *size -= here - left;
    if (rc < 0)
        return fl_error_nomem(err);
    if (rc > 0)
        return take_head(request, &line, err);
    if (request->head.size == FL_HTTP_HEAD_MAX)
        return fault(request, 431, "has a head that is too large", err);
    return FLOW_OK;
}

/* ---- bodies ---- */

static int end_request(struct fl_http_request *request)
{
    request->state = AT_REQUEST;
    return FL_HTTP_END;
}

static int read_body(struct fl_http_request *request, const uint8_t **data, size_t *size,
                     struct fl_http_text *body, flow_error **err)
{
    size_t part = request->left < *size ? (size_t)request->left : *size;

    if (request->left == 0 && request->state == IN_BODY)
        return end_request(request);
    if (request->left == 0) {
        request->state = BEHIND_CHUNK;
        return FLOW_OK;
    }
    if (part == 0)
        return FLOW_OK;
    *body = (struct fl_http_text){(const char *)*data, part};
    *data += part;
    *size -= part;
    request->left -= part;
    return FL_HTTP_BODY;
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* The size, which blanks or extensions behind a semicolon may follow. */
static int read_chunk_size(struct fl_http_request *request, const struct fl_http_text *line,
                           flow_error **err)
{
    size_t digits = 0;

    request->left = 0;
    for (; digits < line->size && hex_digit(line->data[digits]) >= 0; digits++) {
        if (digits == CHUNK_DIGITS)
            return fault(request, 413, "has a body that is too large", err);
        request->left = request->left << 4 | (unsigned)hex_digit(line->data[digits]);
    }
    if (digits == 0 || (digits < line->size && !strchr("; \t", line->data[digits])))
        return fault(request, 400, "has a chunk without a size", err);
    if (request->left > request->body_max - request->taken)
        return fault(request, 413, "has a body that is too large", err);
    request->taken += request->left;
    request->state = request->left > 0 ? IN_CHUNK : IN_TRAILERS;
    return FLOW_OK;
}

static int take_chunk_line(struct fl_http_request *request, const struct fl_http_text *line,
                           flow_error **err)
{
    switch (request->state) {
    case AT_CHUNK: return read_chunk_size(request, line, err);
    case BEHIND_CHUNK:
        request->state = AT_CHUNK;
        return line->size == 0 ? FLOW_OK : fault(request, 400, "has a chunk without an end", err);
    default: return line->size == 0 ? end_request(request) : FLOW_OK;
    }
}

/* Lines between chunks and behind the last, of which none is kept. */
static int read_chunk_line(struct fl_http_request *request, const uint8_t **data, size_t *size,
                           flow_error **err)
{
    size_t here = room(request, request->line + CHUNK_LINE_MAX, *size);
    size_t left = here;
    struct fl_http_text line;
    int rc = take_line(request, data, &left, &line);

    *size -= here - left;
    request->trailer_bytes += request->state == IN_TRAILERS ? here - left : 0;
    if (rc < 0)
        return fl_error_nomem(err);
    if ((rc == 0 && request->head.size == request->line + CHUNK_LINE_MAX) ||
        request->trailer_bytes > FL_HTTP_HEAD_MAX)
        return fault(request, 431, "has trailers that are too large", err);
    if (rc == 0)
        return FLOW_OK;
    request->head.size = request->line;
    return take_chunk_line(request, &line, err);
}

static int read_some(struct fl_http_request *request, const uint8_t **data, size_t *size,
                     struct fl_http_text *body, flow_error **err)
{
    switch (request->state) {
    case AT_REQUEST:
    case IN_HEADERS: return read_head(request, data, size, err);
    case IN_BODY:
    case IN_CHUNK: return read_body(request, data, size, body, err);
    default: return read_chunk_line(request, data, size, err);
    }
}

int fl_http_next(struct fl_http_request *request, const uint8_t **data, size_t *size,
                 struct fl_http_text *body, flow_error **err)
{
    int rc;

    if (request->status)
        return flow_error_set(err, FLOW_ESTATE, "an HTTP request follows a broken one");
    /* A body of no bytes ends without any. */
    do {
        if (request->state == AT_REQUEST && request->fields.capacity + request->line > 0)
            begin(request);
        if (*size == 0 && (request->state != IN_BODY || request->left > 0))
            return FL_HTTP_NOTHING;
        rc = read_some(request, data, size, body, err);
    } while (rc == FLOW_OK);
    return rc;
}
