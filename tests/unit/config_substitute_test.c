/* SPDX-License-Identifier: Apache-2.0 */

/* `${...}` in values, and config filters. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config_case.h"
#include "suite.h"

/* The value of "v" after the other lines of TEXT; free with config_case_close. */
static const char *value(struct config_case *test, const char *text)
{
    config_case_open(test);
    config_case_properties(test, text);
    ck_assert_int_eq(test->rc, FLOW_OK);
    const char *got = flow_config_get(test->config, "v");
    ck_assert_ptr_nonnull(got);
    return got;
}

static void expect_value(const char *text, const char *expected)
{
    struct config_case test;

    ck_assert_str_eq(value(&test, text), expected);
    config_case_close(&test);
}

/* Expects the value of "v" and a finding that holds MESSAGE at PLACE. */
static void expect_finding(const char *text, const char *expected, const char *message)
{
    struct config_case test;

    ck_assert_str_eq(value(&test, text), expected);
    const char *report = config_case_report(&test, NULL);
    ck_assert_msg(strstr(report, message) != NULL, "%s\n--- expected\n%s\n--- got\n%s", text,
                  message, report);
    config_case_close(&test);
}

static void set_environment(void)
{
    ck_assert_int_eq(setenv("FLOW_T", "text", 1), 0);
    ck_assert_int_eq(setenv("FLOW_NAME", "FLOW_T", 1), 0);
    ck_assert_int_eq(setenv("FLOW_NESTED", "<${env:FLOW_T}>", 1), 0);
    ck_assert_int_eq(setenv("FLOW_SELF", "x${env:FLOW_SELF}", 1), 0);
    ck_assert_int_eq(setenv("FLOW_EMPTY", "", 1), 0);
    ck_assert_int_eq(unsetenv("FLOW_NO"), 0);
}

START_TEST(the_environment_is_looked_up)
{
    set_environment();
    expect_value("v = ${env:FLOW_T}", "text");
    expect_value("v = a${env:FLOW_T}b${env:FLOW_T}", "atextbtext");
    expect_value("v = x${env:FLOW_EMPTY}y", "xy");
    expect_value("v = ${env:FLOW_NESTED}", "<text>");
    expect_value("v = ${env:${env:FLOW_NAME}}", "text");
}
END_TEST

START_TEST(a_default_stands_in)
{
    set_environment();
    expect_value("v = ${env:FLOW_NO:-dflt}", "dflt");
    expect_value("v = ${env:FLOW_NO:-}", "");
    expect_value("v = ${env:FLOW_T:-dflt}", "text");
    expect_value("v = ${env:FLOW_NO:-${env:FLOW_T}}", "text");
    expect_value("v = ${nothing:-a:-b}", "a:-b");
}
END_TEST

START_TEST(definitions_are_looked_up)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, "v = ${sys:dir}/x\nw = ${sys:none:-d}");
    ck_assert_int_eq(flow_config_define(test.config, "dir", "/one", NULL), FLOW_OK);
    ck_assert_str_eq(flow_config_get(test.config, "v"), "/one/x");
    ck_assert_int_eq(flow_config_define(test.config, "dir", "/two", NULL), FLOW_OK);
    ck_assert_str_eq(flow_config_get(test.config, "v"), "/two/x");
    ck_assert_str_eq(flow_config_get(test.config, "w"), "d");
    config_case_close(&test);
}
END_TEST

START_TEST(other_keys_are_looked_up_in_any_order)
{
    expect_value("v = ${a.b}-${c.d}\na.b = 1\nc.d = ${a.b}2", "1-12");
}
END_TEST

START_TEST(a_doubled_dollar_is_one_and_no_lookup)
{
    set_environment();
    expect_value("v = $${env:FLOW_T}", "${env:FLOW_T}");
    expect_value("v = $$x $ $", "$$x $ $");
    expect_value("v = $${a${env:FLOW_T}}", "${atext}");
}
END_TEST

START_TEST(what_is_unknown_stays)
{
    set_environment();
    expect_value("v = ${HOME} ${} ${", "${HOME} ${} ${");
    expect_value("v = echo ${x%y}", "echo ${x%y}");
    expect_finding("v = ${env:FLOW_NO}", "${env:FLOW_NO}",
                   "warning 1:5 v: '${env:FLOW_NO}' has no value and stays as it is "
                   "['${NAME:-TEXT}' gives a default]");
    expect_finding("v = ${java:version}", "${java:version}", "[there is no Java here]");
    expect_finding("v = ${script:x}", "${script:x}", "'${script:x}' is no known lookup");
    expect_finding("v = ${a1.x}", "${a1.x}", "there is no key 'a1.x'");
}
END_TEST

