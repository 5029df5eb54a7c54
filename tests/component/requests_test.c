/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The worker of sources that answer requests, with a protocol of single letters: e adds an event,
 * b a large one and h one with many headers, s tells numbers of no events, x drops what was added,
 * a period ends a request, r ends it with an answer that is known, m with one for which there is no
 * memory, and ! is a fault.  A request is answered by O or F, or by R.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "rig.h"
#include "sources/requests.h"
#include "suite.h"

#define LARGE 60000u
#define HEADERS 1000u

struct toy {
    struct fl_requests *requests;
    size_t held_max;
    int open_fails;
    int false_clock;
};

struct letters {
    unsigned opened;
};

static int toy_open(void *self, void *state, flow_error **err)
{
    const struct toy *toy = self;
    struct letters *letters = state;

    letters->opened++;
    return toy->open_fails ? flow_error_set(err, FLOW_EIO, "nobody is at home") : FLOW_OK;
}

static int toy_letter(struct fl_request_peer *peer, char letter, flow_error **err)
{
    static const char large[LARGE];
    const flow_header header = {"letter", "e", 6, 1};
    const flow_span no_events = {0};
    flow_header headers[HEADERS];
    struct fl_buf answer;

    for (size_t i = 0; i < HEADERS; i++)
        headers[i] = (flow_header){"", "", 0, 0};
    switch (letter) {
    case 'e': return fl_requests_add(peer, "e", 1, &header, 1, sizeof header, err);
    case 'b': return fl_requests_add(peer, large, sizeof large, NULL, 0, 0, err);
    case 'h': return fl_requests_add(peer, "h", 1, headers, HEADERS, sizeof header, err);
    case 's': return fl_requests_span(peer, &no_events, err);
    case 'x': fl_requests_drop(peer); return FLOW_OK;
    case 'm': fl_requests_end(peer, 'M', FL_REQUEST_BATCH); return FLOW_OK;
    case '.': fl_requests_end(peer, 'O', FL_REQUEST_BATCH); return FLOW_OK;
    case 'r':
        fl_buf_init(&answer, NULL);
        ck_assert_int_eq(fl_buf_text(&answer, "R"), FLOW_OK);
        fl_requests_reply(peer, &answer);
        return FLOW_OK;
    case '!': return flow_error_set(err, FLOW_EPARSE, "an exclamation mark");
    default: return FLOW_OK;
    }
}

static int toy_feed(void *self, void *state, struct fl_request_peer *peer, const uint8_t *data,
                    size_t size, flow_error **err)
{
    const struct letters *letters = state;
    int rc = letters->opened == 1 ? FLOW_OK : FLOW_ESTATE;

    for (size_t i = 0; i < size && !rc; i++)
        rc = toy_letter(peer, (char)data[i], err);
    return rc;
}

static int toy_answer(void *self, void *state, uint64_t token, int result, const flow_error *fault,
                      struct fl_buf *out)
{
    ck_assert_int_eq(result, flow_error_code(fault));
    int rc = fl_buf_byte(out, result ? 'F' : (uint8_t)token);
    return token == 'M' ? FLOW_ENOMEM : rc;
}

static size_t toy_held(void *self, const void *state)
{
    return 0;
}

static void toy_close(void *self, void *state)
{
}

static const struct fl_request_protocol protocol = {
    .state_size = sizeof(struct letters),
    .open = toy_open,
    .feed = toy_feed,
    .answer = toy_answer,
    .held = toy_held,
    .close = toy_close,
};

static int toy_create(flow_context *ctx, void **self, flow_error **err)
{
    struct toy *toy = flow_context_user(ctx);
    const struct fl_requests_options options = {
        .ctx = ctx,
        .protocol = &protocol,
        .self = toy,
        .threads = 1,
        .held_max = toy->held_max,
    };

    *self = toy;
    return fl_requests_new(&options, &toy->requests, err);
}

static void toy_destroy(void *self)
{
    fl_requests_free(((struct toy *)self)->requests);
}

static int toy_start(void *self, flow_emitter *emitter, flow_error **err)
{
    struct toy *toy = self;
    int rc = fl_requests_start(toy->requests, emitter, err);

    return rc ? rc : fl_requests_listen(toy->requests, "127.0.0.1", 0, err);
}

static int toy_stop(void *self, flow_error **err)
{
    fl_requests_stop(((struct toy *)self)->requests);
    return FLOW_OK;
}

