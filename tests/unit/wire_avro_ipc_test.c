/* SPDX-License-Identifier: Apache-2.0 */

/* The server's side of Avro RPC, against bytes of Flume's own client and server, and against
 * everything else that the format allows. */

#include <stdio.h>
#include <string.h>

#include "avro_listener.h"
#include "avro_speaker.h"
#include "failing.h"
#include "suite.h"

#define FOLDER TEST_DATA "/avro-ipc"
#define FRAME_MAX ((size_t)1 << 20)

static const uint8_t other_hash[SPEAK_HASH] = "another protocol";

/* ---- what Flume says ---- */

struct exchange {
    const char *name;
    enum fl_avro_status status;
};

struct conversation {
    struct exchange exchanges[4];
    const char *events;
};

static const struct conversation conversations[] = {
    {
        .exchanges = {{"append", FL_AVRO_OK},
                      {"append-empty", FL_AVRO_OK},
                      {"appendBatch", FL_AVRO_OK}},
        .events = "host=web1 |hello\n|\nn=1 |first\n|second\nk\xc3\xa9y=v\xc3\xa4lue n=3 |"
                  "\xc3\xbc",
    },
    {
        .exchanges = {{"foreign-none", FL_AVRO_OK},
                      {"foreign-append", FL_AVRO_OK},
                      {"foreign-unknown-message", FL_AVRO_OK}},
        .events = "|hello\n",
    },
    {
        .exchanges = {{"refused-append", FL_AVRO_OK}, {"refused-appendBatch", FL_AVRO_FAILED}},
        .events = "",
    },
};

/* A number below LIMIT; the same for the same seed on every machine. */
static size_t below(uint64_t *random, size_t limit)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(*random >> 33) % limit;
}

/* How many bytes come at once; 0: any number. */
static size_t next_cut(size_t step, size_t left, uint64_t *random)
{
    size_t cut = step ? step : below(random, 40) + 1;

    return cut < left ? cut : left;
}

static void tell(struct avro_listener *listener, const struct fl_buf *bytes, size_t step,
                 uint64_t *random)
{
    for (size_t at = 0, cut; at < bytes->size; at += cut) {
        cut = next_cut(step, bytes->size - at, random);
        avro_listener_hear(listener, bytes->data + at, cut);
    }
}

/* Says one request of Flume's client and expects the answer of Flume's source. */
static void exchange(struct avro_listener *listener, const struct exchange *one, size_t step,
                     uint64_t *random)
{
    struct fl_buf request;
    struct fl_buf response;
    char name[64];

    fl_buf_init(&request, NULL);
    fl_buf_init(&response, NULL);
    snprintf(name, sizeof name, "%s-request", one->name);
    speak_hex(&request, FOLDER, name);
    snprintf(name, sizeof name, "%s-response", one->name);
    speak_hex(&response, FOLDER, name);
    listener->status = one->status;
    tell(listener, &request, step, random);
    ck_assert_int_eq(listener->fault, FLOW_OK);
    ck_assert_uint_eq(listener->answers.size, response.size);
    ck_assert_mem_eq(listener->answers.data, response.data, response.size);
    fl_buf_clear(&listener->answers);
    fl_buf_free(&request);
    fl_buf_free(&response);
}

static void converse(const struct conversation *conversation, size_t step, uint64_t *random)
{
    struct avro_listener listener;
    const char *events = conversation->events;

    avro_listener_init(&listener, NULL, FRAME_MAX);
    for (size_t i = 0; i < 4 && conversation->exchanges[i].name; i++)
        exchange(&listener, &conversation->exchanges[i], step, random);
    ck_assert_uint_ge(listener.events.size, strlen(events));
    ck_assert_mem_eq(listener.events.data, events, strlen(events));
    avro_listener_free(&listener);
}

START_TEST(flumes_own_calls_get_flumes_own_answers)
{
    uint64_t random = 1;

    for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++) {
        converse(&conversations[i], SIZE_MAX, &random);
        converse(&conversations[i], 1, &random);
        for (int round = 0; round < 200; round++)
            converse(&conversations[i], 0, &random);
    }
}
END_TEST

/* ---- single calls ---- */

