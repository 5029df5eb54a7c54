/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_KEYRING_H
#define TESTS_SUPPORT_KEYRING_H

/* Keys that follow from their names, for as long as these are listed. */

#include "store/keys.h"

struct keyring {
    struct fl_key_provider provider;
    const char *names; /* with a blank behind each */
    size_t size;       /* of each key, but for those called k16, k24 and k32 */
    uint8_t twist;     /* another one makes other keys of the same names */
};

void keyring_init(struct keyring *ring, const char *names, size_t size);

#endif
