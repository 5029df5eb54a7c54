/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_BLOB_H
#define FL_CODEC_BLOB_H

/* The BLOB deserializer: an event of each file, or of each MAX_SIZE bytes of it. */

#include "codec/line_reader.h"

/* As fl_line_reader_read; bytes cannot be wrong. */
int fl_blob_read(size_t max_size, const struct fl_event_headers *headers,
                 const struct fl_piece_of_file *piece, size_t max, flow_batch *batch,
                 size_t *consumed, flow_error **err);

#endif
