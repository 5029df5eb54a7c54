/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hadoop's configuration files.  They are XML, but of one shape only:
 *
 *     <configuration> <property> <name>N</name> <value>V</value> </property> ...
 *
 * so this reads elements without knowing more of XML than comments, character references and the
 * five named entities.  A property marked final cannot be replaced by a later file.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"
#include "sinks/hdfs/resolve.h"

#define FILE_LIMIT ((size_t)16 << 20)
#define SUBSTITUTIONS 20 /* of "${...}" in one value, as Hadoop has it */

struct text {
    const char *at;
    const char *end;
};

/* Moves behind MARK; 0 when it does not come any more. */
static int skip_to(struct text *text, const char *mark)
{
    const char *found = memmem(text->at, (size_t)(text->end - text->at), mark, strlen(mark));

    if (found)
        text->at = found + strlen(mark);
    return found != NULL;
}

/* Finds the content of the next element NAME before the end of TEXT. */
static int element(struct text *text, const char *name, struct text *content)
{
    char open[32], close[32];
    size_t size = strlen(name);

    memcpy(open, "<", 1);
    memcpy(open + 1, name, size);
    memcpy(open + 1 + size, ">", 2);
    memcpy(close, "</", 2);
    memcpy(close + 2, name, size);
    memcpy(close + 2 + size, ">", 2);
    if (!skip_to(text, open))
        return 0;
    content->at = text->at;
    if (!skip_to(text, close))
        return 0;
    content->end = text->at - strlen(close);
    return 1;
}

/* Adds TEXT without its comments to OUT. */
static int strip_comments(struct text text, struct fl_buf *out)
{
    int rc = FLOW_OK;

    while (!rc && text.at < text.end) {
        const char *from = text.at;
        int found = skip_to(&text, "<!--");
        const char *to = found ? text.at - 4 : text.end;
        rc = fl_buf_append(out, from, (size_t)(to - from));
        if (!found || !skip_to(&text, "-->"))
            text.at = text.end;
    }
    return rc;
}

/* The character that "&NAME;" stands for, 0 for none. */
static uint32_t entity(const char *name, size_t size)
{
    static const char *const names[] = {"lt", "gt", "amp", "quot", "apos"};
    int64_t value = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (size == strlen(names[i]) && !memcmp(name, names[i], size))
            return (uint32_t) "<>&\"'"[i];
    if (size > 1 && name[0] == '#' && !fl_parse_int(name + 1, size - 1, &value) && value > 0 &&
        value < 0x110000)
        return (uint32_t)value;
    return 0;
}

/* Adds TEXT, trimmed, with its entities replaced to OUT. */
static int unescape(struct text text, struct fl_buf *out)
{
    int rc = FLOW_OK;

    while (text.at < text.end && fl_is_space(*text.at))
        text.at++;
    while (text.at < text.end && fl_is_space(text.end[-1]))
        text.end--;
    while (!rc && text.at < text.end) {
        const char *semicolon =
            *text.at == '&' ? memchr(text.at, ';', (size_t)(text.end - text.at)) : NULL;
        uint32_t c = semicolon ? entity(text.at + 1, (size_t)(semicolon - text.at - 1)) : 0;
        rc = c ? fl_utf8_append(out, c) : fl_buf_byte(out, (uint8_t)*text.at);
        text.at = c ? semicolon + 1 : text.at + 1;
    }
    return rc;
}

static char *content_of(const struct fl_hdfs_site *site, struct text text)
{
    struct fl_buf out;

    fl_buf_init(&out, site->mem);
    char *content = unescape(text, &out) ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return content;
}

/* Takes NAME and VALUE. */
static int put(struct fl_hdfs_site *site, char *name, char *value)
{
    int rc = name && value ? FLOW_OK : FLOW_ENOMEM;

    if (!rc && !fl_map_get(&site->finals, name)) {
        char *old = fl_map_get(&site->values, name);
        rc = fl_map_put(&site->values, name, value);
        if (!rc) {
            fl_free(site->mem, old);
            value = NULL;
        }
    }
    fl_free(site->mem, name);
    fl_free(site->mem, value);
    return rc;
}

