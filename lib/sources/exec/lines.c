/* SPDX-License-Identifier: Apache-2.0 */

/* From the bytes of a command to lines that end in \n, \r or \r\n. */

#include <string.h>

#include "base/error.h"
#include "sources/exec/exec.h"

int exec_lines_open(struct exec_lines *lines, const flow_allocator *mem, const char *charset,
                    flow_error **err)
{
    memset(lines, 0, sizeof(*lines));
    fl_buf_init(&lines->bytes, mem);
    fl_buf_init(&lines->text, mem);
    return fl_charset_open(mem, charset, FL_CHARSET_REPLACE, &lines->charset, err);
}

void exec_lines_close(struct exec_lines *lines)
{
    fl_buf_free(&lines->bytes);
    fl_buf_free(&lines->text);
    fl_charset_free(lines->charset);
}

void exec_lines_reset(struct exec_lines *lines)
{
    fl_buf_clear(&lines->bytes);
    fl_buf_clear(&lines->text);
    lines->start = 0;
    lines->searched = 0;
    lines->skip_newline = 0;
}

/* Keeps of DATA what was not converted: the piece of a character at its end. */
static int keep_rest(struct fl_buf *bytes, const uint8_t *data, size_t size, size_t consumed)
{
    if (bytes->size > 0) {
        fl_buf_consume(bytes, consumed);
        return FLOW_OK;
    }
    return fl_buf_append(bytes, data + consumed, size - consumed);
}

/* Converts what is there together with DATA. */
static int convert(struct exec_lines *lines, const void *data, size_t size, int end,
                   flow_error **err)
{
    struct fl_buf *bytes = &lines->bytes;

    if (bytes->size > 0) {
        if (fl_buf_append(bytes, data, size) != FLOW_OK)
            return fl_error_nomem(err);
        data = bytes->data;
        size = bytes->size;
    }
    size_t consumed = size;
    int rc =
        fl_charset_to_utf8(lines->charset, data, size, &lines->text, end ? NULL : &consumed, err);
    if (rc != FLOW_OK)
        return rc;
    return keep_rest(bytes, data, size, consumed) == FLOW_OK ? FLOW_OK : fl_error_nomem(err);
}

int exec_lines_feed(struct exec_lines *lines, const void *data, size_t size, int end,
                    flow_error **err)
{
    fl_buf_consume(&lines->text, lines->start);
    lines->start = 0;
    size_t bytes = lines->bytes.size;
    size_t text = lines->text.size;
    int rc = convert(lines, data, size, end, err);

    if (rc != FLOW_OK) {
        lines->bytes.size = bytes;
        lines->text.size = text;
    }
    return rc;
}

/* Where the first line of TEXT ends, or NULL.  Carriage returns are rare, so they are only looked
 * for in front of the newline. */
static const char *line_end(const char *text, size_t size)
{
    const char *newline = memchr(text, '\n', size);
    size_t before = newline ? (size_t)(newline - text) : size;
    const char *carriage = memchr(text, '\r', before);

    return carriage ? carriage : newline;
}

/* Goes on behind SIZE bytes. */
static int hand_out(struct exec_lines *lines, size_t size)
{
    lines->start += size;
    lines->searched = 0;
    return 1;
}

/* How much of a line that is too long goes into one event: whole characters. */
static size_t cut_of(const char *text)
{
    size_t size = EXEC_LINE_MAX;

    while (size > EXEC_LINE_MAX - 4 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

int exec_lines_next(struct exec_lines *lines, int end, const char **line, size_t *size)
{
    if (lines->skip_newline && lines->start < lines->text.size) {
        lines->start += lines->text.data[lines->start] == '\n';
        lines->skip_newline = 0;
    }
    const char *text = (const char *)lines->text.data + lines->start;
    size_t left = lines->text.size - lines->start;
    if (left == 0)
        return 0;

    const char *stop = line_end(text + lines->searched, left - lines->searched);
    *line = text;
    if (stop && (size_t)(stop - text) <= EXEC_LINE_MAX) {
        *size = (size_t)(stop - text);
        lines->skip_newline = *stop == '\r';
        return hand_out(lines, *size + 1);
    }
    if (left > EXEC_LINE_MAX) {
        *size = cut_of(text);
        return hand_out(lines, *size);
    }
    if (end) {
        *size = left;
        return hand_out(lines, left);
    }
    lines->searched = left;
    return 0;
}
