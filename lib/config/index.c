/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routing of keys: AGENT.SECTION is a list of names, AGENT.SECTION.NAME.KEY a setting of a
 * component, and anything else a mistake that is reported and otherwise ignored.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "config/index.h"
#include "core/names.h"

static const char *const section_names[FL_SECTIONS] = {
    [FL_SOURCES] = "sources",   [FL_CHANNELS] = "channels",     [FL_SINKS] = "sinks",
    [FL_GROUPS] = "sinkgroups", [FL_FILTERS] = "configfilters",
};

const char *fl_section_name(enum fl_section_id id)
{
    return section_names[id];
}

struct fl_raw fl_entry_raw(const struct fl_entry *entry, size_t skip)
{
    return (struct fl_raw){
        .key = entry->key + skip,
        .full = entry->key,
        .value = fl_entry_value(entry),
        .file = entry->file,
        .line = entry->key_at.line,
        .column = entry->key_at.column,
        .value_line = entry->value_at.line,
        .value_column = entry->value_at.column,
    };
}

flow_diagnostic fl_raw_diagnostic(const struct fl_raw *raw, int32_t severity)
{
    return (flow_diagnostic){
        .severity = severity,
        .line = raw->line,
        .column = raw->column,
        .file = raw->file,
        .key = raw->full,
    };
}

void fl_blocks_init(struct fl_blocks *blocks, const flow_allocator *mem)
{
    fl_map_init(&blocks->map, mem);
}

void fl_blocks_free(struct fl_blocks *blocks)
{
    for (size_t i = 0; i < blocks->map.count; i++) {
        struct fl_block *block = blocks->map.entries[i].value;
        fl_vec_free(&block->raw);
        fl_free(blocks->map.mem, block);
    }
    fl_map_free(&blocks->map);
}

const struct fl_block *fl_blocks_get(const struct fl_blocks *blocks, const char *name)
{
    return fl_map_get(&blocks->map, name);
}

/* The block called by the first SIZE bytes of KEY, made when it is not there: whether or not a list
 * has the name, so that whoever forgot to list a component can be told. */
static struct fl_block *block_of(struct fl_blocks *blocks, const char *key, size_t size)
{
    const flow_allocator *mem = blocks->map.mem;
    struct fl_block *block = fl_map_get_sized(&blocks->map, key, size);

    if (block)
        return block;
    char *name = fl_strndup(mem, key, size);
    block = fl_zalloc(mem, sizeof *block);
    if (!name || !block || fl_map_put(&blocks->map, name, block)) {
        fl_free(mem, name);
        fl_free(mem, block);
        return NULL;
    }
    fl_free(mem, name);
    fl_vec_init(&block->raw, mem, sizeof(struct fl_raw));
    block->name = blocks->map.entries[blocks->map.count - 1].key;
    return block;
}

int fl_blocks_add(struct fl_blocks *blocks, const struct fl_raw *raw)
{
    const char *dot = strchr(raw->key, '.');
    struct fl_raw inner = *raw;

    if (!dot || dot == raw->key || !dot[1])
        return 0;
    struct fl_block *block = block_of(blocks, raw->key, (size_t)(dot - raw->key));
    inner.key = dot + 1;
    return block && fl_vec_push(&block->raw, &inner) ? 1 : FLOW_ENOMEM;
}

/* The agent called by the first SIZE bytes of KEY.  Only keys of a section make an agent, so that a
 * stray "log.level" does not. */
static struct fl_agent *agent_of(struct fl_index *index, const char *key, size_t size)
{
    struct fl_agent *agent = fl_map_get_sized(&index->agents, key, size);

    if (agent)
        return agent;
    char *name = fl_strndup(index->mem, key, size);
    agent = fl_zalloc(index->mem, sizeof *agent);
    if (!name || !agent || fl_map_put(&index->agents, name, agent)) {
        fl_free(index->mem, name);
        fl_free(index->mem, agent);
        return NULL;
    }
    agent->name = name;
    for (size_t i = 0; i < FL_SECTIONS; i++) {
        fl_vec_init(&agent->sections[i].names, index->mem, sizeof(char *));
        fl_blocks_init(&agent->sections[i].blocks, index->mem);
    }
    return agent;
}

static void free_section(struct fl_index *index, struct fl_section *section)
{
    for (size_t i = 0; i < section->names.count; i++)
        fl_free(index->mem, *(char **)fl_vec_at(&section->names, i));
    fl_vec_free(&section->names);
    fl_blocks_free(&section->blocks);
}

void fl_index_free(struct fl_index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->agents.count; i++) {
        struct fl_agent *agent = index->agents.entries[i].value;
        for (size_t s = 0; s < FL_SECTIONS; s++)
            free_section(index, &agent->sections[s]);
        fl_free(index->mem, agent->name);
        fl_free(index->mem, agent);
    }
    fl_map_free(&index->agents);
    fl_report_clear(&index->findings);
    fl_free(index->mem, index);
}

const struct fl_agent *fl_index_agent(const struct fl_index *index, const char *name)
{
    return fl_map_get(&index->agents, name);
}

/* What Flume ignores with a line in its log is a warning here: the file runs there and is to run
 * here. */
static int ignore(struct fl_index *index, const struct fl_entry *entry, const char *message,
                  const char *hint)
{
    struct fl_raw raw = fl_entry_raw(entry, 0);
    flow_diagnostic found = fl_raw_diagnostic(&raw, FLOW_SEVERITY_WARNING);

    found.message = message;
    found.hint = hint;
    return fl_report_add(&index->findings, &found);
}

