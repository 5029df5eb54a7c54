/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONFIG_CASE_H
#define TESTS_SUPPORT_CONFIG_CASE_H

/*
 * A configuration under test.  Models and reports are compared as text, one line a key
 * ("2:5 a1.sinks = k1") or finding, so that a test shows them whole.
 */

#include <flow/config.h>

struct config_case {
    flow_library *lib;
    flow_config *config;
    flow_report *report; /* of config_case_report */
    char *text;          /* of the last call that returned one */
    int rc;              /* of the last parse or load */
};

/* With the types of config_types.h. */
void config_case_open(struct config_case *test);
void config_case_close(struct config_case *test);

/* Reads TEXT as "t"; NUL-terminated. */
void config_case_properties(struct config_case *test, const char *text);
void config_case_yaml(struct config_case *test, const char *text);

/* All entries: "LINE:COLUMN KEY = VALUE\n"... */
const char *config_case_model(struct config_case *test);

/*
 * All findings for AGENT: "error 3:17 source r1: a1.sources.r1.port: MESSAGE [HINT]\n"...; without
 * place, component or hint where there is none.
 */
const char *config_case_report(struct config_case *test, const char *agent);

/* Fails the test with both texts when they differ. */
void config_case_expect(const char *what, const char *got, const char *expected);

#endif