START_TEST(plain_names_count_when_asked_for)
{
    struct config_case test;

    set_environment();
    config_case_open(&test);
    config_case_properties(&test, "v = ${FLOW_T} ${FLOW_NO} ${FLOW_T:-d} ${k}\nk = key");
    ck_assert_str_eq(flow_config_get(test.config, "v"), "${FLOW_T} ${FLOW_NO} d key");
    flow_config_define(test.config, "propertiesImplementation",
                       "org.apache.flume.node.EnvVarResolverProperties", NULL);
    ck_assert_str_eq(flow_config_get(test.config, "v"), "text ${FLOW_NO} text key");
    config_case_close(&test);
}
END_TEST

/* The weekday, in English whatever the locale is, in the zone of this machine. */
static const char *today(char *room, size_t size)
{
    static const char *const names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
    time_t now = time(NULL);
    struct tm fields;

    localtime_r(&now, &fields);
    snprintf(room, size, "%s %02d", names[fields.tm_wday], fields.tm_mday);
    return room;
}

START_TEST(dates_are_written)
{
    struct config_case test;
    char before[32];
    char after[32];

    today(before, sizeof before);
    const char *got = value(&test, "v = ${date:EEEE dd}\nw = ${date:'it''s' yyyy'y'}");
    today(after, sizeof after);
    ck_assert_msg(strcmp(got, before) == 0 || strcmp(got, after) == 0, "'%s'", got);
    ck_assert_int_eq(strncmp(flow_config_get(test.config, "w"), "it's 2", 6), 0);
    config_case_close(&test);
    expect_value("v = ${date:}", "");
    expect_value("v = ${date:''}", "'");
}
END_TEST

START_TEST(a_wrong_date_is_an_error)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, "a1.sinks.k1.path = a${date:yyyy-QQ}b");
    const char *report = config_case_report(&test, "a1");
    ck_assert_ptr_nonnull(strstr(report, "error 1:20 a1.sinks.k1.path: 'QQ' is no field of a date "
                                         "[the fields are G y Y"));
    config_case_close(&test);
    expect_finding("v = ${date:HH:XXXX:-x}", "${date:HH:XXXX:-x}", "'XXXX' is no field");
    expect_finding("v = ${date:yyyy'x}", "${date:yyyy'x}", "a quoted text in the date format");
}
END_TEST

START_TEST(a_circle_is_one_error)
{
    struct config_case test;
    static const char text[] = "a1.sinks.k1.a = x${a1.sinks.k1.b}\n"
                               "a1.sinks.k1.b = ${a1.sinks.k1.c}\n"
                               "a1.sinks.k1.c = ${a1.sinks.k1.a}\n";

    config_case_open(&test);
    config_case_properties(&test, text);
    const char *report = config_case_report(&test, "a1");
    ck_assert_ptr_nonnull(strstr(report, "error 3:17 a1.sinks.k1.c: the value refers to itself: "
                                         "a1.sinks.k1.a <- a1.sinks.k1.c <- a1.sinks.k1.b <- "
                                         "a1.sinks.k1.a [break the circle]"));
    ck_assert_ptr_null(strstr(strstr(report, "itself") + 1, "itself"));
    config_case_close(&test);
    set_environment();
    expect_finding("v = ${env:FLOW_SELF}", "${env:FLOW_SELF}", "nests variables too deeply");
    expect_finding("v = ${v}", "${v}", "refers to itself");
}
END_TEST

/* Each key is twice the one before: 2^40 bytes. */
START_TEST(size_is_bounded)
{
    char text[4096];
    size_t size = (size_t)sprintf(text, "k0 = x\n");

    for (int i = 1; i <= 25; i++)
        size += (size_t)sprintf(text + size, "k%d = ${k%d}${k%d}\n", i, i - 1, i - 1);
    sprintf(text + size, "v = 1\n");
    expect_finding(text, "1", "grows too large");
}
END_TEST

/* A row of openings without an end must cost no more than its length. */
START_TEST(unclosed_variables_cost_nothing)
{
    size_t size = 2000000;
    char *text = malloc(size + 1);

    ck_assert_ptr_nonnull(text);
    memcpy(text, "v = ", 4);
    for (size_t i = 4; i < size; i += 2)
        memcpy(text + i, "${", 2);
    text[size] = '\0';
    expect_value(text, text + 4);
    free(text);
}
END_TEST

/* ---- config filters ---- */

#define AGENT                                                                                      \
    "a1.sources = r1\na1.channels = c1\na1.sinks = k1\n"                                           \
    "a1.sources.r1.type = probe\na1.sources.r1.port = 1\na1.sources.r1.channels = c1\n"            \
    "a1.channels.c1.type = box\n"                                                                  \
    "a1.sinks.k1.type = drain\na1.sinks.k1.channel = c1\n"

static void expect_whole_report(const char *text, const char *expected)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, text);
    config_case_expect(text, config_case_report(&test, "a1"), expected);
    config_case_close(&test);
}

