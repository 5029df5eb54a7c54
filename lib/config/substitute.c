/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Substitution, as a walk along references: a value is made when somebody first asks for it, and
 * one that is asked for while it is being made refers to itself.  In Flume a reference to another
 * key works only if chance has put that key first; here it always does.  Depth and size of what
 * comes out are bounded, since a few short lines could otherwise ask for any amount.
 */

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/substitute.h"

#define DATE_HINT "the fields are G y Y M w W D d F E u a H k K h m s S z Z X; put text in quotes"

#define DEPTH_LIMIT 32
#define VALUE_LIMIT ((size_t)1 << 20)
#define TOTAL_LIMIT ((size_t)64 << 20)

/* The value that is being made. */
struct frame {
    flow_config *config;
    struct fl_entry *entry;
    const struct frame *asker; /* the value that refers to it, or NULL */
    unsigned depth;
    int failed; /* a fault was reported: the text stays as it is */
};

static int expand(struct frame *frame, const char *text, size_t size, struct fl_buf *out);

static int report(struct frame *frame, int32_t severity, const char *hint, const char *format,
                  const char *name)
{
    flow_diagnostic found = fl_entry_diagnostic(frame->entry, severity);

    found.hint = hint;
    return fl_report_addf(&frame->config->resolved, &found, format, name);
}

/* A fault that makes the whole value unusable. */
static int fail(struct frame *frame, const char *hint, const char *format, const char *name)
{
    frame->failed = 1;
    return report(frame, FLOW_SEVERITY_ERROR, hint, format, name);
}

/* Gives up at DEPTH_LIMIT, so that a row of openings costs no more than its length. */
size_t fl_variable_size(const char *text)
{
    size_t depth = 0;

    for (size_t i = 0; text[i]; i++) {
        if (text[i] == '$' && text[i + 1] == '{') {
            if (++depth > DEPTH_LIMIT)
                return 0;
            i++;
        } else if (text[i] == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

static int is_word(const char *text, size_t size, const char *extra)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        int is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && (!c || !strchr(extra, c)))
            return 0;
    }
    return size > 0;
}

int fl_filter_reference(const char *name, size_t size, size_t *filter_size, const char **key,
                        size_t *key_size)
{
    const char *open = memchr(name, '[', size);

    if (!open || name[size - 1] != ']' || open == name)
        return 0;
    const char *from = open + 1;
    const char *to = name + size - 1;
    if (to - from >= 2 && (*from == '\'' || *from == '"') && to[-1] == *from) {
        from++;
        to--;
    }
    *filter_size = (size_t)(open - name);
    *key = from;
    *key_size = (size_t)(to - from);
    return is_word(from, *key_size, "-_");
}

/* "a1.x -> a1.y -> a1.x" */
static int report_cycle(struct frame *frame, const struct fl_entry *again)
{
    struct fl_buf chain;
    const struct frame *at = frame;
    int rc;

    fl_buf_init(&chain, frame->config->mem);
    rc = fl_buf_text(&chain, again->key);
    for (; !rc; at = at->asker) {
        rc = fl_buf_printf(&chain, " <- %s", at->entry->key);
        if (at->entry == again)
            break;
    }
    const char *text = rc ? NULL : fl_buf_cstr(&chain);
    rc = text ? fail(frame, "break the circle", "the value refers to itself: %s", text)
              : FLOW_ENOMEM;
    fl_buf_free(&chain);
    return rc;
}

static int resolve(flow_config *config, struct fl_entry *entry, const struct frame *asker);

/* Adds the value of another key. */
static int add_entry(struct frame *frame, struct fl_entry *entry, struct fl_buf *out)
{
    if (entry->progress == FL_BUSY)
        return report_cycle(frame, entry);
    if (frame->depth >= DEPTH_LIMIT)
        return fail(frame, NULL, "'%s' is referred to through too many other keys", entry->key);

    int rc = resolve(frame->config, entry, frame);
    return rc ? rc : fl_buf_text(out, fl_entry_value(entry));
}

