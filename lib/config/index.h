/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_INDEX_H
#define FL_CONFIG_INDEX_H

/* The keys of a configuration sorted into agents, sections and components, as Flume routes them. */

#include "base/buf.h"
#include "config/model.h"
#include "core/settings.h"

enum fl_section_id {
    FL_SOURCES,
    FL_CHANNELS,
    FL_SINKS,
    FL_GROUPS,
    FL_FILTERS,
    FL_SECTIONS /* their number */
};

/* The keys below one name, whether or not a list has the name. */
struct fl_block {
    const char *name;  /* the map's */
    struct fl_vec raw; /* of struct fl_raw; keys are relative to the name */
};

/* Components by name, in the order of first appearance. */
struct fl_blocks {
    struct fl_map map; /* of struct fl_block */
};

struct fl_section {
    struct fl_raw list;  /* "a1.sources"; `full` is NULL when there is no such key */
    struct fl_vec names; /* of char *: the words of the list, each once */
    struct fl_blocks blocks;
};

struct fl_agent {
    char *name;
    struct fl_section sections[FL_SECTIONS];
};

struct fl_index {
    const flow_allocator *mem;
    struct fl_map agents;        /* of struct fl_agent */
    struct flow_report findings; /* keys that belong nowhere */
};

int fl_index_make(flow_config *config, struct fl_index **index);
void fl_index_free(struct fl_index *index);

/* The agent called NAME, or NULL. */
const struct fl_agent *fl_index_agent(const struct fl_index *index, const char *name);

/* The name of a section as it stands in keys: "sources". */
const char *fl_section_name(enum fl_section_id id);

void fl_blocks_init(struct fl_blocks *blocks, const flow_allocator *mem);
void fl_blocks_free(struct fl_blocks *blocks);

/*
 * Sorts RAW, whose key is "NAME.KEY", into the block NAME.  Returns 1 when it did, 0 when the key
 * is of another shape, or FLOW_ENOMEM.
 */
int fl_blocks_add(struct fl_blocks *blocks, const struct fl_raw *raw);
const struct fl_block *fl_blocks_get(const struct fl_blocks *blocks, const char *name);

/* ENTRY as a raw key that begins behind SKIP characters. */
struct fl_raw fl_entry_raw(const struct fl_entry *entry, size_t skip);

/* Where RAW's key stands, for a finding; texts are lent. */
flow_diagnostic fl_raw_diagnostic(const struct fl_raw *raw, int32_t severity);

#endif
