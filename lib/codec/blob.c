/* SPDX-License-Identifier: Apache-2.0 */

/* Blobs: pieces of a file of one size, the last of which is smaller. */

#include "codec/blob.h"

static int add(const struct fl_event_headers *headers, const void *body, size_t size,
               flow_batch *batch, flow_error **err)
{
    return flow_batch_add_full(batch, body, size, headers->items, headers->count,
                               sizeof *headers->items, err);
}

int fl_blob_read(size_t max_size, const struct fl_event_headers *headers,
                 const struct fl_piece_of_file *piece, size_t max, flow_batch *batch,
                 size_t *consumed, flow_error **err)
{
    *consumed = 0;
    for (size_t count = 0; count < max; count++) {
        size_t left = piece->size - *consumed;
        size_t size = left < max_size ? left : max_size;
        if (size == 0 || (size < max_size && !piece->last))
            break;
        int rc = add(headers, piece->data + *consumed, size, batch, err);
        if (rc != FLOW_OK)
            return rc;
        *consumed += size;
    }
    return FLOW_OK;
}
