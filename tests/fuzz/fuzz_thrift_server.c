/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what a client of a Thrift server sends.  The first chooses the service and the
 * protocol, the second the size of the pieces in which the rest comes, on which nothing may depend.
 */

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "wire/thrift_server.h"

#define HEAD 2
#define LIMIT 5000

static const struct fl_thrift_service *const services[] = {&fl_thrift_flume, &fl_thrift_scribe,
                                                           &fl_thrift_legacy};

static void note(struct fl_buf *log, const void *data, size_t size)
{
    if (fl_buf_printf(log, "%zu:", size) || fl_buf_append(log, data, size))
        abort();
}

/* Writes down what was found. */
static void log_item(struct fl_buf *log, int item, const struct fl_draft *draft,
                     struct fl_thrift_server *server)
{
    const flow_header *headers = draft->headers.items;

    if (fl_buf_printf(log, "[%d]", item))
        abort();
    if (item == FL_THRIFT_AN_EVENT || item == FL_THRIFT_A_STAMP)
        note(log, draft->body, draft->size);
    for (size_t i = 0; item == FL_THRIFT_AN_EVENT && i < draft->headers.count; i++) {
        note(log, headers[i].name, headers[i].name_size);
        note(log, headers[i].value, headers[i].value_size);
    }
    if (item == FL_THRIFT_THE_END && !fl_thrift_server_good(server) &&
        fl_thrift_put_refusal(log, server))
        abort();
}

/* Feeds DATA, each piece in memory that ends where it does, and writes down what comes out; returns
 * how it ended. */
static int run(const uint8_t *head, const uint8_t *data, size_t size, size_t step,
               struct fl_buf *log)
{
    struct fl_thrift_server server;
    struct fl_draft draft;
    int rc = FLOW_OK;

    fl_thrift_server_init(&server, NULL, services[head[0] % 3], head[0] / 3 % 3, LIMIT);
    fl_draft_init(&draft, NULL);
    for (size_t at = 0; rc >= 0 && at < size; at += step) {
        size_t left = size - at < step ? size - at : step;
        uint8_t *piece = malloc(left);
        const uint8_t *in = piece;
        if (!piece)
            abort();
        memcpy(piece, data + at, left);
        while ((rc = fl_thrift_server_next(&server, &in, &left, &draft, NULL)) > 0)
            log_item(log, rc, &draft, &server);
        if (rc == FL_THRIFT_NOTHING && left > 0)
            abort();
        free(piece);
        if (fl_thrift_server_held(&server) > 4 * LIMIT)
            abort();
    }
    fl_thrift_server_free(&server);
    fl_draft_free(&draft);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_buf whole;
    struct fl_buf pieces;

    if (size <= HEAD || size > 20000)
        return 0;
    fl_buf_init(&whole, NULL);
    fl_buf_init(&pieces, NULL);
    int end = run(data, data + HEAD, size - HEAD, size, &whole);
    int other = run(data, data + HEAD, size - HEAD, (size_t)data[1] + 1, &pieces);
    /* A fault in an event that was cut is told when the event is all there. */
    if (end != other && (end != FLOW_EPARSE || other != FL_THRIFT_NOTHING))
        abort();
    if (whole.size != pieces.size || (whole.size && memcmp(whole.data, pieces.data, whole.size)))
        abort();
    fl_buf_free(&whole);
    fl_buf_free(&pieces);
    return 0;
}
