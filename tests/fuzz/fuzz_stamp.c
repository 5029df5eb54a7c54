/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a stamp; what is read of it is written and read again. */

#include <string.h>

#include "fuzz.h"
#include "wire/stamp.h"

static int is_same(const flow_span *one, const flow_span *other)
{
    return one->key_size == other->key_size && one->count == other->count &&
           (!one->key_size || !memcmp(one->key, other->key, one->key_size)) &&
           one->first == other->first && one->horizon == other->horizon;
}

/* As many events as there may be are the most that a stamp is written of. */
static void write_again(const uint8_t *data, size_t size, const struct fl_stamp_list *list)
{
    struct fl_stamp_in one, other;
    flow_span a, b;
    struct fl_buf out;

    fl_buf_init(&out, NULL);
    if (fl_stamp_write(&out, list, 0, SIZE_MAX) == FLOW_OK && out.size > 0) {
        if (fl_stamp_begin(&one, data, size) || fl_stamp_begin(&other, out.data, out.size))
            __builtin_trap();
        while (fl_stamp_next(&one, &a) > 0) {
            if (fl_stamp_next(&other, &b) <= 0 || !is_same(&a, &b))
                __builtin_trap();
        }
    }
    fl_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_stamp_list list;
    struct fl_stamp_in stamp;
    flow_span span;
    int rc;

    fl_stamp_list_init(&list, NULL);
    rc = fl_stamp_begin(&stamp, data, size);
    while (!rc && (rc = fl_stamp_next(&stamp, &span)) > 0)
        rc = fl_stamp_list_add(&list, &span);
    if (!rc)
        write_again(data, size, &list);
    fl_stamp_list_free(&list);
    return 0;
}
