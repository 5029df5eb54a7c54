/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The public face of clients: makes one as a configuration says, with a context like a component's,
 * and tells of every failed call how far it got.
 */

#include <stdatomic.h>
#include <string.h>

#include <flow/client.h>

#include "base/error.h"
#include "base/vec.h"
#include "clients/delivery.h"
#include "core/context.h"
#include "core/globals.h"
#include "core/settings.h"

#define DEFAULT_TYPE "default"

struct flow_client {
    flow_library *lib;
    const struct fl_type *type;
    struct fl_settings *settings;
    flow_context *ctx;
    void *self;
};

/* ---- making ---- */

/* Findings: warnings go to the log, errors into one. */
struct faults {
    flow_library *lib;
    flow_error *err;
};

static void add_finding(void *self, int32_t severity, const struct fl_raw *where,
                        const char *message, const char *hint)
{
    struct faults *faults = self;
    flow_error *finding = NULL;
    const char *gap = hint && hint[0] ? "; " : "";

    flow_error_setf(&finding, FLOW_ECONFIG, "%s%s%s", message, gap, hint ? hint : "");
    flow_error_locate(&finding, "client", where->full, where->file, where->line, where->column);
    if (severity == FLOW_SEVERITY_WARNING) {
        flow_library_log(faults->lib, FLOW_LOG_WARN, NULL, flow_error_message(finding));
        flow_error_free(finding);
        return;
    }
    /* Earlier ones become causes, so that one message has them all. */
    if (faults->err) {
        flow_error_setf(&faults->err, FLOW_ECONFIG, "%s", flow_error_message(finding));
        flow_error_free(finding);
    } else {
        faults->err = finding;
    }
}

