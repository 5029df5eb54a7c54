/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finding a character set by the name that Java has for it.  UTF-8, ISO-8859-1 and ASCII are our
 * own, fast and there even where iconv's tables are not installed; all others are iconv's, which
 * keeps its state in a descriptor and so is fit for a library.
 */

#include "base/charset_inner.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

static const struct {
    const char *java;
    const char *name; /* of iconv, or of one of those done here */
} names[] = {
    {"UTF8", "UTF-8"},
    {"UTF_8", "UTF-8"},
    {"unicode-1-1-utf-8", "UTF-8"},
    {"latin1", "ISO-8859-1"},
    {"l1", "ISO-8859-1"},
    {"ISO8859_1", "ISO-8859-1"},
    {"ISO8859-1", "ISO-8859-1"},
    {"ISO_8859-1", "ISO-8859-1"},
    {"ISO_8859_1", "ISO-8859-1"},
    {"8859_1", "ISO-8859-1"},
    {"IBM819", "ISO-8859-1"},
    {"cp819", "ISO-8859-1"},
    {"ASCII", "US-ASCII"},
    {"ISO646-US", "US-ASCII"},
    {"ANSI_X3.4-1968", "US-ASCII"},
    {"UTF16", "UTF-16"},
    {"UTF_16", "UTF-16"},
    {"unicode", "UTF-16"},
    {"UnicodeBig", "UTF-16"},
    {"UnicodeBigUnmarked", "UTF-16BE"},
    {"UnicodeLittleUnmarked", "UTF-16LE"},
    {"X-UTF-16BE", "UTF-16BE"},
    {"X-UTF-16LE", "UTF-16LE"},
    {"UTF_16BE", "UTF-16BE"},
    {"UTF_16LE", "UTF-16LE"},
    {"UTF32", "UTF-32"},
    {"UTF_32", "UTF-32"},
    {"UTF_32BE", "UTF-32BE"},
    {"UTF_32LE", "UTF-32LE"},
    {"x-windows-949", "CP949"},
    {"MS949", "CP949"},
    {"x-windows-950", "CP950"},
    {"MS950", "CP950"},
    {"x-mswin-936", "GBK"},
    {"x-windows-31j", "WINDOWS-31J"},
    {"IBM01140", "IBM1140"},
    {"x-MacRoman", "MACINTOSH"},
    {"MacRoman", "MACINTOSH"},
    {"x-Johab", "JOHAB"},
    {"Big5-HKSCS", "BIG5-HKSCS"},
};

static const char *canonical(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (fl_equal_ignore_case(names[i].java, name))
            return names[i].name;
    }
    return name;
}

/* Opens one direction; FLOW_ENOENT when iconv does not know the set. */
static int descriptor_open(iconv_t *cd, const char *to, const char *from)
{
    *cd = iconv_open(to, from);
    if (*cd != FL_NO_ICONV)
        return FLOW_OK;
    return errno == ENOMEM ? FLOW_ENOMEM : FLOW_ENOENT;
}

static void descriptor_close(iconv_t *cd)
{
    if (*cd != FL_NO_ICONV) {
        iconv_close(*cd);
        *cd = FL_NO_ICONV;
    }
}

/* Opens both directions of the set that iconv calls NAME. */
static int open_pair(struct fl_charset *cs, const char *name)
{
    int rc = descriptor_open(&cs->decoder, "UTF-8", name);

    if (rc == FLOW_OK)
        rc = descriptor_open(&cs->encoder, name, "UTF-8");
    if (rc != FLOW_OK)
        descriptor_close(&cs->decoder);
    return rc;
}

