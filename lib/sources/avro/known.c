/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "sources/avro/known.h"

int avro_known_init(struct avro_known *known)
{
    known->learnt = 0;
    return fl_lock_init(&known->lock);
}

void avro_known_destroy(struct avro_known *known)
{
    fl_lock_destroy(&known->lock);
}

static int has(const struct avro_known *known, const uint8_t *hash)
{
    uint64_t count = known->learnt < AVRO_KNOWN_MAX ? known->learnt : AVRO_KNOWN_MAX;

    for (uint64_t i = 0; i < count; i++) {
        if (memcmp(known->hashes[i], hash, FL_AVRO_HASH) == 0)
            return 1;
    }
    return 0;
}

int avro_known_has(void *self, const uint8_t *hash)
{
    struct avro_known *known = self;

    fl_lock(&known->lock);
    int found = has(known, hash);
    fl_unlock(&known->lock);
    return found;
}

void avro_known_learn(void *self, const uint8_t *hash)
{
    struct avro_known *known = self;

    fl_lock(&known->lock);
    if (!has(known, hash))
        memcpy(known->hashes[known->learnt++ % AVRO_KNOWN_MAX], hash, FL_AVRO_HASH);
    fl_unlock(&known->lock);
}
