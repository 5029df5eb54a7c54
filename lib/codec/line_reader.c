/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines.  Where both sets are UTF-8, which is nearly always, a line goes from the file's bytes
 * straight into the batch: one pass validates, one finds newlines, one copies.  All other lines
 * are found in the same way, by the bytes that a newline has in their set, and converted one by
 * one.
 */

#include "codec/line_reader.h"

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

/* How far validation goes ahead of the lines: half of a first-level cache. */
#define AHEAD ((size_t)16 * 1024)

/* A line as it was found: its bytes, and how many it takes with its newline. */
struct span {
    const uint8_t *data;
    size_t size;
    size_t taken;
};

void fl_line_reader_init(struct fl_line_reader *line, const flow_allocator *mem,
                         struct fl_charset *in, struct fl_charset *out, size_t max_units)
{
    *line = (struct fl_line_reader){.in = in, .out = out, .max_units = max_units};
    line->newline_size = fl_charset_newline(in, line->newline);
    fl_buf_init(&line->text, mem);
    fl_buf_init(&line->body, mem);
}

void fl_line_reader_free(struct fl_line_reader *line)
{
    fl_buf_free(&line->text);
    fl_buf_free(&line->body);
}

size_t fl_line_reader_begin(struct fl_line_reader *line, const void *head, size_t size)
{
    size_t mark = fl_charset_sniff(line->in, head, size);

    line->newline_size = fl_charset_newline(line->in, line->newline);
    line->scanned = 0;
    line->valid = 0;
    return mark;
}

/* Finds a newline of several bytes, which begins at a multiple of its size. */
static const uint8_t *find_wide(const struct fl_line_reader *line, const uint8_t *data, size_t size)
{
    size_t unit = line->newline_size;

    for (size_t at = line->scanned / unit * unit; at + unit <= size; at += unit) {
        if (memcmp(data + at, line->newline, unit) == 0)
            return data + at;
    }
    return NULL;
}

static const uint8_t *find_newline(struct fl_line_reader *line, const uint8_t *data, size_t size)
{
    const uint8_t *found;

    if (line->newline_size > 1)
        found = find_wide(line, data, size);
    else
        found = memchr(data + line->scanned, line->newline[0], size - line->scanned);
    line->scanned = found == NULL ? size : (size_t)(found - data);
    return found;
}

static int add(struct fl_line_reader *line, const void *body, size_t size, flow_batch *batch,
               flow_error **err)
{
    const struct fl_event_headers *headers = line->headers;

    if (!headers || headers->count == 0)
        return flow_batch_add(batch, body, size, err);
    return flow_batch_add_full(batch, body, size, headers->items, headers->count,
                               sizeof *headers->items, err);
}

/* Adds a line that is in `text`, in the set it is to have. */
static int add_text(struct fl_line_reader *line, flow_batch *batch, flow_error **err)
{
    if (fl_charset_is_utf8(line->out))
        return add(line, line->text.data, line->text.size, batch, err);
    fl_buf_clear(&line->body);
    int rc = fl_charset_from_utf8(line->out, line->text.data, line->text.size, &line->body, err);
    return rc == FLOW_OK ? add(line, line->body.data, line->body.size, batch, err) : rc;
}

/*
 * Sees whether the SIZE bytes at the front are valid UTF-8, looking at none twice.  Looks only a
 * little further than it has to, so that the bytes are still near when lines are made of them.
 */
static int is_valid(struct fl_line_reader *line, const struct fl_piece_of_file *piece, size_t size)
{
    if (line->valid < size && fl_charset_is_utf8(line->in)) {
        size_t until = piece->size - size > AHEAD ? size + AHEAD : piece->size;
        line->valid += fl_utf8_valid(piece->data + line->valid, until - line->valid);
    }
    return line->valid >= size;
}

/*
 * Converts characters, at least one, until the next would exceed the limit; how many bytes they
 * took is in *USED.  Returns 1 when there was such a one, 0 when there was not, negative when it
 * cannot be converted.
 */
static int convert_limited(struct fl_line_reader *line, const struct span *span, int whole,
                           size_t *used, flow_error **err)
{
    size_t units = 0;

    *used = 0;
    fl_buf_clear(&line->text);
    for (size_t end = 1; end <= span->size; end++) {
        size_t consumed;
        size_t before = line->text.size;
        int last = whole && end == span->size;
        int rc = fl_charset_to_utf8(line->in, span->data + *used, end - *used, &line->text,
                                    last ? NULL : &consumed, err);
        if (rc != FLOW_OK)
            return rc;
        units += fl_utf16_length(line->text.data + before, line->text.size - before);
        if (units > line->max_units && line->text.size > before && *used > 0) {
            line->text.size = before;
            return 1;
        }
        *used = last ? end : *used + consumed;
    }
    return 0;
}

/* How many bytes of valid UTF-8 have at most the limit's units, at least one character; SIZE when
 * all have. */
