/* SPDX-License-Identifier: Apache-2.0 */

/* Errors come from malloc, so this program puts a malloc of its own in between (-Wl,--wrap). */

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "suite.h"

static int64_t grants = -1; /* allocations that still succeed; negative: all */

void *__real_malloc(size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *ptr, size_t size);

static int granted(void)
{
    if (grants > 0)
        grants--;
    else if (grants == 0)
        return 0;
    return 1;
}

void *__wrap_malloc(size_t size)
{
    return granted() ? __real_malloc(size) : NULL;
}

void *__wrap_realloc(void *ptr, size_t size)
{
    return granted() ? __real_realloc(ptr, size) : NULL;
}

/* cannot start (source r1), caused by a setting at conf/a.conf:3:7 */
static flow_error *make_chain(void)
{
    flow_error *err = NULL;

    fl_error_errno(&err, EACCES, "cannot bind", "localhost:80");
    flow_error_locate(&err, "source r1", "a1.sources.r1.port", "conf/a.conf", 3, 7);
    flow_error_set(&err, FLOW_ESTATE, "cannot start");
    flow_error_locate(&err, "source r1", NULL, NULL, 0, 0);
    return err;
}

START_TEST(message_names_place_component_and_key)
{
    flow_error *err = NULL;
    uint32_t line = 0;
    uint32_t column = 0;

    ck_assert_int_eq(flow_error_set(&err, FLOW_ECONFIG, "must be a number"), FLOW_ECONFIG);
    ck_assert_str_eq(flow_error_message(err), "must be a number");
    flow_error_locate(&err, "source r1", "a1.sources.r1.port", "conf/a.conf", 3, 7);
    ck_assert_str_eq(flow_error_message(err), "conf/a.conf:3:7: source r1: a1.sources.r1.port: "
                                              "must be a number");
    ck_assert_str_eq(flow_error_component(err), "source r1");
    ck_assert_str_eq(flow_error_key(err), "a1.sources.r1.port");
    ck_assert_str_eq(flow_error_place(err, &line, &column), "conf/a.conf");
    ck_assert_uint_eq(line, 3);
    ck_assert_uint_eq(column, 7);
    flow_error_free(err);
}
END_TEST

START_TEST(missing_parts_leave_no_trace)
{
    flow_error *err = NULL;

    flow_error_set(&err, FLOW_EIO, "failed");
    flow_error_locate(&err, NULL, NULL, "a.conf", 0, 5);
    ck_assert_str_eq(flow_error_message(err), "a.conf: failed");
    flow_error_locate(&err, NULL, NULL, NULL, 4, 0);
    ck_assert_str_eq(flow_error_message(err), "a.conf:4:5: failed");
    ck_assert_str_eq(flow_error_component(err), "");
    ck_assert_str_eq(flow_error_key(err), "");
    flow_error_free(err);
}
END_TEST

START_TEST(fault_before_becomes_the_cause)
{
    flow_error *err = make_chain();
    const flow_error *cause = flow_error_cause(err);

    ck_assert_int_eq(flow_error_code(err), FLOW_ESTATE);
    ck_assert_int_eq(flow_error_code(cause), FLOW_EIO);
    ck_assert_ptr_null(flow_error_cause(cause));
    ck_assert_str_eq(flow_error_message(err),
                     "source r1: cannot start; caused by conf/a.conf:3:7: a1.sources.r1.port: "
                     "cannot bind localhost:80: Permission denied");
    flow_error_free(err);
}
END_TEST

START_TEST(nobody_has_to_ask_for_the_description)
{
    ck_assert_int_eq(flow_error_set(NULL, FLOW_EFULL, "full"), FLOW_EFULL);
    ck_assert_int_eq(flow_error_setf(NULL, FLOW_EIO, "%d", 1), FLOW_EIO);
    ck_assert_int_eq(fl_error_nomem(NULL), FLOW_ENOMEM);
    flow_error_locate(NULL, "c", NULL, NULL, 0, 0);
    flow_error_set_retriable(NULL, 1);
    flow_error_free(NULL);
}
END_TEST

