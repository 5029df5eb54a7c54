/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "await.h"
#include "base/clock.h"
#include "core/library.h"
#include "rig.h"

static void keep_line(void *self, const flow_log_record *record)
{
    struct rig *rig = self;

    pthread_mutex_lock(&rig->lock);
    size_t more = strlen(record->component) + strlen(record->message) + 16;
    rig->log = realloc(rig->log, rig->log_size + more);
    rig->log_size +=
        (size_t)sprintf(rig->log + rig->log_size, "%s %s: %s\n", flow_log_level_name(record->level),
                        record->component, record->message);
    pthread_mutex_unlock(&rig->lock);
}

void rig_init(struct rig *rig, int false_clock)
{
    memset(rig, 0, sizeof(*rig));
    pthread_mutex_init(&rig->lock, NULL);
    const flow_library_options options = {
        .struct_size = sizeof(options),
        .log_level = FLOW_LOG_DEBUG,
        .log = keep_line,
        .log_self = rig,
    };
    ck_assert_int_eq(flow_library_new(&options, &rig->lib, NULL), FLOW_OK);
    if (false_clock) {
        rig->clock = fl_clock_false_new(NULL, 1000000);
        ck_assert_ptr_nonnull(rig->clock);
        rig->lib->clock = rig->clock;
    }
}

void rig_free(struct rig *rig)
{
    if (rig->pipeline) {
        rig_stop(rig);
        ck_assert_int_eq(flow_pipeline_free(rig->pipeline, NULL), FLOW_OK);
    }
    ck_assert_int_eq(flow_library_free(rig->lib, NULL), FLOW_OK);
    fl_clock_false_free(NULL, rig->clock);
    pthread_mutex_destroy(&rig->lock);
    free(rig->log);
}

void rig_advance(struct rig *rig, int64_t ms)
{
    fl_clock_false_advance(rig->clock, ms);
}

int64_t rig_now(struct rig *rig)
{
    return fl_clock_now(rig->lib->clock);
}

void rig_tick(struct rig *rig)
{
    rig_advance(rig, 100);
    await_a_moment();
}

int rig_try_build(struct rig *rig, const char *text, uint32_t flags, flow_error **err)
{
    flow_config *config;

    ck_assert_int_eq(flow_config_new(rig->lib, &config, NULL), FLOW_OK);
    int rc = flow_config_parse(config, "test", text, strlen(text), FLOW_FORMAT_PROPERTIES, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(rig->lib, config, "a1", flags, &rig->pipeline, err);
    flow_config_free(config);
    return rc;
}

void rig_build(struct rig *rig, const char *text)
{
    flow_error *err = NULL;
    int rc = rig_try_build(rig, text, 0, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void rig_start(struct rig *rig)
{
    flow_error *err = NULL;
    int rc = flow_pipeline_start(rig->pipeline, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void rig_stop(struct rig *rig)
{
    flow_error *err = NULL;
    int rc = flow_pipeline_stop(rig->pipeline, 60000, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

flow_batch *rig_batch(struct rig *rig, unsigned first, unsigned count)
{
    flow_batch *batch;
    char body[RIG_BODY];

    ck_assert_int_eq(flow_batch_new(rig->lib, &batch, NULL), FLOW_OK);
    for (unsigned i = 0; i < count; i++) {
        int size = snprintf(body, sizeof(body), "%u", first + i);
        ck_assert_int_eq(flow_batch_add(batch, body, (size_t)size, NULL), FLOW_OK);
    }
    return batch;
}

flow_inlet *rig_inlet(struct rig *rig, const char *name)
{
    flow_inlet *inlet;

    ck_assert_int_eq(flow_pipeline_inlet(rig->pipeline, name, &inlet, NULL), FLOW_OK);
    return inlet;
}

flow_channel *rig_channel(struct rig *rig, const char *name)
{
    flow_channel *channel;

    ck_assert_int_eq(flow_pipeline_channel(rig->pipeline, name, &channel, NULL), FLOW_OK);
    return channel;
}

void rig_push(struct rig *rig, unsigned first, unsigned count)
{
    flow_error *err = NULL;
    flow_batch *batch = rig_batch(rig, first, count);
    int rc = flow_inlet_push_batch(rig_inlet(rig, "r1"), batch, 0, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
    flow_batch_free(batch);
}

void rig_note(struct rig_bodies *bodies, const flow_event *event)
{
    size_t size;
    const char *body = flow_event_body(event, &size);

    ck_assert_uint_lt(bodies->count, RIG_BODIES);
    ck_assert_uint_lt(size, RIG_BODY);
    char *text = bodies->text[bodies->count++];
    memcpy(text, body, size);
    text[size] = '\0';
}

void rig_take(struct rig *rig, const char *channel, struct rig_bodies *bodies)
{
    const flow_event *const *events;
    size_t count = 1;

    bodies->count = 0;
    while (count > 0) {
        flow_txn *txn;
        ck_assert_int_eq(flow_txn_begin(rig_channel(rig, channel), &txn, NULL), FLOW_OK);
        ck_assert_int_eq(flow_txn_take(txn, 100, 0, &events, &count, NULL), FLOW_OK);
        for (size_t i = 0; i < count; i++)
            rig_note(bodies, events[i]);
        ck_assert_int_eq(flow_txn_commit(txn, NULL), FLOW_OK);
        flow_txn_free(txn);
    }
}

void rig_expect(const struct rig_bodies *bodies, unsigned first, unsigned count)
{
    ck_assert_uint_eq(bodies->count, count);
    for (unsigned i = 0; i < count; i++) {
        char body[RIG_BODY];
        snprintf(body, sizeof(body), "%u", first + i);
        ck_assert_str_eq(bodies->text[i], body);
    }
}

int64_t rig_metric(struct rig *rig, const char *component, const char *name)
{
    flow_metrics *metrics;

    ck_assert_int_eq(flow_pipeline_metrics(rig->pipeline, &metrics, NULL), FLOW_OK);
    int64_t value = flow_metrics_value(metrics, component, name);
    flow_metrics_free(metrics);
    return value;
}

void rig_await(struct rig *rig, const char *component, const char *name, int64_t value)
{
    AWAIT(rig_metric(rig, component, name) >= value);
}

void rig_tick_until(struct rig *rig, const char *component, const char *name, int64_t value)
{
    while (rig_metric(rig, component, name) < value)
        rig_tick(rig);
}

size_t rig_logged(struct rig *rig, const char *text)
{
    size_t count = 0;

    pthread_mutex_lock(&rig->lock);
    for (const char *at = rig->log; at && (at = strstr(at, text)) != NULL; at++)
        count++;
    pthread_mutex_unlock(&rig->lock);
    return count;
}

void rig_await_log(struct rig *rig, const char *text)
{
    AWAIT(rig_logged(rig, text) > 0);
}

uint16_t rig_port(struct rig *rig)
{
    static const char text[] = "listening on 127.0.0.1:";

    rig_await_log(rig, text);
    pthread_mutex_lock(&rig->lock);
    const char *number = rig->log;
    for (const char *at = rig->log; (at = strstr(at, text)); at++)
        number = at + strlen(text);
    unsigned long port = strtoul(number, NULL, 10);
    pthread_mutex_unlock(&rig->lock);
    return (uint16_t)port;
}
