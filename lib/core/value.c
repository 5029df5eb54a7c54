/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Values of properties.  One reader a type; what they have in common (comments behind the value,
 * lenient properties) is around them.  A message quotes the text, except that of a secret.
 */

#include "core/value.h"

#include <stdarg.h>
#include <string.h>

#include <flow/config.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/error.h"
#include "base/number.h"
#include "base/regex.h"
#include "core/home.h"
#include "core/names.h"

#define HOST_LIMIT 255

struct reading {
    const struct fl_site *site;
    const flow_property *property;
    struct fl_value *value; /* its text is set already */
};

static int report_text(const struct fl_site *site, int32_t severity, const char *hint,
                       const char *format, va_list args)
{
    struct fl_buf text;
    int result = FLOW_ENOMEM;

    if (!site->findings)
        return FLOW_OK;
    fl_buf_init(&text, site->mem);
    if (fl_buf_vprintf(&text, format, args) == FLOW_OK && fl_buf_cstr(&text)) {
        site->findings->add(site->findings->self, severity, site->where, fl_buf_cstr(&text),
                            hint ? hint : "");
        result = FLOW_OK;
    }
    fl_buf_free(&text);
    return result;
}

int fl_site_report(const struct fl_site *site, int32_t severity, const char *hint,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int result = report_text(site, severity, hint, format, args);
    va_end(args);
    return result;
}

static int refuse(const struct reading *r, const char *hint, const char *format, ...)
    FLOW_PRINTF(3, 4);

static int refuse(const struct reading *r, const char *hint, const char *format, ...)
{
    int lenient = (r->property->flags & FLOW_PROPERTY_LENIENT) != 0;
    va_list args;

    va_start(args, format);
    int result = report_text(r->site, lenient ? FLOW_SEVERITY_WARNING : FLOW_SEVERITY_ERROR, hint,
                             format, args);
    va_end(args);
    return result == FLOW_OK ? FLOW_ECONFIG : result;
}

static int read_text(struct reading *r)
{
    return FLOW_OK;
}

/* " (between 1 and 65535 ms)", as far as there is a range and a unit. */
static int range_text(struct fl_buf *out, const flow_property *p)
{
    const char *unit = p->unit ? p->unit : "";
    const char *blank = p->unit ? " " : "";

    if (p->min == 0 && p->max == 0)
        return p->unit ? fl_buf_printf(out, " (in %s)", unit) : FLOW_OK;
    if (p->max == INT64_MAX)
        return fl_buf_printf(out, " (at least %lld%s%s)", (long long)p->min, blank, unit);
    return fl_buf_printf(out, " (between %lld and %lld%s%s)", (long long)p->min, (long long)p->max,
                         blank, unit);
}

static int refuse_number(const struct reading *r, const char *why)
{
    struct fl_buf range;
    int result = FLOW_ENOMEM;

    fl_buf_init(&range, r->site->mem);
    if (range_text(&range, r->property) == FLOW_OK && fl_buf_cstr(&range))
        result = refuse(r, NULL, "'%s' is %s%s", r->value->text, why, fl_buf_cstr(&range));
    fl_buf_free(&range);
    return result;
}

static int read_int(struct reading *r)
{
    const flow_property *p = r->property;
    int64_t number;

    if (fl_parse_int(r->value->text, strlen(r->value->text), &number) != FLOW_OK)
        return refuse_number(r, "not a whole number");
    if ((p->min != 0 || p->max != 0) && (number < p->min || number > p->max))
        return refuse_number(r, "out of range");
    r->value->number = number;
    return FLOW_OK;
}

static int read_bool(struct reading *r)
{
    const char *text = r->value->text;

    r->value->number = fl_equal_ignore_case(text, "true");
    if (r->value->number || fl_equal_ignore_case(text, "false"))
        return FLOW_OK;
    return fl_site_report(r->site, FLOW_SEVERITY_WARNING, "write true or false",
                          "'%s' is neither true nor false and counts as false", text);
}

static int read_choice(struct reading *r)
{
    const char *text = r->value->text;
    struct fl_nearest nearest;
    char *hint;

    r->value->number = fl_names_index(r->property->choices, text);
    if (r->value->number >= 0)
        return FLOW_OK;
    fl_nearest_init(&nearest, text);
    fl_nearest_offer_list(&nearest, r->property->choices);
    if (fl_nearest_hint(&nearest, r->site->mem, &hint) != FLOW_OK)
        return FLOW_ENOMEM;
    int result = refuse(r, hint, "'%s' is none of %s", text, r->property->choices);
    fl_free(r->site->mem, hint);
    return result;
}

