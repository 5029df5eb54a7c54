/* SPDX-License-Identifier: Apache-2.0 */

/* Uses one host until it fails, then the next that can be reached, around the list. */

#include "base/error.h"
#include "base/thread.h"
#include "clients/clients.h"
#include "clients/delivery.h"
#include "clients/schema.h"
#include "clients/several.h"

struct failover {
    const flow_allocator *mem;
    struct fl_several several;
    size_t tries;
    struct fl_lock lock; /* one call at a time */
    size_t present;      /* the host in use, or that failed last */
    int in_use;
};

static void failover_destroy(void *self)
{
    struct failover *failover = self;

    fl_several_free(&failover->several);
    fl_lock_destroy(&failover->lock);
    fl_free(failover->mem, failover);
}

static int failover_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct failover *failover = fl_zalloc(mem, sizeof *failover);

    if (!failover || fl_lock_init(&failover->lock)) {
        fl_free(mem, failover);
        return fl_error_nomem(err);
    }
    failover->mem = mem;
    int rc = fl_several_init(&failover->several, ctx, 1, err);
    if (rc) {
        failover_destroy(failover);
        return rc;
    }
    failover->tries = (size_t)flow_context_int(ctx, "max-attempts");
    if (failover->tries == 0)
        failover->tries = failover->several.hosts.count;
    failover->present = failover->several.hosts.count - 1; /* so that the first is next */
    *self = failover;
    return FLOW_OK;
}

/* Finds a host that can be reached, the one in use or the next. */
static int find_host(struct failover *failover, flow_error **err)
{
    size_t count = failover->several.hosts.count;
    int rc = FLOW_EIO;

    for (size_t i = failover->in_use ? 0 : 1; i <= count; i++) {
        size_t next = (failover->present + i) % count;
        flow_error *why = NULL;
        rc = fl_peer_connect(failover->several.peers[next], &why);
        fl_several_blame(err, why);
        if (!rc) {
            failover->present = next;
            failover->in_use = 1;
        }
        if (fl_several_is_final(rc))
            return rc;
    }
    failover->in_use = 0;
    return flow_error_set(err, rc, "none of the hosts can be reached");
}

static int failover_connect(void *self, flow_error **err)
{
    struct failover *failover = self;

    fl_lock(&failover->lock);
    int rc = find_host(failover, err);
    fl_unlock(&failover->lock);
    return rc;
}

static int failover_deliver(void *self, struct fl_delivery *delivery, flow_error **err)
{
    struct failover *failover = self;
    flow_error *all = NULL;
    int rc = FLOW_PENDING;

    fl_lock(&failover->lock);
    for (size_t tries = 0; !fl_several_is_final(rc) && tries < failover->tries; tries++) {
        flow_error *why = NULL;
        rc = find_host(failover, &all);
        if (rc)
            break;
        rc = fl_peer_deliver(failover->several.peers[failover->present], delivery, &why);
        fl_several_blame(&all, why);
        failover->in_use = !rc;
    }
    fl_unlock(&failover->lock);
    return fl_several_conclude(rc, all, err);
}

const struct fl_client_ops fl_failover_client = {
    .struct_size = sizeof fl_failover_client,
    .type = "default_failover",
    .aliases = "failover|org.apache.flume.api.FailoverRpcClient",
    .schema = &fl_failover_client_schema,
    .create = failover_create,
    .destroy = failover_destroy,
    .connect = failover_connect,
    .deliver = failover_deliver,
};
