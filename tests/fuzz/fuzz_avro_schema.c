/* SPDX-License-Identifier: Apache-2.0 */

/* Any text as an Avro schema, and what is behind its NUL as a datum of it. */

#include <stdlib.h>
#include <string.h>

#include "codec/avro_schema.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, 0, size);
    size_t text_size = end ? (size_t)(end - data) : size;
    struct fl_avro_schema *schema;

    if (size > 65536 || fl_avro_schema_parse(NULL, data, text_size, &schema, NULL) != FLOW_OK)
        return 0;
    struct fl_avro_in in = fl_avro_in(data + text_size, size - text_size);
    const uint8_t *start = in.at;
    int rc = fl_avro_schema_skip(schema, &in);
    if ((rc != FLOW_OK && rc != FLOW_EPARSE) || in.at < start || in.at > in.end)
        abort();
    if (fl_avro_schema_canonical(schema)->size == 0)
        abort();
    fl_avro_schema_free(schema);
    return 0;
}