/* Plain `${NAME}` counts only where the user asked for it, as scripts in values look the same. */
static const char *plain_variable(const struct frame *frame, const char *name)
{
    const char *resolver = fl_map_get(&frame->config->defines, "propertiesImplementation");

    if (!resolver || strcmp(resolver, "org.apache.flume.node.EnvVarResolverProperties") != 0 ||
        !is_word(name, strlen(name), "_"))
        return NULL;
    return getenv(name);
}

/* Says why NAME, written in a value as `${NAME}`, stays there. */
static int report_unknown(struct frame *frame, const char *name, enum fl_found found)
{
    size_t unused;
    const char *key;

    if (found == FL_UNSET && strncmp(name, "java:", 5) == 0)
        return report(frame, FLOW_SEVERITY_WARNING, "there is no Java here",
                      "'${%s}' has no value and stays as it is", name);
    if (found == FL_UNSET)
        return report(frame, FLOW_SEVERITY_WARNING, "'${NAME:-TEXT}' gives a default",
                      "'${%s}' has no value and stays as it is", name);
    if (fl_filter_reference(name, strlen(name), &unused, &key, &unused))
        return FLOW_OK; /* a configuration filter may know it */
    if (strchr(name, ':'))
        return report(frame, FLOW_SEVERITY_WARNING, "there are env, sys and date",
                      "'${%s}' is no known lookup and stays as it is", name);
    if (strchr(name, '.'))
        return report(frame, FLOW_SEVERITY_WARNING, NULL,
                      "there is no key '%s', so '${...}' stays as it is", name);
    return FLOW_OK;
}

/* Looks NAME up.  In what is found there may be further variables. */
static int add_looked_up(struct frame *frame, const char *name, struct fl_buf *out,
                         enum fl_found *found)
{
    struct fl_buf text;
    int rc = FLOW_OK;

    fl_buf_init(&text, frame->config->mem);
    *found = fl_lookup(frame->config, name, &text, &rc);
    const char *looked_up = rc ? NULL : fl_buf_cstr(&text);
    if (!looked_up)
        rc = FLOW_ENOMEM;
    else if (*found == FL_FOUND)
        rc = expand(frame, looked_up, text.size, out);
    else if (*found == FL_WRONG)
        rc = fail(frame, DATE_HINT, "%s", looked_up);
    fl_buf_free(&text);
    return rc;
}

/* Adds what NAME stands for, or tells by *FOUND that nothing is known of it. */
static int add_named(struct frame *frame, const char *name, struct fl_buf *out,
                     enum fl_found *found)
{
    struct fl_entry *entry = fl_map_get(&frame->config->entries, name);
    const char *plain = entry ? NULL : plain_variable(frame, name);

    *found = FL_FOUND;
    if (entry)
        return add_entry(frame, entry, out);
    if (plain)
        return expand(frame, plain, strlen(plain), out);
    return add_looked_up(frame, name, out, found);
}

/* The offset of ":-" in the SIZE bytes at TEXT, outside of inner variables, or SIZE. */
static size_t find_default(const char *text, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        if (text[i] == '$' && text[i + 1] == '{') {
            size_t inner = fl_variable_size(text + i);
            i += inner > 0 ? inner - 1 : 0;
        } else if (text[i] == ':' && text[i + 1] == '-') {
            return i;
        }
    }
    return size;
}

/* Adds what the variable of SIZE bytes at TEXT, "${" and "}" included, stands for. */
static int add_variable(struct frame *frame, const char *text, size_t size, struct fl_buf *out)
{
    const char *inner = text + 2;
    size_t inner_size = size - 3;
    size_t name_size = find_default(inner, inner_size);
    struct fl_buf name;
    enum fl_found found = FL_NO_LOOKUP;

    fl_buf_init(&name, frame->config->mem);
    frame->depth++;
    int rc = frame->depth > DEPTH_LIMIT
                 ? fail(frame, NULL, "'%s' nests variables too deeply", frame->entry->key)
                 : expand(frame, inner, name_size, &name);
    const char *wanted = fl_buf_cstr(&name);
    if (!rc && !frame->failed)
        rc = wanted ? add_named(frame, wanted, out, &found) : FLOW_ENOMEM;
    if (!rc && !frame->failed && found != FL_FOUND) {
        if (name_size < inner_size) {
            rc = expand(frame, inner + name_size + 2, inner_size - name_size - 2, out);
        } else {
            rc = report_unknown(frame, wanted, found);
            rc = rc ? rc : fl_buf_append(out, text, size);
        }
    }
    frame->depth--;
    fl_buf_free(&name);
    return rc;
}

