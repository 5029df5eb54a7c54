/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of another libflow tell which numbers their events have: the Avro source takes each once.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "avro_client.h"
#include "client.h"
#include "places.h"
#include "rig.h"
#include "suite.h"
#include "wire/stamp.h"

#define CONNECTIONS 4
#define ALL 200u

struct stage {
    struct places places;
    struct rig rig;
    uint16_t port;
};

static void set_up_with(struct stage *stage, const char *more)
{
    const char *root;
    char text[1024];

    places_init(&stage->places, 1);
    root = stage->places.root;
    rig_init(&stage->rig, 0);
    snprintf(text, sizeof text,
             "a1.sources = r1\na1.channels = c1\na1.channels.c1.type = file\n"
             "a1.channels.c1.checkpointDir = %s/c1\na1.channels.c1.dataDirs = %s/d1\n"
             "a1.channels.c1.minimumRequiredSpace = 1048576\n"
             "a1.channels.c1.transactionCapacity = 100\n"
             "a1.sources.r1.type = avro\na1.sources.r1.channels = c1\na1.sources.r1.threads = 2\n"
             "a1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0\n%s",
             root, root, more);
    rig_build(&stage->rig, text);
    rig_start(&stage->rig);
    stage->port = rig_port(&stage->rig);
}

static void set_up(struct stage *stage)
{
    set_up_with(stage, "");
}

static void tear_down(struct stage *stage)
{
    rig_stop(&stage->rig);
    rig_free(&stage->rig);
    places_free(&stage->places);
}

/* The call in PAYLOAD, with STAMP in its metadata. */
static void speak_stamped(struct fl_buf *payload, const struct fl_buf *stamp, unsigned first,
                          unsigned count)
{
    char body[16];

    speak_long(payload, 1);
    speak_text(payload, FL_AVRO_STAMP_KEY);
    speak_bytes(payload, stamp->data, stamp->size);
    speak_long(payload, 0);
    speak_text(payload, "appendBatch");
    speak_long(payload, count);
    for (unsigned i = first; i < first + count; i++) {
        int size = snprintf(body, sizeof body, "%u", i);
        speak_event(payload, NULL, NULL, body, (size_t)size);
    }
    speak_long(payload, 0);
}

static void send_with(int fd, uint32_t serial, const struct fl_buf *stamp, unsigned first,
                      unsigned count)
{
    struct fl_buf payload, frame;

    fl_buf_init(&payload, NULL);
    fl_buf_init(&frame, NULL);
    speak_stamped(&payload, stamp, first, count);
    speak_frame(&frame, serial, &payload, 0);
    client_send(fd, frame.data, frame.size);
    fl_buf_free(&payload);
    fl_buf_free(&frame);
}

/* Calls with the numbers from FIRST on, which are said to be that. */
static void send_numbers(int fd, uint32_t serial, unsigned first, unsigned count)
{
    const flow_span span = {"sender", 6, count, first, 0};
    struct fl_stamp_list list;
    struct fl_buf stamp;

    fl_stamp_list_init(&list, NULL);
    fl_buf_init(&stamp, NULL);
    ck_assert_int_eq(fl_stamp_list_add(&list, &span), FLOW_OK);
    ck_assert_int_eq(fl_stamp_write(&stamp, &list, 0, count), FLOW_OK);
    send_with(fd, serial, &stamp, first, count);
    fl_stamp_list_free(&list);
    fl_buf_free(&stamp);
}

static void expect(struct stage *stage, const char *wanted)
{
    struct rig_bodies *bodies = calloc(1, sizeof *bodies);
    char text[512] = "";

    rig_take(&stage->rig, "c1", bodies);
    for (size_t i = 0; i < bodies->count; i++)
        sprintf(text + strlen(text), "%s ", bodies->text[i]);
    ck_assert_str_eq(text, wanted);
    free(bodies);
}

START_TEST(calls_that_come_again_bring_only_what_is_new)
{
    struct stage stage;

    set_up(&stage);
    int fd = avro_client_open(stage.port), other = avro_client_open(stage.port);
    send_numbers(fd, 2, 0, 5);
    avro_client_send(fd, 3, 100, 2); /* without a stamp */
    send_numbers(fd, 4, 3, 6);
    for (uint32_t serial = 2; serial <= 4; serial++)
        avro_client_expect(fd, serial, FL_AVRO_OK);
    send_numbers(other, 2, 0, 9);
    avro_client_send(other, 3, 100, 2);
    avro_client_expect(other, 2, FL_AVRO_OK);
    avro_client_expect(other, 3, FL_AVRO_OK);
    expect(&stage, "0 1 2 3 4 100 101 5 6 7 8 100 101 ");
    ck_assert_int_eq(rig_metric(&stage.rig, "r1", "EventRepeatedCount"), 2 + 9);
    close(fd);
    close(other);
    tear_down(&stage);
}
END_TEST

