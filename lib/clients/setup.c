/* SPDX-License-Identifier: Apache-2.0 */

#include "clients/setup.h"

#include "wire/thrift.h"

static int read_common(flow_context *ctx, struct fl_peer_setup *setup, flow_error **err)
{
    *setup = (struct fl_peer_setup){
        .mem = flow_library_allocator(flow_context_library(ctx)),
        .ctx = ctx,
        .batch_size = (size_t)flow_context_int(ctx, "batch-size"),
        .connect_ms = flow_context_int(ctx, "connect-timeout"),
        .request_ms = flow_context_int(ctx, "request-timeout"),
        .reset_ms = flow_context_int(ctx, "reset-connection-interval") * 1000,
        .created = flow_context_counter(ctx, "ConnectionCreatedCount"),
        .closed = flow_context_counter(ctx, "ConnectionClosedCount"),
        .failed = flow_context_counter(ctx, "ConnectionFailedCount"),
    };
    int rc = fl_tls_open_client(ctx, &setup->tls, err);
    setup->stack.tls = setup->tls;
    return rc;
}

int fl_setup_read_avro(flow_context *ctx, struct fl_peer_setup *setup, flow_error **err)
{
    int rc = read_common(ctx, setup, err);

    setup->rpc = &fl_avro_rpc;
    setup->stack.deflates = flow_context_choice(ctx, "compression-type") == 1;
    setup->stack.level = (int)flow_context_int(ctx, "compression-level");
    setup->stack.tls_outside = flow_context_bool(ctx, "ssl-outside-compression");
    return rc;
}

int fl_setup_read_thrift(flow_context *ctx, struct fl_peer_setup *setup, flow_error **err)
{
    int rc = read_common(ctx, setup, err);

    setup->rpc = &fl_thrift_rpc;
    setup->rpc_option =
        flow_context_choice(ctx, "protocol") == 1 ? FL_THRIFT_BINARY : FL_THRIFT_COMPACT;
    if (!rc && flow_context_bool(ctx, "kerberos"))
        rc = flow_context_refuse(ctx, "kerberos",
                                 "Thrift within Kerberos' SASL is not spoken here; use ssl", err);
    return rc;
}

void fl_setup_free(struct fl_peer_setup *setup)
{
    fl_tls_free(setup->tls);
}
