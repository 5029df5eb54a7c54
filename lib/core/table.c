/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sized structs across the binary interface: only the prefix that both sides know is copied, and
 * the size is checked before anything else is looked at.
 */

#include "core/table.h"

#include <string.h>

/* More than any struct of ours will ever have: a struct_size above it was never filled in. */
#define SIZE_LIMIT 4096u

static uint32_t size_of(const void *table)
{
    uint32_t size;

    memcpy(&size, table, sizeof(size));
    return size;
}

static void copy_prefix(void *to, size_t to_size, const void *from, size_t from_size)
{
    memset(to, 0, to_size);
    memcpy(to, from, from_size < to_size ? from_size : to_size);
}

static int too_small(uint32_t size, size_t min_size, const char *what, flow_error **err)
{
    return flow_error_setf(err, FLOW_EABI,
                           "%s: struct_size is %u, at least %zu are needed: set it to the sizeof "
                           "of the struct, and build with this library's headers",
                           what, size, min_size);
}

int fl_table_import(void *mine, size_t mine_size, size_t min_size, const void *theirs,
                    const char *what, flow_error **err)
{
    uint32_t size = size_of(theirs);

    if (size < min_size)
        return too_small(size, min_size, what, err);
    if (size > SIZE_LIMIT)
        return flow_error_setf(err, FLOW_EABI, "%s: struct_size %u cannot be", what, size);
    copy_prefix(mine, mine_size, theirs, size);
    return FLOW_OK;
}

int fl_options_import(void *mine, size_t mine_size, size_t min_size, const void *theirs,
                      const char *what, flow_error **err)
{
    uint32_t size = size_of(theirs);
    const uint8_t *bytes = theirs;

    if (size < sizeof(uint32_t) || size > SIZE_LIMIT)
        return flow_error_setf(err, FLOW_EINVAL,
                               "%s: struct_size %u cannot be: set it to the sizeof of the struct",
                               what, size);
    if (size < min_size)
        return too_small(size, min_size, what, err);
    for (size_t i = mine_size; i < size; i++) {
        if (bytes[i] != 0)
            return flow_error_setf(
                err, FLOW_EABI, "%s: a member is set that this library is too old to know", what);
    }
    copy_prefix(mine, mine_size, theirs, size);
    return FLOW_OK;
}

int fl_struct_export(void *theirs, size_t their_size, const void *mine, size_t mine_size,
                     size_t min_size)
{
    if (their_size < min_size || their_size > SIZE_LIMIT)
        return FLOW_EINVAL;
    copy_prefix(theirs, their_size, mine, mine_size);
    return FLOW_OK;
}

int fl_table_export(void *theirs, const void *mine, size_t mine_size, size_t min_size)
{
    uint32_t size = size_of(theirs);
    int rc = fl_struct_export(theirs, size, mine, mine_size, min_size);

    if (rc == FLOW_OK)
        memcpy(theirs, &size, sizeof(size));
    return rc;
}
