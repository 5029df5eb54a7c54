/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Clients of one host: `default`, which has one connection, and `thrift`, which has as many as
 * calls are under way at once, up to a limit.
 */

#include "base/error.h"
#include "base/thread.h"
#include "clients/clients.h"
#include "clients/delivery.h"
#include "clients/schema.h"
#include "clients/setup.h"

struct single {
    struct fl_peer_setup setup;
    struct fl_hosts hosts;
    size_t most;         /* connections */
    struct fl_lock lock; /* guards what follows, and wakes who waits for a connection */
    struct fl_peer **idle;
    size_t idle_count;
    size_t made;
};

static void single_destroy(void *self)
{
    struct single *single = self;
    const flow_allocator *mem = single->setup.mem;

    for (size_t i = 0; i < single->idle_count; i++)
        fl_peer_free(single->idle[i]);
    fl_free(mem, single->idle);
    fl_hosts_free(&single->hosts);
    fl_setup_free(&single->setup);
    fl_lock_destroy(&single->lock);
    fl_free(mem, single);
}

/* Makes the rest of a client whose setup was read. */
static int finish(const flow_context *ctx, struct single *single, flow_error **err)
{
    int rc = fl_hosts_read(ctx, 1, &single->hosts, err);

    if (rc)
        return rc;
    fl_hosts_warn_of_others(&single->hosts, ctx);
    single->idle = fl_calloc(single->setup.mem, single->most, sizeof *single->idle);
    return single->idle ? FLOW_OK : fl_error_nomem(err);
}

static struct single *single_new(const flow_context *ctx)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct single *single = fl_zalloc(mem, sizeof *single);

    if (single && fl_lock_init(&single->lock)) {
        fl_free(mem, single);
        single = NULL;
    }
    return single;
}

static int create(flow_context *ctx, void **self,
                  int (*read)(flow_context *, struct fl_peer_setup *, flow_error **), size_t most,
                  flow_error **err)
{
    struct single *single = single_new(ctx);

    if (!single)
        return fl_error_nomem(err);
    single->most = most;
    int rc = read(ctx, &single->setup, err);
    if (!rc)
        rc = finish(ctx, single, err);
    if (rc)
        single_destroy(single);
    else
        *self = single;
    return rc;
}

static int default_create(flow_context *ctx, void **self, flow_error **err)
{
    return create(ctx, self, fl_setup_read_avro, 1, err);
}

static int thrift_create(flow_context *ctx, void **self, flow_error **err)
{
    size_t most = (size_t)flow_context_int(ctx, "maxConnections");

    return create(ctx, self, fl_setup_read_thrift, most, err);
}

/* Takes a connection, or waits for one. */
static int acquire(struct single *single, struct fl_peer **peer, flow_error **err)
{
    int rc = FLOW_OK;

    fl_lock(&single->lock);
    while (single->idle_count == 0 && single->made == single->most)
        fl_lock_wait(&single->lock, fl_clock_system(), FL_NEVER);
    if (single->idle_count > 0) {
        *peer = single->idle[--single->idle_count];
    } else {
        rc = fl_peer_new(&single->setup, &single->hosts.hosts[0], peer, err);
        single->made += !rc;
    }
    fl_unlock(&single->lock);
    return rc;
}

static void release(struct single *single, struct fl_peer *peer)
{
    fl_lock(&single->lock);
    single->idle[single->idle_count++] = peer;
    fl_lock_wake(&single->lock);
    fl_unlock(&single->lock);
}

static int single_connect(void *self, flow_error **err)
{
    struct single *single = self;
    struct fl_peer *peer;
    int rc = acquire(single, &peer, err);

    if (rc)
        return rc;
    rc = fl_peer_connect(peer, err);
    release(single, peer);
    return rc;
}

static int single_deliver(void *self, struct fl_delivery *delivery, flow_error **err)
{
    struct single *single = self;
    struct fl_peer *peer;
    int rc = acquire(single, &peer, err);

    if (rc)
        return rc;
    rc = fl_peer_deliver(peer, delivery, err);
    release(single, peer);
    return rc;
}

const struct fl_client_ops fl_default_client = {
    .struct_size = sizeof fl_default_client,
    .type = "default",
    .aliases = "org.apache.flume.api.NettyAvroRpcClient",
    .schema = &fl_default_client_schema,
    .create = default_create,
    .destroy = single_destroy,
    .connect = single_connect,
    .deliver = single_deliver,
};

const struct fl_client_ops fl_thrift_client = {
    .struct_size = sizeof fl_thrift_client,
    .type = "thrift",
    .aliases = "org.apache.flume.api.ThriftRpcClient",
    .schema = &fl_thrift_client_schema,
    .create = thrift_create,
    .destroy = single_destroy,
    .connect = single_connect,
    .deliver = single_deliver,
};
