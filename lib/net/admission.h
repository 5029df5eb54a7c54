/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_ADMISSION_H
#define FL_NET_ADMISSION_H

/*
 * Whether the peers of a server may stay, by its filter.  Where a rule asks for a peer's name, a
 * thread of its own finds it, since the loop must not wait for a name server; until then the
 * connection is not read.
 */

#include "net/ip_filter.h"
#include "net/loop.h"

struct fl_admission;
struct fl_conn;

/* Makes one for FILTER, which lives longer.  TELL is called on LOOP's thread for each peer whose
 * name had to be found. */
int fl_admission_new(const flow_allocator *mem, struct fl_loop *loop,
                     const struct fl_ip_filter *filter,
                     void (*tell)(struct fl_conn *conn, int is_allowed),
                     struct fl_admission **admission, flow_error **err);

/* Waits for the question under way; nobody may be waited for any more.  NULL is allowed. */
void fl_admission_free(struct fl_admission *admission);

/* On the loop's thread: FL_IP_UNKNOWN when TELL will tell.  Without memory the peer is refused. */
int fl_admission_ask(struct fl_admission *admission, struct fl_conn *conn,
                     const struct sockaddr_storage *address);

/* Refuses those whose names are not known yet, soon. */
void fl_admission_close(struct fl_admission *admission);

#endif
