/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_case.h"
#include "config_types.h"

/* ERR is a place, not the error: it is looked at when the call that gave RC is over. */
static void must(int rc, flow_error *const *err)
{
    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(*err));
}

void config_case_open(struct config_case *test)
{
    flow_error *err = NULL;

    *test = (struct config_case){.rc = FLOW_OK};
    must(flow_library_new(NULL, &test->lib, &err), &err);
    must(config_types_add(test->lib, &err), &err);
    must(flow_config_new(test->lib, &test->config, &err), &err);
}

void config_case_close(struct config_case *test)
{
    flow_error *err = NULL;

    free(test->text);
    flow_report_free(test->report);
    flow_config_free(test->config);
    must(flow_library_free(test->lib, &err), &err);
}

static void parse(struct config_case *test, const char *text, int32_t format)
{
    flow_error *err = NULL;

    test->rc = flow_config_parse(test->config, "t", text, strlen(text), format, &err);
    ck_assert_int_eq(test->rc, flow_error_code(err));
    flow_error_free(err);
}

void config_case_properties(struct config_case *test, const char *text)
{
    parse(test, text, FLOW_FORMAT_PROPERTIES);
}

void config_case_yaml(struct config_case *test, const char *text)
{
    parse(test, text, FLOW_FORMAT_YAML);
}

/* Begins the text that a call returns. */
static FILE *begin(struct config_case *test, size_t *size)
{
    free(test->text);
    test->text = NULL;
    FILE *out = open_memstream(&test->text, size);
    ck_assert_ptr_nonnull(out);
    return out;
}

const char *config_case_model(struct config_case *test)
{
    flow_entry entry = {.struct_size = sizeof entry};
    size_t size;
    FILE *out = begin(test, &size);

    for (size_t i = 0; flow_config_entry(test->config, i, &entry) == FLOW_OK; i++)
        fprintf(out, "%u:%u %s = %s\n", entry.line, entry.column, entry.key, entry.value);
    fclose(out);
    return test->text;
}

static void print_finding(FILE *out, const flow_diagnostic *one)
{
    fputs(one->severity == FLOW_SEVERITY_ERROR ? "error " : "warning ", out);
    if (one->line > 0)
        fprintf(out, "%u:%u ", one->line, one->column);
    if (one->component[0] != '\0')
        fprintf(out, "%s: ", one->component);
    if (one->key[0] != '\0')
        fprintf(out, "%s: ", one->key);
    fputs(one->message, out);
    if (one->hint[0] != '\0')
        fprintf(out, " [%s]", one->hint);
    fputc('\n', out);
}

const char *config_case_report(struct config_case *test, const char *agent)
{
    flow_diagnostic one = {.struct_size = sizeof one};
    flow_error *err = NULL;
    size_t size;

    flow_report_free(test->report);
    test->report = NULL;
    must(flow_config_check(test->config, agent, &test->report, &err), &err);
    FILE *out = begin(test, &size);
    for (size_t i = 0; flow_report_get(test->report, i, &one) == FLOW_OK; i++)
        print_finding(out, &one);
    fclose(out);
    return test->text;
}

void config_case_expect(const char *what, const char *got, const char *expected)
{
    ck_assert_msg(strcmp(got, expected) == 0, "%s\n--- expected\n%s--- got\n%s---", what, expected,
                  got);
}
