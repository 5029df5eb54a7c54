/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a position file of the taildir source; what is read of it is written and read
 * again. */

#include <string.h>

#include "fuzz.h"
#include "sources/taildir/taildir.h"

static int write_again(void *arg, const struct tail_entry *entry)
{
    return entry->path ? tail_list_add(arg, entry) : FLOW_OK;
}

static int pass_over(void *arg, const struct tail_entry *entry)
{
    (void)arg;
    (void)entry;
    return FLOW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_buf text;
    struct fl_buf again;

    fl_buf_init(&text, NULL);
    fl_buf_init(&again, NULL);
    if (fl_buf_append(&text, data, size) == FLOW_OK && fl_buf_byte(&again, '[') == FLOW_OK) {
        (void)tail_list_read(NULL, &text, write_again, &again, NULL);
        if (fl_buf_byte(&again, ']') == FLOW_OK &&
            tail_list_read(NULL, &again, pass_over, NULL, NULL) != FLOW_OK)
            __builtin_trap();
    }
    fl_buf_free(&text);
    fl_buf_free(&again);
    return 0;
}