START_TEST(no_error_has_neutral_parts)
{
    uint32_t line = 9;

    ck_assert_int_eq(flow_error_code(NULL), FLOW_OK);
    ck_assert_str_eq(flow_error_message(NULL), "no error");
    ck_assert_str_eq(flow_error_place(NULL, &line, NULL), "");
    ck_assert_uint_eq(line, 0);
    ck_assert_int_eq(flow_error_retriable(NULL), 0);
    ck_assert_ptr_null(flow_error_cause(NULL));
    ck_assert_ptr_null(fl_error_copy(NULL));
}
END_TEST

START_TEST(what_may_pass_is_retriable)
{
    flow_error *err = NULL;

    flow_error_set(&err, FLOW_EFULL, "full");
    ck_assert_int_eq(flow_error_retriable(err), 1);
    flow_error_set(&err, FLOW_EINVAL, "wrong");
    ck_assert_int_eq(flow_error_retriable(err), 0);
    flow_error_set_retriable(&err, 1);
    ck_assert_int_eq(flow_error_retriable(err), 1);
    flow_error_free(err);
    err = NULL;
    fl_error_errno(&err, ENOSPC, "cannot write", "/x");
    ck_assert_int_eq(flow_error_retriable(err), 1);
    flow_error_free(err);
}
END_TEST

START_TEST(errno_decides_the_code)
{
    flow_error *err = NULL;

    ck_assert_int_eq(fl_error_errno(&err, ENOENT, "cannot open", "/x"), FLOW_ENOENT);
    ck_assert_str_eq(flow_error_message(err), "cannot open /x: No such file or directory");
    flow_error_free(err);
    err = NULL;
    ck_assert_int_eq(fl_error_errno(&err, EIO, "cannot poll", NULL), FLOW_EIO);
    ck_assert_str_eq(flow_error_message(err), "cannot poll: Input/output error");
    ck_assert_int_eq(fl_error_errno(&err, ENOMEM, "cannot open", "/x"), FLOW_ENOMEM);
    ck_assert_str_eq(flow_error_message(err), "out of memory");
    ck_assert_str_eq(fl_errno_text(123456), "unknown error");
}
END_TEST

START_TEST(every_code_has_its_name)
{
    for (int code = FLOW_OK; code >= FLOW_ETOOBIG; code--)
        ck_assert_str_ne(flow_error_name(code), "FLOW_E?");
    ck_assert_str_eq(flow_error_name(FLOW_EFULL), "FLOW_EFULL");
    ck_assert_str_eq(flow_error_name(1), "FLOW_E?");
    ck_assert_str_eq(flow_error_name(-99), "FLOW_E?");
}
END_TEST

START_TEST(constant_object_cannot_be_changed)
{
    flow_error *err = NULL;

    fl_error_nomem(&err);
    flow_error_locate(&err, "source r1", "k", "f", 1, 1);
    flow_error_set_retriable(&err, 0);
    ck_assert_str_eq(flow_error_message(err), "out of memory");
    ck_assert_int_eq(flow_error_retriable(err), 1);
    flow_error_set(&err, FLOW_EIO, "cannot write");
    ck_assert_str_eq(flow_error_message(err), "cannot write; caused by out of memory");
    flow_error_free(err);
}
END_TEST

START_TEST(copy_has_its_own_texts_and_causes)
{
    flow_error *err = make_chain();
    flow_error *copy = fl_error_copy(err);
    flow_error_free(err);
    const flow_error *cause = flow_error_cause(copy);

    ck_assert_str_eq(flow_error_component(copy), "source r1");
    ck_assert_str_eq(flow_error_key(cause), "a1.sources.r1.port");
    ck_assert_int_eq(flow_error_code(cause), FLOW_EIO);
    flow_error_free(copy);
}
END_TEST

