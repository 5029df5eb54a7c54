/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_WAKER_H
#define FL_RUNTIME_WAKER_H

/*
 * How a runner sleeps: on a channel, until it has events, or on its own gate while it may not take
 * any.  Either way a call wakes it at once, and nothing else does.
 */

#include "core/channel.h"

struct fl_waker {
    struct fl_gate gate;
    _Atomic int called;              /* since fl_waker_begin */
    _Atomic(flow_channel *) channel; /* it sleeps on this one now */
};

int fl_waker_init(struct fl_waker *waker);
void fl_waker_destroy(struct fl_waker *waker);

/* Wakes the runner, now or when it goes to sleep next.  From any thread. */
void fl_waker_call(struct fl_waker *waker);

/* Begins a round: calls from now on keep the runner from sleeping at its end. */
void fl_waker_begin(struct fl_waker *waker);

/* Sleeps until a call or DEADLINE on CLOCK. */
void fl_waker_sleep(struct fl_waker *waker, const struct fl_clock *clock, int64_t deadline);

/* Sleeps until CHANNEL has events, which it returns as 1, or until a call or DEADLINE. */
int fl_waker_sleep_on(struct fl_waker *waker, flow_channel *channel, int64_t deadline);

#endif
