/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a key store of Java's, and as an object that was sealed in one. */

#include <stdlib.h>

#include "fuzz.h"
#include "wire/jceks.h"

static void check_within(const struct fl_proto *part, const uint8_t *data, size_t size)
{
    if (fl_proto_left(part) > 0 && (part->at < data || part->end > data + size))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_proto alias = fl_proto("key-1", 5);
    struct fl_jceks_key key;
    struct fl_proto bytes;

    if (!fl_jceks_find(data, size, &alias, &key)) {
        check_within(&key.sealed, data, size);
        check_within(&key.salt, data, size);
        check_within(&key.algorithm, data, size);
    }
    if (!fl_jceks_open(data, size, &bytes))
        check_within(&bytes, data, size);
    return 0;
}