/* Tries NAME as it is, then as Java's and iconv's habits differ: '_' for '-', "x-", "x-IBM". */
static int open_by_habit(struct fl_charset *cs, const char *name)
{
    char other[FL_CHARSET_NAME_MAX + 1];
    int rc = open_pair(cs, name);

    strcpy(other, name); /* no longer than FL_CHARSET_NAME_MAX, see fl_charset_open */
    if (rc != FLOW_ENOENT)
        return rc;
    for (char *p = other; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p;
    rc = open_pair(cs, other);
    int marked = fl_lower(other[0]) == 'x' && other[1] == '-';
    if (rc == FLOW_ENOENT && marked)
        rc = open_pair(cs, other + 2);
    if (rc == FLOW_ENOENT && marked && strncmp(other + 2, "IBM", 3) == 0) {
        memcpy(other + 3, "CP", 2);
        rc = open_pair(cs, other + 3);
    }
    return rc;
}

/* The sets with units of more than a byte, which Java and iconv understand differently. */
static const struct wide {
    const char *name;
    uint8_t unit;
    uint8_t sniffs;
    uint8_t little;
} wides[] = {
    {"UTF-16", 2, 1, 0}, {"UTF-16BE", 2, 0, 0}, {"UTF-16LE", 2, 0, 1},
    {"UTF-32", 4, 1, 0}, {"UTF-32BE", 4, 0, 0}, {"UTF-32LE", 4, 0, 1},
};

int fl_charset_settle(struct fl_charset *cs, int little)
{
    descriptor_close(&cs->decoder);
    cs->little = little;
    return descriptor_open(&cs->decoder, "UTF-8",
                           cs->unit == 4 ? little ? "UTF-32LE" : "UTF-32BE"
                           : little      ? "UTF-16LE"
                                         : "UTF-16BE");
}

static int open_wide(struct fl_charset *cs, const struct wide *wide)
{
    cs->unit = wide->unit;
    cs->sniffs = wide->sniffs;
    cs->little = wide->little;
    if (!cs->sniffs)
        return open_pair(cs, wide->name);
    return descriptor_open(&cs->encoder, cs->unit == 4 ? "UTF-32BE" : "UTF-16BE", "UTF-8");
}

static int open_kind(struct fl_charset *cs, const char *name)
{
    static const char *const own[] = {"UTF-8", "ISO-8859-1", "US-ASCII"};

    for (int i = 0; i < FL_CHARSET_ICONV; i++) {
        if (fl_equal_ignore_case(name, own[i])) {
            cs->kind = (enum fl_charset_kind)i;
            return FLOW_OK;
        }
    }
    cs->kind = FL_CHARSET_ICONV;
    for (size_t i = 0; i < sizeof wides / sizeof *wides; i++) {
        if (fl_equal_ignore_case(name, wides[i].name))
            return open_wide(cs, &wides[i]);
    }
    return open_by_habit(cs, name);
}

/* Keeps iconv's own switches ("//TRANSLIT") and overlong names out. */
static int is_plain_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.:+";
    size_t size = strlen(name);

    return size > 0 && size <= FL_CHARSET_NAME_MAX && strspn(name, allowed) == size;
}

int fl_charset_open(const flow_allocator *mem, const char *name, int policy,
                    struct fl_charset **out, flow_error **err)
{
    *out = NULL;
    if (!is_plain_name(name))
        return flow_error_setf(err, FLOW_ENOENT, "there is no character set '%.64s'", name);
    struct fl_charset *cs = fl_zalloc(mem, sizeof *cs);
    if (!cs)
        return fl_error_nomem(err);
    cs->mem = mem;
    cs->policy = policy;
    cs->unit = 1;
    cs->decoder = FL_NO_ICONV;
    cs->encoder = FL_NO_ICONV;
    strcpy(cs->name, name);
    int rc = open_kind(cs, canonical(name));
    if (rc == FLOW_OK) {
        *out = cs;
        return FLOW_OK;
    }
    fl_charset_free(cs);
    return rc == FLOW_ENOMEM
               ? fl_error_nomem(err)
               : flow_error_setf(err, rc, "there is no character set '%s' on this system", name);
}

void fl_charset_free(struct fl_charset *cs)
{
    if (!cs)
        return;
    descriptor_close(&cs->decoder);
    descriptor_close(&cs->encoder);
    fl_free(cs->mem, cs);
}
