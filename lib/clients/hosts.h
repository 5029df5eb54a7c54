/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_HOSTS_H
#define FL_CLIENTS_HOSTS_H

/* The hosts of a client or sink: `hosts`, a list of aliases, and `hosts.ALIAS`, "host:port" each.
 */

#include <flow/component.h>

#include "clients/peer.h"

struct fl_hosts {
    const flow_allocator *mem;
    struct fl_host *hosts;
    size_t count;
};

/*
 * Reads them; a sink without `hosts` has `hostname` and `port`.  FLOW_ECONFIG at an alias without
 * a host, a host that is none, or when they are fewer than LEAST.
 */
int fl_hosts_read(const flow_context *ctx, size_t least, struct fl_hosts *hosts, flow_error **err);
void fl_hosts_free(struct fl_hosts *hosts);

/* Says in the log that only the first is used, where there are more. */
void fl_hosts_warn_of_others(const struct fl_hosts *hosts, const flow_context *ctx);

#endif
