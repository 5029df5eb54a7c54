/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The ipc sink and source while memory runs out, at every allocation in turn.  Whatever happens,
 * what the sink takes for delivered is in the source's channel, and nothing leaks.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <flow.h>

#include "failing.h"
#include "suite.h"

#define EVENTS 10u

struct fixture {
    struct failing failing;
    flow_library *lib;
    flow_harness *source;
    flow_harness *sink;
    flow_batch *batch;
    char folder[32];
    char path[64];
};

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    failing_init(&f->failing);
    const flow_library_options options = {
        .struct_size = sizeof options,
        .allocator = &f->failing.allocator,
    };
    strcpy(f->folder, "/tmp/flow-ipc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/socket", f->folder);
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_new(f->lib, FLOW_KIND_SOURCE, "ipc", &f->source, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_new(f->lib, FLOW_KIND_SINK, "ipc", &f->sink, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_set(f->source, "path", f->path, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_set(f->sink, "path", f->path, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(f->lib, &f->batch, NULL), FLOW_OK);
    for (unsigned i = 0; i < EVENTS; i++) {
        static const flow_header header = {
            .name = "host", .name_size = 4, .value = "here", .value_size = 4};
        static char body[20000];
        ck_assert_int_eq(flow_batch_add_full(f->batch, body, i % 3 ? 100 : sizeof body, &header, 1,
                                             sizeof header, NULL),
                         FLOW_OK);
    }
}

static void tear_down(struct fixture *f)
{
    flow_batch_free(f->batch);
    flow_harness_free(f->sink);
    flow_harness_free(f->source);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
    ck_assert_int_eq(rmdir(f->folder), 0);
}

/* Starts it again and again, each time with one allocation more. */
static void start(struct fixture *f, flow_harness *harness, int64_t least)
{
    int64_t grants = 0;
    int rc;

    do {
        failing_after(&f->failing, grants++);
        rc = flow_harness_start(harness, NULL);
        failing_after(&f->failing, -1);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
    } while (rc);
    ck_assert_int_gt(grants, least);
}

START_TEST(a_start_without_memory_fails_and_can_be_repeated)
{
    struct fixture f;

    set_up(&f);
    start(&f, f.source, 5);
    start(&f, f.sink, 2);
    tear_down(&f);
}
END_TEST

static uint64_t arrived(struct fixture *f)
{
    return flow_channel_size(flow_harness_channel(f->source));
}

START_TEST(what_was_delivered_has_arrived)
{
    struct fixture f;
    unsigned failures = 0;

    set_up(&f);
    ck_assert_int_eq(flow_harness_start(f.source, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_start(f.sink, NULL), FLOW_OK);
    for (int64_t grants = 0;; grants++) {
        flow_channel *channel = flow_harness_channel(f.sink);
        if (flow_channel_size(channel) == 0)
            ck_assert_int_eq(flow_harness_push(f.sink, f.batch, NULL), FLOW_OK);
        uint64_t before = arrived(&f);
        int64_t refused = f.failing.refused;
        failing_after(&f.failing, grants);
        int rc = flow_harness_run(f.sink, NULL);
        if (rc == FLOW_PENDING)
            rc = flow_harness_settle(f.sink, 60000, NULL);
        failing_after(&f.failing, -1);
        failures += rc != FLOW_OK;
        if (rc == FLOW_OK)
            ck_assert_uint_ge(arrived(&f), before + EVENTS);
        else
            ck_assert_uint_eq(flow_channel_size(channel), EVENTS);
        if (f.failing.refused == refused)
            break;
    }
    ck_assert_uint_gt(failures, 5);
    ck_assert_int_eq(flow_harness_stop(f.sink, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_stop(f.source, NULL), FLOW_OK);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"start", a_start_without_memory_fails_and_can_be_repeated},
        {"deliver", what_was_delivered_has_arrived},
    };

    return RUN_SUITE("ipc without memory", tests);
}
