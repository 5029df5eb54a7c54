/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_PAYLOAD_H
#define FL_STORE_PAYLOAD_H

/*
 * Events as the bytes of a put: for each the number of its headers, the bytes they take and those
 * of its body, 4 each; then its headers and its body as they lie in memory, so that what was read
 * is used where it was read to.
 */

#include <flow/event.h>

struct fl_slab;

/* The bytes that COUNT events take. */
uint64_t fl_payload_size(const flow_event *const *events, size_t count);

/* Writes them to OUT, which has that room; returns what is behind, and goes on with *CRC. */
uint8_t *fl_payload_write(uint8_t *out, const flow_event *const *events, size_t count,
                          uint32_t *crc);

/*
 * Makes COUNT events of the SIZE bytes at BYTES, which lie in SLAB and stay there: at PLACES, which
 * lie in it too, with the addresses in EVENTS.  FLOW_EPARSE when the bytes are not what they say.
 */
int fl_payload_read(struct fl_slab *slab, uint8_t *bytes, size_t size, flow_event *places,
                    const flow_event **events, size_t count);

#endif