static size_t count_words(const char *text)
{
    size_t count = 0;

    for (size_t i = 0; text[i] != '\0'; i++)
        count += !fl_is_space(text[i]) && (i == 0 || fl_is_space(text[i - 1]));
    return count;
}

/* One block: the pointers, the closing NULL, then the text they point into, cut at the spaces. */
static int read_words(struct reading *r)
{
    const char *text = r->value->text;
    size_t count = count_words(text);
    char **words = fl_calloc(r->site->mem, 1, (count + 1) * sizeof(*words) + strlen(text) + 1);

    if (!words)
        return FLOW_ENOMEM;
    char *copy = (char *)(words + count + 1);
    size_t next = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (fl_is_space(text[i]))
            continue;
        copy[i] = text[i];
        if (i == 0 || fl_is_space(text[i - 1]))
            words[next++] = copy + i;
    }
    r->value->words = words;
    return FLOW_OK;
}

static int read_pattern(struct reading *r)
{
    struct fl_regex *regex;
    flow_error *why = NULL;
    int result = fl_regex_new(r->site->mem, r->value->text, &regex, &why);

    if (result == FLOW_OK)
        fl_regex_free(regex);
    else if (result != FLOW_ENOMEM)
        result = refuse(r, NULL, "'%s' is not a regular expression: %s", r->value->text,
                        flow_error_message(why));
    flow_error_free(why);
    return result;
}

/* Puts the home folder in place of a "~" that *TEXT, which is owned, begins with. */
static int expand_home(struct reading *r, char **text)
{
    const char *old = *text;
    char *whole;

    if (old[0] != '~' || (old[1] != '/' && old[1] != '\0'))
        return FLOW_OK;
    int result = fl_home_path(r->site->mem, old[1] == '/' ? old + 2 : old + 1, &whole);
    if (result == FLOW_ENOENT)
        return refuse(r, "write the whole path", "there is no home folder for '%s'", old);
    if (result != FLOW_OK)
        return result;
    fl_free(r->site->mem, *text);
    *text = whole;
    return FLOW_OK;
}

static int read_path(struct reading *r)
{
    return expand_home(r, &r->value->text);
}

/* Adds the path of SIZE bytes at TEXT, with its NUL, to OUT. */
static int add_path(struct reading *r, const char *text, size_t size, struct fl_buf *out)
{
    char *path = fl_strndup(r->site->mem, text, size);
    int result = path ? expand_home(r, &path) : FLOW_ENOMEM;

    if (result == FLOW_OK)
        result = fl_buf_append(out, path, strlen(path) + 1);
    fl_free(r->site->mem, path);
    return result;
}

/* Adds all paths, each with its NUL, to OUT and counts them. */
static int split_paths(struct reading *r, struct fl_buf *out, size_t *count)
{
    int result = FLOW_OK;

    *count = 0;
    for (const char *text = r->value->text, *end; *text != '\0' && result == FLOW_OK; text = end) {
        end = text + strcspn(text, ",");
        const char *last = end;
        while (text < last && fl_is_space(*text))
            text++;
        while (text < last && fl_is_space(last[-1]))
            last--;
        if (text < last) {
            result = add_path(r, text, (size_t)(last - text), out);
            ++*count;
        }
        end += *end == ',';
    }
    return result;
}

/* One block, as for words. */
static int read_paths(struct reading *r)
{
    struct fl_buf text;
    size_t count;

    fl_buf_init(&text, r->site->mem);
    int result = split_paths(r, &text, &count);
    char **words = NULL;
    if (result == FLOW_OK)
        words = fl_calloc(r->site->mem, 1, (count + 1) * sizeof(*words) + text.size);
    if (result == FLOW_OK && !words)
        result = FLOW_ENOMEM;
    if (result == FLOW_OK && text.size > 0) {
        char *copy = memcpy(words + count + 1, text.data, text.size);
        for (size_t i = 0; i < count; i++, copy += strlen(copy) + 1)
            words[i] = copy;
    }
    r->value->words = words;
    fl_buf_free(&text);
    return result;
}

