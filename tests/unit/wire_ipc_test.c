/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include <flow.h>

#include "failing.h"
#include "suite.h"
#include "wire/ipc_reader.h"

#define MOST ((uint64_t)1 << 20)
#define KEY "0123456789abcdef"

static const flow_header headers[] = {
    {.name = "host", .name_size = 4, .value = "a", .value_size = 1},
    {.name = "empty", .name_size = 5, .value = "", .value_size = 0},
    {.name = "", .name_size = 0, .value = "no name", .value_size = 7},
};

/* Events as flow_events_pack makes them, with 0 to 3 headers each. */
static void add_events(struct fl_buf *out, uint32_t count)
{
    flow_library *lib;
    flow_batch *batch;
    size_t size;

    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(lib, &batch, NULL), FLOW_OK);
    for (uint32_t i = 0; i < count; i++) {
        char body[200];
        memset(body, 'a' + (int)(i % 26), sizeof body);
        ck_assert_int_eq(
            flow_batch_add_full(batch, body, i * 7 % 200, headers, i % 4, sizeof headers[0], NULL),
            FLOW_OK);
    }
    flow_events_pack(flow_batch_events(batch), count, NULL, 0, &size, NULL);
    void *at = fl_buf_reserve(out, size);
    ck_assert_int_eq(flow_events_pack(flow_batch_events(batch), count, at, size, &size, NULL),
                     FLOW_OK);
    out->size += size;
    flow_batch_free(batch);
    flow_library_free(lib, NULL);
}

static void add_request(struct fl_buf *out, uint64_t number, uint32_t count)
{
    struct fl_buf events;
    struct fl_ipc_span spans[2] = {
        {.key = (const uint8_t *)KEY, .key_size = 16, .count = 1, .first = 100, .horizon = 90},
        {.key = NULL, .key_size = 0, .count = count - 1},
    };

    fl_buf_init(&events, NULL);
    add_events(&events, count);
    struct fl_ipc_request request = {.number = number, .size = events.size, .events = count};
    if (count) {
        request.spans = 2;
        request.spans_size = fl_ipc_span_size(16) + fl_ipc_span_size(0);
    }
    ck_assert_int_eq(fl_ipc_request_write(out, &request), FLOW_OK);
    for (uint32_t i = 0; i < request.spans; i++)
        ck_assert_int_eq(fl_ipc_span_write(out, &spans[i]), FLOW_OK);
    ck_assert_int_eq(fl_buf_append(out, events.data, events.size), FLOW_OK);
    fl_buf_free(&events);
}

/* What a reader finds, as a text that does not depend on how the bytes were cut. */
static void describe(int kind, const struct fl_ipc_item *item, struct fl_buf *found)
{
    if (kind == FL_IPC_BEGIN) {
        fl_buf_printf(found, "%llu:%u,%u[", (unsigned long long)item->request.number,
                      item->request.events, item->request.spans);
        fl_buf_append(found, item->spans, item->request.spans_size);
    } else if (kind == FL_IPC_EVENT) {
        for (size_t i = 0; i < item->header_count; i++) {
            fl_buf_append(found, item->headers[i].name, item->headers[i].name_size);
            fl_buf_byte(found, '=');
            fl_buf_append(found, item->headers[i].value, item->headers[i].value_size);
            fl_buf_byte(found, ',');
        }
        fl_buf_append(found, item->body, item->body_size);
        fl_buf_byte(found, ';');
    } else {
        fl_buf_byte(found, ']');
    }
}

static int feed(struct fl_ipc_reader *reader, const uint8_t *data, size_t size,
                struct fl_buf *found, flow_error **err)
{
    struct fl_ipc_item item;
    int kind;

    while ((kind = fl_ipc_reader_next(reader, &data, &size, &item, err)) > 0)
        describe(kind, &item, found);
    return kind;
}

/* Reads TEXT as a whole, for faults. */
static int read_all(const struct fl_buf *text, uint64_t most, flow_error **err)
{
    struct fl_ipc_reader reader;
    struct fl_buf found;

    fl_ipc_reader_init(&reader, NULL, most);
    fl_buf_init(&found, NULL);
    int rc = feed(&reader, text->data, text->size, &found, err);
    fl_ipc_reader_free(&reader);
    fl_buf_free(&found);
    return rc;
}