static const flow_schema schema = {
    .struct_size = sizeof schema,
    .property_size = sizeof(flow_property),
    .summary = "A protocol of single letters.",
};

static const flow_source_ops ops = {
    .struct_size = sizeof ops,
    .type = "toy",
    .schema = &schema,
    .create = toy_create,
    .destroy = toy_destroy,
    .start = toy_start,
    .stop = toy_stop,
};

static uint16_t start(struct rig *rig, struct toy *toy)
{
    rig_init(rig, toy->false_clock);
    ck_assert_int_eq(
        flow_registry_add_source(flow_library_registry(rig->lib), &ops, toy, NULL, NULL), FLOW_OK);
    rig_build(rig, "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\n"
                   "a1.channels.c1.capacity = 4000\na1.channels.c1.transactionCapacity = 100\n"
                   "a1.channels.c1.keep-alive = 0\n"
                   "a1.sources.r1.type = toy\na1.sources.r1.channels = c1\n");
    rig_start(rig);
    return rig_port(rig);
}

static void finish(struct rig *rig)
{
    rig_stop(rig);
    rig_free(rig);
}

static uint64_t stored(struct rig *rig)
{
    return flow_channel_size(rig_channel(rig, "c1"));
}

START_TEST(answers_come_in_the_order_of_the_requests)
{
    struct rig rig;
    struct toy toy = {0};
    int fd = client_open(start(&rig, &toy));

    client_text(fd, "e.r.ee.xr.ex.eexe.er.");
    client_expect(fd, "OROOROOORO");
    ck_assert_uint_eq(stored(&rig), 4);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(any_number_of_requests_may_wait)
{
    struct rig rig;
    struct toy toy = {0};
    char sent[3001] = "";
    char expected[3001] = "";
    int fd = client_open(start(&rig, &toy));

    for (int i = 0; i < 3000; i++) {
        sent[i] = "..r"[i % 3];
        expected[i] = "OOR"[i % 3];
    }
    client_text(fd, sent);
    client_expect(fd, expected);
    ck_assert_uint_eq(stored(&rig), 0);
    close(fd);
    finish(&rig);
}
END_TEST

START_TEST(a_fault_ends_the_connection_behind_its_answers)
{
    struct rig rig;
    struct toy toy = {0};
    uint16_t port = start(&rig, &toy);
    int fd = client_open(port);

    client_text(fd, "e.ee.e!e.e.");
    client_expect(fd, "OO");
    client_expect_end(fd);
    close(fd);
    ck_assert_uint_eq(stored(&rig), 3);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 1);
    ck_assert_int_eq(rig_metric(&rig, "r1", "RequestUnfinishedCount"), 0);
    ck_assert_uint_eq(rig_logged(&rig, "an exclamation mark"), 1);
    finish(&rig);
}
END_TEST

static void break_connections(struct rig *rig, uint16_t port, int count)
{
    int64_t before = rig_metric(rig, "r1", "ConnectionBrokenCount");

    for (int i = 0; i < count; i++) {
        int fd = client_open(port);
        client_text(fd, "!");
        client_expect_end(fd);
        close(fd);
    }
    rig_await(rig, "r1", "ConnectionBrokenCount", before + count);
}

START_TEST(peers_that_break_off_again_and_again_do_not_fill_the_log)
{
    struct rig rig;
    struct toy toy = {.false_clock = 1};
    uint16_t port = start(&rig, &toy);

    break_connections(&rig, port, 70);
    ck_assert_uint_eq(rig_logged(&rig, "WARN source r1: hung up on"), 63);
    ck_assert_uint_eq(rig_logged(&rig, "WARN source r1: hanging up on many"), 1);
    rig_advance(&rig, 60000);
    break_connections(&rig, port, 1);
    ck_assert_uint_eq(rig_logged(&rig, "WARN source r1: hung up on"), 64);
    finish(&rig);
}
END_TEST

START_TEST(no_answer_follows_one_that_is_lost)
{
    struct rig rig;
    struct toy toy = {0};
    uint16_t port = start(&rig, &toy);
    int fd = client_open(port);

    client_text(fd, "e.ememe.r");
    client_expect(fd, "O");
    client_expect_end(fd);
    close(fd);
    ck_assert_int_eq(rig_metric(&rig, "r1", "ConnectionBrokenCount"), 1);
    ck_assert_uint_eq(rig_logged(&rig, "out of memory for the answer"), 1);
    finish(&rig);
}
END_TEST

