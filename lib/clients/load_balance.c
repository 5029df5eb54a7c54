/* SPDX-License-Identifier: Apache-2.0 */

/* Each call goes to the next host, in turn or at random, and to others until one takes it. */

#include "base/error.h"
#include "base/random.h"
#include "base/rotation.h"
#include "base/thread.h"
#include "clients/clients.h"
#include "clients/delivery.h"
#include "clients/schema.h"
#include "clients/several.h"

struct balance {
    const flow_context *ctx;
    const flow_allocator *mem;
    struct fl_several several;
    struct fl_rotation *rotation;
    struct fl_lock lock; /* one call at a time */
};

static void balance_destroy(void *self)
{
    struct balance *balance = self;

    fl_rotation_free(balance->rotation);
    fl_several_free(&balance->several);
    fl_lock_destroy(&balance->lock);
    fl_free(balance->mem, balance);
}

static int make_rotation(struct balance *balance, flow_error **err)
{
    struct fl_rotation_rules rules = {
        .at_random = flow_context_choice(balance->ctx, "host-selector") == 1,
        .backs_off = flow_context_bool(balance->ctx, "backoff"),
        .most_ms = flow_context_int(balance->ctx, "maxBackoff"),
    };
    int rc = fl_random(&rules.seed, sizeof rules.seed, err);

    if (rc)
        return rc;
    if (rules.most_ms == 0)
        rules.most_ms = FL_PENALTY_MS;
    balance->rotation = fl_rotation_new(balance->mem, balance->several.hosts.count, &rules);
    return balance->rotation ? FLOW_OK : fl_error_nomem(err);
}

static int balance_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct balance *balance = fl_zalloc(mem, sizeof *balance);

    if (!balance || fl_lock_init(&balance->lock)) {
        fl_free(mem, balance);
        return fl_error_nomem(err);
    }
    balance->ctx = ctx;
    balance->mem = mem;
    int rc = fl_several_init(&balance->several, ctx, 2, err);
    if (!rc)
        rc = make_rotation(balance, err);
    if (rc)
        balance_destroy(balance);
    else
        *self = balance;
    return rc;
}

/* Tries hosts until one takes what is left of DELIVERY, or, without one, can be reached. */
static int try_hosts(struct balance *balance, struct fl_delivery *delivery, flow_error **err)
{
    const size_t *order;
    size_t count = fl_rotation_begin(balance->rotation, flow_context_now(balance->ctx), &order);
    int rc = FLOW_EIO;

    if (count == 0)
        return flow_error_set(err, FLOW_EIO,
                              "all hosts have failed lately and are left out for a while");
    for (size_t i = 0; i < count; i++) {
        struct fl_peer *peer = balance->several.peers[order[i]];
        flow_error *why = NULL;
        rc = delivery ? fl_peer_deliver(peer, delivery, &why) : fl_peer_connect(peer, &why);
        fl_several_blame(err, why);
        if (fl_several_is_final(rc))
            return rc;
        fl_rotation_failed(balance->rotation, order[i], flow_context_now(balance->ctx));
    }
    return flow_error_set(err, rc, "none of the hosts has taken it");
}

static int attempt(struct balance *balance, struct fl_delivery *delivery, flow_error **err)
{
    flow_error *all = NULL;

    fl_lock(&balance->lock);
    int rc = try_hosts(balance, delivery, &all);
    fl_unlock(&balance->lock);
    return fl_several_conclude(rc, all, err);
}

static int balance_connect(void *self, flow_error **err)
{
    return attempt(self, NULL, err);
}

static int balance_deliver(void *self, struct fl_delivery *delivery, flow_error **err)
{
    return attempt(self, delivery, err);
}

const struct fl_client_ops fl_load_balance_client = {
    .struct_size = sizeof fl_load_balance_client,
    .type = "default_loadbalance",
    .aliases = "load_balance|org.apache.flume.api.LoadBalancingRpcClient",
    .schema = &fl_load_balance_client_schema,
    .create = balance_create,
    .destroy = balance_destroy,
    .connect = balance_connect,
    .deliver = balance_deliver,
};
