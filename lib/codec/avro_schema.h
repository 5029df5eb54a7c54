/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_AVRO_SCHEMA_H
#define FL_CODEC_AVRO_SCHEMA_H

/* Avro schemas: what they say, the form in which two of them compare, and where data by them end.
 */

#include <flow/error.h>

#include "base/buf.h"
#include "codec/avro.h"

/* The largest text of a schema that is read from outside. */
#define FL_AVRO_SCHEMA_MAX ((size_t)16 * 1024 * 1024)

struct fl_avro_schema;

/*
 * Parses JSON.  As lenient as Avro is with container files: names may be anything, defaults need
 * not fit their types, and what it does not know is passed over.  FLOW_EPARSE, FLOW_ETOOBIG.
 */
int fl_avro_schema_parse(const flow_allocator *mem, const void *text, size_t size,
                         struct fl_avro_schema **schema, flow_error **err);
void fl_avro_schema_free(struct fl_avro_schema *schema);

/* The schema in Avro's "parsing canonical form". */
const struct fl_buf *fl_avro_schema_canonical(const struct fl_avro_schema *schema);

/* The fingerprint CRC-64-AVRO of that form. */
uint64_t fl_avro_schema_fingerprint(const struct fl_avro_schema *schema);

/*
 * Moves IN behind one datum.  FLOW_EPARSE, without an error object, when it ends early or breaks
 * the schema, FLOW_ENOMEM.  Used by one thread at a time: the schema holds the room that it takes.
 */
int fl_avro_schema_skip(struct fl_avro_schema *schema, struct fl_avro_in *in);

#endif