static void expect_fault(const struct fl_buf *text, uint64_t most, int code, const char *words)
{
    flow_error *err = NULL;

    ck_assert_int_eq(read_all(text, most, &err), code);
    ck_assert_msg(strstr(flow_error_message(err), words) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
}

START_TEST(requests_are_found_however_they_are_cut)
{
    struct fl_buf text, whole, parts;
    struct fl_ipc_reader reader;

    fl_buf_init(&text, NULL);
    fl_buf_init(&whole, NULL);
    fl_buf_init(&parts, NULL);
    add_request(&text, 7, 40);
    add_request(&text, 8, 0);
    add_request(&text, UINT64_MAX, 1);
    fl_ipc_reader_init(&reader, NULL, MOST);
    ck_assert_int_eq(feed(&reader, text.data, text.size, &whole, NULL), 0);
    ck_assert(!fl_ipc_reader_within(&reader));
    ck_assert(whole.size > 3000);

    srand(1);
    for (int round = 0; round < 300; round++) {
        fl_buf_clear(&parts);
        for (size_t at = 0; at < text.size;) {
            size_t most = round == 0 ? 1 : 1 + (size_t)rand() % (2u << rand() % 12);
            size_t part = most < text.size - at ? most : text.size - at;
            /* A copy of just that size, so that reading beyond it is seen. */
            uint8_t *piece = malloc(part);
            memcpy(piece, text.data + at, part);
            ck_assert_int_eq(feed(&reader, piece, part, &parts, NULL), 0);
            free(piece);
            at += part;
        }
        ck_assert_uint_eq(parts.size, whole.size);
        ck_assert_mem_eq(parts.data, whole.data, whole.size);
        ck_assert(!fl_ipc_reader_within(&reader));
        ck_assert_uint_eq(fl_ipc_reader_held(&reader), 0);
    }
    fl_ipc_reader_free(&reader);
    fl_buf_free(&text);
    fl_buf_free(&whole);
    fl_buf_free(&parts);
}
END_TEST

START_TEST(a_request_that_is_not_whole_is_known_as_such)
{
    struct fl_ipc_reader reader;
    struct fl_buf text, found;

    fl_buf_init(&text, NULL);
    fl_buf_init(&found, NULL);
    add_request(&text, 1, 3);
    fl_ipc_reader_init(&reader, NULL, MOST);
    for (size_t i = 0; i < text.size; i++) {
        ck_assert_int_eq(fl_ipc_reader_within(&reader), i > 0);
        ck_assert_int_eq(feed(&reader, text.data + i, 1, &found, NULL), 0);
    }
    ck_assert(!fl_ipc_reader_within(&reader));
    fl_ipc_reader_free(&reader);
    fl_buf_free(&found);
    fl_buf_free(&text);
}
END_TEST

START_TEST(what_begins_otherwise_is_no_request)
{
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    fl_buf_text(&text, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect_fault(&text, MOST, FLOW_EPARSE, "begins with 47 45 54 20");
    fl_buf_free(&text);
}
END_TEST

START_TEST(sizes_that_cannot_be_true_are_refused)
{
    static const struct fl_ipc_request wrong[] = {
        {.number = 5, .events = 3, .size = 23},
        {.number = 5, .events = UINT32_MAX, .size = 1000},
        {.number = 5, .events = 0, .size = 8},
        {.number = 5, .events = 1, .size = 8, .spans = 0, .spans_size = 24},
        {.number = 5, .events = 1, .size = 8, .spans = 2, .spans_size = 24},
        {.number = 5, .events = 1, .size = 8, .spans = 1, .spans_size = UINT32_MAX},
        {.number = 5, .events = 1, .size = 8, .spans = UINT32_MAX, .spans_size = 65536},
    };
    struct fl_buf text;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fl_buf_init(&text, NULL);
        fl_ipc_request_write(&text, &wrong[i]);
        expect_fault(&text, MOST, FLOW_EPARSE, "request 5");
        fl_buf_free(&text);
    }
}
END_TEST

START_TEST(a_request_beyond_the_limit_is_refused_by_its_front)
{
    const struct fl_ipc_request large = {.number = 9, .events = 1, .size = MOST + 1};
    struct fl_ipc_reader reader;
    struct fl_ipc_item item;
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    fl_ipc_request_write(&text, &large);
    expect_fault(&text, MOST, FLOW_ETOOBIG, "more than the 1048576 that are allowed");

    const uint8_t *data = text.data;
    size_t size = text.size;
    fl_ipc_reader_init(&reader, NULL, MOST);
    ck_assert_int_eq(fl_ipc_reader_next(&reader, &data, &size, &item, NULL), FLOW_ETOOBIG);
    ck_assert_uint_eq(reader.request.number, 9);
    fl_ipc_reader_free(&reader);
    fl_buf_free(&text);
}
END_TEST

/* A request of one event whose front of EVENT says COUNT headers and BODY bytes. */
static void add_event_front(struct fl_buf *text, uint32_t count, uint32_t body, uint32_t size)
{
    const struct fl_ipc_request request = {.number = 6, .events = 1, .size = size};
    uint8_t front[8];

    fl_buf_init(text, NULL);
    fl_ipc_request_write(text, &request);
    for (int i = 0; i < 4; i++) {
        front[i] = (uint8_t)(count >> 8 * i);
        front[4 + i] = (uint8_t)(body >> 8 * i);
    }
    fl_buf_append(text, front, sizeof front);
    while (text->size < FL_IPC_REQUEST_FRONT + (size_t)size)
        fl_buf_byte(text, 0xff);
}

START_TEST(an_event_that_is_larger_than_its_request_is_refused)
{
    static const uint32_t fronts[][3] = {
        {0, 93, 100}, {0, UINT32_MAX, 100}, {UINT32_MAX, 0, 100}, {12, 0, 100}, {11, 0, 100}};
    struct fl_buf text;

    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++) {
        add_event_front(&text, fronts[i][0], fronts[i][1], fronts[i][2]);
        expect_fault(&text, MOST, FLOW_EPARSE, "request 6, events at byte 0");
        fl_buf_free(&text);
    }
}
END_TEST

