/* SPDX-License-Identifier: Apache-2.0 */

/* Lists of names, what somebody probably meant, and comments behind values. */

#include <string.h>

#include "core/names.h"
#include "core/settings.h"
#include "suite.h"

START_TEST(a_name_is_found_in_any_case)
{
    ck_assert_int_eq(fl_names_index("one|Two|three", "TWO"), 1);
    ck_assert_int_eq(fl_names_index("one|Two|three", "tw"), -1);
    ck_assert_int_eq(fl_names_index("one|Two|three", ""), -1);
    ck_assert_int_eq(fl_names_index(NULL, "one"), -1);
    ck_assert_int_eq(fl_names_index_sized("one|Two", "twofold", 3), 1);
    ck_assert_int_eq(fl_names_has("one|Two", "Two"), 1);
    ck_assert_int_eq(fl_names_has("one|Two", "two"), 0);
    ck_assert_int_eq(fl_names_has("one|Two", "one|Two"), 0);
}
END_TEST

/* The hint for WANTED among the names of LIST. */
static void hint_is(const char *wanted, const char *list, const char *expected)
{
    struct fl_nearest nearest;
    char *hint;

    fl_nearest_init(&nearest, wanted);
    fl_nearest_offer_list(&nearest, list);
    ck_assert_int_eq(fl_nearest_hint(&nearest, NULL, &hint), FLOW_OK);
    if (!expected)
        ck_assert_ptr_null(hint);
    else
        ck_assert_str_eq(hint, expected);
    fl_free(NULL, hint);
}

START_TEST(the_nearest_name_is_offered)
{
    hint_is("netcta", "avro|netcat|netcatudp", "did you mean 'netcat'?");
    hint_is("CAPACITY", "transactionCapacity|capacity", "did you mean 'capacity'?");
    hint_is("rollInterval", "hdfs.rollSize|hdfs.rollInterval", "did you mean 'hdfs.rollInterval'?");
    hint_is("hdfs.batchSize", "batchSize", "did you mean 'batchSize'?");
    hint_is("spool", "spooldir|seq", "did you mean 'spooldir'?");
}
END_TEST

START_TEST(what_is_far_is_not_offered)
{
    hint_is("nothing", "avro|netcat", NULL);
    hint_is("xy", "ab", NULL); /* two edits make any two letters of any others */
    hint_is("", "avro", NULL);
}
END_TEST

static size_t kept(const char *text)
{
    return fl_comment_cut(text, strlen(text));
}

START_TEST(a_comment_begins_behind_white_space)
{
    ck_assert_uint_eq(kept("44444 # the port"), 5);
    ck_assert_uint_eq(kept("44444\t#the port"), 5);
    ck_assert_uint_eq(kept("c1 c2   # a # b"), 5);
    ck_assert_uint_eq(kept("a#b"), 3);
    ck_assert_uint_eq(kept("# nothing"), 0);
    ck_assert_uint_eq(kept(""), 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"a_name_is_found_in_any_case", a_name_is_found_in_any_case},
        {"the_nearest_name_is_offered", the_nearest_name_is_offered},
        {"what_is_far_is_not_offered", what_is_far_is_not_offered},
        {"a_comment_begins_behind_white_space", a_comment_begins_behind_white_space},
    };

    return RUN_SUITE("core_names", tests);
}
