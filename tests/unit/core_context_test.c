/* SPDX-License-Identifier: Apache-2.0 */

/* What a component sees of its surroundings: settings, faults of them, waiting and counters. */

#include <stdio.h>
#include <string.h>

#include "core/context.h"
#include "failing.h"
#include "recorder.h"
#include "suite.h"

#define START_MS INT64_C(1600000000000)

static const flow_property properties[] = {
    {.name = "port", .type = FLOW_TYPE_INT, .default_value = "7", .help = "A port."},
    {.name = "on", .type = FLOW_TYPE_BOOL, .default_value = "TRUE", .help = "A switch."},
    {.name = "mode", .type = FLOW_TYPE_CHOICE, .choices = "a|b", .help = "A mode."},
    {.name = "name", .type = FLOW_TYPE_STRING, .help = "A name."},
    {.name = "words", .type = FLOW_TYPE_WORDS, .help = "Some words."},
    {.name = "h.", .type = FLOW_TYPE_STRING, .flags = FLOW_PROPERTY_PREFIX, .help = "Headers."},
};

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof(properties) / sizeof(properties[0]),
    .summary = "A source of the test.",
};

static const struct fl_type type = {
    .kind = FLOW_KIND_SOURCE, .name = "t", .aliases = "", .schema = &schema, .user = (void *)&type};

struct fixture {
    struct failing failing;
    flow_library *lib;
    struct fl_clock *clock;
    struct fl_settings *settings;
    flow_context *ctx;
    char log[256];
};

static void write_log(void *self, const flow_log_record *record)
{
    struct fixture *f = self;

    snprintf(f->log, sizeof(f->log), "%s: %s", record->component, record->message);
}

static struct fl_settings *make_settings(flow_library *lib)
{
    const struct fl_raw owner = {.key = "", .full = "a1.sources.r1", .value = "", .file = "f"};
    const struct fl_raw raw[] = {
        {"mode", "a1.sources.r1.mode", "B", "a.conf", 3, 1, 3, 22},
        {"words", "a1.sources.r1.words", "one two", "a.conf", 4, 1, 4, 22},
        {"h.k", "a1.sources.r1.h.k", "v", "a.conf", 5, 1, 5, 22},
    };
    struct recorder recorder;
    struct fl_settings *settings;
    size_t faults;

    recorder_init(&recorder);
    ck_assert_int_eq(fl_settings_make(flow_library_registry(lib), &type, raw, 3, &owner,
                                      &recorder.findings, &faults, &settings),
                     FLOW_OK);
    ck_assert_uint_eq(faults, 0);
    return settings;
}

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    failing_init(&f->failing);
    const flow_library_options options = {.struct_size = sizeof(options),
                                          .log = write_log,
                                          .log_self = f,
                                          .allocator = &f->failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &f->lib, NULL), FLOW_OK);
    f->clock = fl_clock_false_new(NULL, START_MS);
    f->settings = make_settings(f->lib);
    ck_assert_int_eq(fl_context_new(f->lib, &type, "r1", f->settings, f->clock, &f->ctx, NULL),
                     FLOW_OK);
}

static void tear_down(struct fixture *f)
{
    fl_context_free(f->ctx);
    fl_settings_free(f->settings);
    fl_clock_false_free(NULL, f->clock);
    ck_assert_int_eq(flow_library_free(f->lib, NULL), FLOW_OK);
    ck_assert_int_eq(f->failing.live, 0);
}

START_TEST(a_component_knows_its_name_library_and_user)
{
    struct fixture f;

    set_up(&f);
    ck_assert_str_eq(flow_context_name(f.ctx), "r1");
    ck_assert_ptr_eq(flow_context_library(f.ctx), f.lib);
    ck_assert_ptr_eq(flow_context_user(f.ctx), &type);
    tear_down(&f);
}
END_TEST

