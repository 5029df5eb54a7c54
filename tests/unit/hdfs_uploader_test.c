/* SPDX-License-Identifier: Apache-2.0 */

/* How long an upload waits for more bytes, seen by the target that reads them. */

#include <sched.h>
#include <string.h>

#include <flow.h>

#include "base/thread.h"
#include "core/context.h"
#include "core/settings.h"
#include "memory_rig.h"
#include "recorder.h"
#include "sinks/hdfs/options.h"
#include "sinks/hdfs/schema.h"
#include "sinks/hdfs/uploader.h"
#include "suite.h"

#define EVENTS 2000 /* more bytes than an upload has to have before it waits for more */
#define BODY 1000

static const struct fl_type type = {
    .kind = FLOW_KIND_SINK, .name = "hdfs", .aliases = "", .schema = &fl_hdfs_schema};

/* A target that reads what it is given, flushes the uploader when it has to wait, and never
 * answers. */
struct slow_target {
    struct fl_hdfs_target base;
    struct fl_hdfs_uploader *uploader;
    struct fl_hdfs_request *request;
    size_t bytes;
    int waits; /* before the upload's end, of which there is at most one if the flush works */
    int ended;
    struct fl_gate changed;
};

static void slow_start(struct fl_hdfs_target *base, struct fl_hdfs_request *request)
{
    ((struct slow_target *)base)->request = request;
}

static void slow_poll(struct fl_hdfs_target *base, int64_t timeout_ms)
{
    struct slow_target *target = (struct slow_target *)base;
    static char data[1 << 20];

    while (target->request && !target->ended) {
        size_t size = target->request->read(target->request->self, data, sizeof data);
        target->ended = size == 0;
        if (size == FL_HDFS_READ_WAIT) {
            target->waits++;
            fl_hdfs_uploader_flush(target->uploader);
        } else {
            target->bytes += size;
        }
    }
    if (target->ended)
        fl_gate_open(&target->changed);
}

static void slow_wake(struct fl_hdfs_target *base)
{
}

static void slow_free(struct fl_hdfs_target *base)
{
}

static const struct fl_hdfs_target_ops slow_ops = {
    .start = slow_start, .poll = slow_poll, .wake = slow_wake, .free = slow_free};

#define SET(name, text) {.key = name, .full = "a1.sinks.k1." name, .value = text, .file = ""}

/* One file for all. */
static const struct fl_raw settings[] = {
    SET("hdfs.path", "/d"),        SET("hdfs.fileType", "DataStream"), SET("hdfs.rollCount", "0"),
    SET("hdfs.rollInterval", "0"), SET("hdfs.rollSize", "0"),
};

static const char *const one_event[] = {"capacity", "1", "transactionCapacity", "1", NULL};

struct fixture {
    struct memory_rig rig; /* the library, and the channel before the sink */
    struct fl_settings *settings;
    flow_context *ctx;
    struct fl_hdfs_options options;
    struct fl_hdfs_router *router;
    flow_batch *batch;
    struct slow_target target;
};