START_TEST(a_stamp_that_makes_no_sense_ends_the_connection_and_counts_for_nothing)
{
    static const uint8_t nonsense[] = {1, 3, 6, 's', 'e', 'n', 'd', 'e', 'r', 0, 2, 3, 0, 9, 0};
    struct fl_buf stamp;
    struct stage stage;

    set_up(&stage);
    fl_buf_init(&stamp, NULL);
    int fd = avro_client_open(stage.port), other = avro_client_open(stage.port);
    ck_assert_int_eq(fl_buf_append(&stamp, nonsense, sizeof nonsense), FLOW_OK);
    send_numbers(fd, 2, 0, 2);
    send_with(fd, 3, &stamp, 3, 3); /* of eleven events */
    avro_client_expect(fd, 2, FL_AVRO_OK);
    client_expect_end(fd);
    send_numbers(other, 2, 0, 7);
    avro_client_expect(other, 2, FL_AVRO_OK);
    expect(&stage, "0 1 2 3 4 5 6 ");
    fl_buf_free(&stamp);
    close(fd);
    close(other);
    tear_down(&stage);
}
END_TEST

START_TEST(what_is_behind_a_call_that_was_refused_does_not_overtake_it)
{
    struct stage stage;

    set_up_with(&stage, "a1.channels.c1.capacity = 100\na1.channels.c1.keep-alive = 0\n");
    int fd = avro_client_open(stage.port), other = avro_client_open(stage.port);
    avro_client_send(other, 2, 100, 10);
    avro_client_expect(other, 2, FL_AVRO_OK);
    send_numbers(fd, 2, 0, 96); /* for which there is no room, but for what is behind */
    send_numbers(fd, 3, 96, 5);
    avro_client_expect(fd, 2, FL_AVRO_FAILED);
    client_expect_end(fd);
    avro_client_send(other, 3, 110, 1); /* of which the connection is no libflow's */
    avro_client_expect(other, 3, FL_AVRO_OK);
    expect(&stage, "100 101 102 103 104 105 106 107 108 109 110 ");
    close(fd);
    close(other);
    tear_down(&stage);
}
END_TEST

/* The same calls from each connection, in one piece each, so that they meet. */
START_TEST(connections_that_bring_the_same_at_once_bring_it_once)
{
    struct rig_bodies *bodies = calloc(1, sizeof *bodies);
    uint8_t seen[ALL] = {0};
    int fds[CONNECTIONS];
    struct stage stage;

    set_up(&stage);
    for (size_t i = 0; i < CONNECTIONS; i++)
        fds[i] = avro_client_open(stage.port);
    for (uint32_t call = 0; call < ALL / 10; call++) {
        for (size_t i = 0; i < CONNECTIONS; i++)
            send_numbers(fds[i], call + 2, call * 10, 10);
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        for (uint32_t call = 0; call < ALL / 10; call++)
            avro_client_expect(fds[i], call + 2, FL_AVRO_OK);
        close(fds[i]);
    }
    rig_take(&stage.rig, "c1", bodies);
    ck_assert_uint_eq(bodies->count, ALL);
    for (size_t i = 0; i < bodies->count; i++)
        ck_assert_int_eq(seen[atoi(bodies->text[i])]++, 0);
    free(bodies);
    tear_down(&stage);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"calls_that_come_again_bring_only_what_is_new",
         calls_that_come_again_bring_only_what_is_new},
        {"a_stamp_that_makes_no_sense_ends_the_connection_and_counts_for_nothing",
         a_stamp_that_makes_no_sense_ends_the_connection_and_counts_for_nothing},
        {"what_is_behind_a_call_that_was_refused_does_not_overtake_it",
         what_is_behind_a_call_that_was_refused_does_not_overtake_it},
        {"connections_that_bring_the_same_at_once_bring_it_once",
         connections_that_bring_the_same_at_once_bring_it_once},
    };

    return RUN_SUITE("avro stamp", tests);
}
