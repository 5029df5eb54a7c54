/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_SETUP_H
#define FL_CLIENTS_SETUP_H

/* What clients and the sinks that are clients read of their settings. */

#include "clients/hosts.h"
#include "clients/peer.h"

/* Reads how the hosts of an Avro client, or of a Thrift client, are talked to. */
int fl_setup_read_avro(flow_context *ctx, struct fl_peer_setup *setup, flow_error **err);
int fl_setup_read_thrift(flow_context *ctx, struct fl_peer_setup *setup, flow_error **err);
void fl_setup_free(struct fl_peer_setup *setup);

#endif
