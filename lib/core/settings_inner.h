/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_SETTINGS_INNER_H
#define FL_CORE_SETTINGS_INNER_H

/* The inside of settings, shared by what makes them and what reads them. */

#include "base/map.h"
#include "base/vec.h"
#include "core/settings.h"
#include "core/value.h"

/* A property with its value. */
struct fl_entry {
    struct fl_setting setting;
    struct fl_value value;
    char *full;
    char *file;
    struct fl_settings *child; /* of a component */
    const struct fl_raw *raw;  /* what sets it, while settings are made */
};

/* A key below a prefix property. */
struct fl_below {
    const flow_property *prefix;
    char *key;
    char *value;
    char *full;
    char *file;
    struct fl_setting setting; /* where it stands */
};

void fl_below_free(const flow_allocator *mem, struct fl_below *below);

struct fl_settings {
    const flow_allocator *mem;
    struct fl_entry *entries; /* `count`, as the schema has them */
    size_t count;
    struct fl_map names; /* main names to struct fl_entry * */
    struct fl_vec below; /* of struct fl_below */
};

#endif
