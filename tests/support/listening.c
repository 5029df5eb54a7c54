/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "listening.h"

static void find_port(void *self, const flow_log_record *record)
{
    static const char text[] = "listening on 127.0.0.1:";
    struct listening *listening = self;

    if (strstr(record->message, text) == record->message)
        listening->port = atoi(record->message + strlen(text));
}

void listening_init(struct listening *listening, const char *type)
{
    listening_init_at(listening, type, "bind");
}

void listening_init_at(struct listening *listening, const char *type, const char *host)
{
    memset(listening, 0, sizeof *listening);
    failing_init(&listening->failing);
    const flow_library_options options = {
        .struct_size = sizeof options,
        .log = find_port,
        .log_self = listening,
        .allocator = &listening->failing.allocator,
    };
    flow_harness **harness = &listening->harness;
    ck_assert_int_eq(flow_library_new(&options, &listening->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_new(listening->lib, FLOW_KIND_SOURCE, type, harness, NULL),
                     FLOW_OK);
    ck_assert_int_eq(flow_harness_set(*harness, host, "127.0.0.1", NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_set(*harness, "port", "0", NULL), FLOW_OK);
}

void listening_free(struct listening *listening)
{
    flow_harness_free(listening->harness);
    ck_assert_int_eq(flow_library_free(listening->lib, NULL), FLOW_OK);
    ck_assert_int_eq(listening->failing.live, 0);
}

void listening_start_without_memory(struct listening *listening)
{
    int64_t grants = 0;
    int rc;

    do {
        failing_after(&listening->failing, grants++);
        rc = flow_harness_start(listening->harness, NULL);
        failing_after(&listening->failing, -1);
        ck_assert(rc == FLOW_OK || rc == FLOW_ENOMEM);
    } while (rc);
    ck_assert_int_gt(grants, 5);
}
