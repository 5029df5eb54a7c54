/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_UNWRAP_H
#define FL_STORE_UNWRAP_H

/* Decrypts and decompresses the payloads of one segment. */

#include "base/buf.h"
#include "store/env.h"

struct fl_unpacker;

struct fl_unwrap {
    const struct fl_store_env *env;
    struct fl_gcm *gcm; /* NULL until fl_unwrap_key */
    struct fl_unpacker *unpacker;
    struct fl_buf bytes; /* a payload as it lies on disk */
};

void fl_unwrap_init(struct fl_unwrap *unwrap, const struct fl_store_env *env);
void fl_unwrap_free(struct fl_unwrap *unwrap);

/* Room for the SIZE bytes of a payload as they lie on disk; NULL without memory. */
void *fl_unwrap_room(struct fl_unwrap *unwrap, size_t size);

/* Makes the key of the segment PATH; see fl_seal_open. */
int fl_unwrap_key(struct fl_unwrap *unwrap, const struct fl_seal_front *seal, const char *path,
                  flow_error **err);

/*
 * Makes of the payload in the room, which was at byte AT of the segment, what it was once, at TO.
 * FLOW_EPARSE, with the reason in *WHY and without an error object, when that cannot be.
 */
int fl_unwrap(struct fl_unwrap *unwrap, const struct fl_frame *frame, uint64_t at, void *to,
              const char **why, flow_error **err);

#endif
