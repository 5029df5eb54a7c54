/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_SUBSTITUTE_H
#define FL_CONFIG_SUBSTITUTE_H

/*
 * `${...}` in values.  What nothing is found for stays as it stands, as in Flume, but is reported
 * where it cannot have been meant.
 */

#include "base/buf.h"
#include "config/model.h"

/* Makes the values of all entries; faults go to the configuration.  Fails only without memory. */
int fl_substitute(flow_config *config);

/* What a lookup came to. */
enum fl_found {
    FL_FOUND,
    FL_UNSET,     /* a lookup of this name exists, but has no such value */
    FL_WRONG,     /* what follows its prefix is none of its names */
    FL_NO_LOOKUP, /* the text is none */
};

/*
 * Looks NAME up ("env:HOME", "sys:x", "date:yyyy") and stores what it stands for in OUT, or, with
 * FL_WRONG, what is wrong with it.  *RC is FLOW_ENOMEM without memory.
 */
enum fl_found fl_lookup(const flow_config *config, const char *name, struct fl_buf *out, int *rc);

/* The size of the variable at TEXT, which begins with "${", up to its '}'; 0 when it has none. */
size_t fl_variable_size(const char *text);

/* Whether the SIZE bytes at NAME read like "filter['key']"; then stores where the key stands. */
int fl_filter_reference(const char *name, size_t size, size_t *filter_size, const char **key,
                        size_t *key_size);

#endif
