/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "failing.h"
#include "suite.h"
#include "wire/http_request.h"

#define BODY_MAX 1000

/* What was read, in one text: "METHOD TARGET [keep] [continue] length;body;" a request. */
static struct fl_buf seen;
static struct fl_http_request request;

static void set_up(void)
{
    fl_buf_init(&seen, NULL);
    fl_http_init(&request, NULL, BODY_MAX);
}

static void tear_down(void)
{
    fl_buf_free(&seen);
    fl_http_free(&request);
}

static void add(const char *data, size_t size)
{
    ck_assert_int_eq(fl_buf_append(&seen, data, size), FLOW_OK);
}

static void note(int item, const struct fl_http_text *body)
{
    struct fl_http_text method = fl_http_method(&request);
    struct fl_http_text target = fl_http_target(&request);
    int rc = FLOW_OK;

    if (item == FL_HTTP_HEAD)
        rc = fl_buf_printf(&seen, "%.*s %.*s%s%s %llu;", (int)method.size, method.data,
                           (int)target.size, target.data, request.keep_alive ? " keep" : "",
                           request.expects_continue ? " continue" : "",
                           (unsigned long long)request.length);
    if (item == FL_HTTP_BODY)
        add(body->data, body->size);
    if (item == FL_HTTP_END)
        add(";", 1);
    ck_assert_int_eq(rc, FLOW_OK);
}

/* Reads TEXT as a new connection, in pieces of STEP bytes, each in memory of its own. */
static int feed(const char *text, size_t length, size_t step, flow_error **err)
{
    const flow_allocator *mem = request.head.mem;
    int rc = 0;

    fl_http_free(&request);
    fl_http_init(&request, mem, BODY_MAX);
    fl_buf_clear(&seen);
    for (size_t at = 0; rc >= 0 && at < length; at += step) {
        size_t size = length - at < step ? length - at : step;
        struct fl_http_text body;
        struct fl_buf piece;
        fl_buf_init(&piece, NULL);
        ck_assert_int_eq(fl_buf_append(&piece, text + at, size), FLOW_OK);
        const uint8_t *data = piece.data;
        while ((rc = fl_http_next(&request, &data, &size, &body, err)) > 0)
            note(rc, &body);
        fl_buf_free(&piece);
    }
    return rc;
}

static void expect(const char *text, const char *expected)
{
    for (size_t step = 1; step <= strlen(text); step++) {
        ck_assert_int_eq(feed(text, strlen(text), step, NULL), FL_HTTP_NOTHING);
        ck_assert_str_eq(fl_buf_cstr(&seen), expected);
        ck_assert_uint_eq(fl_http_held(&request), 0);
    }
}

START_TEST(requests_are_read_in_pieces_of_any_size)
{
    expect("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / keep 0;;");
    expect("POST /a?b=c%20d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
           "POST /next HTTP/1.1\r\nhost:x\r\ncontent-length:0\r\n\r\n",
           "POST /a?b=c%20d keep 5;hello;POST /next keep 0;;");
    expect("\r\n\r\nGET / HTTP/1.1\nHost: x\n\n", "GET / keep 0;;"); /* lines by newlines alone */
    expect("GET * HTTP/1.0\r\n\r\n", "GET * 0;;");
}
END_TEST

START_TEST(chunks_are_joined)
{
    expect("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
           "5\r\nhello\r\n1;name=value\r\n \r\n00b \r\nwide world.\r\n0\r\n\r\n"
           "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
           "POST / keep 0;hello wide world.;GET / keep 0;;");
    expect("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
           "A\r\n0123456789\r\n0\r\nTrailer: skipped\r\nAnother: one\r\n\r\n",
           "POST / keep 0;0123456789;");
}
END_TEST

START_TEST(the_connection_ends_when_the_peer_wants_it)
{
    expect("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / 0;;");
    expect("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo ,CLOSE\r\n\r\n", "GET / 0;;");
    expect("GET / HTTP/1.1\r\nHost: x\r\nConnection: closed\r\n\r\n", "GET / keep 0;;");
    expect("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / keep 0;;");
}
END_TEST

