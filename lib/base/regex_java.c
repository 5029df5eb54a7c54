/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From Java's regular expressions to PCRE2's.  Every construct is read and written anew, so that
 * nothing reaches PCRE2 that Java does not know, verbs and recursion among them.  What differs:
 *
 *  - Java's line ends are \n, \r\n, \r, U+0085, U+2028 and U+2029; `.`, `^`, `$` and \Z are written
 *    out in those terms;
 *  - (?i) alone is for ASCII letters only, with (?u) for all; PCRE2's is for all, so the former is
 *    written as classes of both cases;
 *  - classes can be nested and intersected, which lookaheads express (see regex_class.c);
 *  - \b goes by Unicode's letters and digits, though \w does not.
 *
 * Flags are followed here and never passed on, except for (?iu).
 */

#include "base/regex_java.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

#define DEEPEST 200
#define LINE_END "\\n\\r\\x{85}\\x{2028}\\x{2029}"
#define WORD "[\\p{L}\\p{Nd}_]"

static int alternatives(struct fl_java *java);

int fl_java_refuse(struct fl_java *java, size_t offset, const char *why)
{
    return flow_error_setf(java->err, FLOW_EPARSE, "in the pattern '%.*s', at offset %zu: %s",
                           java->size < 200 ? (int)java->size : 200, java->pattern, offset, why);
}

char fl_java_peek(const struct fl_java *java, size_t ahead)
{
    return java->size - java->at > ahead ? java->pattern[java->at + ahead] : '\0';
}

uint32_t fl_java_next(struct fl_java *java)
{
    uint32_t c;

    java->at += fl_utf8_decode(java->pattern + java->at, java->size - java->at, &c);
    return c;
}

static int at_end(const struct fl_java *java)
{
    return java->at == java->size;
}

void fl_java_skip(struct fl_java *java)
{
    if (!(java->flags & FL_JAVA_COMMENTS))
        return;
    while (!at_end(java)) {
        char c = fl_java_peek(java, 0);
        if (c == '#') {
            const char *from = java->pattern + java->at;
            size_t left = java->size - java->at;
            size_t line = 0;
            while (line < left && from[line] != '\n' && from[line] != '\r')
                line++;
            java->at += line;
        } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            java->at++;
        } else {
            return;
        }
    }
}

int fl_java_literal(struct fl_buf *out, uint32_t c)
{
    int plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    return plain ? fl_buf_byte(out, (uint8_t)c) : fl_buf_printf(out, "\\x{%x}", (unsigned)c);
}

static int is_ascii_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A character that stands for itself. */
static int literal(struct fl_java *java, uint32_t c)
{
    int both = (java->flags & (FL_JAVA_CASELESS | FL_JAVA_UNICODE)) == FL_JAVA_CASELESS;

    if (both && is_ascii_letter(c))
        return fl_buf_printf(java->out, "[%c%c]", (char)(c & ~0x20u), (char)(c | 0x20u));
    return fl_java_literal(java->out, c);
}

static int dot(struct fl_java *java)
{
    if (java->flags & FL_JAVA_DOTALL)
        return fl_buf_text(java->out, "(?s:.)");
    return fl_buf_text(java->out, java->flags & FL_JAVA_UNIX_LINES ? "[^\\n]" : "[^" LINE_END "]");
}

static int caret(struct fl_java *java)
{
    if (!(java->flags & FL_JAVA_MULTILINE))
        return fl_buf_text(java->out, "\\A");
    return fl_buf_text(java->out, java->flags & FL_JAVA_UNIX_LINES
                                      ? "(?:(?!\\z)(?:\\A|(?<=\\n)))"
                                      : "(?:(?!\\z)(?:\\A|(?<=[" LINE_END "])(?<!\\r(?=\\n))))");
}

/* The end of the text, or before the line end that ends it: `$` alone and \Z. */
static int text_end(struct fl_java *java)
{
    return fl_buf_text(java->out,
                       java->flags & FL_JAVA_UNIX_LINES
                           ? "(?=\\n?\\z)"
                           : "(?:\\z|(?=(?:\\r\\n?|(?<!\\r)\\n|[\\x{85}\\x{2028}\\x{2029}])\\z))");
}

