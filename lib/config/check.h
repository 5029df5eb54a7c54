/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_CHECK_H
#define FL_CONFIG_CHECK_H

/*
 * The check of one agent, which makes its plan on the way: what is sound goes into the plan, what
 * is not into the report.
 */

#include "base/buf.h"
#include "config/filter.h"
#include "config/index.h"
#include "config/plan.h"

/* How an agent is looked at. */
enum fl_scope {
    FL_OTHER,   /* nobody asked: all is a warning, no command is run */
    FL_ASKED,   /* it is going to be built, which shows the rest */
    FL_THOROUGH /* every component is made on trial */
};

struct fl_check {
    flow_config *config;
    const flow_allocator *mem;
    flow_registry *registry;
    const struct fl_agent *agent;
    struct flow_report *report;
    struct fl_plan *plan;
    enum fl_scope scope;
    int nomem;           /* a finding was lost */
    struct fl_buf label; /* of the component at hand: "source r1" */
    struct fl_filters filters;
    struct fl_map places[FL_SECTIONS]; /* listed name -> its place in the plan, see below */
    struct fl_map used;                /* names of channels that something is connected to */
    struct fl_map claims;              /* sink -> const char *: the first group that has it */
};

/* Checks AGENT into PLAN.  Fails only without memory. */
int fl_check_agent(flow_config *config, const struct fl_agent *agent, enum fl_scope scope,
                   struct flow_report *report, struct fl_plan *plan);

/* Says which component the findings that follow belong to; NAME NULL: none. */
int fl_check_label(struct fl_check *check, const char *kind, const char *name);

/* Adds a finding about the key (`fl_check_key`) or value (`fl_check_value`) WHERE. */
void fl_check_key(struct fl_check *check, int32_t severity, const struct fl_raw *where,
                  const char *hint, const char *format, ...) FLOW_PRINTF(5, 6);
void fl_check_value(struct fl_check *check, int32_t severity, const struct fl_raw *where,
                    const char *hint, const char *format, ...) FLOW_PRINTF(5, 6);

/* The findings of settings, on their way to the report. */
struct fl_findings fl_check_findings(struct fl_check *check);

/*
 * Where a listed component of SECTION ended: its index in the plan, FL_BROKEN when its own faults
 * keep it out, FL_UNLISTED when no list has it.
 */
#define FL_BROKEN (SIZE_MAX - 1)
#define FL_UNLISTED SIZE_MAX
size_t fl_place_get(const struct fl_check *check, enum fl_section_id section, const char *name);
int fl_place_set(struct fl_check *check, enum fl_section_id section, const char *name,
                 size_t place);

/* A component as it is being checked. */
struct fl_component {
    const char *name;
    const struct fl_block *block; /* NULL: listed, but without a single key */
    char *full;                   /* "a1.sources.r1" */
    struct fl_raw owner;          /* stands for the component where a key is missing */
    struct fl_settings *common;   /* what every component of its kind has; may be NULL */
    struct fl_vec keys;           /* of struct fl_raw: filtered, as they came */
    struct fl_part part;          /* settings are NULL while it is broken */
    int is_muted;                 /* a filter failed: its values are not looked at */
};

/* Collects the keys of the component NAME of SECTION and checks those every such component has. */
int fl_component_begin(struct fl_check *check, enum fl_section_id section, const char *name,
                       const flow_schema *common, struct fl_component *component);

/* Makes the owner: the component that the keys of its block belong to. */
int fl_component_own(struct fl_check *check, struct fl_component *component);

/* Checks, of the keys that are there, those of SCHEMA. */
int fl_component_common(struct fl_check *check, const flow_schema *schema,
                        struct fl_component *component);
void fl_component_end(struct fl_check *check, struct fl_component *component);

/* The words of the common property NAME, ended by NULL. */
char *const *fl_component_words(const struct fl_component *component, const char *name);

/* The key NAME below the component, or the component itself where there is none. */
const struct fl_raw *fl_component_where(const struct fl_component *component, const char *name);

/*
 * Looks up the type and checks the settings that are its own.  The part's settings stay NULL when
 * anything is wrong.
 */
int fl_component_finish(struct fl_check *check, uint32_t kind, const flow_schema *common,
                        struct fl_component *component);

/* The type that the value of WHERE names; NULL, with a finding, when there is none. */
int fl_type_find(struct fl_check *check, uint32_t kind, const struct fl_raw *where,
                 const struct fl_type **type);

/* Checks KEYS, of struct fl_raw; PART's settings stay NULL when anything is wrong. */
int fl_part_make(struct fl_check *check, const struct fl_type *type, const struct fl_vec *keys,
                 const struct fl_raw *owner, struct fl_part *part);
void fl_part_free(const flow_allocator *mem, struct fl_part *part);

/* The property of SCHEMA with this name, or NULL. */
const flow_property *fl_schema_find(const flow_schema *schema, const char *name);

/* The steps, in this order. */
int fl_check_channels(struct fl_check *check);
int fl_check_sources(struct fl_check *check);
int fl_check_groups(struct fl_check *check, struct fl_vec *groups);
int fl_check_sinks(struct fl_check *check);
int fl_check_members(struct fl_check *check, const struct fl_vec *groups);
int fl_check_batches(struct fl_check *check);
int fl_check_trials(struct fl_check *check); /* only when is_thorough */

/* The channel called NAME by a source or sink, marked as used; its place as above. */
int fl_check_channel_name(struct fl_check *check, const struct fl_component *user,
                          const char *property, const char *name, size_t *place);

/* Says that NAME, which WHERE refers to, is not in the list of SECTION. */
int fl_check_reference(struct fl_check *check, enum fl_section_id section,
                       const struct fl_raw *where, const char *name);

void fl_plan_source_free(const flow_allocator *mem, struct fl_plan_source *source);

#endif
