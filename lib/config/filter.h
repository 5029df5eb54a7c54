/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_FILTER_H
#define FL_CONFIG_FILTER_H

/*
 * Config filters: `${FILTER['key']}` in the value of a component's setting stands for what the
 * filter knows under that key, usually a secret.
 */

#include "base/map.h"
#include "base/vec.h"
#include "core/settings.h"

struct fl_check;

extern const struct fl_filter_ops fl_env_filter;
extern const struct fl_filter_ops fl_external_filter;

struct fl_filters {
    struct fl_map map;    /* of struct fl_filter, those of the agent's list */
    struct fl_map values; /* "filter key" -> char *: asked for once */
    struct fl_vec texts;  /* of char *: values with the references replaced */
    int is_ready;         /* before, values are taken as they are */
};

void fl_filters_init(struct fl_check *check);

/* Checks the agent's filters. */
int fl_filters_make(struct fl_check *check);
void fl_filters_free(struct fl_check *check);

/* Replaces the references in RAW's value; *MUTED is set when one of them has no value. */
int fl_filters_apply(struct fl_check *check, struct fl_raw *raw, int *muted);

#endif