START_TEST(settings_are_read_by_their_type)
{
    struct fixture f;
    const char *key;
    const char *value;

    set_up(&f);
    ck_assert_int_eq(flow_context_int(f.ctx, "port"), 7);
    ck_assert_int_eq(flow_context_is_set(f.ctx, "port"), 0);
    ck_assert_int_eq(flow_context_bool(f.ctx, "on"), 1);
    ck_assert_int_eq(flow_context_choice(f.ctx, "mode"), 1);
    ck_assert_int_eq(flow_context_is_set(f.ctx, "mode"), 1);
    ck_assert_ptr_null(flow_context_string(f.ctx, "name"));
    ck_assert_str_eq(flow_context_word(f.ctx, "words", 1), "two");
    ck_assert_ptr_null(flow_context_word(f.ctx, "words", 2));
    ck_assert_ptr_null(flow_context_word(f.ctx, "words", 99));
    ck_assert_int_eq(flow_context_below(f.ctx, "h.", 0, &key, &value), 1);
    ck_assert_str_eq(key, "k");
    ck_assert_str_eq(value, "v");
    tear_down(&f);
}
END_TEST

START_TEST(what_the_schema_does_not_have_reads_as_unset)
{
    struct fixture f;
    const char *key;
    const char *value;

    set_up(&f);
    ck_assert_ptr_null(flow_context_string(f.ctx, "nothing"));
    ck_assert_int_eq(flow_context_int(f.ctx, "nothing"), 0);
    ck_assert_int_eq(flow_context_choice(f.ctx, "nothing"), -1);
    ck_assert_ptr_null(flow_context_word(f.ctx, "nothing", 0));
    ck_assert_int_eq(flow_context_below(f.ctx, "nothing.", 0, &key, &value), 0);
    tear_down(&f);
}
END_TEST

START_TEST(a_refused_setting_has_its_place)
{
    struct fixture f;
    flow_error *err = NULL;
    uint32_t line;
    uint32_t column;

    set_up(&f);
    ck_assert_int_eq(flow_context_refuse(f.ctx, "mode", "does not go with port", &err),
                     FLOW_ECONFIG);
    ck_assert_str_eq(flow_error_component(err), "source r1");
    ck_assert_str_eq(flow_error_key(err), "a1.sources.r1.mode");
    ck_assert_str_eq(flow_error_place(err, &line, &column), "a.conf");
    ck_assert_uint_eq(line, 3);
    ck_assert_uint_eq(column, 22);
    flow_error_free(err);
    err = NULL;
    ck_assert_int_eq(flow_context_refuse(f.ctx, "mode", "x", NULL), FLOW_ECONFIG);
    flow_context_refuse(f.ctx, "h.k", "is no header", &err); /* below a prefix */
    ck_assert_str_eq(flow_error_key(err), "a1.sources.r1.h.k");
    ck_assert_str_eq(flow_error_place(err, &line, &column), "a.conf");
    ck_assert_uint_eq(line, 5);
    flow_error_free(err);
    err = NULL;
    flow_context_refuse(f.ctx, "h.none", "is no header", &err);
    ck_assert_str_eq(flow_error_key(err), "h.none");
    flow_error_free(err);
    tear_down(&f);
}
END_TEST

START_TEST(messages_carry_the_component)
{
    struct fixture f;

    set_up(&f);
    flow_context_logf(f.ctx, FLOW_LOG_WARN, "%d events", 3);
    ck_assert_str_eq(f.log, "source r1: 3 events");
    flow_context_log(f.ctx, FLOW_LOG_DEBUG, "not seen");
    ck_assert_str_eq(f.log, "source r1: 3 events");
    ck_assert_int_eq(flow_context_log_enabled(f.ctx, FLOW_LOG_DEBUG), 0);
    flow_library_set_log_level(f.lib, FLOW_LOG_DEBUG);
    ck_assert_int_eq(flow_context_log_enabled(f.ctx, FLOW_LOG_DEBUG), 1);
    tear_down(&f);
}
END_TEST

/* ---- time ---- */

struct sleeper {
    flow_context *ctx;
    int64_t ms;
    _Atomic int done;
    int result;
};

static void sleep_there(void *arg)
{
    struct sleeper *sleeper = arg;

    sleeper->result = flow_wait(sleeper->ctx, sleeper->ms);
    atomic_store(&sleeper->done, 1);
}