START_TEST(copy_of_the_constant_object_is_itself)
{
    flow_error *err = NULL;
    fl_error_nomem(&err);

    ck_assert_ptr_eq(fl_error_copy(err), err);
    flow_error_set(&err, FLOW_EIO, "x");
    flow_error *copy = fl_error_copy(err);
    ck_assert_int_eq(flow_error_code(flow_error_cause(copy)), FLOW_ENOMEM);
    flow_error_free(copy);
    flow_error_free(err);
}
END_TEST

START_TEST(passing_on_hands_over_or_frees)
{
    flow_error *from = NULL;
    flow_error *err = NULL;

    flow_error_set(&from, FLOW_EIO, "x");
    fl_error_pass(NULL, from);
    flow_error_set(&err, FLOW_EIO, "old");
    from = NULL;
    flow_error_set(&from, FLOW_EIO, "new");
    fl_error_pass(&err, from);
    ck_assert_ptr_eq(err, from);
    fl_error_pass(&err, NULL);
    ck_assert_ptr_eq(err, from);
    flow_error_free(err);
}
END_TEST

START_TEST(without_memory_a_fault_is_the_constant_object)
{
    flow_error *constant = NULL;
    flow_error *err = NULL;
    int64_t needed = 0;
    fl_error_nomem(&constant);

    for (; !err || err == constant; needed++) {
        err = NULL;
        flow_error_set(&err, FLOW_EINVAL, "first");
        grants = needed;
        int rc = flow_error_setf(&err, FLOW_EIO, "failed %d times", 3);
        grants = -1; /* Check's macros allocate, too */
        ck_assert_int_eq(rc, FLOW_EIO);
    }
    ck_assert_int_ge(needed, 3);
    ck_assert_str_eq(flow_error_message(err), "failed 3 times; caused by first");
    flow_error_free(err);
}
END_TEST

START_TEST(without_memory_a_place_is_set_whole_or_not_at_all)
{
    flow_error *err = NULL;
    int64_t needed = 0;
    flow_error_set(&err, FLOW_EIO, "failed");

    while (flow_error_key(err)[0] == '\0') {
        ck_assert_str_eq(flow_error_message(err), "failed");
        ck_assert_str_eq(flow_error_component(err), "");
        grants = needed++;
        flow_error_locate(&err, "sink k1", "path", "a.conf", 1, 2);
        grants = -1;
    }
    ck_assert_int_ge(needed, 4);
    ck_assert_str_eq(flow_error_message(err), "a.conf:1:2: sink k1: path: failed");
    flow_error_free(err);
}
END_TEST

START_TEST(without_memory_a_copy_is_the_constant_object)
{
    flow_error *constant = NULL;
    flow_error *err = make_chain();
    flow_error *copy = NULL;
    int64_t needed = 0;
    fl_error_nomem(&constant);

    do {
        grants = needed++;
        copy = fl_error_copy(err);
        grants = -1;
    } while (copy == constant);
    ck_assert_int_ge(needed, 8);
    ck_assert_str_eq(flow_error_message(copy), flow_error_message(err));
    flow_error_free(copy);
    flow_error_free(err);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"message", message_names_place_component_and_key},
        {"parts", missing_parts_leave_no_trace},
        {"cause", fault_before_becomes_the_cause},
        {"not wanted", nobody_has_to_ask_for_the_description},
        {"no error", no_error_has_neutral_parts},
        {"retriable", what_may_pass_is_retriable},
        {"errno", errno_decides_the_code},
        {"names", every_code_has_its_name},
        {"constant", constant_object_cannot_be_changed},
        {"copy", copy_has_its_own_texts_and_causes},
        {"copy of constant", copy_of_the_constant_object_is_itself},
        {"pass", passing_on_hands_over_or_frees},
        {"set without memory", without_memory_a_fault_is_the_constant_object},
        {"locate without memory", without_memory_a_place_is_set_whole_or_not_at_all},
        {"copy without memory", without_memory_a_copy_is_the_constant_object},
    };

    return RUN_SUITE("base/error", tests);
}
