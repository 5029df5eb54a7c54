/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_SEVERAL_H
#define FL_CLIENTS_SEVERAL_H

/* Several hosts with a connection each, made when it is first used.  They speak Avro, as in Flume.
 */

#include "clients/hosts.h"
#include "clients/setup.h"

struct fl_several {
    struct fl_peer_setup setup;
    struct fl_hosts hosts;
    struct fl_peer **peers; /* as many as hosts */
};

int fl_several_init(struct fl_several *several, flow_context *ctx, size_t least, flow_error **err);

/* Also for what is zeroed or was not made as a whole. */
void fl_several_free(struct fl_several *several);

/* Hands over WHY a host failed, NULL when it did not; what ERR holds of others becomes the cause.
 */
void fl_several_blame(flow_error **err, flow_error *why);

/* Ends a call with RC: hands ALL that hosts are blamed for to ERR, or forgets it.  Returns RC. */
int fl_several_conclude(int rc, flow_error *all, flow_error **err);

/* Whether RC, of a host, ends a call: other hosts would do no better. */
int fl_several_is_final(int rc);

#endif
