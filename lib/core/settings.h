/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_SETTINGS_H
#define FL_CORE_SETTINGS_H

/*
 * The settings of one component: raw keys and values checked against its schema once, and from
 * then on typed.
 */

#include <flow/schema.h>

#include "base/mem.h"
#include "core/registry.h"

/* A key below a component, as it came. Texts are lent. */
struct fl_raw {
    const char *key;  /* below the component: "hdfs.rollInterval" */
    const char *full; /* whole: "a1.sinks.k1.hdfs.rollInterval" */
    const char *value;
    const char *file; /* "" when it was set by a call */
    uint32_t line;
    uint32_t column;       /* of the key */
    uint32_t value_line;   /* of the value; 0: the key's */
    uint32_t value_column; /* 0: unknown */
};

/* Gets each finding, in no order. Texts are lent for the call. */
struct fl_findings {
    void *self;
    void (*add)(void *self, int32_t severity, const struct fl_raw *where, const char *message,
                const char *hint);
};

struct fl_settings;

/*
 * Checks COUNT raw keys of a component of type TYPE against its schema: unknown keys (a warning,
 * with the nearest name), types, ranges, choices, required ones, trailing comments; likewise those
 * of nested components.  OWNER stands for the component itself where a key is missing.  Settings
 * are made as far as they can be; *FAULTS counts the errors.  Fails only without memory.
 */
int fl_settings_make(flow_registry *registry, const struct fl_type *type, const struct fl_raw *raw,
                     size_t count, const struct fl_raw *owner, const struct fl_findings *findings,
                     size_t *faults, struct fl_settings **settings);
void fl_settings_free(struct fl_settings *settings);

/* One typed value. */
struct fl_setting {
    const flow_property *property;
    const char *text; /* NULL: unset */
    char **words;     /* for FLOW_TYPE_WORDS and _PATHS, ends in NULL */
    int64_t number;   /* int, bool, index of the choice */
    int is_set;
    const char *full; /* where the value stands, or where it would */
    const char *file;
    uint32_t line;
    uint32_t column;
};

/* The setting of a property that the schema has, by its main name; NULL for another. */
const struct fl_setting *fl_settings_get(const struct fl_settings *settings, const char *name);

/* As fl_settings_get, and for a key below a prefix property where it stands, and no more. */
const struct fl_setting *fl_settings_place(const struct fl_settings *settings, const char *name);

/* The INDEXth key below a prefix property; 0 behind the last. */
int fl_settings_below(const struct fl_settings *settings, const char *prefix, size_t index,
                      const char **key, const char **value);

/* The type and settings of the nested component that property NAME names, or NULL. */
const struct fl_settings *fl_settings_child(const struct fl_settings *settings, const char *name,
                                            const struct fl_type **type);

/* Cuts a trailing " # comment" off TEXT: the size of what stays. */
size_t fl_comment_cut(const char *text, size_t size);

#endif