START_TEST(a_peer_may_wait_for_a_word_before_its_body)
{
    struct fl_buf out;

    expect("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
           "POST / keep continue 1;x;");
    /* Without a body there is nothing to wait for, and HTTP/1.0 does not know it. */
    expect("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", "POST / keep 0;;");
    expect("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "POST / 1;x;");
    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_http_put_continue(&out), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&out), "HTTP/1.1 100 Continue\r\n\r\n");
    fl_buf_free(&out);
}
END_TEST

START_TEST(headers_are_found_in_any_case)
{
    static const char text[] = "POST / HTTP/1.1\r\nHOST:  name:80 \t\r\nx-Empty:\r\n"
                               "content-type: text/plain; charset=utf-8\r\n\r\n";
    const uint8_t *data = (const uint8_t *)text;
    size_t size = strlen(text);
    struct fl_http_text value;

    ck_assert_int_eq(fl_http_next(&request, &data, &size, NULL, NULL), FL_HTTP_HEAD);
    ck_assert(fl_http_header(&request, "Host", &value));
    ck_assert(fl_http_is(&value, "name:80"));
    ck_assert(fl_http_header(&request, "X-EMPTY", &value));
    ck_assert_uint_eq(value.size, 0);
    ck_assert(fl_http_header(&request, "Content-Type", &value));
    ck_assert(fl_http_is(&value, "text/plain; charset=utf-8"));
    ck_assert(!fl_http_header(&request, "Content", &value));
    ck_assert(!request.has_body);
}
END_TEST

static void expect_fault(const char *text, int status, int code)
{
    for (size_t step = 1; step <= strlen(text); step += 3) {
        flow_error *err = NULL;
        ck_assert_msg(feed(text, strlen(text), step, &err) == code, "%s", text);
        ck_assert_msg(request.status == status, "%s: %d", text, request.status);
        ck_assert_ptr_nonnull(strstr(flow_error_message(err), "an HTTP request "));
        flow_error_free(err);
    }
}

#define HOST " HTTP/1.1\r\nHost: x\r\n"

