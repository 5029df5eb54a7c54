/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_VALUE_H
#define FL_CORE_VALUE_H

/* Reads the text of one property into the value of its type. */

#include "core/settings.h"

/* Where findings go and what they are about. */
struct fl_site {
    flow_registry *registry; /* to look component types up; NULL: they are not checked */
    const flow_allocator *mem;
    const struct fl_findings *findings; /* NULL: nobody wants to know */
    const struct fl_raw *where;
};

/* WHERE with the place of its value in place of its key's, if that is known. */
struct fl_raw fl_raw_at_value(const struct fl_raw *where);

/* A value as read; everything is owned. */
struct fl_value {
    char *text;
    char **words; /* one block of memory, texts included */
    int64_t number;
    const struct fl_type *type; /* of a component, lent */
};

/*
 * Reads TEXT.  FLOW_ECONFIG when it is no value of that type, which was reported: as an error, or
 * as a warning when the property is lenient.  FLOW_ENOMEM.
 */
int fl_value_read(const struct fl_site *site, const flow_property *property, const char *text,
                  struct fl_value *value);
void fl_value_free(const flow_allocator *mem, struct fl_value *value);

/* Reports; FLOW_ENOMEM when the message cannot be made. */
int fl_site_report(const struct fl_site *site, int32_t severity, const char *hint,
                   const char *format, ...) FLOW_PRINTF(4, 5);

#endif
