/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>

#include "suite.h"

int run_suite(const char *name, const struct test_entry *tests, size_t count, void (*set_up)(void),
              void (*tear_down)(void))
{
    Suite *suite = suite_create(name);

    for (size_t i = 0; i < count; i++) {
        TCase *one = tcase_create(tests[i].name);
        tcase_set_timeout(one, 120);
        tcase_add_checked_fixture(one, set_up, tear_down);
        _tcase_add_test(one, tests[i].test, 0, 0, 0, 1);
        suite_add_tcase(suite, one);
    }

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
