/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_POSITION_H
#define FLOW_POSITION_H

#include <flow/api.h>
#include <flow/error.h>

FLOW_BEGIN_DECLS

/* The most bytes of a key or of a value. */
#define FLOW_POSITION_MAX 8192u

/*
 * Where a source stands in one of the things it reads: KEY names that, for example a file or a
 * partition, and VALUE says from where on it is to be read.  Of two values of one key the later one
 * is larger, byte by byte and then by size; so numbers are big-endian.  Without a value: the key is
 * forgotten.
 */
typedef struct flow_position {
    const void *key;
    const void *value;
    size_t key_size;
    size_t value_size; /* 0: there is none */
} flow_position;

/* Gets one position, lent for the call; returns FLOW_OK to get the next. */
typedef int (*flow_position_fn)(void *self, const flow_position *position);

FLOW_END_DECLS

#endif
