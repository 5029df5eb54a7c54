/* SPDX-License-Identifier: Apache-2.0 */

/* Lines out of pieces: only a line that lies across pieces is put together in a buffer. */

#include <string.h>

#include "net/line.h"

void fl_lines_init(struct fl_lines *lines, const flow_allocator *mem)
{
    fl_buf_init(&lines->rest, mem);
    lines->given = 0;
}

void fl_lines_free(struct fl_lines *lines)
{
    fl_buf_free(&lines->rest);
}

/* Moves what precedes a newline, or all there is, behind the rest; returns whether a line ended. */
static int collect(struct fl_lines *lines, const uint8_t **data, size_t *size)
{
    const uint8_t *end = memchr(*data, '\n', *size);
    size_t part = end ? (size_t)(end - *data) : *size;

    if (fl_buf_append(&lines->rest, *data, part))
        return FLOW_ENOMEM;
    *data += part + (end != NULL);
    *size -= part + (end != NULL);
    return end != NULL;
}

static int cut(struct fl_lines *lines, const uint8_t **data, size_t *size, struct fl_line *line)
{
    const uint8_t *end = memchr(*data, '\n', *size);

    if (!end)
        return collect(lines, data, size);
    *line = (struct fl_line){*data, (size_t)(end - *data)};
    *data += line->size + 1;
    *size -= line->size + 1;
    return 1;
}

int fl_lines_next(struct fl_lines *lines, const uint8_t **data, size_t *size, struct fl_line *line)
{
    if (lines->given) {
        fl_buf_clear(&lines->rest);
        lines->given = 0;
    }
    if (*size == 0)
        return 0;
    if (lines->rest.size == 0)
        return cut(lines, data, size, line);

    int rc = collect(lines, data, size);
    if (rc > 0) {
        lines->given = 1;
        *line = (struct fl_line){lines->rest.data, lines->rest.size};
    }
    return rc;
}

struct fl_line fl_lines_rest(const struct fl_lines *lines)
{
    return (struct fl_line){lines->rest.data, lines->given ? 0 : lines->rest.size};
}