struct talk {
    struct failing failing;
    struct avro_listener listener;
    struct fl_buf payload;
    struct fl_buf bytes;
};

static void begin(struct talk *talk)
{
    failing_init(&talk->failing);
    avro_listener_init(&talk->listener, &talk->failing.allocator, FRAME_MAX);
    fl_buf_init(&talk->payload, NULL);
    fl_buf_init(&talk->bytes, NULL);
}

/* Sends the payload as one frame, and forgets it. */
static void say(struct talk *talk, uint32_t serial)
{
    speak_frame(&talk->bytes, serial, &talk->payload, 0);
    avro_listener_hear(&talk->listener, talk->bytes.data, talk->bytes.size);
    fl_buf_clear(&talk->bytes);
    fl_buf_clear(&talk->payload);
}

static void begin_known(struct talk *talk)
{
    begin(talk);
    speak_handshake(&talk->payload, speak_flume_hash, NULL, speak_flume_hash);
    speak_call(&talk->payload, "");
    say(talk, 1);
    fl_buf_clear(&talk->listener.answers);
}

/* What is left behind is nothing. */
static void end(struct talk *talk)
{
    ck_assert_int_eq(talk->failing.live, 0);
    avro_listener_free(&talk->listener);
    fl_buf_free(&talk->payload);
    fl_buf_free(&talk->bytes);
}

static void expect_answer(struct talk *talk, const void *bytes, size_t size)
{
    struct fl_buf *answers = &talk->listener.answers;

    ck_assert_int_eq(talk->listener.fault, FLOW_OK);
    ck_assert_uint_eq(answers->size, size);
    ck_assert_mem_eq(answers->data, bytes, size);
    fl_buf_clear(answers);
}

static void expect_events(struct talk *talk, const char *text)
{
    ck_assert_str_eq(fl_buf_cstr(&talk->listener.events), text);
}

#define OK_AFTER_FIRST(serial) "\0\0\0" serial "\0\0\0\3\0\0\0\0\0\0\0\1\0\0\0\0\2\0\0"

static void expect_ok(struct talk *talk)
{
    expect_answer(talk, OK_AFTER_FIRST("\7"), 23);
}

/* Later answer: an empty handshake, metadata, and an error of TEXT. */
static void expect_error(struct talk *talk, uint32_t serial, const char *text)
{
    struct fl_buf expected;
    struct fl_buf error;

    fl_buf_init(&expected, NULL);
    fl_buf_init(&error, NULL);
    fl_buf_byte(&error, 1);
    fl_buf_byte(&error, 0);
    speak_text(&error, text);
    fl_buf_be32(&expected, serial);
    fl_buf_be32(&expected, 3);
    fl_buf_be32(&expected, 0);
    fl_buf_be32(&expected, 1);
    fl_buf_byte(&expected, 0);
    fl_buf_be32(&expected, (uint32_t)error.size);
    fl_buf_append(&expected, error.data, error.size);
    expect_answer(talk, expected.data, expected.size);
    fl_buf_free(&expected);
    fl_buf_free(&error);
}

/* The connection is as good as new: another call goes as it should. */
static void expect_fine(struct talk *talk)
{
    fl_buf_clear(&talk->listener.events);
    speak_call(&talk->payload, "append");
    speak_event(&talk->payload, "k", "v", "fine", 4);
    say(talk, 7);
    expect_ok(talk);
    expect_events(talk, "k=v |fine\n");
}

START_TEST(a_ping_is_answered_with_the_handshake_alone)
{
    struct talk talk;

    begin(&talk);
    speak_handshake(&talk.payload, speak_flume_hash, NULL, speak_flume_hash);
    speak_call(&talk.payload, "");
    say(&talk, 1);
    expect_answer(&talk, "\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\0", 16);
    speak_call(&talk.payload, "");
    say(&talk, 2);
    expect_answer(&talk, "\0\0\0\2\0\0\0\1\0\0\0\0", 12);
    expect_fine(&talk);
    end(&talk);
}
END_TEST

