/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_HTTP_REQUEST_H
#define FL_WIRE_HTTP_REQUEST_H

/*
 * HTTP/1.0 and 1.1 as a server reads it: requests in, as many pieces as they come in, heads and
 * bodies out.  Only the head of a request is kept; its body is handed on as it comes.
 *
 *     while ((rc = fl_http_next(&request, &data, &size, &body, err)) > 0)
 *         rc == FL_HTTP_HEAD: method, target and headers are known
 *         rc == FL_HTTP_BODY: some bytes of the body
 *         rc == FL_HTTP_END: the request is complete, the next call begins another
 *
 * Behind a fault nothing can be read any more; `status` tells what to answer before hanging up.
 */

#include <flow/error.h>

#include "base/buf.h"
#include "base/vec.h"

/* The request line and all headers, in bytes and in number; the same holds for trailers. */
#define FL_HTTP_HEAD_MAX ((size_t)64 * 1024)
#define FL_HTTP_HEADERS_MAX 256u

struct fl_http_text {
    const char *data; /* does not end in NUL */
    size_t size;
};

enum fl_http_item {
    FL_HTTP_NOTHING, /* all bytes were taken */
    FL_HTTP_HEAD,
    FL_HTTP_BODY,
    FL_HTTP_END,
};

/* A part of the head, by its place there. */
struct fl_http_span {
    uint32_t at;
    uint32_t size;
};

struct fl_http_request {
    /* Of the request whose head came last. */
    uint8_t keep_alive;       /* the connection goes on behind it */
    uint8_t expects_continue; /* the body comes once "100 Continue" was answered */
    uint8_t has_body;         /* it said how long its body is, which may be 0 */
    uint64_t length;          /* of the body; 0 when it comes in chunks */

    int status; /* of a fault: 400, 413, 431, 501 or 505 */

    /* The inside. */
    uint64_t body_max;
    uint8_t state;
    uint8_t chunked;
    uint8_t minor;  /* HTTP/1.minor */
    uint64_t left;  /* bytes of the body, or of the chunk */
    uint64_t taken; /* bytes of the body so far */
    size_t trailer_bytes;
    struct fl_buf head; /* from the request line on; behind it, the present line of the chunks */
    size_t line;        /* where the present line of it begins */
    struct fl_http_span method;
    struct fl_http_span target;
    struct fl_vec fields;
};

/* Bodies may have up to BODY_MAX bytes. */
void fl_http_init(struct fl_http_request *request, const flow_allocator *mem, uint64_t body_max);
void fl_http_free(struct fl_http_request *request);

/*
 * Takes the *SIZE bytes at *DATA, which move on, up to the next item: returns it, of a body with
 * the bytes, which are lent as DATA is.  FLOW_EPARSE and FLOW_ETOOBIG set `status`; FLOW_ENOMEM.
 */
int fl_http_next(struct fl_http_request *request, const uint8_t **data, size_t *size,
                 struct fl_http_text *body, flow_error **err);

/* Of the request whose head came last; lent until the next call of fl_http_next. */
struct fl_http_text fl_http_method(const struct fl_http_request *request);
struct fl_http_text fl_http_target(const struct fl_http_request *request);

/* Finds the first header called NAME, in any case; 0: there is none.  Likewise lent. */
int fl_http_header(const struct fl_http_request *request, const char *name,
                   struct fl_http_text *value);

/* Whether TEXT is WORD, in any case. */
int fl_http_is(const struct fl_http_text *text, const char *word);

/* The bytes held for a request that is not complete; 0 between requests. */
size_t fl_http_held(const struct fl_http_request *request);

/* An answer.  MORE are further header lines, each with its end, or NULL. */
struct fl_http_answer {
    int status;
    int keep_alive;
    const char *type; /* of the body, or NULL */
    const char *more;
    const void *body;
    size_t size;
};

int fl_http_put_answer(struct fl_buf *out, const struct fl_http_answer *answer);

/* The answer to who expects it before his body. */
int fl_http_put_continue(struct fl_buf *out);

#endif
