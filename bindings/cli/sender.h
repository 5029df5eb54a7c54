/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SENDER_H
#define CLI_SENDER_H

/* Lines on their way to an agent, in batches, with headers that all of them have. */

#include <flow.h>

#include "progress.h"
#include "text.h"

struct sender {
    flow_client *client;
    flow_batch *batch;
    flow_header *headers;
    size_t header_count;
    size_t batch_size;
    uint64_t sent; /* events that the agent has */
    struct progress progress;
};

/* HEADERS are pairs, and lent. */
int sender_init(struct sender *sender, flow_library *lib, flow_client *client,
                const struct text_list *headers, flow_error **err);
void sender_free(struct sender *sender);

/* Sends all lines of FD, each an event, until it ends.  What is there goes out when no more comes
 * for now. */
int sender_lines(struct sender *sender, int fd, flow_error **err);

#endif