START_TEST(a_client_that_takes_us_for_another_is_told_who_we_are)
{
    struct talk talk;
    struct fl_buf *answers = &talk.listener.answers;

    begin(&talk);
    speak_handshake(&talk.payload, speak_flume_hash, NULL, other_hash);
    speak_call(&talk.payload, "append");
    speak_event(&talk.payload, NULL, NULL, "x", 1);
    say(&talk, 1);
    expect_events(&talk, "|x\n");
    /* CLIENT, protocol, hash, no metadata. */
    static const uint8_t head[] = {0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 5, 0x4c, 2, 2, 0xec, 0x14};
    ck_assert_mem_eq(answers->data, head, sizeof head);
    ck_assert_mem_eq(answers->data + sizeof head, fl_avro_protocol, FL_AVRO_PROTOCOL_SIZE);
    size_t at = sizeof head + FL_AVRO_PROTOCOL_SIZE;
    ck_assert_uint_eq(answers->data[at], 2);
    ck_assert_mem_eq(answers->data + at + 1, speak_flume_hash, SPEAK_HASH);
    static const uint8_t tail[] = {0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0};
    ck_assert_uint_eq(answers->size, at + 1 + SPEAK_HASH + sizeof tail);
    ck_assert_mem_eq(answers->data + at + 1 + SPEAK_HASH, tail, sizeof tail);
    fl_buf_clear(answers);
    expect_fine(&talk);
    end(&talk);
}
END_TEST

#define EVENT(fields) "{\"type\":\"record\",\"name\":\"E\",\"fields\":[" fields "]}"
#define HEADERS "{\"name\":\"headers\",\"type\":{\"type\":\"map\",\"values\":\"string\"}}"
#define BODY "{\"name\":\"body\",\"type\":\"bytes\"}"
#define ONE(type) "\"append\":{\"request\":[{\"name\":\"e\",\"type\":" type "}]}"
#define MANY(type)                                                                                 \
    "\"appendBatch\":{\"request\":[{\"name\":\"e\",\"type\":{\"type\":\"array\",\"items\":" type   \
    "}}]}"
#define PROTOCOL(types, messages) "{\"types\":[" types "],\"messages\":{" messages "}}"

