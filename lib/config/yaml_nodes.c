/* SPDX-License-Identifier: Apache-2.0 */

/*
 * YAML text to nodes, by way of libyaml's events.  Its document interface would resolve aliases
 * too, but searches them in quadratic time and bounds nothing.
 */

#include <string.h>

#include <yaml.h>

#include "base/error.h"
#include "config/yaml.h"

/* Deeper than any configuration; the walk calls itself once a level. */
#define DEPTH_LIMIT 32

struct parser {
    struct fl_reading *reading;
    struct fl_yaml_nodes *nodes;
    struct fl_vec open; /* of size_t: the maps and lists around */
    unsigned documents;
    int failed;
};

static struct fl_place place_of(const yaml_mark_t *mark)
{
    return (struct fl_place){(uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
}

static int fault(struct parser *parser, struct fl_place place, const char *hint,
                 const char *message)
{
    struct fl_fault found = {FLOW_SEVERITY_ERROR, place, message, NULL, hint};

    parser->failed = 1;
    return fl_reading_fault(parser->reading, &found);
}

const struct fl_yaml_node *fl_yaml_at(const struct fl_yaml_nodes *nodes, size_t index)
{
    return fl_vec_at(&nodes->list, index);
}

void fl_yaml_free(struct fl_yaml_nodes *nodes)
{
    for (size_t i = 0; i < nodes->list.count; i++)
        fl_free(nodes->mem, ((struct fl_yaml_node *)fl_vec_at(&nodes->list, i))->text);
    fl_vec_free(&nodes->list);
    fl_map_free(&nodes->anchors);
}

/* YAML lets a later anchor take the name of an earlier one; in a configuration that is a slip. */
static int name_anchor(struct parser *parser, const yaml_char_t *anchor, struct fl_place at)
{
    size_t index = parser->nodes->list.count;

    if (!anchor)
        return FLOW_OK;
    if (fl_map_get(&parser->nodes->anchors, (const char *)anchor))
        return fault(parser, at, NULL, "the anchor has a name that is taken");
    return fl_map_put(&parser->nodes->anchors, (const char *)anchor,
                      (void *)(uintptr_t)(index + 1));
}

/* Tags would change what a value is; here everything is text, a map or a list. */
static int check_tag(struct parser *parser, const yaml_char_t *tag, struct fl_place at)
{
    if (!tag || strncmp((const char *)tag, "tag:yaml.org,2002:", 18) == 0)
        return FLOW_OK;
    return fault(parser, at, NULL, "tags have no meaning in a configuration");
}

static int add_scalar(struct parser *parser, const yaml_event_t *event)
{
    struct fl_yaml_node node = {.kind = FL_YAML_SCALAR, .at = place_of(&event->start_mark)};
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    int rc = check_tag(parser, event->data.scalar.tag, node.at);

    if (!rc && memchr(text, '\0', size))
        rc = fault(parser, node.at, NULL, "a NUL character cannot be part of a key or value");
    if (!rc)
        rc = name_anchor(parser, event->data.scalar.anchor, node.at);
    if (rc || parser->failed)
        return rc;
    node.text = fl_strndup(parser->nodes->mem, text, size);
    node.next = parser->nodes->list.count + 1;
    if (!node.text || !fl_vec_push(&parser->nodes->list, &node)) {
        fl_free(parser->nodes->mem, node.text);
        return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

static int open_node(struct parser *parser, const yaml_event_t *event, enum fl_yaml_kind kind)
{
    struct fl_yaml_node node = {.kind = kind, .at = place_of(&event->start_mark)};
    const yaml_char_t *anchor =
        kind == FL_YAML_MAP ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const yaml_char_t *tag =
        kind == FL_YAML_MAP ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    size_t index = parser->nodes->list.count;

    if (parser->open.count >= DEPTH_LIMIT)
        return fault(parser, node.at, NULL, "maps and lists are nested too deeply");
    int rc = check_tag(parser, tag, node.at);
    if (!rc)
        rc = name_anchor(parser, anchor, node.at);
    if (rc || parser->failed)
        return rc;
    if (!fl_vec_push(&parser->nodes->list, &node) || !fl_vec_push(&parser->open, &index))
        return FLOW_ENOMEM;
    return FLOW_OK;
}

/* Sets where the walk goes on behind the map or list, which makes it complete. */
static int close_node(struct parser *parser, const yaml_event_t *event)
{
    struct fl_yaml_node end = {.kind = FL_YAML_END, .at = place_of(&event->start_mark)};
    size_t last = parser->open.count - 1;
    size_t opened = *(size_t *)fl_vec_at(&parser->open, last);

    fl_vec_remove(&parser->open, last);
    if (!fl_vec_push(&parser->nodes->list, &end))
        return FLOW_ENOMEM;
    ((struct fl_yaml_node *)fl_vec_at(&parser->nodes->list, opened))->next =
        parser->nodes->list.count;
    return FLOW_OK;
}

/* An alias stands for a node that is complete, so it cannot hold itself. */
static int add_alias(struct parser *parser, const yaml_event_t *event)
{
    struct fl_yaml_node node = {.kind = FL_YAML_ALIAS, .at = place_of(&event->start_mark)};
    size_t found = (size_t)(uintptr_t)fl_map_get(&parser->nodes->anchors,
                                                 (const char *)event->data.alias.anchor);

    if (!found)
        return fault(parser, node.at, NULL, "the alias has no anchor before it");
    if (!fl_yaml_at(parser->nodes, found - 1)->next)
        return fault(parser, node.at, NULL, "the alias stands for something it is part of");
    node.alias = found - 1;
    node.next = parser->nodes->list.count + 1;
    return fl_vec_push(&parser->nodes->list, &node) ? FLOW_OK : FLOW_ENOMEM;
}

static int add_event(struct parser *parser, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (parser->documents++ > 0)
            return fault(parser, place_of(&event->start_mark), NULL,
                         "a configuration is one YAML document");
        return FLOW_OK;
    case YAML_SCALAR_EVENT: return add_scalar(parser, event);
    case YAML_ALIAS_EVENT: return add_alias(parser, event);
    case YAML_MAPPING_START_EVENT: return open_node(parser, event, FL_YAML_MAP);
    case YAML_SEQUENCE_START_EVENT: return open_node(parser, event, FL_YAML_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: return close_node(parser, event);
    default: return FLOW_OK;
    }
}

/* Says in one sentence what libyaml found. */
static int report_problem(struct parser *parser, const yaml_parser_t *yaml)
{
    const char *what = yaml->problem ? yaml->problem : "the text is no YAML";
    const char *hint = NULL;
    struct fl_place place = place_of(&yaml->problem_mark);

    if (yaml->error == YAML_MEMORY_ERROR)
        return FLOW_ENOMEM;
    if (yaml->error == YAML_READER_ERROR) {
        /* The reader knows no mark of its own; it stands where the scanner has come to. */
        place = place_of(&yaml->mark);
        hint = "from here on";
    } else if (strstr(what, "cannot start any token")) {
        hint = "indent with blanks, not tabs, and quote texts that begin with @, ` or %";
    } else if (yaml->context) {
        hint = yaml->context;
    }
    return fault(parser, place, hint, what);
}

/* Stops at the first fault: what libyaml says behind one is seldom true. */
static int parse_all(struct parser *parser, yaml_parser_t *yaml)
{
    int is_end = 0;
    int rc = FLOW_OK;

    while (!rc && !is_end && !parser->failed) {
        yaml_event_t event;
        if (!yaml_parser_parse(yaml, &event))
            return report_problem(parser, yaml);
        is_end = event.type == YAML_STREAM_END_EVENT;
        rc = add_event(parser, &event);
        yaml_event_delete(&event);
    }
    return rc;
}

int fl_yaml_parse(struct fl_reading *reading, const void *text, size_t size,
                  struct fl_yaml_nodes *nodes)
{
    struct parser parser = {.reading = reading, .nodes = nodes};
    yaml_parser_t yaml;

    nodes->mem = reading->config->mem;
    fl_vec_init(&nodes->list, nodes->mem, sizeof(struct fl_yaml_node));
    fl_map_init(&nodes->anchors, nodes->mem);
    fl_vec_init(&parser.open, nodes->mem, sizeof(size_t));
    if (!yaml_parser_initialize(&yaml))
        return FLOW_ENOMEM;
    yaml_parser_set_encoding(&yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml, text, size);
    int rc = parse_all(&parser, &yaml);
    yaml_parser_delete(&yaml);
    fl_vec_free(&parser.open);
    if (rc || parser.failed) {
        fl_yaml_free(nodes);
        fl_vec_init(&nodes->list, nodes->mem, sizeof(struct fl_yaml_node));
        fl_map_init(&nodes->anchors, nodes->mem);
    }
    return rc;
}
