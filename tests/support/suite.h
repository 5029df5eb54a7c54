/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

/* What every Check program needs: a main for a table of tests. */

#include <check.h>

struct test_entry {
    const char *name;
    const TTest *test;
};

/* Runs all tests; returns what main returns. */
int run_suite(const char *name, const struct test_entry *tests, size_t count);

#define RUN_SUITE(name, tests) run_suite(name, tests, sizeof(tests) / sizeof((tests)[0]))

#endif
