/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_LINE_READER_H
#define FL_CODEC_LINE_READER_H

/*
 * The LINE deserializer: an event of each line.  Works on bytes that its user holds, so the place
 * it has reached is the user's to remember.
 */

#include <flow/batch.h>

#include "base/charset.h"
#include "codec/piece.h"

struct fl_line_reader {
    struct fl_charset *in; /* owned by the user, as is `out` */
    struct fl_charset *out;
    size_t max_units; /* of UTF-16, what Java calls characters */
    const struct fl_event_headers *headers;
    uint64_t cuts; /* lines that were longer and became several events */

    size_t scanned; /* bytes at the front in which there is no newline */
    size_t valid;   /* bytes at the front that are valid UTF-8 */
    size_t newline_size;
    uint8_t newline[4];
    struct fl_buf text; /* a line in UTF-8 */
    struct fl_buf body; /* a line in the set of `out` */
};

/* MEM for what it needs; both sets and `max_units` as the members say. */
void fl_line_reader_init(struct fl_line_reader *line, const flow_allocator *mem,
                         struct fl_charset *in, struct fl_charset *out, size_t max_units);
void fl_line_reader_free(struct fl_line_reader *line);

/* Begins a new file whose first bytes are HEAD; returns the size of the byte order mark. */
size_t fl_line_reader_begin(struct fl_line_reader *line, const void *head, size_t size);

/*
 * Adds up to MAX events to BATCH and stores how many bytes they took.  When that is 0 it needs a
 * longer piece, or there is no more.  FLOW_EPARSE tells that the line behind the events that were
 * added cannot be decoded.
 */
int fl_line_reader_read(struct fl_line_reader *line, const struct fl_piece_of_file *piece,
                        size_t max, flow_batch *batch, size_t *consumed, flow_error **err);

#endif
