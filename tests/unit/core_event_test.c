/* SPDX-License-Identifier: Apache-2.0 */

/* Events: what goes in comes out, limits, keeping one and keeping many. */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/event.h"
#include "core/slab.h"
#include "numbered.h"
#include "suite.h"

struct fixture {
    struct failing failing;
    flow_library *lib;
};

static void set_up(struct fixture *f)
{
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof options,
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
}

static void tear_down(struct fixture *f)
{
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

static const flow_header headers[] = {
    {"host", "h1", 4, 2},
    {"empty", NULL, 5, 0},
    {"a\0b", "c\0d", 3, 3},
};

START_TEST(an_event_is_what_it_was_made_of)
{
    struct fixture f;
    flow_event *event;
    flow_header header;
    size_t size;

    set_up(&f);
    ck_assert_int_eq(
        flow_event_new(f.lib, "body\0x", 6, headers, 3, sizeof headers[0], &event, NULL), FLOW_OK);
    ck_assert_int_eq(memcmp(flow_event_body(event, &size), "body\0x", 6), 0);
    ck_assert_uint_eq(size, 6);
    ck_assert_uint_eq(flow_event_header_count(event), 3);

    ck_assert_int_eq(flow_event_header_at(event, 2, &header, sizeof header), FLOW_OK);
    ck_assert_uint_eq(header.name_size, 3);
    ck_assert_int_eq(memcmp(header.name, "a\0b", 4), 0);
    ck_assert_uint_eq(header.value_size, 3);
    ck_assert_int_eq(memcmp(header.value, "c\0d", 4), 0);
    ck_assert_int_eq(flow_event_header_at(event, 3, &header, sizeof header), FLOW_ENOENT);

    ck_assert_str_eq(flow_event_header(event, "host", &size), "h1");
    ck_assert_uint_eq(size, 2);
    ck_assert_str_eq(flow_event_header(event, "empty", NULL), "");
    ck_assert_ptr_null(flow_event_header(event, "hos", NULL));
    flow_event_unref(event);
    flow_event_unref(NULL);
    tear_down(&f);
}
END_TEST

START_TEST(an_event_may_be_empty)
{
    struct fixture f;
    flow_event *event;
    flow_header header;
    size_t size;

    set_up(&f);
    ck_assert_int_eq(flow_event_new(f.lib, NULL, 0, NULL, 0, 0, &event, NULL), FLOW_OK);
    ck_assert_ptr_nonnull(flow_event_body(event, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(flow_event_header_at(event, 0, &header, sizeof header), FLOW_ENOENT);
    ck_assert_ptr_null(flow_event_header(event, "a", NULL));
    flow_event_unref(event);
    tear_down(&f);
}
END_TEST

static void refuse(struct fixture *f, size_t size, const flow_header *list, size_t count,
                   size_t stride, int code, const char *part)
{
    flow_event *event = NULL;
    flow_error *err = NULL;
    int rc = flow_event_new(f->lib, "", size, list, count, stride, &event, &err);

    expect_error(rc, code, err, part);
    ck_assert_ptr_null(event);
}

START_TEST(what_cannot_be_an_event_is_refused)
{
    struct fixture f;
    const flow_header nameless = {NULL, "v", 0, 1};
    const flow_header valueless = {"n", NULL, 1, 1};
    const flow_header large = {"n", "", 1, FLOW_EVENT_HEADERS_MAX};

    set_up(&f);
    refuse(&f, (size_t)FLOW_EVENT_BODY_MAX + 1, NULL, 0, 0, FLOW_ETOOBIG, "2147483648 bytes");
    refuse(&f, 0, &large, 1, sizeof large, FLOW_ETOOBIG, "header");
    refuse(&f, 0, headers, SIZE_MAX / 2, sizeof headers[0], FLOW_ETOOBIG, "header");
    refuse(&f, 0, headers, 1, 8, FLOW_EINVAL, "flow_header");
    refuse(&f, 0, NULL, 1, sizeof headers[0], FLOW_EINVAL, "array");
    refuse(&f, 0, &nameless, 1, sizeof nameless, FLOW_EINVAL, "no name");
    refuse(&f, 0, &valueless, 1, sizeof valueless, FLOW_EINVAL, "no value");
    ck_assert_int_eq(flow_event_new(f.lib, NULL, 1, NULL, 0, 0, NULL, NULL), FLOW_EINVAL);
    failing_after(&f.failing, 0);
    refuse(&f, 0, NULL, 0, 0, FLOW_ENOMEM, "memory");
    tear_down(&f);
}
END_TEST

/* What is handed out has the size that the caller knows, and nothing is written behind it. */
START_TEST(a_header_has_the_size_its_reader_knows)
{
    struct fixture f;
    flow_event *event;
    struct {
        flow_header header;
        uint64_t newer, behind;
    } room;

    set_up(&f);
    ck_assert_int_eq(flow_event_new(f.lib, "", 0, headers, 1, sizeof headers[0], &event, NULL),
                     FLOW_OK);
    memset(&room, 0xff, sizeof room);
    ck_assert_int_eq(
        flow_event_header_at(event, 0, &room.header, sizeof room.header + sizeof room.newer),
        FLOW_OK);
    ck_assert_str_eq(room.header.name, "host");
    ck_assert_uint_eq(room.header.value_size, 2);
    ck_assert_uint_eq(room.newer, 0);
    ck_assert_uint_eq(room.behind, UINT64_MAX);

    ck_assert_int_eq(flow_event_header_at(event, 0, &room.header, 8), FLOW_EINVAL);
    ck_assert_int_eq(flow_event_header_at(event, 0, &room.header, SIZE_MAX), FLOW_EINVAL);
    ck_assert_int_eq(flow_event_header_at(event, 0, NULL, sizeof room.header), FLOW_EINVAL);
    ck_assert_str_eq(room.header.name, "host");
    flow_event_unref(event);
    tear_down(&f);
}
END_TEST

/* A header of a later version has more members behind those we know. */
START_TEST(headers_may_lie_further_apart)
{
    struct fixture f;
    const struct {
        flow_header header;
        uint64_t newer;
    } apart[] = {{{"a", "1", 1, 1}, 7}, {{"b", "2", 1, 1}, 7}};
    flow_event *event;

    set_up(&f);
    ck_assert_int_eq(
        flow_event_new(f.lib, "", 0, &apart[0].header, 2, sizeof apart[0], &event, NULL), FLOW_OK);
    ck_assert_str_eq(flow_event_header(event, "b", NULL), "2");
    flow_event_unref(event);
    tear_down(&f);
}
END_TEST

START_TEST(a_kept_event_outlives_its_batch)
{
    struct fixture f;
    flow_event *large_part;
    flow_event *small_part;

    set_up(&f);
    flow_batch *batch = numbered_batch(f.lib, 0, 1000);
    flow_batch *single = numbered_batch(f.lib, 7, 1);
    ck_assert_int_eq(flow_event_keep(flow_batch_event(batch, 999), &small_part, NULL), FLOW_OK);
    ck_assert_int_eq(flow_event_keep(flow_batch_event(single, 0), &large_part, NULL), FLOW_OK);
    ck_assert_ptr_ne(small_part, flow_batch_event(batch, 999));
    ck_assert_ptr_eq(large_part, flow_batch_event(single, 0));
    flow_batch_free(batch);
    flow_batch_free(single);
    ck_assert_uint_eq(number_of(small_part), 999);
    ck_assert_uint_eq(number_of(large_part), 7);
    flow_event_unref(small_part);
    flow_event_unref(large_part);
    tear_down(&f);
}
END_TEST

#define BATCHES 3000
#define BATCH 1000
#define BODY 100

static void fill(flow_batch *batch)
{
    static const char body[BODY];

    flow_batch_clear(batch);
    for (int i = 0; i < BATCH; i++)
        ck_assert_int_eq(flow_batch_add(batch, body, BODY, NULL), FLOW_OK);
}

/* The promise is on memory: one event in 1,000 of 3,000 batches, at most twice what was kept. */
START_TEST(kept_events_do_not_hold_their_batches)
{
    struct fixture f;
    static flow_event *kept[BATCHES];
    flow_batch *batch;

    set_up(&f);
    ck_assert_int_eq(flow_batch_new(f.lib, &batch, NULL), FLOW_OK);
    fill(batch);
    flow_batch_free(batch);
    ck_assert_int_eq(flow_batch_new(f.lib, &batch, NULL), FLOW_OK);
    int64_t before = f.failing.bytes - (int64_t)fl_slab_pool_spare(f.lib->pool);
    for (int i = 0; i < BATCHES; i++) {
        fill(batch);
        ck_assert_int_eq(
            flow_event_keep(flow_batch_event(batch, (size_t)i % BATCH), &kept[i], NULL), FLOW_OK);
    }
    flow_batch_free(batch);
    int64_t held = f.failing.bytes - (int64_t)fl_slab_pool_spare(f.lib->pool) - before;
    ck_assert_int_le(held, 2 * (int64_t)BATCHES * BODY);
    for (int i = 0; i < BATCHES; i++)
        flow_event_unref(kept[i]);
    tear_down(&f);
}
END_TEST

/* Some of a batch, as a selector that routes by header hands it to a channel. */
START_TEST(many_are_kept_by_reference_or_by_copy)
{
    struct fixture f;
    const flow_event *some[10];
    const flow_event *kept[1000];

    set_up(&f);
    flow_batch *batch = numbered_batch(f.lib, 0, 1000);
    for (size_t i = 0; i < 10; i++)
        some[i] = flow_batch_event(batch, 900 + i);
    ck_assert_int_eq(flow_events_keep(some, 10, kept, NULL), FLOW_OK);
    flow_batch_free(batch);
    int64_t live = f.failing.live;
    for (size_t i = 0; i < 10; i++)
        ck_assert_uint_eq(number_of(kept[i]), 900 + i);
    flow_events_unref(kept, 10);
    ck_assert_int_eq(f.failing.live, live - 1); /* the copies were one piece */
    tear_down(&f);
}
END_TEST

/* Events that were changed, or routed, do not follow each other as they lie in memory. */
START_TEST(the_order_of_those_kept_costs_nothing)
{
    struct fixture f;
    const flow_event *events[1000];
    const flow_event *kept[1000];
    int64_t live[3];

    set_up(&f);
    flow_batch *batch = numbered_batch(f.lib, 0, 1000);
    for (size_t i = 0; i < 1000; i++)
        events[999 - i] = flow_batch_event(batch, i);
    live[0] = f.failing.live;
    ck_assert_int_eq(flow_events_keep(events, 1000, kept, NULL), FLOW_OK);
    live[1] = f.failing.live;
    for (size_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(number_of(kept[i]), 999 - i);
    flow_events_unref(kept, 1000);
    ck_assert_int_eq(flow_events_keep(flow_batch_events(batch), 1000, kept, NULL), FLOW_OK);
    live[2] = f.failing.live;
    ck_assert_int_eq(live[1] - live[0], live[2] - live[0]);
    flow_events_unref(kept, 1000);
    flow_batch_free(batch);
    tear_down(&f);
}
END_TEST

START_TEST(keeping_many_is_all_or_nothing)
{
    struct fixture f;
    const flow_event *some[3];
    const flow_event *kept[3];
    flow_error *err = NULL;

    set_up(&f);
    flow_batch *one = numbered_batch(f.lib, 0, 1000);
    flow_batch *other = numbered_batch(f.lib, 1000, 1000);
    some[0] = flow_batch_event(one, 999);
    some[1] = flow_batch_event(other, 999);
    some[2] = flow_batch_event(one, 998);
    for (int64_t grants = 0; grants < 3; grants++) {
        failing_after(&f.failing, grants);
        int rc = flow_events_keep(some, 3, kept, &err);
        expect_error(rc, FLOW_ENOMEM, err, "memory");
        err = NULL;
        failing_after(&f.failing, -1);
    }
    flow_batch_free(one);
    flow_batch_free(other);
    tear_down(&f);
}
END_TEST

START_TEST(weight_is_what_an_event_takes)
{
    struct fixture f;
    flow_event *event;
    const flow_event *kept;
    uint64_t bodies;

    set_up(&f);
    ck_assert_int_eq(
        flow_event_new(f.lib, "12345678", 8, headers, 1, sizeof headers[0], &event, NULL), FLOW_OK);
    kept = event;
    /* 32 bytes, the headers' 4 + 10 + "host" + "h1", the body, rounded up. */
    ck_assert_uint_eq(fl_event_size(event), 64);
    ck_assert_uint_eq(flow_events_weight(&kept, 1, &bodies), 64 + 32);
    ck_assert_uint_eq(flow_events_weight(&kept, 1, NULL), 64 + 32);
    ck_assert_uint_eq(bodies, 8);
    flow_event_unref(event);
    tear_down(&f);
}
END_TEST

START_TEST(a_child_is_told_that_it_is_one)
{
    struct fixture f;
    flow_event *event;
    int status;

    set_up(&f);
    flow_batch *batch = numbered_batch(f.lib, 0, 1);
    pid_t child = fork();
    if (child == 0) {
        int ok = flow_event_new(f.lib, "", 0, NULL, 0, 0, &event, NULL) == FLOW_EFORKED &&
                 flow_event_keep(flow_batch_event(batch, 0), &event, NULL) == FLOW_EFORKED;
        flow_batch_free(batch);
        _exit(ok ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    flow_batch_free(batch);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"an_event_is_what_it_was_made_of", an_event_is_what_it_was_made_of},
        {"an_event_may_be_empty", an_event_may_be_empty},
        {"what_cannot_be_an_event_is_refused", what_cannot_be_an_event_is_refused},
        {"size of a header", a_header_has_the_size_its_reader_knows},
        {"headers_may_lie_further_apart", headers_may_lie_further_apart},
        {"a_kept_event_outlives_its_batch", a_kept_event_outlives_its_batch},
        {"kept_events_do_not_hold_their_batches", kept_events_do_not_hold_their_batches},
        {"many_are_kept_by_reference_or_by_copy", many_are_kept_by_reference_or_by_copy},
        {"the_order_of_those_kept_costs_nothing", the_order_of_those_kept_costs_nothing},
        {"keeping_many_is_all_or_nothing", keeping_many_is_all_or_nothing},
        {"weight_is_what_an_event_takes", weight_is_what_an_event_takes},
        {"a_child_is_told_that_it_is_one", a_child_is_told_that_it_is_one},
    };

    return RUN_SUITE("core_event", tests);
}
