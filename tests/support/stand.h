/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_STAND_H
#define TESTS_SUPPORT_STAND_H

/* One component in a harness, with a library whose log can be read back. */

#include <pthread.h>
#include <stdatomic.h>

#include <flow.h>

#define STAND_MESSAGES 16

struct stand {
    flow_library *lib;
    flow_harness *harness;
    flow_batch *batch; /* for whoever needs one */
    char messages[STAND_MESSAGES][512];
    _Atomic size_t count; /* of messages so far, beyond the room too; those stay as they are */
    pthread_mutex_t adding;
};

/* A component of KIND and TYPE; messages from LEVEL on are kept.  SETTINGS are pairs of key and
 * value and end in NULL; it is not started. */
void stand_init(struct stand *stand, uint32_t kind, const char *type, int32_t level,
                const char *const *settings);
void stand_set(struct stand *stand, const char *const *settings); /* more of them */
void stand_start(struct stand *stand);
void stand_free(struct stand *stand);

/* Puts one event without headers where a sink will take it. */
void stand_push(struct stand *stand, const char *body);

/* Puts COUNT events, "0", "1" and so on. */
void stand_push_many(struct stand *stand, size_t count);

/* Waits until the batch has COUNT events of a source. */
void stand_pull(struct stand *stand, size_t count);

/* Waits until a message with TEXT is there. */
void stand_await_log(struct stand *stand, const char *text);

/* Lets the sink process once; fails the test unless it answers READY. */
void stand_run(struct stand *stand);

#endif
