/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_ROUTE_H
#define FL_RUNTIME_ROUTE_H

/* The channels an event goes to, two bits for each: small enough to be remembered for every event
 * of a batch that could not be delivered at once. */

#include <flow/selector.h>

#define FL_ROUTE_REQUIRED 1u
#define FL_ROUTE_OPTIONAL 2u

struct flow_route {
    uint64_t *words;
    size_t channels;
};

/* How many words the route of one event takes. */
size_t fl_route_words(size_t channels);

/* FL_ROUTE_REQUIRED, FL_ROUTE_OPTIONAL, or 0 when the event does not go to CHANNEL. */
unsigned fl_route_get(const uint64_t *words, size_t channel);

/* Instead of the channel at FROM, which is required, the one at TO is. */
void fl_route_move(const flow_route *route, size_t from, size_t to);

/* 1 when no channel gets the event. */
int fl_route_empty(const flow_route *route);

#endif
