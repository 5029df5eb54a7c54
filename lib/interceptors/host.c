/* SPDX-License-Identifier: Apache-2.0 */
/* Says in a header which machine an event passed through; the machine is looked up once. */

#include "base/error.h"
#include "base/mem.h"
#include "base/resolver.h"
#include "interceptors/interceptors.h"
#include "interceptors/set_header.h"

struct host {
    const flow_allocator *mem;
    const char *header;
    int preserve;
    char value[FL_HOST_ROOM]; /* "": unknown */
};

/* Not to know who we are is no reason to refuse events; Flume only warns, too. */
static void look_up(const flow_context *ctx, struct host *host)
{
    flow_error *err = NULL;
    int rc = flow_context_bool(ctx, "useIP") ? fl_resolver_own_address(host->value, &err)
                                             : fl_resolver_own_full_name(host->value, &err);

    if (!rc)
        return;
    host->value[0] = '\0';
    flow_context_logf(ctx, FLOW_LOG_WARN, "events get no header %s: %s", host->header,
                      flow_error_message(err));
    flow_error_free(err);
}

static int host_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct host *host = fl_alloc(mem, sizeof *host);

    if (!host)
        return fl_error_nomem(err);
    host->mem = mem;
    host->header = flow_context_string(ctx, "hostHeader");
    host->preserve = flow_context_bool(ctx, "preserveExisting");
    look_up(ctx, host);
    *self = host;
    return FLOW_OK;
}

static void host_destroy(void *self)
{
    struct host *host = self;

    fl_free(host->mem, host);
}

static int host_intercept(void *self, flow_batch *batch, flow_error **err)
{
    const struct host *host = self;

    if (!host->value[0])
        return FLOW_OK;
    return fl_set_header(batch, host->header, host->value, host->preserve, err);
}

static const flow_property properties[] = {
    {
        .name = "hostHeader",
        .type = FLOW_TYPE_STRING,
        .default_value = "host",
        .help = "The header to set.",
    },
    {
        .name = "useIP",
        .type = FLOW_TYPE_BOOL,
        .default_value = "true",
        .help = "Set it to the machine's address; false: to the name that this address has.",
    },
    {
        .name = "preserveExisting",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Leave the header alone where an event has it already.",
    },
};

static const flow_schema schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Sets a header to the address or name of this machine.",
    .description = "The address is the one that the machine's own name resolves to, looked up once "
                   "when the interceptor is made. When it cannot be found that is logged, and "
                   "events pass unchanged.",
};

const flow_interceptor_ops fl_host_interceptor = {
    .struct_size = sizeof fl_host_interceptor,
    .type = "host",
    .aliases = "org.apache.flume.interceptor.HostInterceptor$Builder",
    .schema = &schema,
    .create = host_create,
    .destroy = host_destroy,
    .intercept = host_intercept,
};