static int dollar(struct fl_java *java)
{
    if (!(java->flags & FL_JAVA_MULTILINE))
        return text_end(java);
    return fl_buf_text(java->out,
                       java->flags & FL_JAVA_UNIX_LINES
                           ? "(?=\\n|\\z)"
                           : "(?:\\z|(?=(?:\\r|(?<!\\r)\\n|[\\x{85}\\x{2028}\\x{2029}])))");
}

/* \Q...\E, whose \Q has been read. */
static int quotation(struct fl_java *java)
{
    int rc = FLOW_OK;

    while (rc == FLOW_OK && !at_end(java)) {
        if (fl_java_peek(java, 0) == '\\' && fl_java_peek(java, 1) == 'E') {
            java->at += 2;
            break;
        }
        rc = literal(java, fl_java_next(java));
    }
    return rc;
}

/* \1 and so on; further digits belong to it as long as there are that many groups before it. */
static int back_reference(struct fl_java *java)
{
    uint32_t number = (uint32_t)(fl_java_peek(java, 0) - '0');
    int caseless = (java->flags & FL_JAVA_CASELESS) != 0;

    java->at++;
    for (char c; (c = fl_java_peek(java, 0)) >= '0' && c <= '9'; java->at++) {
        uint32_t longer = 10 * number + (uint32_t)(c - '0');
        if (longer > java->groups)
            break;
        number = longer;
    }
    return fl_buf_printf(java->out, caseless ? "(?i:\\g{%u})" : "(?:\\g{%u})", (unsigned)number);
}

/* The size of the name of a group at the front, 0 when there is none; NAME> must follow. */
static size_t group_name(const struct fl_java *java)
{
    size_t size = 0;

    while (is_ascii_letter((uint8_t)fl_java_peek(java, size)) ||
           (size > 0 && fl_java_peek(java, size) >= '0' && fl_java_peek(java, size) <= '9'))
        size++;
    return fl_java_peek(java, size) == '>' ? size : 0;
}

static int named_reference(struct fl_java *java)
{
    int caseless = (java->flags & FL_JAVA_CASELESS) != 0;

    java->at++;
    if (fl_java_peek(java, 0) != '<')
        return fl_java_refuse(java, java->at, "\\k must be followed by a name in <>");
    java->at++;
    size_t size = group_name(java);
    if (size == 0)
        return fl_java_refuse(java, java->at, "the name of a group is not well-formed");
    int rc = fl_buf_printf(java->out, caseless ? "(?i:\\k<%.*s>)" : "(?:\\k<%.*s>)", (int)size,
                           java->pattern + java->at);
    java->at += size + 1;
    return rc;
}

/* Escapes that mean a place or more than a character. */
static int escaped_other(struct fl_java *java)
{
    char c = fl_java_peek(java, 0);

    if (c >= '1' && c <= '9')
        return back_reference(java);
    if (c == 'k')
        return named_reference(java);
    if (c == 'b' && fl_java_peek(java, 1) == '{') {
        return fl_java_refuse(java, java->at, "\\b{...} is not supported");
    }
    java->at++;
    switch (c) {
    case 'Q': return quotation(java);
    case 'A': return fl_buf_text(java->out, "\\A");
    case 'G': return fl_buf_text(java->out, "\\G");
    case 'Z': return text_end(java);
    case 'z': return fl_buf_text(java->out, "\\z");
    case 'X': return fl_buf_text(java->out, "\\X");
    case 'R': return fl_buf_text(java->out, "(?:\\r\\n|[\\n-\\r\\x{85}\\x{2028}\\x{2029}])");
    case 'b':
        return fl_buf_text(java->out, "(?:(?<=" WORD ")(?!" WORD ")|(?<!" WORD ")(?=" WORD "))");
    case 'B':
        return fl_buf_text(java->out, "(?:(?<=" WORD ")(?=" WORD ")|(?<!" WORD ")(?!" WORD "))");
    default: return fl_java_refuse(java, java->at - 1, "no such escape");
    }
}