START_TEST(a_connection_that_cannot_be_opened_is_closed)
{
    struct rig rig;
    struct toy toy = {.open_fails = 1};
    uint16_t port = start(&rig, &toy);
    int fd = client_open(port);

    client_text(fd, "e.");
    client_expect_end(fd);
    close(fd);
    ck_assert_uint_eq(stored(&rig), 0);
    ck_assert_uint_eq(rig_logged(&rig, "nobody is at home"), 1);
    finish(&rig);
}
END_TEST

/* Sends COUNT large events without an end. */
static void send_large(int fd, size_t count)
{
    while (count-- > 0)
        client_text(fd, "b");
}

START_TEST(what_unfinished_requests_hold_is_bounded)
{
    struct rig rig;
    struct toy toy = {.held_max = 1u << 20};
    uint16_t port = start(&rig, &toy);
    int patient = client_open(port);
    int greedy = client_open(port);
    int small = client_open(port);

    send_large(patient, 8);
    send_large(greedy, 100);
    ck_assert(client_refused(greedy));
    close(greedy);
    ck_assert_uint_eq(rig_logged(&rig, "unfinished requests hold more than 1048576 bytes"), 1);
    /* What the greedy one held is free again, and the others have lost nothing. */
    client_text(small, "e.");
    client_expect(small, "O");
    send_large(small, 8);
    client_text(small, ".");
    client_expect(small, "O");
    client_text(patient, ".");
    client_expect(patient, "O");
    ck_assert_uint_eq(stored(&rig), 17);
    for (int i = 0; i < 30; i++) {
        send_large(small, 8);
        client_text(small, ".");
        client_expect(small, "O");
    }
    close(patient);
    close(small);
    finish(&rig);
}
END_TEST

/* Many of what takes more memory than it has bytes. */
static void expect_bounded(char letter, size_t count)
{
    struct rig rig;
    struct toy toy = {.held_max = 1u << 20};
    int fd = client_open(start(&rig, &toy));
    char *text = malloc(count);

    memset(text, letter, count);
    client_send(fd, text, count);
    ck_assert(client_refused(fd));
    ck_assert_uint_eq(rig_logged(&rig, "unfinished requests hold more than 1048576 bytes"), 1);
    free(text);
    close(fd);
    finish(&rig);
}

START_TEST(what_small_things_take_in_memory_counts)
{
    expect_bounded('h', 200);
    expect_bounded('s', 40000);
}
END_TEST

START_TEST(a_small_request_is_taken_whatever_others_hold)
{
    struct rig rig;
    struct toy toy = {.held_max = 100000};
    uint16_t port = start(&rig, &toy);
    int large = client_open(port);
    int small[3];

    send_large(large, 1);
    for (int i = 0; i < 3; i++) {
        small[i] = client_open(port);
        client_text(small[i], "b");
    }
    for (int i = 0; i < 3; i++) {
        client_text(small[i], "e.");
        client_expect(small[i], "O");
        close(small[i]);
    }
    close(large);
    finish(&rig);
}
END_TEST

START_TEST(a_channel_that_refuses_is_told_to_all_requests_of_the_transaction)
{
    struct rig rig;
    struct toy toy = {0};
    char many[4001];
    int fd = client_open(start(&rig, &toy));

    /* One that is larger than a transaction, and fits just so. */
    memset(many, 'e', 3999);
    strcpy(many + 3999, ".");
    client_text(fd, many);
    client_expect(fd, "O");
    client_text(fd, "ee..r");
    client_expect(fd, "FOR");
    client_text(fd, "e.");
    client_expect(fd, "O");
    ck_assert_uint_eq(stored(&rig), 4000);
    ck_assert_int_eq(rig_metric(&rig, "r1", "EventRefusedCount"), 2);
    close(fd);
    finish(&rig);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"order", answers_come_in_the_order_of_the_requests},
        {"many", any_number_of_requests_may_wait},
        {"fault", a_fault_ends_the_connection_behind_its_answers},
        {"log", peers_that_break_off_again_and_again_do_not_fill_the_log},
        {"lost", no_answer_follows_one_that_is_lost},
        {"open", a_connection_that_cannot_be_opened_is_closed},
        {"bound", what_unfinished_requests_hold_is_bounded},
        {"small things", what_small_things_take_in_memory_counts},
        {"small", a_small_request_is_taken_whatever_others_hold},
        {"refused", a_channel_that_refuses_is_told_to_all_requests_of_the_transaction},
    };

    return RUN_SUITE("requests", tests);
}
