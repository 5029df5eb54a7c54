/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Java properties, in two steps that never look back.  `line_char` hands out the characters of a
 * logical line, in which continuations are gone; `unit` undoes the escapes on top of it.  Because
 * each character carries its place, so does every key and value, behind any continuation.
 */

#include "base/error.h"
#include "base/utf8.h"
#include "config/properties.h"

#define FL_NOTHING (-2) /* no character is held */
#define FL_LINE_END (-1)

void fl_properties_init(struct fl_properties *lexer, const flow_allocator *mem, const void *text,
                        size_t size)
{
    *lexer = (struct fl_properties){
        .at = text,
        .end = (const uint8_t *)text + size,
        .place = {1, 1},
        .held = FL_NOTHING,
    };
    fl_buf_init(&lexer->key, mem);
    fl_buf_init(&lexer->value, mem);
}

void fl_properties_free(struct fl_properties *lexer)
{
    fl_buf_free(&lexer->key);
    fl_buf_free(&lexer->value);
}

static int is_blank(int32_t c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static int at_line_end(const struct fl_properties *lexer)
{
    return lexer->at == lexer->end || *lexer->at == '\n' || *lexer->at == '\r';
}

/* Takes one character of the text, which is valid UTF-8 and not at its end. */
static int32_t take(struct fl_properties *lexer)
{
    uint8_t lead = *lexer->at;
    unsigned more = lead < 0xc0 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    int32_t c = more == 0 ? lead : lead & (0x3f >> more);

    for (unsigned i = 1; i <= more; i++)
        c = (c << 6) | (lexer->at[i] & 0x3f);
    lexer->at += more + 1;
    lexer->place.column++;
    return c;
}

/* Steps over one line end: "\n", "\r" or "\r\n". */
static void take_line_end(struct fl_properties *lexer)
{
    uint8_t first = *lexer->at++;

    if (first == '\r' && lexer->at < lexer->end && *lexer->at == '\n')
        lexer->at++;
    lexer->place.line++;
    lexer->place.column = 1;
}

static void skip_blanks(struct fl_properties *lexer)
{
    while (lexer->at < lexer->end && is_blank(*lexer->at))
        take(lexer);
}

/* Whether a backslash stands at `at` that nothing follows on its line. */
static int at_continuation(const struct fl_properties *lexer)
{
    return *lexer->at == '\\' &&
           (lexer->at + 1 == lexer->end || lexer->at[1] == '\n' || lexer->at[1] == '\r');
}

static void skip_continuation(struct fl_properties *lexer)
{
    take(lexer);
    if (lexer->at < lexer->end) {
        take_line_end(lexer);
        skip_blanks(lexer);
    }
}

static void put_back(struct fl_properties *lexer, int32_t c, struct fl_place where)
{
    lexer->held = c;
    lexer->held_at = where;
}

/* The next character of the logical line and its place, or FL_LINE_END, which stays there. */
static int32_t line_char(struct fl_properties *lexer, struct fl_place *where)
{
    if (lexer->held != FL_NOTHING) {
        int32_t c = lexer->held;
        *where = lexer->held_at;
        lexer->held = FL_NOTHING;
        return c;
    }
    while (!at_line_end(lexer) && !lexer->slash && at_continuation(lexer))
        skip_continuation(lexer);
    *where = lexer->place;
    if (at_line_end(lexer))
        return FL_LINE_END;
    int32_t c = take(lexer);
    lexer->slash = c == '\\' && !lexer->slash;
    return c;
}

/*
 * Goes to the first character of the next logical line.  Returns 0 at the end of the text.  As in
 * Java, a line that holds only a backslash leaves it open whether a comment begins.  (Of one at
 * the very end Java makes an empty pair, which Flume then ignores.)
 */
static int find_line(struct fl_properties *lexer)
{
    lexer->slash = 0;
    for (;;) {
        skip_blanks(lexer);
        if (lexer->at == lexer->end)
            return 0;
        if (at_line_end(lexer))
            take_line_end(lexer);
        else if (*lexer->at == '#' || *lexer->at == '!')
            while (!at_line_end(lexer))
                take(lexer);
        else if (at_continuation(lexer))
            skip_continuation(lexer);
        else
            return 1;
    }
}

static int hex_value(int32_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads the four digits of a Unicode escape; -1 when they are not. */
static int32_t take_hex(struct fl_properties *lexer)
{
    int32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        struct fl_place where;
        int32_t c = line_char(lexer, &where);
        int digit = hex_value(c);
        if (digit < 0) {
            put_back(lexer, c, where);
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

/* What the escape whose backslash was just read stands for; -1 when it is malformed. */
static int32_t take_escape(struct fl_properties *lexer)
{
    struct fl_place where;
    int32_t c = line_char(lexer, &where);

    switch (c) {
    case 't': return '\t';
    case 'n': return '\n';
    case 'r': return '\r';
    case 'f': return '\f';
    case 'u': return take_hex(lexer);
    default: return c;
    }
}

/* Text that is being put together from UTF-16 units. */
struct joiner {
    struct fl_buf *out;
    struct fl_properties_fault *fault;
    int32_t high; /* the first half of a pair, or 0 */
    struct fl_place high_at;
};

static void blame(struct joiner *to, const char *message, struct fl_place at)
{
    if (!to->fault->message)
        *to->fault = (struct fl_properties_fault){message, at};
}

/* Ends a pair whose second half did not come. */
static void end_high(struct joiner *to)
{
    if (to->high != 0) {
        blame(to, "half of a surrogate pair is not a character", to->high_at);
        to->high = 0;
    }
}

static int join(struct joiner *to, int32_t unit, struct fl_place at)
{
    if (unit >= 0xdc00 && unit < 0xe000 && to->high != 0) {
        unit = 0x10000 + ((to->high - 0xd800) << 10) + (unit - 0xdc00);
        to->high = 0;
        return fl_utf8_append(to->out, (uint32_t)unit);
    }
    end_high(to);
    if (unit >= 0xd800 && unit < 0xdc00) {
        to->high = unit;
        to->high_at = at;
        return FLOW_OK;
    }
    if (unit >= 0xdc00 && unit < 0xe000) {
        blame(to, "half of a surrogate pair is not a character", at);
        return FLOW_OK;
    }
    if (unit == 0) {
        blame(to, "a NUL character cannot be part of a key or value", at);
        return FLOW_OK;
    }
    return fl_utf8_append(to->out, (uint32_t)unit);
}

/* Adds the character C, read at WHERE, with the escape that it may begin. */
static int join_char(struct fl_properties *lexer, struct joiner *to, int32_t c,
                     struct fl_place where)
{
    if (c == '\\') {
        c = take_escape(lexer);
        if (c < 0) {
            blame(to, "malformed \\uXXXX escape: four hexadecimal digits must follow \\u", where);
            return FLOW_OK;
        }
    }
    return join(to, c, where);
}

/* Reads up to an unescaped '=', ':' or blank, which is put back. */
static int take_key(struct fl_properties *lexer, struct joiner *to, struct fl_place *at)
{
    struct fl_place where;
    int32_t c = line_char(lexer, at);

    for (where = *at; c != FL_LINE_END; c = line_char(lexer, &where)) {
        if (c == '=' || c == ':' || is_blank(c)) {
            put_back(lexer, c, where);
            break;
        }
        if (join_char(lexer, to, c, where))
            return FLOW_ENOMEM;
    }
    end_high(to);
    return FLOW_OK;
}

/* Steps over blanks, and one '=' or ':' among them. */
static void skip_separator(struct fl_properties *lexer)
{
    int seen = 0;

    for (;;) {
        struct fl_place where;
        int32_t c = line_char(lexer, &where);
        int is_separator = (c == '=' || c == ':') && !seen;
        if (!is_blank(c) && !is_separator) {
            put_back(lexer, c, where);
            return;
        }
        seen |= is_separator;
    }
}

static int take_value(struct fl_properties *lexer, struct joiner *to, struct fl_place *at)
{
    struct fl_place where;
    int32_t c = line_char(lexer, at);

    for (where = *at; c != FL_LINE_END; c = line_char(lexer, &where))
        if (join_char(lexer, to, c, where))
            return FLOW_ENOMEM;
    end_high(to);
    return FLOW_OK;
}

int fl_properties_next(struct fl_properties *lexer, struct fl_pair *pair,
                       struct fl_properties_fault *fault)
{
    struct joiner key = {.out = &lexer->key, .fault = fault};
    struct joiner value = {.out = &lexer->value, .fault = fault};

    fault->message = NULL;
    fl_buf_clear(&lexer->key);
    fl_buf_clear(&lexer->value);
    if (!find_line(lexer))
        return 0;
    if (take_key(lexer, &key, &pair->key_at))
        return FLOW_ENOMEM;
    skip_separator(lexer);
    if (take_value(lexer, &value, &pair->value_at))
        return FLOW_ENOMEM;
    lexer->held = FL_NOTHING;
    pair->key = fl_buf_cstr(&lexer->key);
    pair->text = fl_buf_cstr(&lexer->value);
    return pair->key && pair->text ? 1 : FLOW_ENOMEM;
}

int fl_properties_read(struct fl_reading *reading, const void *text, size_t size)
{
    struct fl_properties lexer;
    struct fl_properties_fault fault;
    struct fl_pair pair;
    int rc;

    fl_properties_init(&lexer, reading->config->mem, text, size);
    while ((rc = fl_properties_next(&lexer, &pair, &fault)) > 0) {
        if (fault.message) {
            rc = fl_reading_fault(reading, &(struct fl_fault){FLOW_SEVERITY_ERROR, fault.at,
                                                              fault.message, pair.key, NULL});
        } else {
            rc = fl_reading_put(reading, &pair);
        }
        if (rc)
            break;
    }
    fl_properties_free(&lexer);
    return rc;
}
