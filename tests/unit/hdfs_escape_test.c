/* SPDX-License-Identifier: Apache-2.0 */

/* Path escapes of the hdfs sink against what Flume makes of the same texts. */

#include <string.h>

#include "sinks/hdfs/escape.h"
#include "sinks/hdfs/host.h"
#include "suite.h"

static const struct {
    const char *text;
    const char *zone;
    int unit;
    int32_t value;
    int64_t timestamp;
    const char *expansion;
} flume[] = {
#include "hdfs_escape_flume.inc"
};

static flow_library *lib;
static flow_event *event;

#define HEADER(name, value)                                                                        \
    {                                                                                              \
        name, value, sizeof(name) - 1, sizeof(value) - 1                                           \
    }

/* The event that Flume was given, with another timestamp; NULL for none. */
static const flow_event *event_at(const char *timestamp)
{
    flow_header headers[] = {HEADER("host", "web.1"), HEADER("a-b", "x/y"),
                             HEADER("dollar", "$1\\2"), HEADER("timestamp", "")};
    size_t count = timestamp ? 4 : 3;

    if (!lib)
        ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    flow_event_unref(event);
    headers[3].value = timestamp;
    headers[3].value_size = timestamp ? (uint32_t)strlen(timestamp) : 0;
    ck_assert_int_eq(flow_event_new(lib, "", 0, headers, count, sizeof *headers, &event, NULL),
                     FLOW_OK);
    return event;
}

static void done(void)
{
    flow_event_unref(event);
    event = NULL;
    flow_library_free(lib, NULL);
    lib = NULL;
}

/* Expands TEXT for an event into OUT; returns what the first call that failed returned. */
static int expand(const char *text, const struct fl_hdfs_time_rule *rule,
                  const flow_event *for_event, struct fl_buf *out, flow_error **err)
{
    struct fl_hdfs_escape *escape;
    struct fl_hdfs_time time = {0};
    int64_t ms = 0;

    int rc = fl_hdfs_escape_new(NULL, text, &escape, err);
    if (rc)
        return rc;
    if (fl_hdfs_escape_needs(escape) & (FL_ESCAPE_SECOND | FL_ESCAPE_MILLI)) {
        rc = fl_hdfs_time_of(rule, for_event, 1356998405123, &ms, err);
        if (!rc)
            rc = fl_hdfs_time_split(rule, ms, &time, err);
    }
    if (!rc)
        rc = fl_hdfs_escape_expand(escape, for_event, &time, out);
    fl_hdfs_escape_free(escape);
    return rc;
}

START_TEST(expands_as_flume_does)
{
    for (size_t i = 0; i < sizeof flume / sizeof *flume; i++) {
        struct fl_zone *zone;
        struct fl_buf timestamp, out;
        ck_assert_int_eq(fl_zone_load(NULL, flume[i].zone, &zone), FLOW_OK);
        struct fl_hdfs_time_rule rule = {zone, flume[i].unit, flume[i].value, 0};
        fl_buf_init(&timestamp, NULL);
        fl_buf_init(&out, NULL);
        fl_buf_printf(&timestamp, "%lld", (long long)flume[i].timestamp);
        const flow_event *one = event_at(fl_buf_cstr(&timestamp));
        ck_assert_int_eq(expand(flume[i].text, &rule, one, &out, NULL), FLOW_OK);
        const char *text = fl_buf_cstr(&out);
        ck_assert_msg(!strcmp(text, flume[i].expansion), "row %zu: %s in %s: '%s', not '%s'", i,
                      flume[i].text, flume[i].zone, text, flume[i].expansion);
        fl_buf_free(&timestamp);
        fl_buf_free(&out);
        fl_zone_free(zone);
    }
    done();
}
END_TEST

/* Checks that expanding "%H" for an event with this header fails with a message that says WHY. */
static void assert_refused(const struct fl_hdfs_time_rule *rule, const char *timestamp,
                           const char *why)
{
    flow_error *err = NULL;
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(expand("/a/%H", rule, event_at(timestamp), &out, &err), FLOW_EDELIVERY);
    ck_assert_msg(strstr(flow_error_message(err), why) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
    fl_buf_free(&out);
}

START_TEST(says_what_to_do_about_a_missing_timestamp)
{
    struct fl_zone *zone;

    fl_zone_load(NULL, "UTC", &zone);
    struct fl_hdfs_time_rule rule = {zone, FL_ROUND_NONE, 1, 0};
    assert_refused(&rule, NULL, "Expected timestamp in the Flume event headers");
    assert_refused(&rule, NULL, "hdfs.useLocalTimeStamp");
    assert_refused(&rule, "yesterday", "parse timestamp header");
    rule.round_unit = FL_ROUND_HOUR;
    assert_refused(&rule, "0", "must be positive");
    fl_zone_free(zone);
    done();
}
END_TEST

START_TEST(takes_the_time_of_delivery_where_asked_to)
{
    struct fl_zone *zone;
    struct fl_buf out;

    fl_zone_load(NULL, "UTC", &zone);
    fl_buf_init(&out, NULL);
    struct fl_hdfs_time_rule rule = {zone, FL_ROUND_NONE, 1, 1};
    ck_assert_int_eq(expand("%Y-%t", &rule, event_at(NULL), &out, NULL), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&out), "2013-1356998405123");
    fl_buf_free(&out);
    fl_zone_free(zone);
    done();
}
END_TEST

START_TEST(knows_this_machine)
{
    flow_error *err = NULL;
    struct fl_buf out;
    char *host;

    fl_buf_init(&out, NULL);
    ck_assert_int_eq(fl_hdfs_host_name(NULL, "localhost", 9, &host, NULL), FLOW_OK);
    ck_assert_int_eq(expand("%[LOCALhost]", NULL, event_at(NULL), &out, NULL), FLOW_OK);
    ck_assert_str_eq(fl_buf_cstr(&out), host);
    fl_buf_clear(&out);
    ck_assert_int_eq(expand("a%[ip]b", NULL, event_at(NULL), &out, NULL), FLOW_OK);
    ck_assert_int_gt((int)out.size, 4);
    ck_assert_int_eq(expand("%[nobody]", NULL, event_at(NULL), &out, &err), FLOW_EINVAL);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "%[nobody] is no escape"));
    flow_error_free(err);
    fl_free(NULL, host);
    fl_buf_free(&out);
    done();
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"expands_as_flume_does", expands_as_flume_does},
        {"says_what_to_do_about_a_missing_timestamp", says_what_to_do_about_a_missing_timestamp},
        {"takes_the_time_of_delivery_where_asked_to", takes_the_time_of_delivery_where_asked_to},
        {"knows_this_machine", knows_this_machine},
    };
    return RUN_SUITE("hdfs escapes", tests);
}
