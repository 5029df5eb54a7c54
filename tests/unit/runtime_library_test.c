/* SPDX-License-Identifier: Apache-2.0 */

/* Making and freeing a library: options of all ages, allocators, memory that runs out. */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <flow/plugin.h>

#include "core/library.h"
#include "failing.h"
#include "suite.h"

static void refuse_options(const flow_library_options *options, int code, const char *part)
{
    flow_error *err = NULL;
    flow_library *lib = (flow_library *)&err;

    ck_assert_int_eq(flow_library_new(options, &lib, &err), code);
    ck_assert_ptr_null(lib);
    ck_assert_msg(strstr(flow_error_message(err), part) != NULL, "%s", flow_error_message(err));
    flow_error_free(err);
}

START_TEST(options_are_not_needed)
{
    flow_library *lib;

    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    ck_assert_ptr_nonnull(flow_library_registry(lib));
    void *piece = flow_library_allocator(lib)->allocate(flow_library_allocator(lib)->self, 10);
    flow_library_allocator(lib)->release(flow_library_allocator(lib)->self, piece);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_library_free(NULL, NULL), FLOW_OK);
}
END_TEST

START_TEST(three_wrong_sizes_are_told_apart)
{
    struct {
        flow_library_options options;
        uint64_t newer;
    } caller = {.options.struct_size = 0};
    flow_library *lib;

    refuse_options(&caller.options, FLOW_EINVAL, "struct_size 0 cannot be");
    caller.options.struct_size = 1u << 30;
    refuse_options(&caller.options, FLOW_EINVAL, "struct_size 1073741824 cannot be");
    caller.options.struct_size = offsetof(flow_library_options, module_path);
    refuse_options(&caller.options, FLOW_EABI, "at least 40 are needed");
    caller.options.struct_size = sizeof(caller);
    caller.newer = 1;
    refuse_options(&caller.options, FLOW_EABI, "too old to know");
    caller.newer = 0;
    ck_assert_int_eq(flow_library_new(&caller.options, &lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}
END_TEST

START_TEST(options_that_cannot_be_are_refused)
{
    struct failing failing;
    flow_library_options options = {.struct_size = sizeof(options), .log_level = 99};

    refuse_options(&options, FLOW_EINVAL, "no log level 99");
    failing_init(&failing);
    options.log_level = FLOW_LOG_OFF;
    options.allocator = &failing.allocator;
    failing.allocator.release = NULL;
    refuse_options(&options, FLOW_EINVAL, "flow_allocator: a function is missing");
    failing.allocator.struct_size = 8;
    refuse_options(&options, FLOW_EABI, "flow_allocator: struct_size is 8");
}
END_TEST

START_TEST(a_library_in_use_is_not_freed)
{
    flow_library *lib;
    flow_error *err = NULL;

    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    atomic_fetch_add(&lib->users, 1);
    ck_assert_int_eq(flow_library_free(lib, &err), FLOW_ESTATE);
    flow_error_free(err);
    atomic_fetch_sub(&lib->users, 1);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}
END_TEST

START_TEST(two_libraries_know_nothing_of_each_other)
{
    struct failing failing;
    flow_library *one;
    flow_library *two;

    failing_init(&failing);
    const flow_library_options options = {.struct_size = sizeof(options),
                                          .allocator = &failing.allocator};
    ck_assert_int_eq(flow_library_new(&options, &one, NULL), FLOW_OK);
    ck_assert_int_eq(flow_library_new(NULL, &two, NULL), FLOW_OK);
    ck_assert_ptr_ne(flow_library_registry(one), flow_library_registry(two));
    ck_assert_int_eq(flow_library_free(one, NULL), FLOW_OK);
    ck_assert_int_eq(failing.live, 0);
    ck_assert_int_eq(flow_library_free(two, NULL), FLOW_OK);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct failing failing;
    flow_library *lib = NULL;

    failing_init(&failing);
    const flow_library_options options = {
        .struct_size = sizeof(options), .allocator = &failing.allocator, .module_path = "/nowhere"};
    for (int64_t granted = 0; !lib; granted++) {
        flow_error *err = NULL;
        failing_after(&failing, granted);
        if (flow_library_new(&options, &lib, &err) == FLOW_OK)
            break;
        ck_assert_int_eq(flow_error_code(err), FLOW_ENOMEM);
        ck_assert_int_eq(failing.live, 0);
        flow_error_free(err);
    }
    failing_after(&failing, -1);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
    ck_assert_int_eq(failing.live, 0);
}
END_TEST

/* What a child of the process gets from the parent's library, as an exit code. */
static int in_child(flow_library *lib)
{
    flow_type_info info = {.struct_size = sizeof(info)};
    flow_error *err = NULL;

    if (flow_library_free(lib, &err) != FLOW_EFORKED || flow_error_code(err) != FLOW_EFORKED)
        return 1;
    flow_error_free(err);
    if (flow_plugin_load(lib, "x.so", NULL) != FLOW_EFORKED)
        return 2;
    if (flow_registry_find(flow_library_registry(lib), FLOW_KIND_SINK, "null", &info, NULL) !=
        FLOW_EFORKED)
        return 3;
    return flow_registry_at(flow_library_registry(lib), 0, &info) == FLOW_EFORKED ? 0 : 4;
}

START_TEST(a_child_gets_an_error)
{
    flow_library *lib;
    int status = 0;

    ck_assert_int_eq(flow_library_new(NULL, &lib, NULL), FLOW_OK);
    pid_t child = fork();
    if (child == 0)
        _exit(in_child(lib));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_int_eq(flow_library_free(lib, NULL), FLOW_OK);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"options_are_not_needed", options_are_not_needed},
        {"three_wrong_sizes_are_told_apart", three_wrong_sizes_are_told_apart},
        {"options_that_cannot_be_are_refused", options_that_cannot_be_are_refused},
        {"a_library_in_use_is_not_freed", a_library_in_use_is_not_freed},
        {"two_libraries_know_nothing_of_each_other", two_libraries_know_nothing_of_each_other},
        {"every_allocation_may_fail", every_allocation_may_fail},
        {"a_child_gets_an_error", a_child_gets_an_error},
    };

    return RUN_SUITE("runtime_library", tests);
}
