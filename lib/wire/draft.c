/* SPDX-License-Identifier: Apache-2.0 */

#include "wire/draft.h"

void fl_draft_init(struct fl_draft *draft, const flow_allocator *mem)
{
    fl_vec_init(&draft->headers, mem, sizeof(flow_header));
    fl_draft_clear(draft);
}

void fl_draft_free(struct fl_draft *draft)
{
    fl_vec_free(&draft->headers);
}

void fl_draft_clear(struct fl_draft *draft)
{
    draft->body = "";
    draft->size = 0;
    draft->headers.count = 0;
    draft->fault = NULL;
}

int fl_draft_header(struct fl_draft *draft, const void *name, size_t name_size, const void *value,
                    size_t value_size)
{
    const flow_header header = {name, value, (uint32_t)name_size, (uint32_t)value_size};

    if (draft->headers.count == FL_DRAFT_HEADERS_MAX) {
        draft->fault = "an event has too many headers";
        return FLOW_EPARSE;
    }
    return fl_vec_push(&draft->headers, &header) ? FLOW_OK : FLOW_ENOMEM;
}
