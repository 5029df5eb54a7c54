/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_LINE_H
#define FL_NET_LINE_H

/*
 * Cuts a stream of bytes, which comes in pieces of any size, into lines that end in a newline.  A
 * line that lies in one piece is not copied.
 *
 *     while ((rc = fl_lines_next(&lines, &data, &size, &line)) > 0)
 *         use(line.data, line.size);
 */

#include "base/buf.h"

struct fl_lines {
    struct fl_buf rest; /* what came behind the last newline: the beginning of a line */
    int given;          /* `rest` holds a whole line, which was handed out */
};

/* Without its newline. */
struct fl_line {
    const uint8_t *data;
    size_t size;
};

void fl_lines_init(struct fl_lines *lines, const flow_allocator *mem);
void fl_lines_free(struct fl_lines *lines);

/*
 * Takes the next line from the *SIZE bytes at *DATA, which move on.  Returns 1 and lends LINE until
 * the next call or until the piece goes, 0 when the piece is used up, its end being kept, or
 * FLOW_ENOMEM.
 */
int fl_lines_next(struct fl_lines *lines, const uint8_t **data, size_t *size, struct fl_line *line);

/* The beginning of a line that has not ended yet; for limits and for the end of the stream. */
struct fl_line fl_lines_rest(const struct fl_lines *lines);

#endif