START_TEST(a_filter_takes_values_from_the_environment)
{
    set_environment();
    ck_assert_int_eq(setenv("FLOW_PORT", "70000", 1), 0);
    expect_whole_report(AGENT "a1.sinks.k1.path = /x\n"
                              "a1.configfilters = f\na1.configfilters.f.type = env\n"
                              "a1.sources.r1.port = ${f['FLOW_PORT']}\n",
                        "warning 13:1 a1.sources.r1.port: 'a1.sources.r1.port' replaces the value "
                        "given at line 5, column 1\n"
                        "error 13:22 source r1: a1.sources.r1.port: '70000' is out of range "
                        "(between 1 and 65535)\n");
}
END_TEST

START_TEST(a_filter_takes_values_from_a_command)
{
    expect_whole_report(AGENT "a1.sinks.k1.path = /x\n"
                              "a1.configfilters = f\na1.configfilters.f.type = external\n"
                              "a1.configfilters.f.command = printf %s\\\\nrest\n"
                              "a1.sources.r1.batchSize = ${f[\"a-b\"]}${f['x']}\n",
                        "error 14:27 source r1: a1.sources.r1.batchSize: 'a-bx' is not a whole "
                        "number\n");
}
END_TEST

START_TEST(a_command_that_fails_is_one_error)
{
    expect_whole_report(AGENT "a1.configfilters = f\na1.configfilters.f.type = external\n"
                              "a1.configfilters.f.command = false\n"
                              "a1.sinks.k1.path = ${f['x']}\n",
                        "error 13:20 sink k1: a1.sinks.k1.path: no value for 'x': the command "
                        "ended with status 1\n");
    expect_whole_report(AGENT "a1.configfilters = f\na1.configfilters.f.type = external\n"
                              "a1.configfilters.f.command = /nowhere/at-all\n"
                              "a1.sinks.k1.path = ${f['x']}\n",
                        "error 13:20 sink k1: a1.sinks.k1.path: no value for 'x': run "
                        "/nowhere/at-all: No such file or directory\n");
}
END_TEST

START_TEST(a_command_that_says_too_much_is_stopped)
{
    expect_whole_report(AGENT "a1.configfilters = f\na1.configfilters.f.type = external\n"
                              "a1.configfilters.f.command = yes\n"
                              "a1.sinks.k1.path = ${f['x']}\n",
                        "error 13:20 sink k1: a1.sinks.k1.path: no value for 'x': the command "
                        "printed more than 65536 bytes\n");
}
END_TEST

START_TEST(an_unknown_type_of_filter_is_one_error)
{
    expect_whole_report(AGENT "a1.configfilters = f\na1.configfilters.f.type = hadoop\n"
                              "a1.configfilters.f.credential.provider.path = x\n"
                              "a1.sources.r1.batchSize = ${f['x']}\n"
                              "a1.sinks.k1.path = ${f['x']}\n",
                        "error 11:27 config filter f: a1.configfilters.f.type: unknown config "
                        "filter type 'hadoop'\n");
    expect_whole_report(AGENT "a1.sinks.k1.path = x\na1.configfilters = f\n"
                              "a1.configfilters.f.type = enf\n",
                        "error 12:27 config filter f: a1.configfilters.f.type: unknown config "
                        "filter type 'enf' [did you mean 'env'?]\n");
}
END_TEST

START_TEST(a_reference_to_no_filter_stays)
{
    expect_whole_report(AGENT "a1.sinks.k1.path = ${f['x']}\n",
                        "warning 10:20 sink k1: a1.sinks.k1.path: there is no config filter 'f', "
                        "so its reference stays as it is\n");
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"the_environment_is_looked_up", the_environment_is_looked_up},
        {"a_default_stands_in", a_default_stands_in},
        {"definitions_are_looked_up", definitions_are_looked_up},
        {"other_keys_are_looked_up_in_any_order", other_keys_are_looked_up_in_any_order},
        {"a_doubled_dollar_is_one_and_no_lookup", a_doubled_dollar_is_one_and_no_lookup},
        {"what_is_unknown_stays", what_is_unknown_stays},
        {"plain_names_count_when_asked_for", plain_names_count_when_asked_for},
        {"dates_are_written", dates_are_written},
        {"a_wrong_date_is_an_error", a_wrong_date_is_an_error},
        {"a_circle_is_one_error", a_circle_is_one_error},
        {"size_is_bounded", size_is_bounded},
        {"unclosed_variables_cost_nothing", unclosed_variables_cost_nothing},
        {"a_filter_takes_values_from_the_environment", a_filter_takes_values_from_the_environment},
        {"a_filter_takes_values_from_a_command", a_filter_takes_values_from_a_command},
        {"a_command_that_fails_is_one_error", a_command_that_fails_is_one_error},
        {"a_command_that_says_too_much_is_stopped", a_command_that_says_too_much_is_stopped},
        {"an_unknown_type_of_filter_is_one_error", an_unknown_type_of_filter_is_one_error},
        {"a_reference_to_no_filter_stays", a_reference_to_no_filter_stays},
    };

    return RUN_SUITE("config_substitute", tests);
}