START_TEST(what_is_no_request_is_refused)
{
    static const char *const bad[] = {
        "hello\r\n",
        "GET /\r\n",
        "GET  HTTP/1.1\r\n",
        "GET / HTTP/11\r\n",
        "GET / HTTP/1.1 \r\n",
        "G(T / HTTP/1.1\r\n",
        "GET /\t HTTP/1.1\r\n",
        "\x16\x03\x01\x02\x01\n", /* TLS */
        "GET / HTTP/1.1\r\n\r\n", /* without a host */
        "GET /" HOST "Host: y\r\n\r\n",
        "GET /" HOST "no colon\r\n",
        "GET /" HOST "Name : value\r\n",
        "GET /" HOST ": value\r\n",
        "GET /" HOST "A: b\r\n folded\r\n",
        "GET /" HOST "A: b\rc\r\n",
        "POST /" HOST "Content-Length: -1\r\n\r\n",
        "POST /" HOST "Content-Length: +1\r\n\r\n",
        "POST /" HOST "Content-Length: 1 2\r\n\r\n",
        "POST /" HOST "Content-Length:\r\n\r\n",
        "POST /" HOST "Content-Length: 0x10\r\n\r\n",
        "POST /" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "POST /" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n",
        "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n\r\n",
        "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_fault(bad[i], 400, FLOW_EPARSE);
    expect_fault("GET / HTTP/2.0\r\n", 505, FLOW_EPARSE);
    expect_fault("POST /" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, FLOW_EPARSE);
    expect_fault("POST /" HOST "Content-Length: 1001\r\n\r\n", 413, FLOW_ETOOBIG);
    expect_fault("POST /" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413, FLOW_ETOOBIG);
    expect_fault("POST /" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n3e8\r\n", 413,
                 FLOW_ETOOBIG);
    expect_fault("POST /" HOST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 413,
                 FLOW_ETOOBIG);
}
END_TEST

START_TEST(a_length_beyond_all_numbers_is_refused)
{
    expect_fault("POST /" HOST "Content-Length: 18446744073709551617\r\n\r\n", 400, FLOW_EPARSE);
}
END_TEST

/* Feeds FRONT and then MORE again and again, which must be refused before long. */
static void expect_bounded(const char *front, const char *more, int status)
{
    struct fl_buf text;

    fl_buf_init(&text, NULL);
    ck_assert_int_eq(fl_buf_text(&text, front), FLOW_OK);
    while (text.size < 4 * FL_HTTP_HEAD_MAX)
        ck_assert_int_eq(fl_buf_text(&text, more), FLOW_OK);
    for (size_t step = 7; step < text.size; step *= 13) {
        ck_assert_int_eq(feed((const char *)text.data, text.size, step, NULL), FLOW_ETOOBIG);
        ck_assert_int_eq(request.status, status);
        ck_assert_uint_lt(fl_http_held(&request), 3 * FL_HTTP_HEAD_MAX);
    }
    fl_buf_free(&text);
}

START_TEST(heads_and_trailers_are_bounded)
{
    expect_bounded("GET /", "x", 431);
    expect_bounded("GET / HTTP/1.1\r\nHost: ", "x", 431);
    expect_bounded("GET / HTTP/1.1\r\n", "A: b\r\n", 431);
    expect_bounded("POST /" HOST "Transfer-Encoding: chunked\r\n\r\n1;", "x", 431);
    expect_bounded("POST /" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n", 431);
}
END_TEST

START_TEST(nothing_is_read_behind_a_fault)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const uint8_t *data = (const uint8_t *)text;
    size_t size = strlen(text);

    ck_assert_int_eq(feed("hello\n", 6, 6, NULL), FLOW_EPARSE);
    ck_assert_int_eq(fl_http_next(&request, &data, &size, NULL, NULL), FLOW_ESTATE);
}
END_TEST

START_TEST(answers_say_how_long_they_are)
{
    const struct fl_http_answer good = {
        .status = 200, .keep_alive = 1, .type = "avro/binary", .body = "abc", .size = 3};
    const struct fl_http_answer bad = {.status = 405, .more = "Allow: POST\r\n"};
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_http_put_answer(&out, &good), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&out), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                                        "Content-Type: avro/binary\r\n"
                                        "Connection: keep-alive\r\n\r\nabc");
    fl_buf_clear(&out);
    ck_assert_int_eq(fl_http_put_answer(&out, &bad), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&out), "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n"
                                        "Allow: POST\r\nConnection: close\r\n\r\n");
    fl_buf_free(&out);
}
END_TEST

START_TEST(memory_may_run_out_anywhere)
{
    static const char text[] =
        "POST /" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    struct failing failing;
    int64_t granted = 0;
    int rc;

    failing_init(&failing);
    do {
        flow_error *err = NULL;
        fl_http_free(&request);
        fl_http_init(&request, &failing.allocator, BODY_MAX);
        failing_after(&failing, granted++);
        rc = feed(text, strlen(text), 9, &err);
        failing_after(&failing, -1);
        ck_assert(rc == FL_HTTP_NOTHING || rc == FLOW_ENOMEM);
        flow_error_free(err);
        fl_http_free(&request);
        ck_assert_int_eq(failing.live, 0);
    } while (rc);
    ck_assert_int_gt(granted, 2);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"requests", requests_are_read_in_pieces_of_any_size},
        {"chunks", chunks_are_joined},
        {"close", the_connection_ends_when_the_peer_wants_it},
        {"continue", a_peer_may_wait_for_a_word_before_its_body},
        {"headers", headers_are_found_in_any_case},
        {"refused", what_is_no_request_is_refused},
        {"length", a_length_beyond_all_numbers_is_refused},
        {"bounded", heads_and_trailers_are_bounded},
        {"behind a fault", nothing_is_read_behind_a_fault},
        {"answers", answers_say_how_long_they_are},
        {"memory", memory_may_run_out_anywhere},
    };

    return RUN_SUITE_BETWEEN("http requests", tests, set_up, tear_down);
}
