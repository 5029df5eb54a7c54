/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LISTENING_H
#define TESTS_SUPPORT_LISTENING_H

/* A source that listens on a free port of 127.0.0.1, in a harness, with an allocator that can fail.
 */

#include <flow.h>

#include "failing.h"

struct listening {
    struct failing failing;
    flow_library *lib;
    flow_harness *harness;
    _Atomic int port; /* once it was started */
};

/* Makes a source of TYPE; start it with flow_harness_start.  Its property for the address is
 * "bind", or HOST. */
void listening_init(struct listening *listening, const char *type);
void listening_init_at(struct listening *listening, const char *type, const char *host);

/* Frees it, and ends the test when it leaves anything behind. */
void listening_free(struct listening *listening);

/* Starts it with one more allocation granted each time, until that works. */
void listening_start_without_memory(struct listening *listening);

#endif
