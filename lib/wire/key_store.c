/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/utf8.h"
#include "wire/key_store.h"

#define SUN_SALT "Mighty Aphrodite" /* for all stores */

int fl_key_store_number(struct fl_proto *in, unsigned size, uint64_t *number)
{
    if (fl_proto_left(in) < size)
        return FLOW_EPARSE;
    *number = 0;
    for (unsigned i = 0; i < size; i++)
        *number = *number << 8 | *in->at++;
    return FLOW_OK;
}

int fl_key_store_sized(struct fl_proto *in, unsigned size_bytes, struct fl_proto *content)
{
    uint64_t size;

    if (fl_key_store_number(in, size_bytes, &size) || size > fl_proto_left(in))
        return FLOW_EPARSE;
    *content = fl_proto(in->at, (size_t)size);
    in->at += size;
    return FLOW_OK;
}

/* The length of an item: one byte, or the count of those that follow and hold it. */
static int get_length(struct fl_proto *in, uint64_t *length)
{
    if (fl_key_store_number(in, 1, length))
        return FLOW_EPARSE;
    if (*length < 0x80)
        return FLOW_OK;
    unsigned bytes = (unsigned)*length & 0x7f;
    return bytes < 1 || bytes > 4 ? FLOW_EPARSE : fl_key_store_number(in, bytes, length);
}

int fl_key_store_item(struct fl_proto *in, uint8_t tag, struct fl_proto *content)
{
    uint64_t found;
    uint64_t length;

    if (fl_key_store_number(in, 1, &found) || found != tag || get_length(in, &length) ||
        length > fl_proto_left(in))
        return FLOW_EPARSE;
    *content = fl_proto(in->at, (size_t)length);
    in->at += length;
    return FLOW_OK;
}

int fl_key_store_signed(struct fl_buf *out, const void *password, size_t password_size,
                        const void *data, size_t size)
{
    /* Whole from the start, so that no smaller piece is given back with the password in. */
    if (!fl_buf_reserve(out, 2 * password_size + strlen(SUN_SALT) + size))
        return FLOW_ENOMEM;
    int rc = fl_utf8_to_utf16be(out, password, password_size);
    if (!rc)
        rc = fl_buf_text(out, SUN_SALT);
    return rc ? rc : fl_buf_append(out, data, size);
}
