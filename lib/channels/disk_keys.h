/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_DISK_KEYS_H
#define FL_CHANNELS_DISK_KEYS_H

/* The keys of a channel's log, as the settings below "encryption." name them. */

#include <flow/component.h>

#include "base/vec.h"
#include "store/flume_keys.h"
#include "store/seal.h"

struct fl_disk_keys {
    struct fl_vec passwords; /* of struct fl_flume_key_password, whose aliases are its own */
    struct fl_flume_keys *store;
    struct fl_sealing *sealing; /* NULL: nothing is encrypted */
};

/* Whether the settings fit together. */
int fl_disk_keys_check(const flow_context *ctx, flow_error **err);

/* Opens the key store, if one is set.  Blocks: on the file system. */
int fl_disk_keys_open(struct fl_disk_keys *keys, const flow_context *ctx, flow_error **err);
void fl_disk_keys_close(struct fl_disk_keys *keys, const flow_allocator *mem);

#endif
