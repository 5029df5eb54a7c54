/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The walk over YAML nodes that makes keys: the names of maps on the way down, joined by dots, are
 * the key.  What a map means follows from that key alone, so nested and dotted spellings mix.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "config/index.h"
#include "config/yaml.h"

/* What a text of a few kilobytes can be made to unfold to, by aliases of aliases. */
#define UNFOLD_LIMIT ((size_t)4 << 20)
#define KEY_COST 64

struct walk {
    struct fl_reading *reading;
    const struct fl_yaml_nodes *nodes;
    struct fl_buf path;
    struct fl_place path_at; /* of its last part */
    size_t unfolded;
    int failed;
};

/* A key of a map and the node of its value. */
struct pair {
    size_t key;
    size_t value;
};

static int walk_node(struct walk *walk, size_t index);

static int fault(struct walk *walk, struct fl_place at, const char *hint, const char *message)
{
    struct fl_fault found = {FLOW_SEVERITY_ERROR, at, message, fl_buf_cstr(&walk->path), hint};

    walk->failed = 1;
    return fl_reading_fault(walk->reading, &found);
}

/* The node that INDEX, perhaps an alias, stands for. */
static const struct fl_yaml_node *target(const struct walk *walk, size_t index)
{
    const struct fl_yaml_node *node = fl_yaml_at(walk->nodes, index);

    return node->kind == FL_YAML_ALIAS ? fl_yaml_at(walk->nodes, node->alias) : node;
}

static size_t index_of(const struct walk *walk, const struct fl_yaml_node *node)
{
    return (size_t)(node - (const struct fl_yaml_node *)walk->nodes->list.items);
}

/* The part of the path behind its last dot, and the number of its parts. */
static const char *last_part(const char *path, size_t *parts)
{
    const char *last = path;

    *parts = *path != '\0';
    for (const char *at = path; *at; at++) {
        if (*at == '.') {
            (*parts)++;
            last = at + 1;
        }
    }
    return last;
}

/*
 * Whether Flume wants, beside the keys below PATH, a list of the names that come next: in each
 * section, and where components have named parts.
 */
static int has_names(const char *path)
{
    static const char *const parts_with_names[] = {"interceptors", "filegroups", "serializers"};
    size_t parts;
    const char *last = last_part(path, &parts);

    for (size_t s = 0; parts == 2 && s < FL_SECTIONS; s++)
        if (strcmp(last, fl_section_name(s)) == 0)
            return 1;
    for (size_t i = 0; parts > 3 && i < 3; i++)
        if (strcmp(last, parts_with_names[i]) == 0)
            return 1;
    return 0;
}

/* Whether "type" in the map at PATH is, in Flume, the value of PATH itself. */
static int is_typed_itself(const char *path)
{
    size_t parts;
    const char *last = last_part(path, &parts);

    return parts > 3 && (strcmp(last, "serializer") == 0 || strcmp(last, "deserializer") == 0 ||
                         strcmp(last, "handler") == 0);
}

/* Adds the path as a key with the value TEXT. */
static int put(struct walk *walk, const char *text, struct fl_place at)
{
    struct fl_pair pair = {
        .key = fl_buf_cstr(&walk->path),
        .text = text,
        .key_at = walk->path_at,
        .value_at = at,
    };

    if (!pair.key)
        return FLOW_ENOMEM;
    walk->unfolded += strlen(text) + walk->path.size + KEY_COST;
    if (walk->unfolded > UNFOLD_LIMIT)
        return fault(walk, at, NULL, "the aliases of the text unfold to too much");
    return fl_reading_put(walk->reading, &pair);
}

/* Collects the pairs of MAP: first its own, then those it merges in and does not have. */
static int collect(struct walk *walk, const struct fl_yaml_node *map, struct fl_map *seen,
                   struct fl_vec *pairs)
{
    int is_merged = pairs->count > 0 || seen->count > 0;
    size_t at = index_of(walk, map) + 1;

