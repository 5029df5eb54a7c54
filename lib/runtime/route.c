/* SPDX-License-Identifier: Apache-2.0 */

/* A route is a row of two-bit fields, one a channel: required, optional or neither. */

#include "runtime/route.h"

#define FIELDS_PER_WORD 32

size_t fl_route_words(size_t channels)
{
    return (channels + FIELDS_PER_WORD - 1) / FIELDS_PER_WORD;
}

static unsigned shift_of(size_t channel)
{
    return (unsigned)(channel % FIELDS_PER_WORD) * 2;
}

unsigned fl_route_get(const uint64_t *words, size_t channel)
{
    return (unsigned)(words[channel / FIELDS_PER_WORD] >> shift_of(channel)) & 3u;
}

int fl_route_empty(const flow_route *route)
{
    for (size_t i = 0; i < fl_route_words(route->channels); i++) {
        if (route->words[i] != 0)
            return 0;
    }
    return 1;
}

int flow_route_require(flow_route *route, size_t index)
{
    if (!route || index >= route->channels)
        return FLOW_EINVAL;

    uint64_t *word = &route->words[index / FIELDS_PER_WORD];
    *word &= ~((uint64_t)FL_ROUTE_OPTIONAL << shift_of(index));
    *word |= (uint64_t)FL_ROUTE_REQUIRED << shift_of(index);
    return FLOW_OK;
}

void fl_route_move(const flow_route *route, size_t from, size_t to)
{
    route->words[from / FIELDS_PER_WORD] &= ~((uint64_t)FL_ROUTE_REQUIRED << shift_of(from));
    uint64_t *word = &route->words[to / FIELDS_PER_WORD];
    *word &= ~((uint64_t)FL_ROUTE_OPTIONAL << shift_of(to));
    *word |= (uint64_t)FL_ROUTE_REQUIRED << shift_of(to);
}

int flow_route_offer(flow_route *route, size_t index)
{
    if (!route || index >= route->channels)
        return FLOW_EINVAL;
    if (fl_route_get(route->words, index) == 0)
        route->words[index / FIELDS_PER_WORD] |= (uint64_t)FL_ROUTE_OPTIONAL << shift_of(index);
    return FLOW_OK;
}
