/* SPDX-License-Identifier: Apache-2.0 */

/* Patterns against what Java itself answers, and what Java has no answer to. */

#include <stdlib.h>
#include <string.h>

#include "base/regex.h"
#include "suite.h"

struct expectation {
    const char *pattern;
    const char *text;
    size_t size;
    int matches;
    int spans;
    int span[8];
};

static const struct expectation java[] = {
#include "base_regex_java.inc"
};

static struct fl_regex *compiled(const char *pattern)
{
    struct fl_regex *regex;
    flow_error *err = NULL;
    int rc = fl_regex_new(NULL, pattern, &regex, &err);

    ck_assert_msg(rc == FLOW_OK, "%s: %s", pattern, flow_error_message(err));
    return regex;
}

static void assert_refused(const char *pattern)
{
    struct fl_regex *regex;
    flow_error *err = NULL;
    int rc = fl_regex_new(NULL, pattern, &regex, &err);

    ck_assert_msg(rc == FLOW_EPARSE, "%s was not refused", pattern);
    ck_assert_ptr_null(regex);
    ck_assert_int_eq(flow_error_code(err), FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "offset"));
    flow_error_free(err);
}

static void assert_spans(const struct expectation *e, const struct fl_regex *regex)
{
    size_t spans[8];
    int rc = fl_regex_find(regex, e->text, e->size, spans, 4);

    ck_assert_msg(rc == (e->spans > 0), "%s on %s: find is %d", e->pattern, e->text, rc);
    for (int i = 0; i < 2 * e->spans; i++) {
        size_t wanted = e->span[i] < 0 ? SIZE_MAX : (size_t)e->span[i];
        ck_assert_msg(spans[i] == wanted, "%s on %s: span %d is %zd, not %d", e->pattern, e->text,
                      i, (ssize_t)spans[i], e->span[i]);
    }
}

START_TEST(answers_as_java_does)
{
    for (size_t i = 0; i < sizeof java / sizeof *java; i++) {
        if (java[i].matches < 0) {
            assert_refused(java[i].pattern);
            continue;
        }
        struct fl_regex *regex = compiled(java[i].pattern);
        ck_assert_msg(fl_regex_matches(regex, java[i].text, java[i].size) == java[i].matches,
                      "%s on %s: matches is not %d", java[i].pattern, java[i].text,
                      java[i].matches);
        assert_spans(&java[i], regex);
        fl_regex_free(regex);
    }
}
END_TEST

START_TEST(refuses_what_has_no_counterpart)
{
    static const char *const patterns[] = {
        "\\p{InGreek}", "\\p{block=Greek}", "(?U)\\w", "\\b{g}",  "\\N{DIGIT ONE}", "(?<=a+)b",
        "[a&&]",        "\\p{IsXyz}",       "\xff",    "\\uD83D",
    };

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        assert_refused(patterns[i]);
}
END_TEST

START_TEST(tells_the_offset_at_fault)
{
    struct fl_regex *regex;
    flow_error *err = NULL;

    ck_assert_int_eq(fl_regex_new(NULL, "abc(def", &regex, &err), FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "offset 7"));
    flow_error_free(err);
    err = NULL;
    /* Found by PCRE2, in a translation that is longer than the pattern. */
    ck_assert_int_eq(fl_regex_new(NULL, "$$$x{2,1}", &regex, &err), FLOW_EPARSE);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "offset 3"));
    flow_error_free(err);
}
END_TEST

/* Java would see one U+FFFD for each broken sequence. */
START_TEST(sees_broken_text_as_java_does)
{
    static const char text[] = "ab\xff\xe4\xbd-\xc3";
    struct fl_regex *dots = compiled("ab...\\uFFFD");
    struct fl_regex *dash = compiled("(-)(.)$");
    size_t spans[6];

    ck_assert_int_eq(fl_regex_matches(dots, text, strlen(text)), 1);
    ck_assert_int_eq(fl_regex_find(dash, text, strlen(text), spans, 3), 1);
    ck_assert_uint_eq(spans[0], 5);
    ck_assert_uint_eq(spans[2], 5);
    ck_assert_uint_eq(spans[3], 6);
    ck_assert_uint_eq(spans[4], 6);
    ck_assert_uint_eq(spans[5], 7);
    fl_regex_free(dots);
    fl_regex_free(dash);
}
END_TEST

START_TEST(gives_up_on_hopeless_backtracking)
{
    char text[64];
    struct fl_regex *regex = compiled("(a|aa)+[bc]");

    memset(text, 'a', sizeof text);
    ck_assert_int_eq(fl_regex_matches(regex, text, sizeof text), FLOW_ETOOBIG);
    ck_assert_int_eq(fl_regex_find(regex, text, sizeof text, NULL, 0), FLOW_ETOOBIG);
    fl_regex_free(regex);
}
END_TEST

START_TEST(matches_long_texts)
{
    size_t size = 20000; /* more than machine code has stack for, and than Java manages */
    char *text = malloc(size);
    struct fl_regex *regex = compiled("(?:a|b)*");

    ck_assert_ptr_nonnull(text);
    memset(text, 'a', size);
    ck_assert_int_eq(fl_regex_matches(regex, text, size), 1);
    fl_regex_free(regex);
    free(text);
}
END_TEST

START_TEST(survives_deep_nesting)
{
    char pattern[4001];

    memset(pattern, '(', 2000);
    memset(pattern + 2000, ')', 2000);
    pattern[4000] = '\0';
    assert_refused(pattern);
    memset(pattern, '[', 4000);
    assert_refused(pattern);
}
END_TEST

START_TEST(frees_nothing)
{
    fl_regex_free(NULL);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"answers as java does", answers_as_java_does},
        {"refuses what has no counterpart", refuses_what_has_no_counterpart},
        {"tells the offset at fault", tells_the_offset_at_fault},
        {"sees broken text as java does", sees_broken_text_as_java_does},
        {"gives up on hopeless backtracking", gives_up_on_hopeless_backtracking},
        {"matches long texts", matches_long_texts},
        {"survives deep nesting", survives_deep_nesting},
        {"frees nothing", frees_nothing},
    };
    return RUN_SUITE("regex", tests);
}