    while (fl_yaml_at(walk->nodes, at)->kind != FL_YAML_END) {
        const struct fl_yaml_node *key = target(walk, at);
        struct pair pair = {index_of(walk, key), fl_yaml_at(walk->nodes, at)->next};
        struct fl_place place = fl_yaml_at(walk->nodes, at)->at;
        at = fl_yaml_at(walk->nodes, pair.value)->next;
        if (key->kind != FL_YAML_SCALAR)
            return fault(walk, place, NULL, "a key is a text");
        if (strcmp(key->text, "<<") == 0)
            continue;
        const struct fl_yaml_node *old = fl_map_get(seen, key->text);
        if (old && !is_merged)
            return fault(walk, place, NULL, "the map has this key twice");
        if (!old &&
            (fl_map_put(seen, key->text, (void *)(uintptr_t)key) || !fl_vec_push(pairs, &pair)))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Adds what the value of a "<<" key, a map or a list of maps, holds. */
static int merge(struct walk *walk, size_t value, struct fl_map *seen, struct fl_vec *pairs)
{
    const struct fl_yaml_node *node = target(walk, value);

    if (node->kind == FL_YAML_MAP)
        return collect(walk, node, seen, pairs);
    if (node->kind != FL_YAML_LIST)
        return fault(walk, fl_yaml_at(walk->nodes, value)->at, NULL, "only maps can be merged");
    size_t at = index_of(walk, node) + 1;
    int rc = FLOW_OK;
    while (!rc && !walk->failed && fl_yaml_at(walk->nodes, at)->kind != FL_YAML_END) {
        if (target(walk, at)->kind != FL_YAML_MAP)
            return fault(walk, fl_yaml_at(walk->nodes, at)->at, NULL, "only maps can be merged");
        rc = collect(walk, target(walk, at), seen, pairs);
        at = fl_yaml_at(walk->nodes, at)->next;
    }
    return rc;
}

static int collect_all(struct walk *walk, const struct fl_yaml_node *map, struct fl_vec *pairs)
{
    struct fl_map seen;

    fl_map_init(&seen, walk->nodes->mem);
    int rc = collect(walk, map, &seen, pairs);
    size_t at = index_of(walk, map) + 1;
    while (!rc && !walk->failed && fl_yaml_at(walk->nodes, at)->kind != FL_YAML_END) {
        const struct fl_yaml_node *key = target(walk, at);
        size_t value = fl_yaml_at(walk->nodes, at)->next;
        if (key->kind == FL_YAML_SCALAR && strcmp(key->text, "<<") == 0)
            rc = merge(walk, value, &seen, pairs);
        at = fl_yaml_at(walk->nodes, value)->next;
    }
    fl_map_free(&seen);
    return rc;
}

/* Names stand in lists and between dots. */
static int is_name(const char *text)
{
    for (const char *at = text; *at; at++)
        if (fl_is_space(*at) || *at == '.' || *at == '#')
            return 0;
    return *text != '\0';
}

/* Adds the path as a list of the keys of PAIRS. */
static int put_names(struct walk *walk, const struct fl_vec *pairs)
{
    struct fl_buf names;
    struct fl_place first = walk->path_at;
    int rc = FLOW_OK;

    fl_buf_init(&names, walk->nodes->mem);
    for (size_t i = 0; i < pairs->count && !rc && !walk->failed; i++) {
        const struct pair *pair = fl_vec_at(pairs, i);
        const struct fl_yaml_node *key = fl_yaml_at(walk->nodes, pair->key);
        first = i == 0 ? key->at : first;
        rc = is_name(key->text) ? fl_buf_printf(&names, "%s%s", i ? " " : "", key->text)
                                : fault(walk, key->at, NULL, "a name has no blanks, dots or '#'");
    }
    if (!rc && !walk->failed && pairs->count > 0)
        rc = fl_buf_cstr(&names) ? put(walk, fl_buf_cstr(&names), first) : FLOW_ENOMEM;
    fl_buf_free(&names);
    return rc;
}

/* Walks into the value of PAIR, one part further down. */
static int walk_pair(struct walk *walk, const struct pair *pair)
{
    const struct fl_yaml_node *key = fl_yaml_at(walk->nodes, pair->key);
    size_t size = walk->path.size;
    struct fl_place at = walk->path_at;
    const char *path = fl_buf_cstr(&walk->path);
    int is_wrapper = size == 0 && strcmp(key->text, "agents") == 0 &&
                     target(walk, pair->value)->kind == FL_YAML_MAP;
    int rc = path ? FLOW_OK : FLOW_ENOMEM;

    if (!rc && !is_wrapper && !(strcmp(key->text, "type") == 0 && is_typed_itself(path)))
        rc = fl_buf_printf(&walk->path, "%s%s", size ? "." : "", key->text);
    walk->path_at = key->at;
    if (!rc)
        rc = walk_node(walk, pair->value);
    walk->path.size = size;
    walk->path_at = at;
    return rc;
}

static int walk_map(struct walk *walk, const struct fl_yaml_node *map)
{
    struct fl_vec pairs;
    const char *path;

    fl_vec_init(&pairs, walk->nodes->mem, sizeof(struct pair));
    walk->unfolded += KEY_COST;
    int rc = collect_all(walk, map, &pairs);
    path = fl_buf_cstr(&walk->path);
    if (!rc && !walk->failed)
        rc = !path ? FLOW_ENOMEM : has_names(path) ? put_names(walk, &pairs) : FLOW_OK;
    for (size_t i = 0; i < pairs.count && !rc && !walk->failed; i++)
        rc = walk_pair(walk, fl_vec_at(&pairs, i));
    fl_vec_free(&pairs);
    return rc;
}

/* A list is the text of its elements with blanks between, as Flume writes lists. */
static int walk_list(struct walk *walk, const struct fl_yaml_node *list)
{
    struct fl_buf text;
    size_t at = index_of(walk, list) + 1;
    int rc = FLOW_OK;

    fl_buf_init(&text, walk->nodes->mem);
    while (!rc && !walk->failed && fl_yaml_at(walk->nodes, at)->kind != FL_YAML_END) {
        const struct fl_yaml_node *element = target(walk, at);
        struct fl_place place = fl_yaml_at(walk->nodes, at)->at;
        if (element->kind != FL_YAML_SCALAR)
            rc = fault(walk, place, NULL, "a list holds texts only");
        else if (element->text[strcspn(element->text, " \t\r\n")])
            rc = fault(walk, place, "write the whole value as one text",
                       "an element of a list has no blanks, as they divide elements");
        else
            rc = fl_buf_printf(&text, "%s%s", text.size ? " " : "", element->text);
        at = fl_yaml_at(walk->nodes, at)->next;
    }
    if (!rc && !walk->failed)
        rc = fl_buf_cstr(&text) ? put(walk, fl_buf_cstr(&text), list->at) : FLOW_ENOMEM;
    fl_buf_free(&text);
    return rc;
}

static int walk_node(struct walk *walk, size_t index)
{
    const struct fl_yaml_node *node = target(walk, index);

    if (walk->unfolded > UNFOLD_LIMIT)
        return fault(walk, node->at, NULL, "the aliases of the text unfold to too much");
    switch (node->kind) {
    case FL_YAML_MAP: return walk_map(walk, node);
    case FL_YAML_LIST: return walk_list(walk, node);
    default: return put(walk, node->text, fl_yaml_at(walk->nodes, index)->at);
    }
}

static int walk_root(struct walk *walk)
{
    const struct fl_yaml_node *root = fl_yaml_at(walk->nodes, 0);

    if (root->kind == FL_YAML_MAP)
        return walk_map(walk, root);
    if (root->kind == FL_YAML_SCALAR && !root->text[0])
        return FLOW_OK; /* a text of comments */
    return fault(walk, root->at, "it begins with the name of an agent and ':'",
                 "a configuration is a map");
}

int fl_yaml_read(struct fl_reading *reading, const void *text, size_t size)
{
    struct fl_yaml_nodes nodes;
    struct walk walk = {.reading = reading, .nodes = &nodes, .path_at = {1, 1}};

    reading->repeated_is_error = 1;
    int rc = fl_yaml_parse(reading, text, size, &nodes);
    fl_buf_init(&walk.path, nodes.mem);
    if (!rc && nodes.list.count > 0)
        rc = walk_root(&walk);
    fl_buf_free(&walk.path);
    fl_yaml_free(&nodes);
    return rc;
}