START_TEST(a_protocol_of_other_events_is_refused)
{
    static const struct {
        const char *text;
        int fits;
    } cases[] = {
        {PROTOCOL(EVENT(HEADERS "," BODY), ONE("\"E\"") "," MANY("\"a.b.E\"")), 1},
        {PROTOCOL("", ONE(EVENT(HEADERS "," BODY))), 1},
        {PROTOCOL("", MANY(EVENT(HEADERS "," BODY))), 1},
        {PROTOCOL("", ""), 1},
        {"{}", 1},
        {PROTOCOL(EVENT(BODY "," HEADERS), ONE("\"E\"")), 0},
        {PROTOCOL(EVENT(HEADERS), ONE("\"E\"")), 0},
        {PROTOCOL(EVENT(HEADERS "," BODY "," BODY), ONE("\"E\"")), 0},
        {PROTOCOL(EVENT(HEADERS "," BODY), ONE("\"F\"")), 0},
        {PROTOCOL("", ONE("\"bytes\"")), 0},
        {PROTOCOL(EVENT(HEADERS "," BODY), MANY("\"bytes\"")), 0},
        {PROTOCOL("", "\"append\":{\"request\":[]}"), 0},
        {PROTOCOL("", "\"append\":7"), 0},
        {"[]", 0},
        {"7", 0},
        {"{", 0},
        {"", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct talk talk;
        begin(&talk);
        speak_handshake(&talk.payload, other_hash, cases[i].text, speak_flume_hash);
        speak_call(&talk.payload, "");
        say(&talk, 1);
        if (cases[i].fits)
            expect_answer(&talk, "\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\0", 16);
        else
            expect_error(&talk, 1,
                         "org.apache.avro.AvroTypeException: the events of the client's protocol "
                         "are not Flume's");
        end(&talk);
    }
}
END_TEST

START_TEST(maps_and_arrays_may_come_in_blocks_of_either_kind)
{
    struct talk talk;
    struct fl_buf *payload = &talk.payload;

    begin_known(&talk);
    speak_call(payload, "appendBatch");
    speak_long(payload, -2); /* two events in a block, whose size follows */
    speak_long(payload, 11);
    speak_event(payload, NULL, NULL, "one", 3);
    speak_long(payload, -1);
    speak_long(payload, 5);
    speak_text(payload, "a");
    speak_text(payload, "1");
    speak_long(payload, 1); /* and another block of headers */
    speak_text(payload, "b");
    speak_text(payload, "2");
    speak_long(payload, 0);
    speak_text(payload, "two");
    speak_long(payload, 1);
    speak_event(payload, "", "", "", 0);
    speak_long(payload, 0);
    say(&talk, 7);
    expect_ok(&talk);
    expect_events(&talk, "|one\na=1 b=2 |two\n= |\n");
    end(&talk);
}
END_TEST

START_TEST(a_call_that_is_cut_is_refused_and_the_next_one_is_fine)
{
    struct talk talk;
    struct fl_buf whole;

    begin_known(&talk);
    fl_buf_init(&whole, NULL);
    speak_call(&whole, "appendBatch");
    speak_long(&whole, 2);
    speak_event(&whole, "k", "v", "one", 3);
    speak_event(&whole, "k", "v", "two", 3);
    speak_long(&whole, 0);
    for (size_t size = 0; size < whole.size; size++) {
        fl_buf_append(&talk.payload, whole.data, size);
        say(&talk, 2);
        expect_error(&talk, 2, "java.io.EOFException");
        expect_events(&talk, "");
        expect_fine(&talk);
        fl_buf_clear(&talk.listener.events);
    }
    fl_buf_free(&whole);
    end(&talk);
}
END_TEST

static void say_nonsense(struct talk *talk, const void *bytes, size_t size)
{
    speak_call(&talk->payload, "appendBatch");
    speak_long(&talk->payload, 2);
    speak_event(&talk->payload, NULL, NULL, "fine", 4);
    fl_buf_append(&talk->payload, bytes, size);
    /* More than enough behind it. */
    for (int i = 0; i < 100; i++)
        fl_buf_byte(&talk->payload, 0);
    say(talk, 2);
    expect_error(talk, 2, "org.apache.avro.AvroRuntimeException: Malformed data");
    expect_events(talk, "");
    expect_fine(talk);
    fl_buf_clear(&talk->listener.events);
}

START_TEST(a_call_that_makes_no_sense_is_refused_and_the_next_one_is_fine)
{
    struct talk talk;

    begin_known(&talk);
    say_nonsense(&talk, "\0\1", 2);                                          /* a body of -1 */
    say_nonsense(&talk, "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);   /* of -2^63 */
    say_nonsense(&talk, "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 12); /* 11 bytes long */
    say_nonsense(&talk, "\0\xfe\xff\xff\xff\x0f", 6);                        /* 2 GB */
    say_nonsense(&talk, "\2\1", 2);                      /* the name of a header */
    say_nonsense(&talk, "\2\2k\xfe\xff\xff\xff\x0f", 8); /* the value */
    end(&talk);
}
END_TEST

START_TEST(a_handshake_that_makes_no_sense_is_refused_and_may_be_repeated)
{
    struct talk talk;

    begin(&talk);
    fl_buf_append(&talk.payload, speak_flume_hash, SPEAK_HASH);
    speak_long(&talk.payload, 2); /* the union has null and string */
    fl_buf_append(&talk.payload, speak_flume_hash, SPEAK_HASH);
    say(&talk, 1);
    expect_error(&talk, 1, "org.apache.avro.AvroRuntimeException: Malformed data");
    fl_buf_append(&talk.payload, speak_flume_hash, 7);
    say(&talk, 2);
    expect_error(&talk, 2, "java.io.EOFException");
    speak_handshake(&talk.payload, speak_flume_hash, NULL, speak_flume_hash);
    speak_call(&talk.payload, "");
    say(&talk, 3);
    expect_answer(&talk, "\0\0\0\3\0\0\0\1\0\0\0\4\0\0\0\0", 16);
    expect_fine(&talk);
    end(&talk);
}
END_TEST

START_TEST(an_unknown_message_is_named_in_the_answer)
{
    struct talk talk;
    char name[1000];
    char expected[400] = "org.apache.avro.AvroRuntimeException: No such remote message: ";

    begin_known(&talk);
    speak_call(&talk.payload, "appendBatc");
    speak_text(&talk.payload, "whatever");
    say(&talk, 2);
    expect_error(&talk, 2,
                 "org.apache.avro.AvroRuntimeException: No such remote message: appendBatc");
    memset(name, 'x', sizeof name);
    memset(expected + strlen(expected), 'x', 256);
    speak_long(&talk.payload, 0);
    speak_bytes(&talk.payload, name, sizeof name);
    say(&talk, 3);
    expect_error(&talk, 3, expected);
    expect_fine(&talk);
    end(&talk);
}
END_TEST

START_TEST(metadata_can_be_looked_up)
{
    struct talk talk;
    const uint8_t *data;
    size_t size;

    begin_known(&talk);
    speak_long(&talk.payload, 1);
    speak_text(&talk.payload, "somebody's");
    speak_text(&talk.payload, "own");
    speak_long(&talk.payload, -1);
    speak_long(&talk.payload, 9);
    speak_text(&talk.payload, "flow");
    speak_bytes(&talk.payload, "\0\1\2", 3);
    speak_long(&talk.payload, 0);
    speak_text(&talk.payload, "append");
    speak_event(&talk.payload, NULL, NULL, "x", 1);
    speak_frame(&talk.bytes, 2, &talk.payload, 3);

    struct fl_avro_in in = fl_avro_in(talk.bytes.data, talk.bytes.size);
    ck_assert_int_eq(fl_avro_ipc_next(&talk.listener.ipc, &in, NULL), FL_AVRO_IPC_EVENT);
    ck_assert_int_eq(fl_avro_ipc_next(&talk.listener.ipc, &in, NULL), FL_AVRO_IPC_CALL);
    ck_assert_int_eq(fl_avro_ipc_metadata(&talk.listener.ipc, "flow", &data, &size), 1);
    ck_assert_uint_eq(size, 3);
    ck_assert_mem_eq(data, "\0\1\2", 3);
    ck_assert_int_eq(fl_avro_ipc_metadata(&talk.listener.ipc, "flo", &data, &size), 0);
    ck_assert_int_eq(fl_avro_ipc_next(&talk.listener.ipc, &in, NULL), FL_AVRO_IPC_MORE);
    ck_assert_int_eq(fl_avro_ipc_metadata(&talk.listener.ipc, "flow", &data, &size), 0);
    fl_buf_clear(&talk.bytes);
    fl_buf_clear(&talk.payload);
    expect_fine(&talk);
    end(&talk);
}
END_TEST

START_TEST(what_is_no_frame_ends_the_connection_and_takes_no_memory)
{
    static const struct {
        uint8_t bytes[16];
        size_t size;
        int fault;
    } bad[] = {
        {{0, 0, 0, 1, 0, 0, 0, 0}, 8, FLOW_EPARSE},                             /* no buffers */
        {{0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}, 8, FLOW_ETOOBIG},                /* -1 */
        {{0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff}, 8, FLOW_ETOOBIG},                /* many */
        {{0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff}, 12, FLOW_ETOOBIG},   /* 2 GB */
        {{0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}, 12, FLOW_ETOOBIG},   /* -1 */
        {{'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P'}, 10, FLOW_ETOOBIG}, /* a browser */
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct talk talk;
        begin(&talk);
        failing_after(&talk.failing, 0);
        avro_listener_hear(&talk.listener, bad[i].bytes, bad[i].size);
        ck_assert_int_eq(talk.listener.fault, bad[i].fault);
        end(&talk);
    }
}
END_TEST

START_TEST(a_frame_is_as_large_as_all_its_buffers)
{
    struct talk talk;
    static const uint8_t chunk[FRAME_MAX / 4];

    begin_known(&talk);
    fl_buf_be32(&talk.bytes, 2);
    fl_buf_be32(&talk.bytes, 5);
    for (int i = 0; i < 4; i++) {
        fl_buf_be32(&talk.bytes, sizeof chunk);
        fl_buf_append(&talk.bytes, chunk, sizeof chunk);
    }
    avro_listener_hear(&talk.listener, talk.bytes.data, talk.bytes.size);
    ck_assert_int_eq(talk.listener.fault, FLOW_OK);
    avro_listener_hear(&talk.listener, "\0\0\0\1", 4);
    ck_assert_int_eq(talk.listener.fault, FLOW_ETOOBIG);
    end(&talk);
}
END_TEST

/* ---- anything ---- */

/* Bytes of any kind, mostly few; a header's NOTE is how the listener writes it. */
static void speak_anything(struct fl_buf *out, struct fl_buf *note, uint64_t *random)
{
    uint8_t bytes[300] = {0};
    size_t size = below(random, 10) ? below(random, 8) : below(random, sizeof bytes);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)below(random, 256);
    speak_bytes(out, bytes, size);
    if (size > 0)
        fl_buf_append(note, bytes, size);
}

/* COUNT headers in a block, of which some tell their size, which nobody reads. */
static void speak_headers(struct fl_buf *out, struct fl_buf *note, size_t count, uint64_t *random)
{
    int sized = below(random, 2) == 0;

    speak_long(out, sized ? -(int64_t)count : (int64_t)count);
    if (sized)
        speak_long(out, (int64_t)below(random, 1000));
    for (size_t i = 0; i < count; i++) {
        speak_anything(out, note, random);
        fl_buf_byte(note, '=');
        speak_anything(out, note, random);
        fl_buf_byte(note, ' ');
    }
}

static void speak_any_event(struct fl_buf *out, struct fl_buf *note, uint64_t *random)
{
    for (size_t blocks = below(random, 3); blocks > 0; blocks--)
        speak_headers(out, note, 1 + below(random, 3), random);
    speak_long(out, 0);
    fl_buf_byte(note, '|');
    speak_anything(out, note, random);
    fl_buf_byte(note, '\n');
}

static void speak_any_call(struct fl_buf *out, struct fl_buf *note, uint32_t serial,
                           uint64_t *random)
{
    int single = below(random, 3) == 0;
    struct fl_buf payload;

    fl_buf_init(&payload, NULL);
    if (serial == 1)
        speak_handshake(&payload, speak_flume_hash, NULL, speak_flume_hash);
    speak_call(&payload, single ? "append" : "appendBatch");
    for (size_t blocks = single ? 1 : below(random, 4); blocks > 0; blocks--) {
        size_t count = single ? 1 : 1 + below(random, 5);
        if (!single)
            speak_long(&payload, (int64_t)count);
        for (; count > 0; count--)
            speak_any_event(&payload, note, random);
    }
    if (!single)
        speak_long(&payload, 0);
    speak_frame(out, serial, &payload, below(random, 2) ? 1 + below(random, 60) : 0);
    fl_buf_free(&payload);
}

START_TEST(what_is_said_is_heard_however_it_is_cut)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed;
        struct fl_buf bytes;
        struct fl_buf note;
        struct avro_listener listener;

        fl_buf_init(&bytes, NULL);
        fl_buf_init(&note, NULL);
        avro_listener_init(&listener, NULL, FRAME_MAX);
        for (uint32_t serial = 1; serial <= 8; serial++)
            speak_any_call(&bytes, &note, serial, &random);
        tell(&listener, &bytes, seed % 4 == 0 ? 1 : 0, &random);
        ck_assert_int_eq(listener.fault, FLOW_OK);
        ck_assert_uint_eq(listener.calls, 8);
        ck_assert_uint_eq(listener.events.size, note.size);
        if (note.size > 0)
            ck_assert_mem_eq(listener.events.data, note.data, note.size);
        ck_assert_uint_eq(fl_avro_ipc_held(&listener.ipc), 0);
        avro_listener_free(&listener);
        fl_buf_free(&bytes);
        fl_buf_free(&note);
    }
}
END_TEST

