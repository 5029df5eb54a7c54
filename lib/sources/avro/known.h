/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_AVRO_KNOWN_H
#define FL_SOURCES_AVRO_KNOWN_H

/*
 * The protocols that clients have shown, by their hashes, so that none has to be shown again by
 * another connection.  Used by all workers of a source.
 */

#include "base/thread.h"
#include "wire/avro_ipc.h"

/* The last that were learnt; there are about as many as there are kinds of clients. */
#define AVRO_KNOWN_MAX 64u

struct avro_known {
    struct fl_lock lock; /* guards the others */
    uint8_t hashes[AVRO_KNOWN_MAX][FL_AVRO_HASH];
    uint64_t learnt;
};

int avro_known_init(struct avro_known *known);
void avro_known_destroy(struct avro_known *known);

/* The calls of struct fl_avro_memory; SELF is a struct avro_known. */
int avro_known_has(void *self, const uint8_t *hash);
void avro_known_learn(void *self, const uint8_t *hash);

#endif
