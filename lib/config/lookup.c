/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What `${prefix:name}` can look up: the environment, the definitions of flow_config_define (in
 * place of Java's system properties), and the date.
 */

#include <stdlib.h>
#include <string.h>

#include "base/zone.h"
#include "config/substitute.h"
#include "core/library.h"

static enum fl_found add_text(const char *text, struct fl_buf *out, int *rc)
{
    if (!text)
        return FL_UNSET;
    *rc = fl_buf_text(out, text);
    return FL_FOUND;
}

/* The part of NAME behind PREFIX, or NULL. */
static const char *behind(const char *name, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(name, prefix, size) == 0 ? name + size : NULL;
}

/* Adds the field that COUNT letters C of a SimpleDateFormat pattern stand for; 0: none of ours. */
static int add_field(const struct fl_civil *now, int ms, char c, int count, struct fl_buf *out)
{
    switch (c) {
    case 'y': return fl_buf_printf(out, "%0*d", count, count == 2 ? now->year % 100 : now->year);
    case 'M': return count > 2 ? FLOW_EPARSE : fl_buf_printf(out, "%0*d", count, now->month);
    case 'd': return fl_buf_printf(out, "%0*d", count, now->day);
    case 'D': return fl_buf_printf(out, "%0*d", count, now->yearday);
    case 'H': return fl_buf_printf(out, "%0*d", count, now->hour);
    case 'm': return fl_buf_printf(out, "%0*d", count, now->minute);
    case 's': return fl_buf_printf(out, "%0*d", count, now->second);
    case 'S': return fl_buf_printf(out, "%0*d", count, ms);
    default: return FLOW_EPARSE;
    }
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Adds the quoted text at FORMAT, which begins with its quote, and returns its size; in it and on
 * its own, "''" is one quote. */
static size_t add_quoted(const char *format, struct fl_buf *out, int *rc)
{
    size_t at = 1;

    if (format[1] == '\'') {
        *rc = fl_buf_byte(out, '\'');
        return 2;
    }
    while (format[at] && !*rc) {
        if (format[at] == '\'' && format[++at] != '\'')
            break;
        *rc = fl_buf_byte(out, (uint8_t)format[at++]);
    }
    return at;
}

/* Numeric fields only: names of months depend on a locale, which the library does not have. */
static int add_date(const struct fl_civil *now, int ms, const char *format, struct fl_buf *out)
{
    int rc = FLOW_OK;

    while (*format && !rc) {
        if (*format == '\'') {
            format += add_quoted(format, out, &rc);
        } else if (is_letter(*format)) {
            int count = 1;
            while (format[count] == *format && count < 9)
                count++;
            rc = add_field(now, ms, *format, count, out);
            format += count;
        } else {
            rc = fl_buf_byte(out, (uint8_t)*format++);
        }
    }
    return rc;
}

static enum fl_found lookup_date(const flow_config *config, const char *format, struct fl_buf *out,
                                 int *rc)
{
    struct fl_zone *zone;
    struct fl_civil now;
    int64_t ms = fl_clock_wall(config->lib->clock);

    *rc = fl_zone_load(config->mem, NULL, &zone);
    if (*rc)
        return FL_UNSET;
    fl_zone_civil(zone, ms / 1000, &now);
    fl_zone_free(zone);
    *rc = add_date(&now, (int)(ms % 1000), format, out);
    if (*rc == FLOW_EPARSE) {
        *rc = FLOW_OK;
        return FL_UNSET;
    }
    return FL_FOUND;
}

enum fl_found fl_lookup(const flow_config *config, const char *name, struct fl_buf *out, int *rc)
{
    const char *rest;

    if ((rest = behind(name, "env:")))
        return add_text(getenv(rest), out, rc);
    if ((rest = behind(name, "sys:")))
        return add_text(fl_map_get(&config->defines, rest), out, rc);
    if ((rest = behind(name, "date:")))
        return lookup_date(config, rest, out, rc);
    return behind(name, "java:") ? FL_UNSET : FL_NO_LOOKUP;
}