START_TEST(a_wait_ends_when_the_clock_says_so)
{
    struct fixture f;
    struct fl_thread thread = {0};

    set_up(&f);
    ck_assert_int_eq(flow_context_time(f.ctx), START_MS);
    struct sleeper sleeper = {.ctx = f.ctx, .ms = 1000};
    ck_assert_int_eq(fl_thread_start(&thread, "sleeper", sleep_there, &sleeper), FLOW_OK);
    /* However late the thread begins to wait, some step ends it; none before the first second. */
    while (!atomic_load(&sleeper.done))
        fl_clock_false_advance(f.clock, 1);
    fl_thread_join(&thread);
    ck_assert_int_eq(sleeper.result, FLOW_OK);
    ck_assert_int_ge(flow_context_now(f.ctx), 1000);
    ck_assert_int_eq(flow_wait(f.ctx, 0), FLOW_OK);
    ck_assert_int_eq(flow_wait(f.ctx, -5), FLOW_OK);
    tear_down(&f);
}
END_TEST

START_TEST(stop_ends_every_wait)
{
    struct fixture f;
    struct fl_thread thread = {0};

    set_up(&f);
    struct sleeper sleeper = {.ctx = f.ctx, .ms = INT64_MAX};
    ck_assert_int_eq(fl_thread_start(&thread, "sleeper", sleep_there, &sleeper), FLOW_OK);
    fl_context_stop(f.ctx);
    fl_thread_join(&thread);
    ck_assert_int_eq(sleeper.result, FLOW_ECLOSED);
    ck_assert_int_eq(flow_context_stopping(f.ctx), 1);
    ck_assert_int_eq(flow_wait(f.ctx, 1000), FLOW_ECLOSED);
    fl_context_resume(f.ctx);
    ck_assert_int_eq(flow_context_stopping(f.ctx), 0);
    ck_assert_int_eq(flow_wait(f.ctx, 0), FLOW_OK);
    tear_down(&f);
}
END_TEST

/* ---- counters ---- */

static void note(void *calls)
{
    ++*(int *)calls;
}

START_TEST(stop_calls_the_hooks_that_there_are)
{
    struct fixture f;
    int first = 0, second = 0, late = 0;
    struct fl_stop_hook hooks[] = {
        {note, &first, NULL}, {note, &second, NULL}, {note, &late, NULL}};

    set_up(&f);
    fl_context_hook(f.ctx, &hooks[0]);
    fl_context_hook(f.ctx, &hooks[1]);
    fl_context_unhook(f.ctx, &hooks[0]);
    ck_assert_int_eq(second, 0);
    fl_context_stop(f.ctx);
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(second, 1);
    fl_context_hook(f.ctx, &hooks[2]);
    ck_assert_int_eq(late, 1);
    ck_assert_int_eq(second, 1);
    fl_context_unhook(f.ctx, &hooks[1]);
    fl_context_unhook(f.ctx, &hooks[2]);
    tear_down(&f);
}
END_TEST

START_TEST(a_counter_is_made_once)
{
    struct fixture f;

    set_up(&f);
    flow_counter *counter = flow_context_counter(f.ctx, "Lines");
    ck_assert_ptr_eq(flow_context_counter(f.ctx, "Lines"), counter);
    flow_counter_add(counter, 3);
    flow_counter_add(counter, 4);
    ck_assert_int_eq(fl_counters_value(&f.ctx->counters, "Lines"), 7);
    flow_counter_set(counter, 1);
    ck_assert_int_eq(fl_counters_value(&f.ctx->counters, "Lines"), 1);
    flow_counter_add(NULL, 1);
    flow_counter_set(NULL, 1);
    ck_assert_int_eq(fl_counters_value(&f.ctx->counters, "Nothing"), 0);
    tear_down(&f);
}
END_TEST

static void count_much(void *arg)
{
    for (int i = 0; i < 10000; i++)
        flow_counter_add(flow_context_counter(arg, i % 2 == 0 ? "Even" : "Odd"), 1);
}