static void fixture_init(struct fixture *f)
{
    const struct fl_raw owner = {.key = "", .full = "a1.sinks.k1", .value = "", .file = ""};
    static char body[BODY];
    struct recorder recorder;
    size_t faults = 0;

    memset(f, 0, sizeof *f);
    recorder_init(&recorder);
    ck_assert_int_eq(memory_rig_new(&f->rig, 0, one_event, NULL), FLOW_OK);
    ck_assert_int_eq(fl_settings_make(flow_library_registry(f->rig.lib), &type, settings, 5, &owner,
                                      &recorder.findings, &faults, &f->settings),
                     FLOW_OK);
    ck_assert_uint_eq(faults, 0);
    ck_assert_int_eq(fl_context_new(f->rig.lib, &type, "k1", f->settings, NULL, &f->ctx, NULL), 0);
    f->ctx->takes_from = f->rig.channel;
    ck_assert_int_eq(fl_hdfs_options_read(f->ctx, &f->options, NULL), FLOW_OK);
    ck_assert_int_eq(fl_hdfs_router_new(&f->options, "/d", &f->router, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(f->rig.lib, &f->batch, NULL), FLOW_OK);
    for (int i = 0; i < EVENTS; i++)
        ck_assert_int_eq(flow_batch_add(f->batch, body, sizeof body, NULL), FLOW_OK);
    f->target.base.ops = &slow_ops;
    ck_assert_int_eq(fl_gate_init(&f->target.changed), 0);
    ck_assert_int_eq(fl_hdfs_uploader_new(&f->options, &f->target.base, &f->target.uploader, NULL),
                     FLOW_OK);
}

static void fixture_free(struct fixture *f)
{
    fl_hdfs_uploader_free(f->target.uploader);
    fl_gate_destroy(&f->target.changed);
    flow_batch_free(f->batch);
    fl_hdfs_router_free(f->router);
    fl_hdfs_options_free(&f->options);
    fl_context_free(f->ctx);
    fl_settings_free(f->settings);
    ck_assert_int_eq(memory_rig_free(&f->rig), FLOW_OK);
}

static void submit(struct fixture *f)
{
    struct fl_hdfs_job *job = fl_hdfs_job_new(f->options.mem);

    ck_assert_ptr_nonnull(job);
    job->events = flow_batch_events(f->batch);
    job->count = EVENTS;
    job->bytes = (int64_t)EVENTS * BODY;
    ck_assert_int_eq(fl_hdfs_router_route(f->router, job->events, job->count, &job->routes, NULL),
                     FLOW_OK);
    fl_hdfs_uploader_submit(f->target.uploader, job);
}

/* Submits, and waits for the end of the upload. */
static void upload(struct fixture *f)
{
    uint32_t seen = fl_gate_look(&f->target.changed);

    submit(f);
    ck_assert_int_eq(fl_gate_wait(&f->target.changed, seen, fl_clock_system(), FL_NEVER), 0);
    ck_assert_uint_eq(f->target.bytes, (size_t)EVENTS * (BODY + 1));
}

START_TEST(an_upload_waits_for_more_until_it_is_flushed)
{
    struct fixture f;

    fixture_init(&f);
    upload(&f);
    ck_assert_int_eq(f.target.waits, 1);
    fixture_free(&f);
}
END_TEST

static void put_one(void *arg)
{
    const struct fixture *f = arg;
    const flow_event *event = flow_batch_events(f->batch)[0];
    flow_txn *txn;

    ck_assert_int_eq(flow_txn_begin(f->rig.channel, &txn, NULL), FLOW_OK);
    ck_assert_int_eq(fl_txn_put_events(txn, &event, 1, INT32_MAX, NULL, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
    flow_txn_free(txn);
}

START_TEST(an_upload_does_not_wait_for_what_waits_for_it)
{
    const flow_event *const *events;
    struct fl_thread thread;
    struct fixture f;
    flow_txn *taken;
    size_t count;

    fixture_init(&f);
    put_one(&f);
    ck_assert_int_eq(flow_txn_begin(f.rig.channel, &taken, NULL), FLOW_OK);
    ck_assert_int_eq(flow_txn_take(taken, 1, 0, &events, &count, NULL), FLOW_OK);
    ck_assert_int_eq(fl_thread_start(&thread, "put", put_one, &f), 0);
    while (!flow_sink_is_awaited(f.ctx))
        sched_yield();
    upload(&f);
    ck_assert_int_eq(f.target.waits, 0);
    ck_assert_int_eq(flow_txn_commit(taken, NULL), FLOW_OK);
    flow_txn_free(taken);
    fl_thread_join(&thread);
    fixture_free(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"an_upload_waits_for_more_until_it_is_flushed",
         an_upload_waits_for_more_until_it_is_flushed},
        {"an_upload_does_not_wait_for_what_waits_for_it",
         an_upload_does_not_wait_for_what_waits_for_it},
    };

    return RUN_SUITE("hdfs_uploader", tests);
}