START_TEST(without_memory_it_says_so_and_nothing_leaks)
{
    struct fl_buf bytes;
    struct fl_buf note;
    uint64_t random = 7;
    int64_t grants = 0;
    int fault;

    fl_buf_init(&bytes, NULL);
    fl_buf_init(&note, NULL);
    for (uint32_t serial = 1; serial <= 4; serial++)
        speak_any_call(&bytes, &note, serial, &random);
    do {
        struct talk talk;
        begin(&talk);
        failing_after(&talk.failing, grants++);
        for (size_t at = 0; at < bytes.size; at += 10)
            avro_listener_hear(&talk.listener, bytes.data + at,
                               bytes.size - at < 10 ? bytes.size - at : 10);
        fault = talk.listener.fault;
        ck_assert(fault == FLOW_OK || fault == FLOW_ENOMEM);
        fl_avro_ipc_free(&talk.listener.ipc);
        end(&talk);
    } while (fault);
    ck_assert_int_gt(grants, 5);
    fl_buf_free(&bytes);
    fl_buf_free(&note);
}
END_TEST

/* ---- what would cost the square of its size ---- */

#define MANY_HEADERS 11200u
#define MANY_EVENTS 1300000u

/* A call of one event with many headers and of many empty ones. */
static void speak_large_and_empty(struct fl_buf *payload)
{
    static const char value[1000];

    speak_handshake(payload, speak_flume_hash, NULL, speak_flume_hash);
    speak_call(payload, "appendBatch");
    speak_long(payload, MANY_EVENTS + 1);
    speak_long(payload, MANY_HEADERS);
    for (unsigned i = 0; i < MANY_HEADERS; i++) {
        speak_text(payload, "n");
        speak_bytes(payload, value, sizeof value);
    }
    for (unsigned i = 0; i < MANY_EVENTS + 1; i++)
        fl_buf_append(payload, "\0\0", 2);
    fl_buf_byte(payload, 0);
}