static int add_property(struct fl_hdfs_site *site, struct text property)
{
    struct text rest = property, name, value, final;

    if (!element(&rest, "name", &name))
        return FLOW_OK;
    rest = property;
    if (!element(&rest, "value", &value))
        return FLOW_OK;
    char *key = content_of(site, name);
    char *copy = fl_strdup(site->mem, key);
    int rc = put(site, key, content_of(site, value));
    rest = property;
    if (!rc && copy && element(&rest, "final", &final) && final.end - final.at == 4 &&
        !memcmp(final.at, "true", 4))
        rc = fl_map_put(&site->finals, copy, site);
    fl_free(site->mem, copy);
    return rc;
}

int fl_hdfs_site_parse(struct fl_hdfs_site *site, const char *name, const char *text, size_t size,
                       flow_error **err)
{
    struct text all = {text, text + size}, property;
    struct fl_buf plain;
    int rc;

    fl_buf_init(&plain, site->mem);
    rc = strip_comments(all, &plain);
    all.at = (const char *)plain.data;
    all.end = all.at + plain.size;
    struct text rest = all;
    if (!rc && !(plain.size && skip_to(&rest, "<configuration")))
        rc = flow_error_setf(err, FLOW_EPARSE, "%s: has no <configuration>", name);
    while (!rc && element(&all, "property", &property))
        rc = add_property(site, property) ? fl_error_nomem(err) : FLOW_OK;
    fl_buf_free(&plain);
    return rc;
}

static int load_file(struct fl_hdfs_site *site, const char *folder, const char *name,
                     const struct fl_io *io, flow_error **err)
{
    struct fl_buf path, text;
    flow_error *why = NULL;

    fl_buf_init(&path, site->mem);
    fl_buf_init(&text, site->mem);
    int rc = fl_buf_printf(&path, "%s/%s", folder, name);
    const char *whole = rc ? NULL : fl_buf_cstr(&path);
    if (!whole)
        rc = fl_error_nomem(err);
    else
        rc = fl_file_load(io, whole, FILE_LIMIT, &text, &why);
    if (rc == FLOW_ENOENT) {
        flow_error_free(why);
        rc = FLOW_OK;
    } else if (!rc) {
        rc = fl_hdfs_site_parse(site, whole, (const char *)text.data, text.size, err);
    } else {
        fl_error_pass(err, why);
    }
    fl_buf_free(&path);
    fl_buf_free(&text);
    return rc;
}

int fl_hdfs_site_load(struct fl_hdfs_site *site, const flow_allocator *mem, const char *folder,
                      const struct fl_io *io, flow_error **err)
{
    site->mem = mem;
    fl_map_init(&site->values, mem);
    fl_map_init(&site->finals, mem);
    if (!folder)
        return FLOW_OK;
    int rc = load_file(site, folder, "core-site.xml", io, err);
    if (!rc)
        rc = load_file(site, folder, "hdfs-site.xml", io, err);
    if (rc)
        fl_hdfs_site_free(site);
    return rc;
}

void fl_hdfs_site_free(struct fl_hdfs_site *site)
{
    for (size_t i = 0; i < site->values.count; i++)
        fl_free(site->mem, site->values.entries[i].value);
    fl_map_free(&site->values);
    fl_map_free(&site->finals);
}

/* Adds VALUE to OUT with up to *LEFT properties that it names replaced, those within them too. */
static int substitute(const struct fl_hdfs_site *site, const char *value, int *left,
                      struct fl_buf *out)
{
    int rc = FLOW_OK;

    while (*value && !rc) {
        const char *end = value[0] == '$' && value[1] == '{' ? strchr(value, '}') : NULL;
        const char *inner = NULL;
        if (end && *left > 0)
            inner = fl_map_get_sized(&site->values, value + 2, (size_t)(end - value - 2));
        if (inner)
            --*left;
        rc = inner ? substitute(site, inner, left, out) : fl_buf_byte(out, (uint8_t)*value);
        value = inner ? end + 1 : value + 1;
    }
    return rc;
}

int fl_hdfs_site_get(const struct fl_hdfs_site *site, const char *name, char **value)
{
    const char *raw = fl_map_get(&site->values, name);
    int left = SUBSTITUTIONS;
    struct fl_buf out;

    *value = NULL;
    if (!raw)
        return FLOW_OK;
    fl_buf_init(&out, site->mem);
    if (!substitute(site, raw, &left, &out))
        *value = fl_buf_detach(&out);
    fl_buf_free(&out);
    return *value ? FLOW_OK : FLOW_ENOMEM;
}