/* Says that a key does not begin with a section, and which one it may mean. */
static int ignore_section(struct fl_index *index, const struct fl_entry *entry, const char *section,
                          size_t size)
{
    struct fl_raw raw = fl_entry_raw(entry, 0);
    flow_diagnostic found = fl_raw_diagnostic(&raw, FLOW_SEVERITY_WARNING);
    struct fl_nearest nearest;
    char *hint = NULL;
    char *word = fl_strndup(index->mem, section, size);

    if (!word)
        return FLOW_ENOMEM;
    fl_nearest_init(&nearest, word);
    for (size_t s = 0; s < FL_SECTIONS; s++)
        fl_nearest_offer(&nearest, section_names[s]);
    int rc = fl_nearest_hint(&nearest, index->mem, &hint);
    found.hint = hint;
    if (!rc)
        rc = fl_report_addf(&index->findings, &found,
                            "'%s' is no section of an agent, so the key has no effect", word);
    fl_free(index->mem, hint);
    fl_free(index->mem, word);
    return rc;
}

/* Stores the words of a list of names, each once. */
static int split_names(struct fl_index *index, struct fl_section *section)
{
    const char *text = section->list.value;
    size_t size = fl_comment_cut(text, strlen(text));
    struct fl_map seen;
    int rc = FLOW_OK;

    fl_map_init(&seen, index->mem);
    for (size_t i = 0; i < size && !rc;) {
        size_t start = i;
        while (i < size && !fl_is_space(text[i]))
            i++;
        if (i > start && !fl_map_get_sized(&seen, text + start, i - start)) {
            char *name = fl_strndup(index->mem, text + start, i - start);
            if (!name || !fl_vec_push(&section->names, &name)) {
                fl_free(index->mem, name);
                rc = FLOW_ENOMEM;
            } else {
                rc = fl_map_put(&seen, name, name);
            }
        }
        i += i < size;
    }
    fl_map_free(&seen);
    return rc;
}

/* Sorts the key behind "AGENT.": SIZE bytes of it are the section. */
static int route_below(struct fl_index *index, const struct fl_entry *entry, const char *section)
{
    size_t size = strcspn(section, ".");
    size_t id = 0;

    while (id < FL_SECTIONS &&
           (strlen(section_names[id]) != size || strncmp(section_names[id], section, size) != 0))
        id++;
    if (id == FL_SECTIONS)
        return ignore_section(index, entry, section, size);

    size_t skip = (size_t)(section - entry->key);
    struct fl_agent *agent = agent_of(index, entry->key, skip - 1);
    if (!agent)
        return FLOW_ENOMEM;
    if (!section[size]) {
        agent->sections[id].list = fl_entry_raw(entry, skip);
        return split_names(index, &agent->sections[id]);
    }
    struct fl_raw raw = fl_entry_raw(entry, skip + size + 1);
    int rc = fl_blocks_add(&agent->sections[id].blocks, &raw);
    if (rc)
        return rc > 0 ? FLOW_OK : rc;
    return ignore(index, entry, "the key names a component but none of its settings",
                  "write AGENT.SECTION.NAME.SETTING");
}

/* The shape of a key decides, before anybody knows which components there are. */
static int route(struct fl_index *index, const struct fl_entry *entry)
{
    const char *dot = strchr(entry->key, '.');

    if (!entry->key[0])
        return ignore(index, entry, "a value without a key has no effect", NULL);
    if (!dot || dot == entry->key)
        return ignore(index, entry, "the key names no agent, so it has no effect",
                      "write AGENT.SECTION...");
    if (!dot[1])
        return ignore(index, entry, "the key ends behind the agent, so it has no effect", NULL);
    if (!fl_entry_value(entry)[0])
        return ignore(index, entry, "the value is empty, so the key counts as not given", NULL);
    return route_below(index, entry, dot + 1);
}

int fl_index_make(flow_config *config, struct fl_index **index)
{
    struct fl_index *made = fl_zalloc(config->mem, sizeof *made);
    int rc = FLOW_OK;

    if (!made)
        return FLOW_ENOMEM;
    made->mem = config->mem;
    fl_map_init(&made->agents, config->mem);
    fl_report_init(&made->findings, config->mem);
    for (size_t i = 0; i < config->entries.count && !rc; i++)
        rc = route(made, config->entries.entries[i].value);
    if (rc) {
        fl_index_free(made);
        return rc;
    }
    *index = made;
    return FLOW_OK;
}

static struct fl_index *settled_index(flow_config *config)
{
    if (!config || fl_config_settle(config))
        return NULL;
    return config->index;
}

const char *flow_config_agent(flow_config *config, size_t index)
{
    const struct fl_index *sorted = settled_index(config);

    return sorted && index < sorted->agents.count ? sorted->agents.entries[index].key : NULL;
}

/* Answers from the lists alone: a name is there although the component behind it may be broken. */
const char *flow_config_component(flow_config *config, const char *agent, uint32_t kind,
                                  size_t index)
{
    static const uint32_t kinds[FL_SECTIONS] = {
        [FL_SOURCES] = FLOW_KIND_SOURCE, [FL_CHANNELS] = FLOW_KIND_CHANNEL,
        [FL_SINKS] = FLOW_KIND_SINK,     [FL_GROUPS] = FLOW_KIND_GROUP,
        [FL_FILTERS] = FLOW_KIND_FILTER,
    };
    const struct fl_index *sorted = settled_index(config);
    const struct fl_agent *found = sorted && agent ? fl_index_agent(sorted, agent) : NULL;

    for (size_t i = 0; found && i < FL_SECTIONS; i++) {
        const struct fl_vec *names = &found->sections[i].names;
        if (kinds[i] == kind)
            return index < names->count ? *(char **)fl_vec_at(names, index) : NULL;
    }
    return NULL;
}
