/* SPDX-License-Identifier: Apache-2.0 */

#include <time.h>

#include <check.h>

#include "await.h"
#include "base/clock.h"

void await_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

void await_a_little(int64_t *since, const char *what)
{
    int64_t now = fl_clock_now(fl_clock_system());

    if (*since == 0)
        *since = now;
    ck_assert_msg(now - *since < AWAIT_MS, "in vain: %s", what);
    await_a_moment();
}