static size_t limit_of_valid(const struct fl_line_reader *line, const uint8_t *data, size_t size)
{
    size_t units = 0;

    for (size_t at = 0; at < size; at++) {
        int leads = (data[at] & 0xc0) != 0x80;
        units += (size_t)(leads + (data[at] >= 0xf0));
        if (units > line->max_units && leads && at > 0)
            return at;
    }
    return size;
}

/*
 * Shortens SPAN to the limit.  WHOLE: nothing follows it in its line.  Returns 1 when it was cut, 0
 * when not.
 */
static int shorten(struct fl_line_reader *line, const struct fl_piece_of_file *piece,
                   struct span *span, int whole, flow_error **err)
{
    size_t valid = is_valid(line, piece, span->size) ? span->size : line->valid;
    size_t used = limit_of_valid(line, span->data, valid);
    int rc = used < valid;

    if (rc == 0 && valid < span->size)
        rc = convert_limited(line, span, whole, &used, err);
    if (rc == 1) {
        span->size = used;
        span->taken = used;
        line->cuts++;
    }
    return rc;
}

/* Adds a line whose length is fine. */
static int add_line(struct fl_line_reader *line, const struct fl_piece_of_file *piece,
                    const struct span *span, flow_batch *batch, flow_error **err)
{
    if (is_valid(line, piece, span->size) && fl_charset_is_utf8(line->out))
        return add(line, span->data, span->size, batch, err);
    fl_buf_clear(&line->text);
    int rc = fl_charset_to_utf8(line->in, span->data, span->size, &line->text, NULL, err);
    return rc == FLOW_OK ? add_text(line, batch, err) : rc;
}

/* Finds the next line, cut to the limit.  1: it is in SPAN; 0: a longer piece is needed. */
static int next_line(struct fl_line_reader *line, const struct fl_piece_of_file *piece,
                     struct span *span, flow_error **err)
{
    const uint8_t *found = find_newline(line, piece->data, piece->size);
    int ends = found || piece->last;

    *span = (struct span){.data = piece->data};
    span->size = found ? (size_t)(found - piece->data) : piece->size;
    span->taken = span->size + (found ? line->newline_size : 0);
    if (fl_charset_most_units(line->in, span->size) > line->max_units) {
        int rc = shorten(line, piece, span, ends, err);
        if (rc != 0)
            return rc;
    }
    return ends && span->taken > 0;
}

/* Takes SIZE bytes off the front of what is left. */
static void advance(struct fl_line_reader *line, struct fl_piece_of_file *rest, size_t size)
{
    line->valid -= line->valid < size ? line->valid : size;
    line->scanned -= line->scanned < size ? line->scanned : size;
    rest->data += size;
    rest->size -= size;
}

/* Adds a line of any kind: 1, or 0 when a longer piece is needed. */
static int read_one(struct fl_line_reader *line, struct fl_piece_of_file *rest, flow_batch *batch,
                    flow_error **err)
{
    struct span span;
    int rc = next_line(line, rest, &span, err);

    if (rc <= 0)
        return rc;
    rc = add_line(line, rest, &span, batch, err);
    if (rc != FLOW_OK)
        return rc;
    advance(line, rest, span.taken);
    return 1;
}

/* Adds up to MAX lines that are short, valid and stay UTF-8, and stops in front of any other.
 * Returns their number. */
static int64_t read_plain(struct fl_line_reader *line, struct fl_piece_of_file *rest, size_t max,
                          flow_batch *batch, flow_error **err)
{
    size_t count = 0;

    while (count < max && rest->size > 0) {
        const uint8_t *end = memchr(rest->data, '\n', rest->size);
        size_t size = end ? (size_t)(end - rest->data) : SIZE_MAX;
        if (!end || size > line->max_units || !is_valid(line, rest, size + 1))
            break;
        int rc = add(line, rest->data, size, batch, err);
        if (rc != FLOW_OK)
            return rc;
        line->valid -= size + 1;
        rest->data += size + 1;
        rest->size -= size + 1;
        count++;
    }
    return (int64_t)count;
}

int fl_line_reader_read(struct fl_line_reader *line, const struct fl_piece_of_file *piece,
                        size_t max, flow_batch *batch, size_t *consumed, flow_error **err)
{
    struct fl_piece_of_file rest = *piece;
    int is_plain = fl_charset_is_utf8(line->in) && fl_charset_is_utf8(line->out);
    int64_t rc = 1;

    for (size_t count = 0; count < max && rest.size > 0 && rc > 0;) {
        if (is_plain && line->scanned == 0) {
            rc = read_plain(line, &rest, max - count, batch, err);
            if (rc < 0)
                break;
            count += (size_t)rc;
        }
        if (count < max && rest.size > 0) {
            rc = read_one(line, &rest, batch, err);
            count += rc > 0;
        }
    }
    *consumed = piece->size - rest.size;
    return rc < 0 ? (int)rc : FLOW_OK;
}
