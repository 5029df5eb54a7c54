/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

/* What every Check program needs: a main for a table of tests. */

#include <check.h>

struct test_entry {
    const char *name;
    const TTest *test;
};

/* Runs all tests, each between SET_UP and TEAR_DOWN unless these are NULL; returns what main
 * returns. */
int run_suite(const char *name, const struct test_entry *tests, size_t count, void (*set_up)(void),
              void (*tear_down)(void));

#define RUN_SUITE(name, tests) RUN_SUITE_BETWEEN(name, tests, NULL, NULL)
#define RUN_SUITE_BETWEEN(name, tests, set_up, tear_down)                                          \
    run_suite(name, tests, sizeof(tests) / sizeof((tests)[0]), set_up, tear_down)

#endif
