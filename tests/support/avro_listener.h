/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_AVRO_LISTENER_H
#define TESTS_SUPPORT_AVRO_LISTENER_H

/* A server without a network: what it is told becomes a text of the events, and its answers. */

#include "wire/avro_ipc.h"

struct avro_listener {
    struct fl_avro_ipc ipc;
    enum fl_avro_status status; /* what calls with events are answered with */
    struct fl_buf answers;
    struct fl_buf events; /* of the calls that were complete: "name=value ...|body" a line */
    struct fl_buf open;   /* of the one under way */
    size_t calls;
    int fault; /* what ended it */
};

void avro_listener_init(struct avro_listener *listener, const flow_allocator *mem,
                        size_t frame_max);
void avro_listener_free(struct avro_listener *listener);

/* Takes SIZE bytes; after a fault, none. */
void avro_listener_hear(struct avro_listener *listener, const void *data, size_t size);

#endif
