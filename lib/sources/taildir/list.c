/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A list of files in JSON: an array of objects that hold numbers and texts.  That is what Flume
 * writes, byte by byte, and all that is read; what else an object may hold is passed over.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "sources/taildir/taildir.h"

static const char *const number_names[TAIL_NUMBERS] = {"inode", "pos",  "dev",
                                                       "birth", "head", "sum"};

/* ---- reading ---- */

struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;
    struct fl_buf name;
    struct fl_buf text;
    struct fl_buf path;
    struct tail_entry entry;
};

static void skip_space(struct reader *r)
{
    while (r->at < r->size && memchr(" \t\r\n", r->data[r->at], 4))
        r->at++;
}

/* Passes WANTED over, with space before it; 0 when something else is there. */
static int accept(struct reader *r, char wanted)
{
    skip_space(r);
    if (r->at >= r->size || r->data[r->at] != (uint8_t)wanted)
        return 0;
    r->at++;
    return 1;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits. */
static int read_unit(struct reader *r, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = r->at < r->size ? hex_digit(r->data[r->at]) : -1;
        if (digit < 0)
            return FLOW_EPARSE;
        *unit = *unit << 4 | (uint32_t)digit;
        r->at++;
    }
    return FLOW_OK;
}

/* A character in UTF-16, of which two units may make one. */
static int read_escaped_unit(struct reader *r, struct fl_buf *to)
{
    uint32_t high;
    uint32_t low;
    int rc = read_unit(r, &high);

    if (rc != FLOW_OK || high < 0xd800 || high > 0xdbff || r->size - r->at < 6 ||
        memcmp(r->data + r->at, "\\u", 2) != 0)
        return rc == FLOW_OK ? fl_utf8_append(to, high) : rc;
    r->at += 2;
    rc = read_unit(r, &low);
    if (rc == FLOW_OK && (low < 0xdc00 || low > 0xdfff))
        rc = FLOW_EPARSE;
    return rc == FLOW_OK ? fl_utf8_append(to, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                         : rc;
}

static int read_escape(struct reader *r, struct fl_buf *to)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";

    if (r->at >= r->size)
        return FLOW_EPARSE;
    uint8_t c = r->data[r->at++];
    if (c == 'u')
        return read_escaped_unit(r, to);
    const char *found = memchr(escapes, c, sizeof escapes - 1);
    return found ? fl_buf_byte(to, (uint8_t)meanings[found - escapes]) : FLOW_EPARSE;
}

/* A text in quotes, which replaces what TO holds. */
static int read_text(struct reader *r, struct fl_buf *to)
{
    fl_buf_clear(to);
    if (!accept(r, '"'))
        return FLOW_EPARSE;
    int rc = FLOW_OK;
    while (rc == FLOW_OK && r->at < r->size && r->data[r->at] != '"') {
        uint8_t c = r->data[r->at++];
        rc = c == '\\' ? read_escape(r, to) : fl_buf_byte(to, c);
    }
    if (rc == FLOW_OK && r->at >= r->size)
        return FLOW_EPARSE;
    r->at += rc == FLOW_OK;
    return rc;
}

/* The length of a number or word. */
static size_t word_size(const struct reader *r)
{
    size_t size = 0;

    while (r->at + size < r->size && !memchr(",]} \t\r\n", r->data[r->at + size], 7))
        size++;
    return size;
}

static int read_number(struct reader *r, int64_t *value)
{
    skip_space(r);
    size_t size = word_size(r);
    int rc = fl_parse_int((const char *)r->data + r->at, size, value);

    r->at += rc == FLOW_OK ? size : 0;
    return rc;
}

/* What an object has besides. */
static int skip_value(struct reader *r)
{
    skip_space(r);
    if (r->at < r->size && r->data[r->at] == '"')
        return read_text(r, &r->text);
    size_t size = word_size(r);
    if (size == 0 || memchr("[{", r->data[r->at], 2))
        return FLOW_EPARSE;
    r->at += size;
    return FLOW_OK;
}

static int is_name(const struct reader *r, const char *name)
{
    return r->name.size == strlen(name) && memcmp(r->name.data, name, r->name.size) == 0;
}