static int collect(flow_config *config, struct fl_vec *raws)
{
    flow_entry entry = {.struct_size = sizeof entry};

    for (size_t i = 0; flow_config_entry(config, i, &entry) == FLOW_OK; i++) {
        const struct fl_raw raw = {
            .key = entry.key,
            .full = entry.key,
            .value = entry.value,
            .file = entry.file,
            .line = entry.line,
            .column = entry.column,
        };
        if (!fl_vec_push(raws, &raw))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int find_type(flow_client *client, flow_config *config, flow_error **err)
{
    const char *name = flow_config_get(config, "client.type");
    flow_error *why = NULL;
    char *hint = NULL;
    int rc = fl_registry_lookup(client->lib->registry, FLOW_KIND_CLIENT, name ? name : DEFAULT_TYPE,
                                &client->type, &hint, &why);

    if (rc == FLOW_ENOENT) {
        rc = flow_error_setf(err, FLOW_ECONFIG, "%s%s%s", flow_error_message(why), hint ? "; " : "",
                             hint ? hint : "");
        flow_error_locate(err, "client", "client.type", NULL, 0, 0);
        flow_error_free(why);
    } else if (rc) {
        fl_error_pass(err, why);
    }
    fl_free(&client->lib->allocator, hint);
    return rc;
}

static int make_settings(flow_client *client, const struct fl_vec *raws, flow_error **err)
{
    static const struct fl_raw owner = {.key = "", .full = "", .value = "", .file = ""};
    struct faults faults = {.lib = client->lib};
    const struct fl_findings findings = {.self = &faults, .add = add_finding};
    size_t count;
    int rc = fl_settings_make(client->lib->registry, client->type, raws->items, raws->count, &owner,
                              &findings, &count, &client->settings);

    if (rc) {
        flow_error_free(faults.err);
        return fl_error_nomem(err);
    }
    if (count == 0) {
        flow_error_free(faults.err);
        return FLOW_OK;
    }
    fl_error_pass(err, faults.err);
    return FLOW_ECONFIG;
}

static int configure(flow_client *client, flow_config *config, flow_error **err)
{
    struct fl_vec raws;
    int rc = find_type(client, config, err);

    if (rc)
        return rc;
    fl_vec_init(&raws, &client->lib->allocator, sizeof(struct fl_raw));
    rc = collect(config, &raws);
    if (!rc)
        rc = fl_globals_add(client->type->schema, config, &raws);
    rc = rc ? fl_error_nomem(err) : make_settings(client, &raws, err);
    fl_vec_free(&raws);
    return rc;
}

static int build(flow_client *client, flow_config *config, flow_error **err)
{
    int rc = configure(client, config, err);

    if (!rc)
        rc = fl_context_new(client->lib, client->type, client->type->name, client->settings, NULL,
                            &client->ctx, err);
    if (!rc)
        rc = client->type->ops.client.create(client->ctx, &client->self, err);
    return rc;
}

int flow_client_new(flow_library *lib, flow_config *config, flow_client **client, flow_error **err)
{
    int rc = fl_library_check(lib, err);

    if (rc)
        return rc;
    if (!config || !client)
        return flow_error_set(err, FLOW_EINVAL, "a configuration and a place for it are needed");
    *client = NULL;
    flow_client *made = fl_zalloc(&lib->allocator, sizeof *made);
    if (!made)
        return fl_error_nomem(err);
    made->lib = lib;
    atomic_fetch_add(&lib->users, 1);
    rc = build(made, config, err);
    if (rc)
        flow_client_free(made);
    else
        *client = made;
    return rc;
}

int flow_client_load(flow_library *lib, const char *path, flow_client **client, flow_error **err)
{
    flow_config *config;
    int rc = flow_config_new(lib, &config, err);

    if (rc)
        return rc;
    rc = flow_config_load(config, path, err);
    if (!rc)
        rc = flow_client_new(lib, config, client, err);
    flow_config_free(config);
    return rc;
}

void flow_client_close(flow_client *client)
{
    if (client && !fl_library_check(client->lib, NULL))
        fl_context_stop(client->ctx);
}

void flow_client_free(flow_client *client)
{
    if (!client || fl_library_check(client->lib, NULL))
        return;

    flow_library *lib = client->lib;
    if (client->self)
        client->type->ops.client.destroy(client->self);
    fl_context_free(client->ctx);
    fl_settings_free(client->settings);
    fl_free(&lib->allocator, client);
    atomic_fetch_sub(&lib->users, 1);
}

/* ---- calls ---- */

static int check(flow_client *client, flow_error **err)
{
    int rc = client ? fl_library_check(client->lib, err)
                    : flow_error_set(err, FLOW_EINVAL, "the client is NULL");

    if (!rc && flow_context_stopping(client->ctx))
        rc = flow_error_set(err, FLOW_ECLOSED, "the client was closed");
    return rc;
}

size_t flow_client_batch_size(const flow_client *client)
{
    return client ? (size_t)flow_context_int(client->ctx, "batch-size") : 0;
}

int flow_client_connect(flow_client *client, flow_error **err)
{
    int rc = check(client, err);

    return rc ? rc : client->type->ops.client.connect(client->self, err);
}

/* How far a call got that failed with RC. */
static int explain(const struct fl_delivery *delivery, int rc, flow_error **err)
{
    size_t rest = delivery->count - delivery->acknowledged;
    int passes = err && flow_error_retriable(*err);

    if (rc == FLOW_ENOMEM || !err)
        return rc;
    if (delivery->count == 1)
        flow_error_set(err, rc,
                       delivery->doubtful ? "the event may have been delivered or not"
                                          : "the event was not delivered");
    else if (delivery->doubtful)
        flow_error_setf(err, rc,
                        "%zu of %zu events were acknowledged, the next %zu may have been "
                        "delivered or not",
                        delivery->acknowledged, delivery->count, delivery->doubtful);
    else
        flow_error_setf(err, rc, "%zu of %zu events were acknowledged, %zu were not delivered",
                        delivery->acknowledged, delivery->count, rest);
    flow_error_set_retriable(err, passes);
    return rc;
}

static int deliver(flow_client *client, struct fl_delivery *delivery, flow_error **err)
{
    int rc = check(client, err);

    if (rc)
        return rc;
    rc = client->type->ops.client.deliver(client->self, delivery, err);
    return rc ? explain(delivery, rc, err) : FLOW_OK;
}

int flow_client_append(flow_client *client, const void *body, size_t size,
                       const flow_header *headers, size_t count, size_t header_size,
                       flow_error **err)
{
    flow_event *event;
    int rc = check(client, err);

    if (!rc)
        rc = flow_event_new(client->lib, body, size, headers, count, header_size, &event, err);
    if (rc)
        return rc;
    const flow_event *events[] = {event};
    struct fl_delivery delivery = {.events = events, .count = 1, .single = 1};
    rc = deliver(client, &delivery, err);
    flow_event_unref(event);
    return rc;
}

int flow_client_append_events(flow_client *client, const flow_event *const *events, size_t count,
                              size_t *acknowledged, flow_error **err)
{
    struct fl_delivery delivery = {.events = events, .count = count};

    if (acknowledged)
        *acknowledged = 0;
    if (!events && count > 0)
        return flow_error_set(err, FLOW_EINVAL, "the events are NULL");
    int rc = deliver(client, &delivery, err);
    if (acknowledged)
        *acknowledged = delivery.acknowledged;
    return rc;
}

int flow_client_append_batch(flow_client *client, const flow_batch *batch, size_t *acknowledged,
                             flow_error **err)
{
    if (!batch)
        return flow_error_set(err, FLOW_EINVAL, "the batch is NULL");
    return flow_client_append_events(client, flow_batch_events(batch), flow_batch_count(batch),
                                     acknowledged, err);
}