static int escape(struct fl_java *java)
{
    uint32_t c;
    struct fl_java_set set;
    struct fl_buf room;

    if (at_end(java))
        return fl_java_refuse(java, java->at - 1, "a backslash at the end");
    int rc = fl_java_escaped_char(java, &c);
    if (rc != 0)
        return rc > 0 ? literal(java, c) : rc;
    fl_buf_init(&room, java->out->mem);
    rc = fl_java_escaped_set(java, &set, &room);
    if (rc > 0)
        rc = fl_java_set_write(java->out, &set);
    else if (rc == 0)
        rc = escaped_other(java);
    fl_buf_free(&room);
    return rc;
}

/* Whether PCRE2 is to ignore case: for ASCII letters alone it need not. */
static int folds(uint32_t flags)
{
    uint32_t both = FL_JAVA_CASELESS | FL_JAVA_UNICODE;

    return (flags & both) == both;
}

/* Reads flags up to `)` or `:`, whichever it is. */
static int read_flags(struct fl_java *java, uint32_t *flags)
{
    static const char letters[] = "idmsux"; /* in the order of their bits */
    int off = 0;

    for (;; java->at++) {
        char c = fl_java_peek(java, 0);
        if (c == ')' || c == ':')
            return FLOW_OK;
        const char *letter = c != '\0' ? strchr(letters, c) : NULL;
        if (c == '-' && !off) {
            off = 1;
        } else if (letter) {
            uint32_t bit = 1u << (letter - letters);
            *flags = off ? *flags & ~bit : *flags | bit;
        } else {
            return fl_java_refuse(java, java->at,
                                  c == 'U' ? "the flag U is not supported: write \\p{...} instead"
                                           : "no such flag or kind of group");
        }
    }
}

/* The rest of a group whose beginning has been written, with its parenthesis. */
static int group_rest(struct fl_java *java)
{
    uint32_t flags = java->flags;
    int rc = alternatives(java);

    if (rc == FLOW_OK && fl_java_peek(java, 0) != ')')
        rc = fl_java_refuse(java, java->at, "a group is not closed");
    if (rc != FLOW_OK)
        return rc;
    java->at++;
    java->flags = flags;
    return fl_buf_byte(java->out, ')');
}

/* (?flags), which change from BEFORE for the rest of the group; nothing that could be repeated. */
static int flags_set(struct fl_java *java, uint32_t before)
{
    fl_java_skip(java);
    char c = fl_java_peek(java, 0);
    if (c == '*' || c == '+' || c == '?' || c == '{')
        return fl_java_refuse(java, java->at, "nothing stands before the quantifier");
    if (folds(java->flags) == folds(before))
        return FLOW_OK;
    return fl_buf_text(java->out, folds(java->flags) ? "(?i)" : "(?-i)");
}

/* (?flags) and (?flags:...) */
static int flag_group(struct fl_java *java)
{
    uint32_t before = java->flags;
    uint32_t flags = before;
    int rc = read_flags(java, &flags);

    if (rc != FLOW_OK)
        return rc;
    int is_group = fl_java_peek(java, 0) == ':';
    java->at++;
    java->flags = flags;
    if (!is_group)
        return flags_set(java, before);
    rc = fl_buf_text(java->out, folds(flags) ? "(?i:" : "(?-i:");
    if (rc == FLOW_OK)
        rc = group_rest(java);
    java->flags = before;
    return rc;
}

static int named_group(struct fl_java *java)
{
    size_t size = group_name(java);

    if (size == 0 || size > 32)
        return fl_java_refuse(java, java->at,
                              "a group's name is letters and digits, at most 32 of them");
    int rc = fl_buf_printf(java->out, "(?<%.*s>", (int)size, java->pattern + java->at);
    java->at += size + 1;
    java->groups++;
    return rc == FLOW_OK ? group_rest(java) : rc;
}

