/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_MODEL_H
#define FL_CONFIG_MODEL_H

/*
 * The inside of a flow_config: keys in the order of their first appearance, each with its text,
 * its value after substitution and its place.  Both file formats end here; nothing behind this
 * header knows which one a key came from.
 */

#include <flow/config.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "config/report.h"

/* A point in a text; lines and columns count from 1, columns in characters. */
struct fl_place {
    uint32_t line;
    uint32_t column;
};

/* How far the substitution of a value has come. */
enum fl_progress { FL_FRESH, FL_BUSY, FL_DONE };

/* One key. */
struct fl_entry {
    char *key;
    char *text;       /* the value as it is written */
    char *value;      /* after substitution; NULL: the same as `text` */
    const char *file; /* lent by the configuration; "" when set by a call */
    struct fl_place key_at;
    struct fl_place value_at;
    uint32_t reading; /* which reading it comes from; 0: set by a call */
    enum fl_progress progress;
};

struct fl_index;

struct flow_config {
    flow_library *lib;
    const flow_allocator *mem;
    struct fl_map entries;       /* of struct fl_entry */
    struct fl_map defines;       /* of char * */
    struct fl_vec files;         /* of char *, in the order of reading */
    uint32_t readings;           /* so far */
    struct flow_report faults;   /* of the texts */
    struct flow_report resolved; /* of substitution */
    struct fl_index *index;      /* agents and their components; NULL when it has to be made anew */
    size_t expanded;             /* bytes that substitution has made so far */
};

/* A text that is being read. */
struct fl_reading {
    flow_config *config;
    const char *file; /* lent by the configuration */
    uint32_t number;
    int repeated_is_error; /* a key that the same text has already; else it is a warning */
};

/* A key and its value as a reader finds them. */
struct fl_pair {
    const char *key;
    const char *text;
    struct fl_place key_at;
    struct fl_place value_at;
};

/* Begins to read a text called NAME. */
int fl_reading_begin(flow_config *config, const char *name, struct fl_reading *reading);

/* Adds a key: blanks around key and value are cut, earlier readings replaced, calls are not. */
int fl_reading_put(struct fl_reading *reading, const struct fl_pair *pair);

/* What a reader finds wrong. */
struct fl_fault {
    int32_t severity;
    struct fl_place at;
    const char *message;
    const char *key;  /* or NULL */
    const char *hint; /* or NULL */
};

int fl_reading_fault(struct fl_reading *reading, const struct fl_fault *fault);

/* Substitutes everything and sorts keys into agents, unless that was done since the last change. */
int fl_config_settle(flow_config *config);

/* The value of ENTRY after fl_config_settle. */
const char *fl_entry_value(const struct fl_entry *entry);

/* Where ENTRY's value stands, for a finding; texts are lent. */
flow_diagnostic fl_entry_diagnostic(const struct fl_entry *entry, int32_t severity);

#endif
