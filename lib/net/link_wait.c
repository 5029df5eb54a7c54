/* SPDX-License-Identifier: Apache-2.0 */

/* Waiting for a socket, for whoever interrupts, and for the component's stop, all in one poll. */

#include <poll.h>
#include <unistd.h>

#include "net/link_inside.h"

static void drain(struct fl_link *link)
{
    uint64_t count;

    while (read(link->wake, &count, sizeof count) > 0)
        ;
}

void fl_link_calm(struct fl_link *link)
{
    drain(link);
    link->stop_deadline = 0;
}

/* When a wait that may last until DEADLINE has to end. */
static int64_t end_of_wait(struct fl_link *link, int64_t deadline)
{
    const flow_context *ctx = link->options.ctx;

    if (!ctx || !flow_context_stopping(ctx)) {
        link->stop_deadline = 0;
        return deadline;
    }
    if (!link->stop_deadline)
        link->stop_deadline = fl_clock_after(fl_clock_system(), link->options.grace_ms);
    return link->stop_deadline < deadline ? link->stop_deadline : deadline;
}

/* Polls until END; 1 when FD is ready. */
static int look(struct fl_link *link, int fd, short events, int64_t end)
{
    struct pollfd watched[] = {{.fd = fd, .events = events}, {.fd = link->wake, .events = POLLIN}};
    int64_t left = end - fl_clock_now(fl_clock_system());
    int ms = end == FL_NEVER ? -1 : left > INT32_MAX ? INT32_MAX : left < 0 ? 0 : (int)left;

    if (poll(watched, 2, ms) <= 0)
        return 0;
    if (watched[1].revents)
        drain(link);
    return watched[0].revents != 0;
}

int fl_link_wait(struct fl_link *link, int fd, short events, int64_t deadline)
{
    for (;;) {
        int64_t end = end_of_wait(link, deadline);
        if (atomic_load(&link->interrupted))
            return FLOW_ECLOSED;
        if (look(link, fd, events, end))
            return FLOW_OK;
        if (end <= fl_clock_now(fl_clock_system()))
            return end < deadline ? FLOW_ECLOSED : FLOW_ETIMEDOUT;
    }
}