static int is_host_byte(char c)
{
    return (fl_lower(c) >= 'a' && fl_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.:%[]", c));
}

static int read_host(struct reading *r)
{
    const char *text = r->value->text;
    size_t size = 0;

    while (is_host_byte(text[size]))
        size++;
    if (size > 0 && size <= HOST_LIMIT && text[size] == '\0')
        return FLOW_OK;
    return refuse(r, NULL, "'%s' is neither a host name nor an address", text);
}

static int read_charset(struct reading *r)
{
    struct fl_charset *charset;
    flow_error *why = NULL;
    int result = fl_charset_open(r->site->mem, r->value->text, FL_CHARSET_FAIL, &charset, &why);

    if (result == FLOW_OK)
        fl_charset_free(charset);
    else if (result != FLOW_ENOMEM)
        result = refuse(r, NULL, "%s", flow_error_message(why));
    flow_error_free(why);
    return result;
}

static int read_component(struct reading *r)
{
    flow_error *why = NULL;
    char *hint = NULL;

    if (!r->site->registry)
        return FLOW_OK;
    int result = fl_registry_lookup(r->site->registry, r->property->kind, r->value->text,
                                    &r->value->type, &hint, &why);
    if (result != FLOW_OK && result != FLOW_ENOMEM)
        result = refuse(r, hint, "%s", flow_error_message(why));
    fl_free(r->site->mem, hint);
    flow_error_free(why);
    return result;
}

static int (*const readers[])(struct reading *) = {
    [FLOW_TYPE_STRING] = read_text,     [FLOW_TYPE_INT] = read_int,
    [FLOW_TYPE_BOOL] = read_bool,       [FLOW_TYPE_CHOICE] = read_choice,
    [FLOW_TYPE_WORDS] = read_words,     [FLOW_TYPE_PATTERN] = read_pattern,
    [FLOW_TYPE_PATH] = read_path,       [FLOW_TYPE_HOST] = read_host,
    [FLOW_TYPE_CHARSET] = read_charset, [FLOW_TYPE_COMPONENT] = read_component,
    [FLOW_TYPE_SECRET] = read_text,     [FLOW_TYPE_PATHS] = read_paths,
};

static int is_free_text(uint32_t type)
{
    return type == FLOW_TYPE_STRING || type == FLOW_TYPE_PATTERN || type == FLOW_TYPE_PATH ||
           type == FLOW_TYPE_SECRET || type == FLOW_TYPE_PATHS;
}

/* Finds out how much of TEXT is the value. */
static int cut_comment(const struct fl_site *site, const flow_property *p, const char *text,
                       size_t *size)
{
    size_t whole = strlen(text);
    size_t kept = fl_comment_cut(text, whole);

    *size = whole;
    if (kept == whole || (is_free_text(p->type) && kept == 0))
        return FLOW_OK;
    if (is_free_text(p->type))
        return fl_site_report(site, FLOW_SEVERITY_WARNING, "put comments on a line of their own",
                              "what looks like a comment is part of the value");
    *size = kept;
    return fl_site_report(site, FLOW_SEVERITY_WARNING, "put comments on a line of their own",
                          "the comment behind the value is left out");
}

struct fl_raw fl_raw_at_value(const struct fl_raw *where)
{
    struct fl_raw raw = {.key = NULL};

    if (!where)
        return raw; /* a default that is checked on its own */
    raw = *where;
    if (raw.value_column != 0) {
        raw.line = raw.value_line != 0 ? raw.value_line : raw.line;
        raw.column = raw.value_column;
    }
    return raw;
}

int fl_value_read(const struct fl_site *site, const flow_property *property, const char *text,
                  struct fl_value *value)
{
    struct fl_raw where = fl_raw_at_value(site->where);
    struct fl_site at_value = {site->registry, site->mem, site->findings, &where};
    struct reading r = {&at_value, property, value};
    size_t size;

    memset(value, 0, sizeof(*value));
    int result = cut_comment(&at_value, property, text, &size);
    if (result != FLOW_OK)
        return result;
    value->text = fl_strndup(site->mem, text, size);
    if (!value->text)
        return FLOW_ENOMEM;
    result = readers[property->type](&r);
    if (result != FLOW_OK)
        fl_value_free(site->mem, value);
    return result;
}

void fl_value_free(const flow_allocator *mem, struct fl_value *value)
{
    fl_free(mem, value->text);
    fl_free(mem, value->words);
    memset(value, 0, sizeof(*value));
}
