/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a key store of Java's, of the type JKS, and as a key that is sealed in one. */

#include <stdlib.h>

#include "fuzz.h"
#include "wire/jks.h"

static void check_within(const struct fl_proto *part, const uint8_t *data, size_t size)
{
    if (fl_proto_left(part) > 0 && (part->at < data || part->end > data + size))
        abort();
}

static void look_at_key(const struct fl_proto *sealed, const uint8_t *data, size_t size)
{
    struct fl_jks_key key;

    if (fl_jks_key(sealed, &key))
        return;
    check_within(&key.sealed, data, size);
    if (fl_proto_left(&key.salt) != FL_KEY_STORE_DIGEST ||
        fl_proto_left(&key.digest) != FL_KEY_STORE_DIGEST || fl_proto_left(&key.sealed) == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_proto whole = fl_proto(data, size);
    struct fl_jks_entry entry;
    struct fl_proto certificate;
    struct fl_jks jks;

    look_at_key(&whole, data, size);
    if (fl_jks_open(&jks, data, size))
        return 0;
    while (fl_jks_next(&jks, &entry) > 0) {
        check_within(&entry.alias, data, size);
        look_at_key(&entry.sealed, data, size);
        while (fl_jks_certificate(&entry, &certificate))
            check_within(&certificate, data, size);
        if (fl_proto_left(&entry.certificates) > 0)
            abort();
    }
    return 0;
}
