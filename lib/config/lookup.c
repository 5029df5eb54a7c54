/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What `${prefix:name}` can look up: the environment, the definitions of flow_config_define (in
 * place of Java's system properties), and the date.
 */

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
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

/* What is wrong with the date format at FAULT. */
static int explain(const char *fault, struct fl_buf *out)
{
    const char letter[] = {*fault, '\0'};
    size_t size = strspn(fault, letter);

    fl_buf_clear(out);
    if (*fault == '\'')
        return fl_buf_text(out, "a quoted text in the date format has no end");
    return fl_buf_printf(out, "'%.*s' is no field of a date", size < 20 ? (int)size : 20, fault);
}

/* The time now, in the zone of this machine. */
static enum fl_found lookup_date(const flow_config *config, const char *format, struct fl_buf *out,
                                 int *rc)
{
    struct fl_zone *zone;
    const char *fault;

    *rc = fl_zone_load(config->mem, NULL, &zone);
    if (*rc)
        return FL_UNSET;
    *rc = fl_date_write(zone, fl_clock_wall(config->lib->clock), format, out, &fault);
    fl_zone_free(zone);
    if (*rc != FLOW_EPARSE)
        return FL_FOUND;
    *rc = explain(fault, out);
    return FL_WRONG;
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
