/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Escapes and character classes of Java's regular expressions.  A class without others inside
 * becomes a class of PCRE2.  The rest is said with what PCRE2 has:
 *
 *     [a[bc]]     (?:[a]|[bc])
 *     [A&&B]      (?:(?=B)A)
 *     [^A&&B]     (?:(?!(?:(?=B)A))(?s:.))
 */

#include "base/regex_java.h"

#include <string.h>

#include "base/number.h"

#define DEEPEST 200

/* Items of a class that are joined: plain ones between brackets, and nested ones behind '|'. */
struct items {
    struct fl_buf plain;
    struct fl_buf nested;
};

static void items_init(struct items *items, const flow_allocator *mem)
{
    fl_buf_init(&items->plain, mem);
    fl_buf_init(&items->nested, mem);
}

static void items_free(struct items *items)
{
    fl_buf_free(&items->plain);
    fl_buf_free(&items->nested);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Reads up to MOST hexadecimal digits; 0 when there are fewer than LEAST. */
static int hex_digits(struct fl_java *java, unsigned least, unsigned most, uint32_t *value)
{
    unsigned count = 0;

    *value = 0;
    for (int digit; count < most && (digit = hex_value(fl_java_peek(java, 0))) >= 0; count++) {
        *value = *value << 4 | (uint32_t)digit;
        java->at++;
    }
    return count >= least;
}

/* \0n, \0nn or \0mnn with m up to 3; the 0 has been read. */
static int octal(struct fl_java *java, uint32_t *c)
{
    unsigned count = 0;

    *c = 0;
    for (char digit; count < 3 && (digit = fl_java_peek(java, 0)) >= '0' && digit <= '7'; count++) {
        if (count == 2 && *c > 037)
            break;
        *c = *c << 3 | (uint32_t)(digit - '0');
        java->at++;
    }
    return count > 0 ? 1 : fl_java_refuse(java, java->at, "\\0 must be followed by octal digits");
}

/* \xhh or \x{h...h}; the x has been read. */
static int hexadecimal(struct fl_java *java, uint32_t *c)
{
    int braced = fl_java_peek(java, 0) == '{';

    java->at += braced;
    if (hex_digits(java, braced ? 1 : 2, braced ? 6 : 2, c) && *c <= 0x10ffff &&
        (!braced || fl_java_peek(java, 0) == '}')) {
        java->at += braced;
        return 1;
    }
    return fl_java_refuse(java, java->at, "\\x must be followed by hh or {h...h}");
}

/* \uhhhh, two of which may be a surrogate pair; the u has been read. */
static int utf16_unit(struct fl_java *java, uint32_t *c)
{
    uint32_t low;

    if (!hex_digits(java, 4, 4, c))
        return fl_java_refuse(java, java->at, "\\u must be followed by four hexadecimal digits");
    size_t before = java->at;
    if (*c >= 0xd800 && *c <= 0xdbff && fl_java_peek(java, 0) == '\\' &&
        fl_java_peek(java, 1) == 'u') {
        java->at += 2;
        if (hex_digits(java, 4, 4, &low) && low >= 0xdc00 && low <= 0xdfff) {
            *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
            return 1;
        }
        java->at = before;
    }
    if (*c >= 0xd800 && *c <= 0xdfff)
        return fl_java_refuse(java, before, "half of a surrogate pair never stands alone");
    return 1;
}

/* \cX; the c has been read. */
static int control(struct fl_java *java, uint32_t *c)
{
    if (java->at == java->size)
        return fl_java_refuse(java, java->at, "\\c must be followed by a character");
    *c = fl_java_next(java) ^ 64;
    return 1;
}

int fl_java_escaped_char(struct fl_java *java, uint32_t *c)
{
    static const char letters[] = "tnrfae";
    static const uint8_t meant[] = {'\t', '\n', '\r', '\f', 0x07, 0x1b};
    char first = fl_java_peek(java, 0);
    const char *letter = first != '\0' ? strchr(letters, first) : NULL;

    if (letter) {
        java->at++;
        *c = meant[letter - letters];
        return 1;
    }
    switch (first) {
    case '0': java->at++; return octal(java, c);
    case 'x': java->at++; return hexadecimal(java, c);
    case 'u': java->at++; return utf16_unit(java, c);
    case 'c': java->at++; return control(java, c);
    default: break;
    }
    int special = (first >= '1' && first <= '9') || (first >= 'a' && first <= 'z') ||
                  (first >= 'A' && first <= 'Z');
    if (special)
        return 0;
    *c = fl_java_next(java);
    return 1;
}

/* \p{NAME}, \pN and their negations; the letter has been read. */
static int property(struct fl_java *java, struct fl_java_set *set, struct fl_buf *room)
{
    const char *name = java->pattern + java->at;
    size_t size = 1;

    if (fl_java_peek(java, 0) == '{') {
        name++;
        const char *end = memchr(name, '}', java->size - java->at - 1);
        if (!end) {
            return fl_java_refuse(java, java->at, "the name of a property is not closed by }");
        }
        size = (size_t)(end - name);
        java->at += size + 2;
    } else if (java->at < java->size) {
        java->at++;
    } else {
        return fl_java_refuse(java, java->at, "\\p must be followed by a property");
    }
    int rc = fl_java_property(name, size, java->flags, set, room);
    return rc == 0 ? fl_java_refuse(java, java->at, "this property is unknown or not supported")
                   : rc;
}

int fl_java_escaped_set(struct fl_java *java, struct fl_java_set *set, struct fl_buf *room)
{
    static const char letters[] = "dwshv";
    static const char *const bodies[] = {"0-9", "a-zA-Z_0-9", "\\x{20}\\t-\\r", "\\h", "\\v"};
    char first = fl_java_peek(java, 0);
    int upper = first >= 'A' && first <= 'Z';
    const char *letter = first != '\0' ? strchr(letters, fl_lower(first)) : NULL;

    set->negated = 0;
    if (letter) {
        set->body = bodies[letter - letters];
    } else if (first == 'p' || first == 'P') {
        java->at++;
        int rc = property(java, set, room);
        set->negated ^= upper;
        return rc;
    } else {
        return 0;
    }
    java->at++;
    set->negated = upper;
    return 1;
}

int fl_java_set_write(struct fl_buf *out, const struct fl_java_set *set)
{
    return fl_buf_printf(out, "[%s%s]", set->negated ? "^" : "", set->body);
}

static int add_nested_set(struct items *items, const struct fl_java_set *set)
{
    int rc = fl_buf_byte(&items->nested, '|');

    return rc == FLOW_OK ? fl_java_set_write(&items->nested, set) : rc;
}

static int write_range(struct fl_buf *out, uint32_t from, uint32_t to)
{
    int rc = fl_java_literal(out, from);

    if (rc == FLOW_OK && to > from) {
        rc = fl_buf_byte(out, '-');
        rc = rc == FLOW_OK ? fl_java_literal(out, to) : rc;
    }
    return rc;
}

/* Adds the part of FROM to TO that lies in the alphabet which begins with A, in the other case. */
static int other_case(struct fl_buf *out, uint32_t from, uint32_t to, uint32_t a)
{
    uint32_t low = from > a ? from : a;
    uint32_t high = to < a + 25 ? to : a + 25;

    return low <= high ? write_range(out, low ^ 0x20, high ^ 0x20) : FLOW_OK;
}

static int add_range(struct fl_java *java, struct items *items, uint32_t from, uint32_t to)
{
    int rc = write_range(&items->plain, from, to);

    if (rc == FLOW_OK && (java->flags & (FL_JAVA_CASELESS | FL_JAVA_UNICODE)) == FL_JAVA_CASELESS) {
        rc = other_case(&items->plain, from, to, 'a');
        rc = rc == FLOW_OK ? other_case(&items->plain, from, to, 'A') : rc;
    }
    return rc;
}

/* \Q...\E, whose \Q has been read. */
static int add_quotation(struct fl_java *java, struct items *items)
{
    int rc = FLOW_OK;

    while (rc == FLOW_OK && java->at < java->size) {
        if (fl_java_peek(java, 0) == '\\' && fl_java_peek(java, 1) == 'E') {
            java->at += 2;
            if (fl_java_peek(java, 0) == '-' && fl_java_peek(java, 1) != ']')
                return fl_java_refuse(java, java->at, "a range cannot begin with a quotation");
            return FLOW_OK;
        }
        uint32_t c = fl_java_next(java);
        rc = add_range(java, items, c, c);
    }
    return rc;
}

/* The character behind the '-' of a range. */
static int range_end(struct fl_java *java, uint32_t from, uint32_t *to)
{
    size_t start = java->at;

    if (java->at == java->size)
        return fl_java_refuse(java, start, "a class is not closed");
    *to = fl_java_next(java);
    if (*to == '\\') {
        int rc = fl_java_escaped_char(java, to);
        if (rc <= 0)
            return rc < 0 ? rc : fl_java_refuse(java, start, "a range must end with a character");
    }
    return *to >= from ? FLOW_OK : fl_java_refuse(java, start, "a range ends before it begins");
}

/* A character that has been read, or the range that it begins. */
static int add_char_or_range(struct fl_java *java, struct items *items, uint32_t from)
{
    uint32_t to = from;

    fl_java_skip(java);
    char behind = fl_java_peek(java, 1);
    if (fl_java_peek(java, 0) == '-' && behind != ']' && behind != '[') {
        java->at++;
        fl_java_skip(java);
        int rc = range_end(java, from, &to);
        if (rc != FLOW_OK)
            return rc;
    }
    return add_range(java, items, from, to);
}

/* What follows a backslash. */
static int add_escape(struct fl_java *java, struct items *items)
{
    uint32_t c;
    struct fl_java_set set;
    struct fl_buf room;
    int rc = fl_java_escaped_char(java, &c);

    if (rc != 0)
        return rc > 0 ? add_char_or_range(java, items, c) : rc;
    if (fl_java_peek(java, 0) == 'Q') {
        java->at++;
        return add_quotation(java, items);
    }
    fl_buf_init(&room, java->out->mem);
    rc = fl_java_escaped_set(java, &set, &room);
    if (rc > 0)
        rc = set.negated ? add_nested_set(items, &set) : fl_buf_text(&items->plain, set.body);
    else if (rc == 0)
        rc = fl_java_refuse(java, java->at, "no such escape within a class");
    fl_buf_free(&room);
    return rc;
}

static int is_intersection(const struct fl_java *java)
{
    return fl_java_peek(java, 0) == '&' && fl_java_peek(java, 1) == '&';
}

/* Reads items up to `]` or `&&`; a `]` that comes FIRST in the class means itself. */
static int read_items(struct fl_java *java, struct items *items, int first)
{
    int rc = FLOW_OK;

    for (; rc == FLOW_OK; first = 0) {
        fl_java_skip(java);
        if (java->at == java->size)
            return fl_java_refuse(java, java->at, "a class is not closed");
        if ((fl_java_peek(java, 0) == ']' && !first) || is_intersection(java))
            break;
        uint32_t c = fl_java_next(java);
        if (c == '[') {
            rc = fl_buf_byte(&items->nested, '|');
            rc = rc == FLOW_OK ? fl_java_class(java, &items->nested) : rc;
        } else if (c == '\\' && java->at < java->size) {
            rc = add_escape(java, items);
        } else {
            rc = add_char_or_range(java, items, c);
        }
    }
    return rc;
}

static int append_buf(struct fl_buf *out, const struct fl_buf *more)
{
    return fl_buf_append(out, more->data, more->size);
}

/* Adds the union of ITEMS as one class, or as alternatives of several. */
static int write_union(struct fl_buf *out, const struct items *items)
{
    size_t bare = items->plain.size == 0; /* then the first '|' goes */
    int rc = fl_buf_text(out, items->nested.size > 0 ? "(?:" : "");

    if (rc == FLOW_OK && !bare) {
        rc = fl_buf_byte(out, '[');
        rc = rc == FLOW_OK ? append_buf(out, &items->plain) : rc;
        rc = rc == FLOW_OK ? fl_buf_byte(out, ']') : rc;
    }
    if (rc == FLOW_OK && items->nested.size > 0) {
        rc = fl_buf_append(out, items->nested.data + bare, items->nested.size - bare);
        rc = rc == FLOW_OK ? fl_buf_byte(out, ')') : rc;
    }
    return rc;
}

/* Reads one operand of an intersection into ITEMS. */
static int read_operand(struct fl_java *java, struct items *items, int first)
{
    int rc = read_items(java, items, first);

    if (rc == FLOW_OK && items->plain.size == 0 && items->nested.size == 0)
        rc = fl_java_refuse(java, java->at, "an operand of && is missing");
    return rc;
}

/* Reads the operands behind the first into AHEAD, as lookaheads. */
static int read_intersection(struct fl_java *java, struct fl_buf *ahead)
{
    int rc = FLOW_OK;

    while (rc == FLOW_OK && is_intersection(java)) {
        struct items items;
        items_init(&items, java->out->mem);
        java->at += 2;
        rc = read_operand(java, &items, 0);
        rc = rc == FLOW_OK ? fl_buf_text(ahead, "(?=") : rc;
        rc = rc == FLOW_OK ? write_union(ahead, &items) : rc;
        rc = rc == FLOW_OK ? fl_buf_byte(ahead, ')') : rc;
        items_free(&items);
    }
    return rc;
}

/* Adds the class made of the lookaheads AHEAD before ITEMS. */
static int write_class(struct fl_buf *out, const struct items *items, const struct fl_buf *ahead,
                       int negated)
{
    if (negated && items->nested.size == 0 && ahead->size == 0) {
        int rc = fl_buf_text(out, "[^");
        rc = rc == FLOW_OK ? append_buf(out, &items->plain) : rc;
        return rc == FLOW_OK ? fl_buf_byte(out, ']') : rc;
    }
    int grouped = negated || ahead->size > 0;
    int rc = fl_buf_text(out, negated ? "(?:(?!" : grouped ? "(?:" : "");
    rc = rc == FLOW_OK ? append_buf(out, ahead) : rc;
    rc = rc == FLOW_OK ? write_union(out, items) : rc;
    return rc == FLOW_OK ? fl_buf_text(out, negated ? ")(?s:.))" : grouped ? ")" : "") : rc;
}

int fl_java_class(struct fl_java *java, struct fl_buf *out)
{
    struct items items;
    struct fl_buf ahead;

    if (++java->depth > DEEPEST)
        return fl_java_refuse(java, java->at, "classes are nested too deeply");
    int negated = fl_java_peek(java, 0) == '^';
    java->at += (size_t)negated;
    items_init(&items, out->mem);
    fl_buf_init(&ahead, out->mem);
    int rc = read_operand(java, &items, 1);
    if (rc == FLOW_OK)
        rc = read_intersection(java, &ahead);
    if (rc == FLOW_OK) {
        java->at++; /* the closing bracket */
        rc = write_class(out, &items, &ahead, negated);
    }
    items_free(&items);
    fl_buf_free(&ahead);
    java->depth--;
    return rc;
}
