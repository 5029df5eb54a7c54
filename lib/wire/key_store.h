/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_KEY_STORE_H
#define FL_WIRE_KEY_STORE_H

/* What Java's own key stores, JKS and JCEKS, are made of. */

#include "base/buf.h"
#include "wire/protobuf.h"

/* The size of what is behind the entries: a SHA-1, see fl_key_store_signed. */
#define FL_KEY_STORE_DIGEST 20

/* Reads a number of SIZE bytes, the highest first. */
int fl_key_store_number(struct fl_proto *in, unsigned size, uint64_t *number);

/* Reads bytes that are led by their size, which has SIZE_BYTES bytes. */
int fl_key_store_sized(struct fl_proto *in, unsigned size_bytes, struct fl_proto *content);

/* Reads an item of ASN.1 in DER with the tag TAG. */
int fl_key_store_item(struct fl_proto *in, uint8_t tag, struct fl_proto *content);

/* Adds to OUT, which is empty and for its owner to wipe, what a store ends with the SHA-1 of: its
 * password, which is UTF-8, and the SIZE bytes before.  FLOW_EINVAL for another. */
int fl_key_store_signed(struct fl_buf *out, const void *password, size_t password_size,
                        const void *data, size_t size);

#endif