/* They are not waited for, nor is there memory for them. */
START_TEST(an_event_of_more_headers_than_it_can_have_is_refused)
{
    struct fl_ipc_reader reader;
    struct fl_ipc_item item;
    struct fl_buf text;

    add_event_front(&text, 2000000, 0, 20000000);
    const uint8_t *data = text.data;
    size_t size = FL_IPC_REQUEST_FRONT + FL_IPC_EVENT_MIN;
    fl_ipc_reader_init(&reader, NULL, 20000000);
    ck_assert_int_eq(fl_ipc_reader_next(&reader, &data, &size, &item, NULL), FL_IPC_BEGIN);
    ck_assert_int_eq(fl_ipc_reader_next(&reader, &data, &size, &item, NULL), FLOW_EPARSE);
    fl_ipc_reader_free(&reader);
    fl_buf_free(&text);
}
END_TEST

/* An error behind a request must not be told as its answer. */
START_TEST(behind_a_request_there_is_none_under_way)
{
    const struct fl_ipc_request request = {.number = 7};
    struct fl_ipc_reader reader;
    struct fl_ipc_item item;
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    ck_assert_int_eq(fl_ipc_request_write(&text, &request), FLOW_OK);
    const uint8_t *data = text.data;
    size_t size = text.size;
    fl_ipc_reader_init(&reader, NULL, MOST);
    ck_assert_int_eq(fl_ipc_reader_next(&reader, &data, &size, &item, NULL), FL_IPC_BEGIN);
    ck_assert_int_eq(fl_ipc_reader_next(&reader, &data, &size, &item, NULL), FL_IPC_END);
    ck_assert_uint_eq(item.request.number, 7);
    ck_assert_uint_eq(reader.request.number, 0);
    fl_ipc_reader_free(&reader);
    fl_buf_free(&text);
}
END_TEST

START_TEST(bytes_behind_the_last_event_are_refused)
{
    struct fl_buf text;

    add_event_front(&text, 0, 91, 100);
    expect_fault(&text, MOST, FLOW_EPARSE, "events at byte 99: there is more");
    fl_buf_free(&text);
}
END_TEST

/* A request of EVENTS empty events with one span. */
static void add_spanned(struct fl_buf *text, uint32_t events, const struct fl_ipc_span *span,
                        uint32_t said)
{
    const struct fl_ipc_request request = {
        .number = 4,
        .events = events,
        .size = (uint64_t)events * FL_IPC_EVENT_MIN,
        .spans = said,
        .spans_size = fl_ipc_span_size(span->key_size) * said,
    };

    fl_buf_init(text, NULL);
    fl_ipc_request_write(text, &request);
    for (uint32_t i = 0; i < said; i++)
        fl_ipc_span_write(text, span);
    for (uint64_t i = 0; i < request.size; i++)
        fl_buf_byte(text, 0);
}

START_TEST(spans_have_to_fit_the_events)
{
    struct fl_ipc_span span = {.key = (const uint8_t *)KEY, .key_size = 5, .count = 2, .first = 8};
    struct fl_buf text;

    add_spanned(&text, 4, &span, 2);
    ck_assert_int_eq(read_all(&text, MOST, NULL), 0);
    fl_buf_free(&text);

    add_spanned(&text, 3, &span, 1);
    expect_fault(&text, MOST, FLOW_EPARSE, "has 3 events, but its spans have 2");
    fl_buf_free(&text);

    add_spanned(&text, 2, &span, 1);
    text.data[FL_IPC_REQUEST_FRONT + 21] = 1; /* the size of the key, + 256 */
    expect_fault(&text, MOST, FLOW_EPARSE, "the key of a span is too long");
    fl_buf_free(&text);

    span.horizon = 9;
    add_spanned(&text, 2, &span, 1);
    expect_fault(&text, MOST, FLOW_EPARSE, "begins before its horizon");
    fl_buf_free(&text);

    span.first = UINT64_MAX - 1;
    add_spanned(&text, 2, &span, 1);
    expect_fault(&text, MOST, FLOW_EPARSE, "numbers of a span are too large");
    fl_buf_free(&text);
}
END_TEST

