/* SPDX-License-Identifier: Apache-2.0 */

/* Reports as callers of any age see them, and the model of whole configuration files. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/report.h"
#include "config_case.h"
#include "suite.h"

/* ---- order and access ---- */

static void add(flow_report *report, const char *file, uint32_t line, uint32_t column,
                const char *message)
{
    flow_diagnostic one = {
        .severity = FLOW_SEVERITY_ERROR,
        .file = file,
        .line = line,
        .column = column,
        .message = message,
    };

    ck_assert_int_eq(fl_report_add(report, &one), FLOW_OK);
}

START_TEST(findings_are_in_the_order_of_files_lines_and_columns)
{
    char first[] = "z.conf";
    char second[] = "a.conf";
    char *names[] = {first, second};
    struct flow_report report;
    struct fl_vec files;
    flow_diagnostic one = {.struct_size = sizeof one};
    char order[16] = "";

    fl_report_init(&report, NULL);
    fl_vec_init(&files, NULL, sizeof(char *));
    fl_vec_push(&files, &names[0]);
    fl_vec_push(&files, &names[1]);
    add(&report, "a.conf", 1, 1, "5");
    add(&report, "z.conf", 2, 2, "3");
    add(&report, "z.conf", 2, 2, "4");
    add(&report, "z.conf", 2, 1, "2");
    add(&report, "z.conf", 1, 9, "1");
    add(&report, NULL, 0, 0, "0");
    fl_report_sort(&report, &files);
    for (size_t i = 0; flow_report_get(&report, i, &one) == FLOW_OK; i++)
        strcat(order, one.message);
    ck_assert_str_eq(order, "012345");
    fl_vec_free(&files);
    fl_report_clear(&report);
}
END_TEST

START_TEST(a_repetition_is_one_finding)
{
    struct flow_report report;

    fl_report_init(&report, NULL);
    add(&report, "f", 1, 1, "same");
    add(&report, "f", 1, 2, "same");
    add(&report, "f", 1, 1, "same");
    ck_assert_uint_eq(flow_report_count(&report, 0), 2);
    fl_report_clear(&report);
}
END_TEST

START_TEST(an_older_caller_gets_what_it_knows)
{
    struct {
        flow_diagnostic known;
        char beyond;
    } caller = {.beyond = 'x'};
    struct flow_report report;

    fl_report_init(&report, NULL);
    add(&report, "f", 7, 8, "text");
    caller.known.hint = "untouched";
    caller.known.struct_size = offsetof(flow_diagnostic, hint);
    ck_assert_int_eq(flow_report_get(&report, 0, &caller.known), FLOW_OK);
    ck_assert_uint_eq(caller.known.line, 7);
    ck_assert_str_eq(caller.known.message, "text");
    ck_assert_str_eq(caller.known.hint, "untouched");
    caller.known.struct_size = sizeof caller;
    ck_assert_int_eq(flow_report_get(&report, 0, &caller.known), FLOW_OK);
    ck_assert_uint_eq(caller.known.struct_size, sizeof caller);
    caller.known.struct_size = 1;
    ck_assert_int_eq(flow_report_get(&report, 0, &caller.known), FLOW_EINVAL);
    fl_report_clear(&report);
}
END_TEST

START_TEST(severities_are_counted)
{
    struct config_case test;

    config_case_open(&test);
    config_case_properties(&test, "plain = x\n");
    config_case_report(&test, NULL);
    ck_assert_uint_eq(flow_report_count(test.report, FLOW_SEVERITY_ERROR), 1);
    ck_assert_uint_eq(flow_report_count(test.report, FLOW_SEVERITY_WARNING), 1);
    ck_assert_uint_eq(flow_report_count(test.report, 0), 2);
    ck_assert_uint_eq(flow_report_count(NULL, 0), 0);
    flow_diagnostic one = {.struct_size = sizeof one};
    ck_assert_int_eq(flow_report_get(test.report, 2, &one), FLOW_ENOENT);
    config_case_close(&test);
}
END_TEST

/* ---- files as they are ---- */

/* Names of files below tests/data/confs; beside each .conf is a .model: what Java reads in it. */
static const char *const confs[] = {
    "flume-dir-hdfs",
    "flume-file-hdfs",
    "flume-netcat-logger",
    "group/flume-avro-dir",
    "group/flume-avro-hdfs",
    "group/flume-file-flume",
    "group2/flume-flume-console1",
    "group2/flume-flume-console2",
    "group2/flume-netcat-flume",
    "group3/flume1-logger-flume",
    "group3/flume2-netcat-flume",
    "group3/flume3-flume-logger",
    "mysink",
    "mysource",
    "mysql",
};

static char *read_file(const char *name, const char *ending)
{
    char path[512];
    char *text = calloc(1, 65536);

    snprintf(path, sizeof path, TEST_DATA "/confs/%s.%s", name, ending);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file && text, "%s", path);
    ck_assert_uint_lt(fread(text, 1, 65535, file), 65535);
    fclose(file);
    return text;
}

static void load(struct config_case *test, const char *name)
{
    char path[512];
    flow_error *err = NULL;

    config_case_open(test);
    snprintf(path, sizeof path, TEST_DATA "/confs/%s.conf", name);
    ck_assert_msg(flow_config_load(test->config, path, &err) == FLOW_OK, "%s",
                  flow_error_message(err));
}

static void expect_java_model(const char *name)
{
    struct config_case test;
    flow_entry entry = {.struct_size = sizeof entry};
    char *expected = read_file(name, "model");
    char *got = calloc(1, 65536);
    size_t size = 0;

    load(&test, name);
    for (size_t i = 0; flow_config_entry(test.config, i, &entry) == FLOW_OK; i++)
        size += (size_t)snprintf(got + size, 65536 - size, "%s = %s\n", entry.key, entry.value);
    config_case_expect(name, got, expected);
    free(expected);
    free(got);
    config_case_close(&test);
}

START_TEST(whole_files_have_the_model_that_java_has)
{
    for (size_t i = 0; i < sizeof confs / sizeof confs[0]; i++)
        expect_java_model(confs[i]);
}
END_TEST

/* The text of line NUMBER, from 1. */
static const char *line_of(const char *text, uint32_t number)
{
    while (--number > 0) {
        text = strchr(text, '\n');
        ck_assert_ptr_nonnull(text);
        text++;
    }
    return text;
}

static void expect_places(const char *name)
{
    struct config_case test;
    flow_entry entry = {.struct_size = sizeof entry};
    char *text = read_file(name, "conf");

    load(&test, name);
    for (size_t i = 0; flow_config_entry(test.config, i, &entry) == FLOW_OK; i++) {
        const char *at = line_of(text, entry.line) + entry.column - 1;
        ck_assert_msg(strncmp(at, entry.key, strlen(entry.key)) == 0, "%s:%u:%u %s", name,
                      entry.line, entry.column, entry.key);
    }
    free(text);
    config_case_close(&test);
}

START_TEST(every_key_of_a_file_stands_at_its_place)
{
    for (size_t i = 0; i < sizeof confs / sizeof confs[0]; i++)
        expect_places(confs[i]);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"order", findings_are_in_the_order_of_files_lines_and_columns},
        {"repetition", a_repetition_is_one_finding},
        {"older caller", an_older_caller_gets_what_it_knows},
        {"counts", severities_are_counted},
        {"models", whole_files_have_the_model_that_java_has},
        {"places", every_key_of_a_file_stands_at_its_place},
    };

    return RUN_SUITE("config_report", tests);
}
