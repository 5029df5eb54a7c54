/* SPDX-License-Identifier: Apache-2.0 */

/* Bytes that are sent from where the events have them. */

#include <stdlib.h>
#include <string.h>

#include <flow.h>

#include "sinks/hdfs/segment.h"
#include "suite.h"

#define EVENTS 300
#define ROUNDS 2000

struct laid {
    flow_library *lib;
    flow_batch *batch;
    struct fl_hdfs_segments segments;
    struct fl_hdfs_segment *segment;
    char *expected;
    size_t size;
};

/* Lays bodies of 0 to 40 bytes, a few at a time, and writes down what is to come. */
static void lay(struct laid *laid, unsigned *seed, const char *tail)
{
    char body[40];

    for (unsigned i = 0; i < EVENTS; i++) {
        size_t size = (size_t)rand_r(seed) % sizeof body;
        memset(body, 'a' + (int)(i % 26), size);
        ck_assert_int_eq(flow_batch_add(laid->batch, body, size, NULL), FLOW_OK);
        memcpy(laid->expected + laid->size, body, size);
        memcpy(laid->expected + laid->size + size, tail, strlen(tail));
        laid->size += size + strlen(tail);
    }
    const flow_event *const *events = flow_batch_events(laid->batch);
    for (size_t done = 0, n; done < EVENTS; done += n) {
        n = 1 + (size_t)rand_r(seed) % 7;
        n = n < EVENTS - done ? n : EVENTS - done;
        ck_assert_int_eq(fl_hdfs_segment_lay(laid->segment, events + done, n, tail, strlen(tail)),
                         FLOW_OK);
    }
    fl_hdfs_segment_close(laid->segment);
}

static void laid_init(struct laid *laid)
{
    memset(laid, 0, sizeof *laid);
    ck_assert_int_eq(flow_library_new(NULL, &laid->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(laid->lib, &laid->batch, NULL), FLOW_OK);
    laid->segments.lib = laid->lib;
    laid->segment = fl_hdfs_segment_new(&laid->segments);
    laid->expected = malloc(EVENTS * 41);
}

static void laid_free(struct laid *laid)
{
    fl_hdfs_segment_free(&laid->segments, laid->segment);
    fl_hdfs_segments_trim(&laid->segments);
    flow_batch_free(laid->batch);
    ck_assert_int_eq(flow_library_free(laid->lib, NULL), FLOW_OK);
    free(laid->expected);
}

static void read_at(struct laid *laid, size_t offset, size_t size)
{
    char out[256];
    size_t left = laid->size - offset;
    size_t got = fl_hdfs_segment_read(laid->segment, offset, out, size);

    ck_assert_uint_eq(got, left < size ? left : size);
    ck_assert_mem_eq(out, laid->expected + offset, got);
}

static void read_anywhere(const char *tail)
{
    unsigned seed = 1;
    struct laid laid;

    laid_init(&laid);
    lay(&laid, &seed, tail);
    ck_assert_uint_eq(laid.segment->size, laid.size);
    for (int i = 0; i < ROUNDS; i++)
        read_at(&laid, (size_t)rand_r(&seed) % laid.size, 1 + (size_t)rand_r(&seed) % 256);
    for (size_t at = 0; at < laid.size; at += 13)
        read_at(&laid, at, 13);
    laid_free(&laid);
}

START_TEST(bodies_are_read_from_anywhere)
{
    read_anywhere("\n");
    read_anywhere("");
    read_anywhere("--\r\n");
}
END_TEST

/* Once its bytes were delivered an event may be gone, though the segment is not. */
START_TEST(what_was_delivered_is_not_looked_at)
{
    struct laid laid;
    flow_batch *gone;
    const flow_event *event;
    char out[8];

    laid_init(&laid);
    ck_assert_int_eq(flow_batch_new(laid.lib, &gone, NULL), FLOW_OK);
    flow_batch_add(gone, "first", 5, NULL);
    event = flow_batch_event(gone, 0);
    fl_hdfs_segment_lay(laid.segment, &event, 1, "\n", 1);
    flow_batch_add(laid.batch, "second", 6, NULL);
    event = flow_batch_event(laid.batch, 0);
    fl_hdfs_segment_lay(laid.segment, &event, 1, "\n", 1);
    fl_hdfs_segment_close(laid.segment);
    flow_batch_free(gone);
    ck_assert_uint_eq(fl_hdfs_segment_read(laid.segment, 6, out, sizeof out), 7);
    ck_assert_mem_eq(out, "second\n", 7);
    laid_free(&laid);
}
END_TEST

START_TEST(a_used_segment_is_empty_again)
{
    struct laid laid;
    char out[8];

    laid_init(&laid);
    flow_batch_add(laid.batch, "old", 3, NULL);
    fl_hdfs_segment_lay(laid.segment, flow_batch_events(laid.batch), 1, "\n", 1);
    fl_hdfs_segment_close(laid.segment);
    fl_hdfs_segment_free(&laid.segments, laid.segment);
    laid.segment = fl_hdfs_segment_new(&laid.segments);
    ck_assert_uint_eq(laid.segments.count, 0);
    ck_assert_int_eq(flow_buffer_append(laid.segment->buffer, "new", 3), FLOW_OK);
    fl_hdfs_segment_close(laid.segment);
    ck_assert_uint_eq(laid.segment->size, 3);
    ck_assert_uint_eq(fl_hdfs_segment_read(laid.segment, 1, out, sizeof out), 2);
    ck_assert_mem_eq(out, "ew", 2);
    laid_free(&laid);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"bodies_are_read_from_anywhere", bodies_are_read_from_anywhere},
        {"what_was_delivered_is_not_looked_at", what_was_delivered_is_not_looked_at},
        {"a_used_segment_is_empty_again", a_used_segment_is_empty_again},
    };

    return RUN_SUITE("hdfs_segment", tests);
}
