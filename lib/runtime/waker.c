/* SPDX-License-Identifier: Apache-2.0 */

/* `called` is set before a gate is opened and read after it was looked at, so no call is missed. */

#include "runtime/waker.h"

int fl_waker_init(struct fl_waker *waker)
{
    atomic_init(&waker->called, 0);
    atomic_init(&waker->channel, NULL);
    return fl_gate_init(&waker->gate);
}

void fl_waker_destroy(struct fl_waker *waker)
{
    fl_gate_destroy(&waker->gate);
}

void fl_waker_call(struct fl_waker *waker)
{
    atomic_store(&waker->called, 1);
    fl_gate_open(&waker->gate);

    flow_channel *channel = atomic_load(&waker->channel);
    if (channel)
        fl_gate_open(&channel->base->events);
}

void fl_waker_begin(struct fl_waker *waker)
{
    atomic_store(&waker->called, 0);
}

void fl_waker_sleep(struct fl_waker *waker, const struct fl_clock *clock, int64_t deadline)
{
    uint32_t seen = fl_gate_look(&waker->gate);

    if (!atomic_load(&waker->called))
        fl_gate_wait(&waker->gate, seen, clock, deadline);
}

int fl_waker_sleep_on(struct fl_waker *waker, flow_channel *channel, int64_t deadline)
{
    atomic_store(&waker->channel, channel);
    int rc = fl_channel_wait(channel, deadline, &waker->called);
    atomic_store(&waker->channel, NULL);

    /* A channel that closed under its sink would otherwise keep the runner awake. */
    if (rc == FLOW_ECLOSED && !atomic_load(&waker->called))
        fl_waker_sleep(waker, channel->ctx->clock, deadline);
    return rc == FLOW_OK;
}