/* Keeps what comes out bounded; counts the same text once for each reference to it. */
static int check_size(struct frame *frame, const struct fl_buf *out)
{
    if (out->size <= VALUE_LIMIT && frame->config->expanded + out->size <= TOTAL_LIMIT)
        return FLOW_OK;
    return fail(frame, NULL, "the value of '%s' grows too large", frame->entry->key);
}

/* The size of the reference that TEXT begins with, or 0. */
static size_t reference_size(const char *text, size_t size)
{
    size_t found = size >= 2 && text[0] == '$' && text[1] == '{' ? fl_variable_size(text) : 0;

    return found <= size ? found : 0;
}

static int is_escaped(const char *text, size_t size)
{
    return size >= 3 && memcmp(text, "$${", 3) == 0;
}

/* The size of the text up to the next dollar sign, its own first character aside. */
static size_t plain_size(const char *text, size_t size)
{
    const char *next = memchr(text + 1, '$', size - 1);

    return next ? (size_t)(next - text) : size;
}

/* Adds SIZE bytes of TEXT to OUT, variables replaced. */
static int expand(struct frame *frame, const char *text, size_t size, struct fl_buf *out)
{
    int rc = FLOW_OK;

    for (size_t i = 0, step; i < size && !rc && !frame->failed; i += step) {
        const char *here = text + i;
        if (is_escaped(here, size - i)) {
            step = 3;
            rc = fl_buf_text(out, "${");
        } else if ((step = reference_size(here, size - i)) > 0) {
            rc = add_variable(frame, here, step, out);
            rc = rc || frame->failed ? rc : check_size(frame, out);
        } else {
            step = plain_size(here, size - i);
            rc = fl_buf_append(out, here, step);
        }
    }
    return rc;
}

/* Cuts the blanks that substitution may have brought to the ends of a value. */
static char *take_trimmed(struct fl_buf *buf)
{
    size_t start = 0;
    size_t end = buf->size;

    while (end > 0 && buf->data[end - 1] <= ' ')
        end--;
    while (start < end && buf->data[start] <= ' ')
        start++;
    return fl_strndup(buf->mem, buf->data ? (const char *)buf->data + start : "", end - start);
}

/* Makes the value of ENTRY. */
static int resolve(flow_config *config, struct fl_entry *entry, const struct frame *asker)
{
    struct frame frame = {
        .config = config,
        .entry = entry,
        .asker = asker,
        .depth = asker ? asker->depth + 1 : 0,
    };
    struct fl_buf out;

    if (entry->progress == FL_DONE)
        return FLOW_OK;
    if (!strstr(entry->text, "${")) {
        entry->progress = FL_DONE;
        return FLOW_OK;
    }
    fl_buf_init(&out, config->mem);
    entry->progress = FL_BUSY;
    int rc = expand(&frame, entry->text, strlen(entry->text), &out);
    if (!rc && !frame.failed) {
        config->expanded += out.size;
        entry->value = take_trimmed(&out);
        rc = entry->value ? FLOW_OK : FLOW_ENOMEM;
    }
    entry->progress = FL_DONE;
    fl_buf_free(&out);
    return rc;
}

int fl_substitute(flow_config *config)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < config->entries.count; i++) {
        struct fl_entry *entry = config->entries.entries[i].value;
        entry->progress = FL_FRESH;
        fl_free(config->mem, entry->value);
        entry->value = NULL;
    }
    for (size_t i = 0; i < config->entries.count && !rc; i++)
        rc = resolve(config, config->entries.entries[i].value, NULL);
    return rc;
}