/* The headers are waited for, and some of the empty ones with them. */
START_TEST(many_events_behind_a_large_one_are_not_moved_for_each)
{
    struct fl_buf payload;
    struct fl_buf frame;
    struct fl_avro_ipc ipc;
    size_t events = 0;
    int rc = 0;

    fl_buf_init(&payload, NULL);
    fl_buf_init(&frame, NULL);
    speak_large_and_empty(&payload);
    speak_frame(&frame, 1, &payload, payload.size);
    fl_avro_ipc_init(&ipc, NULL, (size_t)64 << 20);
    for (size_t at = 0, cut; at < frame.size; at += cut) {
        cut = frame.size - at < 65536 ? frame.size - at : 65536;
        struct fl_avro_in in = fl_avro_in(frame.data + at, cut);
        while ((rc = fl_avro_ipc_next(&ipc, &in, NULL)) == FL_AVRO_IPC_EVENT)
            events++;
    }
    ck_assert_int_eq(rc, FL_AVRO_IPC_CALL);
    ck_assert_int_eq(ipc.call.kind, FL_AVRO_APPEND_BATCH);
    ck_assert_uint_eq(events, MANY_EVENTS + 1);
    fl_avro_ipc_free(&ipc);
    fl_buf_free(&frame);
    fl_buf_free(&payload);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"ping", a_ping_is_answered_with_the_handshake_alone},
        {"other server", a_client_that_takes_us_for_another_is_told_who_we_are},
        {"other events", a_protocol_of_other_events_is_refused},
        {"blocks", maps_and_arrays_may_come_in_blocks_of_either_kind},
        {"cut", a_call_that_is_cut_is_refused_and_the_next_one_is_fine},
        {"nonsense", a_call_that_makes_no_sense_is_refused_and_the_next_one_is_fine},
        {"handshake", a_handshake_that_makes_no_sense_is_refused_and_may_be_repeated},
        {"unknown message", an_unknown_message_is_named_in_the_answer},
        {"metadata", metadata_can_be_looked_up},
        {"no frame", what_is_no_frame_ends_the_connection_and_takes_no_memory},
        {"frame", a_frame_is_as_large_as_all_its_buffers},
        {"fixtures", flumes_own_calls_get_flumes_own_answers},
        {"anything", what_is_said_is_heard_however_it_is_cut},
        {"square", many_events_behind_a_large_one_are_not_moved_for_each},
        {"memory", without_memory_it_says_so_and_nothing_leaks},
    };

    return RUN_SUITE("avro ipc", tests);
}
