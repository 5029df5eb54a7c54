/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_UNSEAL_H
#define TESTS_SUPPORT_UNSEAL_H

/*
 * Reads a segment of an encrypted log as flow-log(5) describes it, by libcrypto and libzstd and
 * nothing of ours.  What does not fit fails the test.
 */

#include "base/buf.h"

/* A frame, with what it held before it was compressed and encrypted. */
struct unsealed {
    uint64_t at;
    unsigned type, flags;
    uint32_t count;
    const uint8_t *payload;
    size_t size;
};

/* Calls EACH for the frames of the SIZE bytes at BYTES, which are a whole segment, up to where
 * there are none; NAME and KEY are the one it is encrypted with.  Returns how many there were. */
size_t unseal(const uint8_t *bytes, size_t size, const char *name, const struct fl_buf *key,
              void (*each)(void *arg, const struct unsealed *frame), void *arg);

#endif
