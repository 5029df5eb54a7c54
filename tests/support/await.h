/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AWAIT_H
#define TESTS_SUPPORT_AWAIT_H

/* Waiting in real time for what other threads, processes or peers do. */

#include <stdint.h>

/* Only a broken build needs as long for anything. */
#define AWAIT_MS 60000

/* Waits until CONDITION holds, which is looked at again and again; ends the test, naming it, when
 * that does not happen. */
#define AWAIT(condition)                                                                           \
    for (int64_t await_since = 0; !(condition); await_a_little(&await_since, #condition)) {        \
    }

/* *SINCE is 0 the first time. */
void await_a_little(int64_t *since, const char *what);

/* Waits a millisecond, for nothing. */
void await_a_moment(void);

#endif
