/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CLIENTS_DELIVERY_H
#define FL_CLIENTS_DELIVERY_H

/* Events that are to get to an agent, and how far that is. */

#include <flow/event.h>

struct fl_stamp_list;

struct fl_delivery {
    const flow_event *const *events; /* lent */
    size_t count;
    const struct fl_stamp_list *spans; /* of all of them; NULL: they have no numbers */
    int single;          /* one event, by `append` */
    size_t acknowledged; /* from the first on: the agent has them */
    size_t doubtful;     /* behind these: it may have them */
};

#endif
