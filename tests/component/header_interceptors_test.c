/* SPDX-License-Identifier: Apache-2.0 */
/* The interceptors that set one header: timestamp, host and static. */

#include <string.h>

#include "stand.h"
#include "suite.h"

/* Sends one event that has the header NAME with the value "old", and one that has none. */
static void intercept(struct stand *stand, const char *name)
{
    const flow_header old = {name, "old", (uint32_t)strlen(name), 3};

    flow_batch_add_full(stand->batch, "a", 1, &old, 1, sizeof old, NULL);
    flow_batch_add(stand->batch, "b", 1, NULL);
    ck_assert_int_eq(flow_harness_intercept(stand->harness, stand->batch, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_batch_count(stand->batch), 2);
}

static const char *header(const struct stand *stand, size_t index, const char *name)
{
    return flow_event_header(flow_batch_event(stand->batch, index), name, NULL);
}

static void check(const char *type, const char *const *settings, const char *name,
                  const char *const *expected)
{
    struct stand stand;
    stand_init(&stand, FLOW_KIND_INTERCEPTOR, type, FLOW_LOG_OFF, settings);
    flow_harness_set_time(stand.harness, 1700000000123);
    stand_start(&stand);

    intercept(&stand, name);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(header(&stand, i, name), expected[i]);
    stand_free(&stand);
}

START_TEST(timestamp_overwrites_unless_told_otherwise)
{
    static const char *const now[] = {"1700000000123", "1700000000123"};
    static const char *const kept[] = {"old", "1700000000123"};
    static const char *const named[] = {"headerName", "when", NULL};
    static const char *const keep[] = {"preserveExisting", "TRUE", NULL};

    check("timestamp", NULL, "timestamp", now);
    check("org.apache.flume.interceptor.TimestampInterceptor$Builder", named, "when", now);
    check("timestamp", keep, "timestamp", kept);
}
END_TEST

START_TEST(static_keeps_unless_told_otherwise)
{
    static const char *const both[] = {"x", "x"};
    static const char *const kept[] = {"old", "x"};
    static const char *const by_default[] = {"old", "value"};
    static const char *const overwrite[] = {"key",   "k", "value", "x", "preserveExisting",
                                            "false", NULL};
    static const char *const keep[] = {"key", "k", "value", "x", NULL};

    check("static", NULL, "key", by_default);
    check("static", keep, "k", kept);
    check("org.apache.flume.interceptor.StaticInterceptor$Builder", overwrite, "k", both);
}
END_TEST

START_TEST(host_is_one_address_for_all)
{
    struct stand stand;
    stand_init(&stand, FLOW_KIND_INTERCEPTOR, "host", FLOW_LOG_WARN, NULL);
    stand_start(&stand);

    intercept(&stand, "host");
    const char *address = header(&stand, 1, "host");
    if (stand.count > 0) { /* this machine's name cannot be resolved: that is said, and no more */
        ck_assert_ptr_null(address);
        ck_assert_str_eq(header(&stand, 0, "host"), "old");
    } else {
        ck_assert_ptr_nonnull(address);
        ck_assert_str_eq(header(&stand, 0, "host"), address);
        ck_assert_uint_eq(strspn(address, "0123456789abcdef.:%"), strlen(address));
    }
    stand_free(&stand);
}
END_TEST

START_TEST(host_can_be_a_name_under_another_header)
{
    static const char *const settings[] = {
        "useIP", "false", "hostHeader", "machine", "preserveExisting", "true", NULL};
    struct stand stand;
    stand_init(&stand, FLOW_KIND_INTERCEPTOR,
               "org.apache.flume.interceptor.HostInterceptor$Builder", FLOW_LOG_WARN, settings);
    stand_start(&stand);

    intercept(&stand, "machine");
    ck_assert_str_eq(header(&stand, 0, "machine"), "old");
    ck_assert_int_eq(header(&stand, 1, "machine") == NULL, stand.count > 0);
    stand_free(&stand);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"timestamp", timestamp_overwrites_unless_told_otherwise},
        {"static", static_keeps_unless_told_otherwise},
        {"host address", host_is_one_address_for_all},
        {"host name", host_can_be_a_name_under_another_header},
    };

    return RUN_SUITE("component/header_interceptors", tests);
}