/* What follows an opening parenthesis. */
static int group(struct fl_java *java)
{
    static const char *const kinds[] = {"?:", "?=", "?!", "?>", "?<=", "?<!"};
    const char *from = java->pattern + java->at;
    size_t left = java->size - java->at;

    if (fl_java_peek(java, 0) != '?') {
        java->groups++;
        int rc = fl_buf_byte(java->out, '(');
        return rc == FLOW_OK ? group_rest(java) : rc;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = strlen(kinds[i]);
        if (left >= size && memcmp(from, kinds[i], size) == 0) {
            java->at += size;
            int rc = fl_buf_printf(java->out, "(%s", kinds[i]);
            return rc == FLOW_OK ? group_rest(java) : rc;
        }
    }
    if (fl_java_peek(java, 1) == '<') {
        java->at += 2;
        return named_group(java);
    }
    java->at++;
    return flag_group(java);
}

/* {n}, {n,} and {n,m} */
static int repetition(struct fl_java *java)
{
    const char *from = java->pattern + java->at;
    size_t size = 1;

    for (int part = 0; part < 2; part++) {
        size_t first = size;
        while (fl_java_peek(java, size) >= '0' && fl_java_peek(java, size) <= '9')
            size++;
        if (size == first && part == 0) {
            return fl_java_refuse(java, java->at, "{ is not the beginning of a repetition");
        }
        if (part == 0 && fl_java_peek(java, size) == ',')
            size++;
        else
            break;
    }
    if (fl_java_peek(java, size) != '}' || size > 20)
        return fl_java_refuse(java, java->at, "a repetition is not well-formed");
    java->at += size + 1;
    return fl_buf_append(java->out, from, size + 1);
}

/* A quantifier behind an atom, if there is one. */
static int quantifier(struct fl_java *java)
{
    fl_java_skip(java);
    char c = fl_java_peek(java, 0);
    int rc;

    if (c == '{') {
        rc = repetition(java);
    } else if (c == '*' || c == '+' || c == '?') {
        java->at++;
        rc = fl_buf_byte(java->out, (uint8_t)c);
    } else {
        return FLOW_OK;
    }
    c = fl_java_peek(java, 0);
    if (rc == FLOW_OK && (c == '?' || c == '+')) {
        java->at++;
        rc = fl_buf_byte(java->out, (uint8_t)c);
    }
    return rc;
}

/* One step of a sequence: a character, class, group or place. */
static int atom(struct fl_java *java)
{
    size_t start = java->at;
    uint32_t c = fl_java_next(java);

    switch (c) {
    case '.': return dot(java);
    case '^': return caret(java);
    case '$': return dollar(java);
    case '\\': return escape(java);
    case '(': return group(java);
    case '[': return fl_java_class(java, java->out);
    case '*':
    case '+':
    case '?': return fl_java_refuse(java, start, "nothing stands before the quantifier");
    case '{': return fl_java_refuse(java, start, "{ must be written as \\{");
    default: return literal(java, c);
    }
}

static int note_origin(struct fl_java *java)
{
    struct fl_java_origin origin = {java->out->size, java->at};

    if (!java->origins || fl_vec_push(java->origins, &origin))
        return FLOW_OK;
    return FLOW_ENOMEM;
}

/* Everything up to the end or a closing parenthesis. */
static int alternatives(struct fl_java *java)
{
    int rc = FLOW_OK;

    if (++java->depth > DEEPEST)
        return fl_java_refuse(java, java->at, "groups are nested too deeply");
    while (rc == FLOW_OK) {
        fl_java_skip(java);
        if (at_end(java) || fl_java_peek(java, 0) == ')')
            break;
        rc = note_origin(java);
        if (rc == FLOW_OK && fl_java_peek(java, 0) == '|') {
            java->at++;
            rc = fl_buf_byte(java->out, '|');
            continue;
        }
        if (rc == FLOW_OK)
            rc = atom(java);
        if (rc == FLOW_OK)
            rc = quantifier(java);
    }
    java->depth--;
    return rc;
}

int fl_java_translate(const char *pattern, size_t size, struct fl_buf *out, struct fl_vec *origins,
                      flow_error **err)
{
    struct fl_java java = {
        .pattern = pattern, .size = size, .out = out, .origins = origins, .err = err};
    int rc = alternatives(&java);

    if (rc == FLOW_OK && !at_end(&java))
        rc = fl_java_refuse(&java, java.at, "a ) without a (");
    if (rc == FLOW_ENOMEM && (!err || !*err))
        fl_error_nomem(err);
    return rc;
}
