/* SPDX-License-Identifier: Apache-2.0 */

#include "clients/several.h"

#include "base/error.h"

static int make_peers(struct fl_several *several, flow_error **err)
{
    int rc = FLOW_OK;

    several->peers = fl_calloc(several->setup.mem, several->hosts.count, sizeof *several->peers);
    if (!several->peers)
        return fl_error_nomem(err);
    for (size_t i = 0; !rc && i < several->hosts.count; i++)
        rc = fl_peer_new(&several->setup, &several->hosts.hosts[i], &several->peers[i], err);
    return rc;
}

int fl_several_init(struct fl_several *several, flow_context *ctx, size_t least, flow_error **err)
{
    int rc = fl_setup_read_avro(ctx, &several->setup, err);

    if (!rc)
        rc = fl_hosts_read(ctx, least, &several->hosts, err);
    return rc ? rc : make_peers(several, err);
}

void fl_several_free(struct fl_several *several)
{
    for (size_t i = 0; several->peers && i < several->hosts.count; i++)
        fl_peer_free(several->peers[i]);
    fl_free(several->setup.mem, several->peers);
    fl_hosts_free(&several->hosts);
    fl_setup_free(&several->setup);
}

int fl_several_is_final(int rc)
{
    return rc == FLOW_OK || rc == FLOW_ECLOSED || rc == FLOW_ENOMEM || rc == FLOW_ETOOBIG;
}

void fl_several_blame(flow_error **err, flow_error *why)
{
    if (why)
        flow_error_set(err, flow_error_code(why), flow_error_message(why));
    flow_error_free(why);
}

int fl_several_conclude(int rc, flow_error *all, flow_error **err)
{
    if (rc == FLOW_OK) {
        flow_error_free(all);
        return FLOW_OK;
    }
    flow_error_set_retriable(&all, rc == FLOW_EIO || rc == FLOW_ETIMEDOUT || rc == FLOW_EDELIVERY);
    fl_error_pass(err, all);
    return rc;
}