START_TEST(answers_are_read_back_and_cut)
{
    char long_text[4000];
    struct fl_ipc_answer answer = {.number = 77, .status = FL_IPC_FAILED, .text = "full"};
    struct fl_ipc_answer read;
    struct fl_buf out;
    size_t used;

    answer.text_size = 4;
    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_ipc_answer_write(&out, &answer), FLOW_OK);
    for (size_t size = 0; size < out.size; size++)
        ck_assert_int_eq(fl_ipc_answer_read(out.data, size, &read, &used, NULL), 0);
    ck_assert_int_eq(fl_ipc_answer_read(out.data, out.size, &read, &used, NULL), 1);
    ck_assert_uint_eq(used, out.size);
    ck_assert_uint_eq(read.number, 77);
    ck_assert_uint_eq(read.status, FL_IPC_FAILED);
    ck_assert_uint_eq(read.text_size, 4);
    ck_assert_mem_eq(read.text, "full", 4);

    /* 1023 letters and a character of two bytes: the character does not fit. */
    memset(long_text, 'x', sizeof long_text);
    memcpy(long_text + FL_IPC_TEXT_MAX - 1, "\xc3\xa4", 2);
    answer.text = long_text;
    answer.text_size = sizeof long_text;
    fl_buf_clear(&out);
    ck_assert_int_eq(fl_ipc_answer_write(&out, &answer), FLOW_OK);
    ck_assert_int_eq(fl_ipc_answer_read(out.data, out.size, &read, &used, NULL), 1);
    ck_assert_uint_eq(read.text_size, FL_IPC_TEXT_MAX - 1);
    fl_buf_free(&out);
}
END_TEST

START_TEST(answers_that_are_none_are_refused)
{
    const struct fl_ipc_answer answer = {.number = 1};
    struct fl_ipc_answer read;
    struct fl_buf out;
    size_t used;

    fl_buf_init(&out, NULL);
    fl_ipc_answer_write(&out, &answer);
    out.data[4] = 3; /* the status */
    ck_assert_int_eq(fl_ipc_answer_read(out.data, out.size, &read, &used, NULL), FLOW_EPARSE);
    out.data[4] = 0;
    out.data[7] = 255; /* the size of the text */
    ck_assert_int_eq(fl_ipc_answer_read(out.data, out.size, &read, &used, NULL), FLOW_EPARSE);
    out.data[1] = 'X';
    ck_assert_int_eq(fl_ipc_answer_read(out.data, 2, &read, &used, NULL), FLOW_EPARSE);
    fl_buf_free(&out);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct failing failing;
    struct fl_buf text;
    int rc = FLOW_ENOMEM;

    fl_buf_init(&text, NULL);
    add_request(&text, 1, 40);
    failing_init(&failing);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        struct fl_ipc_reader reader;
        struct fl_buf found;
        fl_buf_init(&found, NULL);
        fl_ipc_reader_init(&reader, &failing.allocator, MOST);
        failing_after(&failing, grants);
        rc = FLOW_OK;
        for (size_t at = 0; at < text.size && !rc; at += 10)
            rc = feed(&reader, text.data + at, text.size - at < 10 ? text.size - at : 10, &found,
                      NULL);
        failing_after(&failing, -1);
        fl_ipc_reader_free(&reader);
        fl_buf_free(&found);
        ck_assert_int_eq(failing.live, 0);
    }
    ck_assert_int_eq(rc, FLOW_OK);
    fl_buf_free(&text);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"cut", requests_are_found_however_they_are_cut},
        {"partial", a_request_that_is_not_whole_is_known_as_such},
        {"foreign", what_begins_otherwise_is_no_request},
        {"sizes", sizes_that_cannot_be_true_are_refused},
        {"limit", a_request_beyond_the_limit_is_refused_by_its_front},
        {"event", an_event_that_is_larger_than_its_request_is_refused},
        {"many headers", an_event_of_more_headers_than_it_can_have_is_refused},
        {"between", behind_a_request_there_is_none_under_way},
        {"behind", bytes_behind_the_last_event_are_refused},
        {"spans", spans_have_to_fit_the_events},
        {"answers", answers_are_read_back_and_cut},
        {"no answer", answers_that_are_none_are_refused},
        {"memory", every_allocation_may_fail},
    };

    return RUN_SUITE("wire_ipc", tests);
}
