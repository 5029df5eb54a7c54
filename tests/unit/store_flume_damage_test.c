/* SPDX-License-Identifier: Apache-2.0 */

/* Imports a channel that the real Flume wrote (see tests/data/flume-log), with damage of all kinds.
 */

#include <stdio.h>
#include <string.h>

#include "flume_channel.h"
#include "suite.h"

#define DATA TEST_DATA "/flume-log"

/* Of 1.11.0. */
#define ALL "3 4 5 6 7 8 9 10 11 15 16 17 "

/* Its logs. */
#define LOG_1 "data0/log-1"
#define LOG_2 "data1/log-2"

/* Where the record of the event with this number begins, by its header: "n" and the number. */
static size_t find_put(const struct flume_channel *channel, const char *log, const char *number)
{
    struct fl_buf bytes = flume_channel_load(channel, log);
    size_t size = strlen(number);
    size_t at = 0;
    uint8_t wanted[16] = {0x0a, 1, 'n', 0x12, (uint8_t)size};

    memcpy(wanted + 5, number, size);
    for (;;) {
        ck_assert(bytes.data[at] == FL_FLUME_RECORD || bytes.data[at] == FL_FLUME_NOOP);
        size_t whole = 5 + (size_t)fl_flume_be32(bytes.data + at + 1);
        if (memmem(bytes.data + at, whole, wanted, 5 + size))
            break;
        at += whole;
    }
    fl_buf_free(&bytes);
    return at;
}

/* The last byte of its body, where it has headers in front of it: the checksum takes 9 bytes behind
 * it, the foot one. */
static size_t end_of_body(const struct flume_channel *channel, const char *log, size_t at)
{
    struct fl_buf bytes = flume_channel_load(channel, log);
    size_t end = at + 5 + (size_t)fl_flume_be32(bytes.data + at + 1) - 9 - 1 - 1;

    fl_buf_free(&bytes);
    return end;
}

/* The log that has the event, of the two. */
static const char *log_of(const struct flume_channel *channel, const char *number)
{
    struct fl_buf bytes = flume_channel_load(channel, LOG_1);
    uint8_t wanted[16] = {0x0a, 1, 'n', 0x12, (uint8_t)strlen(number)};

    memcpy(wanted + 5, number, strlen(number));
    const char *log = memmem(bytes.data, bytes.size, wanted, 5 + strlen(number)) ? LOG_1 : LOG_2;
    fl_buf_free(&bytes);
    return log;
}

START_TEST(a_damaged_body_is_told_with_its_place)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;
    char part[128];

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    const char *log = log_of(&channel, "16");
    size_t at = find_put(&channel, log, "16");
    flume_channel_flip(&channel, log, end_of_body(&channel, log, at));
    snprintf(part, sizeof part, "%s is damaged at byte %zu: the body of the event", log, at);
    flume_channel_refuse(&channel, FLOW_EPARSE, part);

    channel.options.is_lenient = 1;
    flume_channel_expect(&channel, "3 4 5 6 7 8 9 10 11 15 17 ", &counts);
    ck_assert_uint_eq(counts.damaged, 1);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(a_damaged_event_that_was_taken_troubles_nobody)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    const char *log = log_of(&channel, "1");
    flume_channel_flip(&channel, log, end_of_body(&channel, log, find_put(&channel, log, "1")));
    channel.options.checkpoint_dir = NULL;
    flume_channel_expect(&channel, ALL, &counts);
    flume_channel_free(&channel);
}
END_TEST

START_TEST(an_event_taken_out_by_flumes_tool_is_passed_over)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    const char *log = log_of(&channel, "6"); /* in the queue of the checkpoint */
    flume_channel_patch(&channel, log, find_put(&channel, log, "6"), "\0", 1);
    log = log_of(&channel, "3"); /* taken at the checkpoint */
    flume_channel_patch(&channel, log, find_put(&channel, log, "3"), "\0", 1);
    log = log_of(&channel, "15"); /* behind it */
    flume_channel_patch(&channel, log, find_put(&channel, log, "15"), "\0", 1);
    flume_channel_expect(&channel, "4 5 7 8 9 10 11 16 17 ", &counts);
    ck_assert_uint_eq(counts.removed, 2); /* the third was never met */
    flume_channel_free(&channel);
}
END_TEST

/* Damages the record of event 15 by a byte at PLACE of it. */
static void damaged_record(size_t place, const char *byte, const char *part, const char *left,
                           uint64_t damaged)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    const char *log = log_of(&channel, "15");
    flume_channel_patch(&channel, log, find_put(&channel, log, "15") + place, byte, 1);
    flume_channel_refuse(&channel, FLOW_EPARSE, part);
    channel.options.is_lenient = 1;
    flume_channel_expect(&channel, left, &counts);
    ck_assert_uint_eq(counts.damaged, damaged);
    flume_channel_free(&channel);
}

START_TEST(damaged_records_are_told_or_passed_over)
{
    /* The log cannot be followed beyond these: the rest of it is given up. */
    damaged_record(0, "A", "no record begins there", "3 4 5 6 7 8 9 10 11 ", 1);
    damaged_record(1, "\xff", "a record goes on behind the end", "3 4 5 6 7 8 9 10 11 ", 1);
    damaged_record(1, "\x7f", "a record goes on behind the end", "3 4 5 6 7 8 9 10 11 ", 1);
    /* Here one can. */
    damaged_record(7, "\7", "a record that is none of Flume's", "3 4 5 6 7 8 9 10 11 16 17 ", 1);
}
END_TEST

START_TEST(damage_in_the_old_format_is_told)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "version2", 1);
    channel.options.checkpoint_dir = NULL;
    struct fl_buf bytes = flume_channel_load(&channel, LOG_1);
    /* The first record is of event 0, and 4 bytes behind its first one are its magic. */
    flume_channel_patch(&channel, LOG_1, FL_FLUME_LOG_HEAD_SIZE + 1, "X", 1);
    flume_channel_refuse(&channel, FLOW_EPARSE, "log-1 is damaged at byte 24");
    channel.options.is_lenient = 1;
    flume_channel_expect(&channel, "", &counts);
    ck_assert_uint_eq(counts.damaged, 1);
    fl_buf_free(&bytes);
    flume_channel_free(&channel);
}
END_TEST

/* A log may end anywhere behind what the checkpoint knows: Flume wrote no further. */
START_TEST(a_log_that_ends_early_is_read_to_its_end)
{
    struct flume_channel channel;
    struct fl_flume_counts counts;

    flume_channel_copy(&channel, DATA, "1.11.0", 2);
    const char *log = log_of(&channel, "18"); /* uncommitted, the last records there */
    size_t at = find_put(&channel, log, "18");
    for (size_t more = 5; more-- > 0;) {
        flume_channel_cut(&channel, log, at + more);
        flume_channel_expect(&channel, ALL, &counts);
    }
    /* Before that the checkpoint had been there. */
    flume_channel_cut(&channel, log, 10);
    flume_channel_refuse(&channel, FLOW_EPARSE, "it was longer at the last checkpoint");
    flume_channel_free(&channel);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"body", a_damaged_body_is_told_with_its_place},
        {"taken", a_damaged_event_that_was_taken_troubles_nobody},
        {"noop", an_event_taken_out_by_flumes_tool_is_passed_over},
        {"records", damaged_records_are_told_or_passed_over},
        {"version_2_damaged", damage_in_the_old_format_is_told},
        {"end", a_log_that_ends_early_is_read_to_its_end},
    };

    return RUN_SUITE("flume_damage", tests);
}
