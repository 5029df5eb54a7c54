/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what an HTTP client sends.  The first chooses the size of the pieces in which the
 * rest comes, on which nothing may depend.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/http_request.h"

#define BODY_MAX 2000

static void add(struct fl_buf *log, struct fl_http_text text)
{
    if (fl_buf_printf(log, "[%zu]", text.size) || fl_buf_append(log, text.data, text.size))
        abort();
}

static void log_head(struct fl_buf *log, const struct fl_http_request *request)
{
    struct fl_http_text value;

    add(log, fl_http_method(request));
    add(log, fl_http_target(request));
    if (fl_http_header(request, "Host", &value))
        add(log, value);
    if (fl_buf_printf(log, "%d%d%d", request->keep_alive, request->expects_continue,
                      request->has_body))
        abort();
}

/* Feeds DATA, each piece in memory that ends where it does; returns how it ended. */
static int run(const uint8_t *data, size_t size, size_t step, struct fl_buf *log)
{
    struct fl_http_request request;
    struct fl_http_text body;
    int rc = FLOW_OK;

    fl_http_init(&request, NULL, BODY_MAX);
    for (size_t at = 0; rc >= 0 && at < size; at += step) {
        size_t left = size - at < step ? size - at : step;
        uint8_t *piece = malloc(left);
        const uint8_t *in = piece;
        if (!piece)
            abort();
        memcpy(piece, data + at, left);
        while ((rc = fl_http_next(&request, &in, &left, &body, NULL)) > 0) {
            if (rc == FL_HTTP_HEAD)
                log_head(log, &request);
            else if (fl_buf_append(log, rc == FL_HTTP_BODY ? body.data : "|",
                                   rc == FL_HTTP_BODY ? body.size : 1))
                abort();
        }
        if ((rc == FL_HTTP_NOTHING && left > 0) || (rc < 0 && request.status == 0))
            abort();
        free(piece);
    }
    fl_http_free(&request);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_buf whole;
    struct fl_buf pieces;

    if (size < 2)
        return 0;
    fl_buf_init(&whole, NULL);
    fl_buf_init(&pieces, NULL);
    if (run(data + 1, size - 1, size, &whole) !=
        run(data + 1, size - 1, (size_t)data[0] + 1, &pieces))
        abort();
    if (whole.size != pieces.size || (whole.size && memcmp(whole.data, pieces.data, whole.size)))
        abort();
    fl_buf_free(&whole);
    fl_buf_free(&pieces);
    return 0;
}
