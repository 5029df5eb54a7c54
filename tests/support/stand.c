/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "await.h"
#include "stand.h"

static void write_log(void *self, const flow_log_record *record)
{
    struct stand *stand = self;

    pthread_mutex_lock(&stand->adding);
    size_t count = atomic_load(&stand->count);
    if (count < STAND_MESSAGES)
        snprintf(stand->messages[count], sizeof stand->messages[0], "%s", record->message);
    atomic_store(&stand->count, count + 1);
    pthread_mutex_unlock(&stand->adding);
}

void stand_init(struct stand *stand, uint32_t kind, const char *type, int32_t level,
                const char *const *settings)
{
    memset(stand, 0, sizeof *stand);
    pthread_mutex_init(&stand->adding, NULL);
    const flow_library_options options = {
        .struct_size = sizeof options, .log_level = level, .log = write_log, .log_self = stand};
    ck_assert_int_eq(flow_library_new(&options, &stand->lib, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_new(stand->lib, kind, type, &stand->harness, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(stand->lib, &stand->batch, NULL), FLOW_OK);
    stand_set(stand, settings);
}

void stand_set(struct stand *stand, const char *const *settings)
{
    for (; settings && *settings; settings += 2)
        ck_assert_int_eq(flow_harness_set(stand->harness, settings[0], settings[1], NULL), FLOW_OK);
}

void stand_start(struct stand *stand)
{
    flow_error *err = NULL;
    int rc = flow_harness_start(stand->harness, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void stand_free(struct stand *stand)
{
    flow_batch_free(stand->batch);
    flow_harness_free(stand->harness);
    ck_assert_int_eq(flow_library_free(stand->lib, NULL), FLOW_OK);
    pthread_mutex_destroy(&stand->adding);
}

static void push_batch(struct stand *stand)
{
    ck_assert_int_eq(flow_harness_push(stand->harness, stand->batch, NULL), FLOW_OK);
    flow_batch_clear(stand->batch);
}

void stand_push(struct stand *stand, const char *body)
{
    ck_assert_int_eq(flow_batch_add(stand->batch, body, strlen(body), NULL), FLOW_OK);
    push_batch(stand);
}

void stand_push_many(struct stand *stand, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char body[24];
        int size = snprintf(body, sizeof body, "%zu", i);
        ck_assert_int_eq(flow_batch_add(stand->batch, body, (size_t)size, NULL), FLOW_OK);
    }
    push_batch(stand);
}

void stand_pull(struct stand *stand, size_t count)
{
    while (flow_batch_count(stand->batch) < count) {
        size_t before = flow_batch_count(stand->batch);
        ck_assert_int_eq(
            flow_harness_pull(stand->harness, count - before, AWAIT_MS, stand->batch, NULL),
            FLOW_OK);
        ck_assert_msg(flow_batch_count(stand->batch) > before, "only %zu events", before);
    }
}

static int is_logged(const struct stand *stand, const char *text)
{
    for (size_t i = 0; i < atomic_load(&stand->count) && i < STAND_MESSAGES; i++) {
        if (strstr(stand->messages[i], text))
            return 1;
    }
    return 0;
}

void stand_await_log(struct stand *stand, const char *text)
{
    AWAIT(is_logged(stand, text));
}

void stand_run(struct stand *stand)
{
    flow_error *err = NULL;
    int rc = flow_harness_run(stand->harness, &err);

    ck_assert_msg(rc == FLOW_READY, "%d: %s", rc, flow_error_message(err));
}
