/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_LINK_INSIDE_H
#define FL_NET_LINK_INSIDE_H

/* The inside of a link: link.c is what it does, link_wait.c how it waits, link_connect.c how it
 * reaches its peer. */

#include <stdatomic.h>

#include "core/context.h"
#include "net/link.h"

struct fl_link {
    struct fl_link_options options;
    int fd;                 /* -1: not connected */
    int wake;               /* an eventfd that ends a wait */
    struct fl_stack *stack; /* NULL: there are no layers */
    struct fl_buf wire;     /* what the layers have to send */
    struct fl_buf early;    /* what came when nobody asked for it */
    int ended;              /* the peer sends no more */
    struct fl_stop_hook hook;
    int64_t stop_deadline; /* when waits end since the component is to stop; 0: it is not */
    _Atomic int interrupted;
    char *peer; /* NULL: none yet */
};

/* ---- link_wait.c ---- */

/* Prepares for a new connection: forgets what woke before. */
void fl_link_calm(struct fl_link *link);

/* Waits until FD, or nothing when it is -1, is ready for EVENTS of poll.  FLOW_ETIMEDOUT or
 * FLOW_ECLOSED, without an error object. */
int fl_link_wait(struct fl_link *link, int fd, short events, int64_t deadline);

/* ---- link_connect.c ---- */

/* Connects the bare socket. */
int fl_link_reach(struct fl_link *link, const struct fl_link_target *target, int64_t deadline,
                  flow_error **err);

/* ---- link.c ---- */

/* Describes what RC of fl_link_wait means for WHAT ("cannot connect to"). */
int fl_link_gave_up(const struct fl_link *link, int rc, const char *what, flow_error **err);

/* The system failed with errno NUMBER. */
int fl_link_broke(const struct fl_link *link, int number, const char *what, flow_error **err);

#endif