START_TEST(threads_count_together)
{
    struct fixture f;
    struct fl_thread threads[4] = {0};

    set_up(&f);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(fl_thread_start(&threads[i], "counter", count_much, f.ctx), FLOW_OK);
    for (size_t i = 0; i < 4; i++)
        fl_thread_join(&threads[i]);
    ck_assert_int_eq(fl_counters_value(&f.ctx->counters, "Even"), 20000);
    ck_assert_int_eq(fl_counters_value(&f.ctx->counters, "Odd"), 20000);
    tear_down(&f);
}
END_TEST

START_TEST(a_reading_has_counters_in_the_order_they_were_made)
{
    struct fixture f;
    flow_metrics *metrics;
    flow_metric metric = {.struct_size = sizeof(metric)};

    set_up(&f);
    flow_counter_set(flow_context_counter(f.ctx, "First"), 1);
    flow_counter_set(flow_context_counter(f.ctx, "Second"), 2);
    ck_assert_int_eq(fl_metrics_new(&f.failing.allocator, &metrics, NULL), FLOW_OK);
    ck_assert_int_eq(fl_metrics_add(metrics, FLOW_KIND_SOURCE, "r1", &f.ctx->counters), FLOW_OK);
    ck_assert_int_eq(fl_metrics_add_value(metrics, FLOW_KIND_CHANNEL, "c1", "ChannelSize", 9),
                     FLOW_OK);
    ck_assert_int_eq(flow_metrics_at(metrics, 0, &metric), FLOW_OK);
    ck_assert_str_eq(metric.name, "First");
    ck_assert_str_eq(metric.component, "r1");
    ck_assert_uint_eq(metric.kind, FLOW_KIND_SOURCE);
    ck_assert_int_eq(metric.value, 1);
    ck_assert_int_eq(flow_metrics_at(metrics, 2, &metric), FLOW_OK);
    ck_assert_str_eq(metric.name, "ChannelSize");
    ck_assert_int_eq(flow_metrics_at(metrics, 3, &metric), FLOW_ENOENT);
    ck_assert_int_eq(flow_metrics_value(metrics, "r1", "Second"), 2);
    ck_assert_int_eq(flow_metrics_value(metrics, "c1", "Second"), 0);
    flow_metrics_free(metrics);
    flow_metrics_free(NULL);
    tear_down(&f);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct fixture f;
    flow_context *ctx = NULL;
    flow_metrics *metrics = NULL;

    set_up(&f);
    int64_t live = f.failing.live;
    for (int64_t granted = 0; !metrics; granted++) {
        failing_after(&f.failing, granted);
        if (fl_context_new(f.lib, &type, "r2", f.settings, NULL, &ctx, NULL) == FLOW_OK &&
            flow_context_counter(ctx, "Lines") != NULL &&
            fl_metrics_new(&f.failing.allocator, &metrics, NULL) == FLOW_OK &&
            fl_metrics_add(metrics, FLOW_KIND_SOURCE, "r2", &ctx->counters) != FLOW_OK) {
            flow_metrics_free(metrics);
            metrics = NULL;
        }
        if (!metrics) {
            fl_context_free(ctx);
            ctx = NULL;
            ck_assert_int_eq(f.failing.live, live);
        }
    }
    failing_after(&f.failing, -1);
    flow_metrics_free(metrics);
    fl_context_free(ctx);
    tear_down(&f);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_component_knows_its_name_library_and_user",
         a_component_knows_its_name_library_and_user},
        {"settings_are_read_by_their_type", settings_are_read_by_their_type},
        {"what_the_schema_does_not_have_reads_as_unset",
         what_the_schema_does_not_have_reads_as_unset},
        {"a_refused_setting_has_its_place", a_refused_setting_has_its_place},
        {"messages_carry_the_component", messages_carry_the_component},
        {"a_wait_ends_when_the_clock_says_so", a_wait_ends_when_the_clock_says_so},
        {"stop_ends_every_wait", stop_ends_every_wait},
        {"stop_calls_the_hooks_that_there_are", stop_calls_the_hooks_that_there_are},
        {"a_counter_is_made_once", a_counter_is_made_once},
        {"threads_count_together", threads_count_together},
        {"a_reading_has_counters_in_the_order_they_were_made",
         a_reading_has_counters_in_the_order_they_were_made},
        {"every_allocation_may_fail", every_allocation_may_fail},
    };

    return RUN_SUITE("core_context", tests);
}