static int read_path(struct reader *r)
{
    int rc = read_text(r, &r->path);

    if (rc == FLOW_OK) {
        r->entry.path = fl_buf_cstr(&r->path);
        rc = r->entry.path ? FLOW_OK : FLOW_ENOMEM;
    }
    return rc;
}

/* A name, a colon and a value. */
static int read_member(struct reader *r)
{
    int rc = read_text(r, &r->name);

    if (rc != FLOW_OK || !accept(r, ':'))
        return rc != FLOW_OK ? rc : FLOW_EPARSE;
    if (is_name(r, "file"))
        return read_path(r);
    for (unsigned i = 0; i < TAIL_NUMBERS; i++) {
        if (is_name(r, number_names[i])) {
            r->entry.has |= 1u << i;
            return read_number(r, &r->entry.numbers[i]);
        }
    }
    return skip_value(r);
}

static int read_object(struct reader *r)
{
    memset(&r->entry, 0, sizeof r->entry);
    if (!accept(r, '{'))
        return FLOW_EPARSE;
    if (accept(r, '}'))
        return FLOW_OK;
    int rc;
    do {
        rc = read_member(r);
    } while (rc == FLOW_OK && accept(r, ','));
    return rc == FLOW_OK && !accept(r, '}') ? FLOW_EPARSE : rc;
}

static int read_list(struct reader *r, int (*each)(void *arg, const struct tail_entry *entry),
                     void *arg)
{
    skip_space(r);
    if (r->at == r->size) {
        return FLOW_OK; /* what Flume writes when it has no files */
    }
    if (!accept(r, '['))
        return FLOW_EPARSE;
    if (accept(r, ']'))
        return FLOW_OK;
    int rc;
    do {
        rc = read_object(r);
        rc = rc == FLOW_OK ? each(arg, &r->entry) : rc;
    } while (rc == FLOW_OK && accept(r, ','));
    return rc == FLOW_OK && !accept(r, ']') ? FLOW_EPARSE : rc;
}

int tail_list_read(const flow_allocator *mem, const struct fl_buf *text,
                   int (*each)(void *arg, const struct tail_entry *entry), void *arg,
                   flow_error **err)
{
    struct reader r = {.data = text->data, .size = text->size};

    fl_buf_init(&r.name, mem);
    fl_buf_init(&r.text, mem);
    fl_buf_init(&r.path, mem);
    int rc = read_list(&r, each, arg);
    if (rc == FLOW_ENOMEM)
        (void)fl_error_nomem(err);
    else if (rc != FLOW_OK)
        (void)flow_error_setf(err, rc, "no list of files at byte %zu", r.at);
    fl_buf_free(&r.name);
    fl_buf_free(&r.text);
    fl_buf_free(&r.path);
    return rc;
}

/* ---- writing ---- */

/* As Gson writes it, which takes care that no text ends a script in HTML. */
static int add_text(struct fl_buf *to, const char *text)
{
    int rc = fl_buf_byte(to, '"');

    for (; rc == FLOW_OK && *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;
        if (c == '"' || c == '\\')
            rc = fl_buf_printf(to, "\\%c", c);
        else if (c < 0x20 || memchr("<>&='", c, 5))
            rc = fl_buf_printf(to, "\\u%04x", c);
        else
            rc = fl_buf_byte(to, c);
    }
    return rc == FLOW_OK ? fl_buf_byte(to, '"') : rc;
}

int tail_list_add(struct fl_buf *text, const struct tail_entry *entry)
{
    int rc = fl_buf_text(text, text->size > 1 ? ",{" : "{");

    for (unsigned i = 0; rc == FLOW_OK && i < TAIL_NUMBERS; i++) {
        if ((entry->has & 1u << i) != 0)
            rc = fl_buf_printf(text, "\"%s\":%" PRId64 ",", number_names[i], entry->numbers[i]);
    }
    rc = rc == FLOW_OK ? fl_buf_text(text, "\"file\":") : rc;
    rc = rc == FLOW_OK ? add_text(text, entry->path) : rc;
    return rc == FLOW_OK ? fl_buf_byte(text, '}') : rc;
}
