/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "core/batch.h"
#include "serializing.h"
#include "suite.h"

/* A serializer that has nothing but what every one must have, and says when it is made. */

static int destroyed;

static int plain_create(flow_context *ctx, void **self, flow_error **err)
{
    if (flow_context_bool(ctx, "broken"))
        return flow_context_refuse(ctx, "broken", "it was to be broken", err);
    flow_context_log(ctx, FLOW_LOG_INFO, flow_context_name(ctx));
    *self = ctx;
    return FLOW_OK;
}

static void plain_destroy(void *self)
{
    destroyed++;
}

static int plain_write(void *self, const flow_event *const *events, size_t count, flow_buffer *out,
                       flow_error **err)
{
    return flow_buffer_append(out, "event", 5);
}

static const flow_property properties[] = {
    {.name = "broken", .type = FLOW_TYPE_BOOL, .default_value = "false", .help = "Fail."},
};

static const flow_schema schema = {
    .struct_size = sizeof(schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = 1,
    .summary = "A serializer of the test.",
};

static const flow_serializer_ops plain = {
    .struct_size = sizeof plain,
    .type = "plain",
    .schema = &schema,
    .create = plain_create,
    .destroy = plain_destroy,
    .write = plain_write,
};

START_TEST(optional_calls_may_be_missing)
{
    static const char *const keys[][2] = {{"", "plain"}};
    struct serializing s;
    size_t size;
    serializing_init_with(&s, &plain, keys, 1);

    ck_assert_int_eq(flow_serializer_begin(s.serializer, s.out, NULL), FLOW_OK);
    ck_assert_int_eq(flow_serializer_flush(s.serializer, s.out, NULL), FLOW_OK);
    ck_assert_int_eq(flow_serializer_end(s.serializer, s.out, NULL), FLOW_OK);
    ck_assert_uint_eq(flow_serializer_flags(s.serializer), 0);
    ck_assert_ptr_null(flow_serializer_tail(s.serializer, &size));
    serializing_bytes(&s, &size);
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(serializing_write(&s, NULL), FLOW_OK);
    ck_assert_mem_eq(serializing_bytes(&s, &size), "event", 5);
    serializing_free(&s);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(messages_come_from_the_component_around_it)
{
    static const char *const keys[][2] = {{"", "plain"}};
    struct serializing s;
    serializing_init_with(&s, &plain, keys, 1);

    ck_assert_str_eq(s.logged, "sink k1: k1");
    serializing_free(&s);
}
END_TEST

START_TEST(a_serializer_that_cannot_be_made_is_not_destroyed)
{
    static const char *const keys[][2] = {{"", "plain"}, {".broken", "true"}};
    struct serializing s;
    serializing_init_with(&s, &plain, keys, 2);

    ck_assert_ptr_null(s.serializer);
    ck_assert_msg(strstr(s.fault, "a1.sinks.k1.serializer.broken") != NULL, "%s", s.fault);
    serializing_free(&s);
    ck_assert_int_eq(destroyed, 0);
}
END_TEST

START_TEST(properties_that_name_no_serializer_are_refused)
{
    struct serializing s;
    flow_serializer *other;
    flow_error *err = NULL;
    serializing_init(&s, NULL, 0);

    ck_assert_int_eq(flow_serializer_new(s.ctx, "other", &other, &err), FLOW_EINVAL);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "'other'"));
    flow_error_free(err);
    serializing_free(&s);
}
END_TEST

START_TEST(lack_of_memory_leaks_nothing)
{
    struct serializing s;
    flow_serializer *second;
    int64_t grants = 0;
    serializing_init(&s, NULL, 0);

    int64_t live = s.failing.live;
    do {
        failing_after(&s.failing, grants++);
    } while (flow_serializer_new(s.ctx, "serializer", &second, NULL) == FLOW_ENOMEM &&
             s.failing.live == live);
    failing_after(&s.failing, -1);
    ck_assert_int_gt(grants, 3);
    flow_serializer_free(second);
    ck_assert_int_eq(s.failing.live, live);
    flow_serializer_free(NULL);
    flow_buffer_free(NULL);
    serializing_free(&s);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"optional", optional_calls_may_be_missing},
        {"messages", messages_come_from_the_component_around_it},
        {"create fails", a_serializer_that_cannot_be_made_is_not_destroyed},
        {"no property", properties_that_name_no_serializer_are_refused},
        {"no memory", lack_of_memory_leaks_nothing},
    };

    return RUN_SUITE("core/serializer", tests);
}
