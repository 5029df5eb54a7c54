/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_KEYS_H
#define FL_STORE_KEYS_H

/* Keys for AES, by their names. */

#include <flow/error.h>

#define FL_KEY_MOST 32u

struct fl_key {
    uint8_t bytes[FL_KEY_MOST];
    size_t size; /* 16, 24 or 32 */
};

struct fl_key_provider {
    void *self;

    /*
     * Fills KEY, which the caller wipes, with the key called NAME.  FLOW_ECONFIG, with that name,
     * when there is none.  Called by any thread.
     */
    int (*get)(void *self, const char *name, struct fl_key *key, flow_error **err);
};

#endif
