/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_FILE_FILE_H
#define FL_CHANNELS_FILE_FILE_H

/* The inside of a file channel. */

#include <flow/consumer.h>

#include "base/buf.h"
#include "base/thread.h"
#include "base/vec.h"
#include "channels/disk.h"
#include "channels/file/schema.h"

/* A consumer that somebody takes through. */
struct file_consumer {
    struct file_consumer *next;
    char *name;
    uint32_t users;
    _Atomic(struct fl_cursor *) cursor; /* NULL while the channel is closed */
};

struct file_channel {
    const flow_allocator *mem;
    uint64_t transaction_capacity;
    int64_t keep_alive_ms;
    uint32_t max_deliveries; /* where a consumer's settings do not say */
    struct fl_disk log;
    struct fl_vec wishes; /* of struct fl_wish */

    struct fl_lock lock; /* for what follows */
    struct file_consumer *consumers;
};

struct file_txn {
    struct fl_vec puts; /* of const flow_event *, with a reference to each */
    struct fl_buf positions; /* of sources, or marks of sinks */
    struct fl_claim claim;   /* of what senders send */
    struct fl_disk_taken taken;
};

extern const flow_channel_consumers file_consumers;

int file_begin(void *self, void **txn, flow_error **err);

/* Reads what the settings say of consumers. */
int file_consumers_init(struct file_channel *channel, flow_context *ctx, flow_error **err);
void file_consumers_destroy(struct file_channel *channel);

/* Makes the consumers that are wanted, once the log is open. */
int file_consumers_open(struct file_channel *channel, flow_error **err);
void file_consumers_close(struct file_channel *channel);

/* The events that the one that has most to take can take. */
uint64_t file_consumers_size(struct file_channel *channel);

#endif
