/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_IP_FILTER_H
#define FL_NET_IP_FILTER_H

/*
 * Rules about who may connect, as Flume has them:
 *
 *     allow:ip:127.*,allow:name:localhost,deny:ip:*
 *
 * The first rule that matches decides; where none does, the peer is allowed.  In a pattern * is any
 * text, ? any character and . itself; the rest is a Java regular expression.  `ip` is the address
 * as text, that of IPv6 as Java writes it or in short, and `name` the name that it has, or the
 * address when it has none.  `name:localhost` is every address of this machine.
 */

#include <sys/socket.h>

#include <flow/component.h>
#include <flow/schema.h>

#include "base/mem.h"

/* May be asked on many threads. */
struct fl_ip_filter;

/* FLOW_EPARSE with the rule that makes no sense. */
int fl_ip_filter_new(const flow_allocator *mem, const char *rules, struct fl_ip_filter **filter,
                     flow_error **err);
void fl_ip_filter_free(struct fl_ip_filter *filter); /* NULL is allowed */

#define FL_IP_REFUSED 0
#define FL_IP_ALLOWED 1
#define FL_IP_UNKNOWN 2 /* a rule asks for the name, which was not given */

/* Judges a peer by its address and NAME, which may be NULL as long as no rule asks for it. */
int fl_ip_filter_judge(const struct fl_ip_filter *filter, const struct sockaddr_storage *address,
                       const char *name);

/*
 * Judges a peer, whose name is asked for.  A name that does not lead back to the address does not
 * count.
 *
 * Blocks: as long as the system's resolver does.
 */
int fl_ip_filter_judge_by_name(const struct fl_ip_filter *filter,
                               const struct sockaddr_storage *address);

/* From the properties of a component whose schema has the part fl_ip_filter_schema; NULL when its
 * `ipFilter` is off. */
int fl_ip_filter_open(flow_context *ctx, struct fl_ip_filter **filter, flow_error **err);

extern const flow_schema fl_ip_filter_schema;

#endif
