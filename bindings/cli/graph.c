/* SPDX-License-Identifier: Apache-2.0 */

/* `flow graph`: the components of an agent, as text and for Mermaid; graph_svg.c draws them. */

#include "graph.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "setup.h"

/* ---- reading ---- */

static char *value_of(flow_config *config, const char *agent, const char *section, const char *name,
                      const char *setting)
{
    char *key = text_format("%s.%s.%s.%s", agent, section, name, setting);
    const char *value = flow_config_get(config, key);
    char *copy = value ? text_copy(value) : NULL;

    free(key);
    return copy;
}

/* Splits TEXT, which may be NULL, at blanks and before a comment. */
static void add_words(struct text_list *words, char *text)
{
    char *rest = NULL;

    for (char *word = text ? strtok_r(text, " \t\n", &rest) : NULL; word && *word != '#';
         word = strtok_r(NULL, " \t\n", &rest))
        text_list_add(words, word);
    free(text);
}

static char *first_word(char *text)
{
    struct text_list words = {0};

    add_words(&words, text);
    char *first = text_copy(words.count ? words.items[0] : "?");
    text_list_free(&words);
    return first;
}

static struct graph_node *add_node(struct graph_column *column, const char *name)
{
    struct graph_node *nodes = reallocarray(column->nodes, column->count + 1, sizeof *nodes);

    if (!nodes)
        exit(EXIT_FAILURE_RUN);
    column->nodes = nodes;
    nodes[column->count] = (struct graph_node){.name = text_copy(name)};
    return &nodes[column->count++];
}

/* Reads a section: its components with their type and, by CHANNELS, what they are connected to. */
static void read_column(struct graph_column *column, flow_config *config, const char *agent,
                        uint32_t kind, const char *const *words)
{
    const char *section = words[0];
    const char *name;

    for (size_t i = 0; (name = flow_config_component(config, agent, kind, i)); i++) {
        struct graph_node *node = add_node(column, name);
        node->type = first_word(value_of(config, agent, section, node->name, words[1]));
        if (words[2])
            add_words(&node->channels, value_of(config, agent, section, node->name, words[2]));
    }
}

/* Tells sources how they choose channels, unless they do not. */
static void read_selectors(struct graph *graph, flow_config *config)
{
    for (size_t i = 0; i < graph->sources.count; i++) {
        struct graph_node *node = &graph->sources.nodes[i];
        char *type = value_of(config, graph->agent, "sources", node->name, "selector.type");
        if (type)
            node->selector = first_word(type);
        if (node->selector && strcasecmp(node->selector, "replicating") == 0) {
            free(node->selector);
            node->selector = NULL;
        }
    }
}

/* Tells sinks which group has them. */
static void read_groups(struct graph *graph)
{
    for (size_t g = 0; g < graph->groups.count; g++) {
        const struct graph_node *group = &graph->groups.nodes[g];
        for (size_t i = 0; i < group->channels.count; i++) {
            size_t sink = graph_find(&graph->sinks, group->channels.items[i]);
            if (sink != SIZE_MAX && !graph->sinks.nodes[sink].group)
                graph->sinks.nodes[sink].group = text_copy(group->name);
        }
    }
}

void graph_read(struct graph *graph, flow_config *config, const char *agent)
{
    static const char *const sources[] = {"sources", "type", "channels"};
    static const char *const channels[] = {"channels", "type", NULL};
    static const char *const sinks[] = {"sinks", "type", "channel"};
    static const char *const groups[] = {"sinkgroups", "processor.type", "sinks"};

    *graph = (struct graph){.agent = text_copy(agent)};
    read_column(&graph->sources, config, agent, FLOW_KIND_SOURCE, sources);
    read_column(&graph->channels, config, agent, FLOW_KIND_CHANNEL, channels);
    read_column(&graph->sinks, config, agent, FLOW_KIND_SINK, sinks);
    read_column(&graph->groups, config, agent, FLOW_KIND_GROUP, groups);
    read_groups(graph);
    read_selectors(graph, config);
}

static void free_column(struct graph_column *column)
{
    for (size_t i = 0; i < column->count; i++) {
        free(column->nodes[i].name);
        free(column->nodes[i].type);
        free(column->nodes[i].group);
        free(column->nodes[i].selector);
        text_list_free(&column->nodes[i].channels);
    }
    free(column->nodes);
}

void graph_free(struct graph *graph)
{
    free_column(&graph->sources);
    free_column(&graph->channels);
    free_column(&graph->sinks);
    free_column(&graph->groups);
    free(graph->agent);
}

size_t graph_find(const struct graph_column *column, const char *name)
{
    for (size_t i = 0; i < column->count; i++)
        if (strcmp(column->nodes[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

/* ---- text ---- */

static void print_users(FILE *out, const char *kind, const struct graph_column *column,
                        const char *arrow)
{
    for (size_t i = 0; i < column->count; i++) {
        const struct graph_node *node = &column->nodes[i];
        fprintf(out, "  %s %s (%s) %s", kind, node->name, node->type, arrow);
        for (size_t c = 0; c < node->channels.count; c++)
            fprintf(out, "%s %s", c ? "," : "", node->channels.items[c]);
        if (node->group)
            fprintf(out, ", in group %s", node->group);
        if (node->selector)
            fprintf(out, ", by %s", node->selector);
        putc('\n', out);
    }
}

void graph_text(FILE *out, flow_config *config, const char *agent)
{
    struct graph graph;

    graph_read(&graph, config, agent);
    fprintf(out, "agent %s\n", agent);
    for (size_t i = 0; i < graph.channels.count; i++)
        fprintf(out, "  channel %s (%s)\n", graph.channels.nodes[i].name,
                graph.channels.nodes[i].type);
    print_users(out, "source", &graph.sources, "to");
    print_users(out, "sink", &graph.sinks, "from");
    print_users(out, "group", &graph.groups, "of");
    graph_free(&graph);
}

/* ---- Mermaid ---- */

static void mermaid_label(FILE *out, const struct graph_node *node)
{
    text_xml(out, node->name);
    fputs("<br>", out);
    text_xml(out, node->type);
    if (node->selector) {
        fputs("<br>by ", out);
        text_xml(out, node->selector);
    }
}

/* Nodes are numbered, as names may hold what Mermaid takes for syntax. */
static void mermaid_nodes(FILE *out, const struct graph_column *column, char letter,
                          const char *const *brackets)
{
    for (size_t i = 0; i < column->count; i++) {
        fprintf(out, "  %c%zu%s\"", letter, i, brackets[0]);
        mermaid_label(out, &column->nodes[i]);
        fprintf(out, "\"%s\n", brackets[1]);
    }
}

static void mermaid_arrows(FILE *out, const struct graph *graph)
{
    for (size_t i = 0; i < graph->sources.count; i++) {
        const struct text_list *to = &graph->sources.nodes[i].channels;
        for (size_t c = 0; c < to->count; c++) {
            size_t channel = graph_find(&graph->channels, to->items[c]);
            if (channel != SIZE_MAX)
                fprintf(out, "  r%zu --> c%zu\n", i, channel);
        }
    }
    for (size_t i = 0; i < graph->sinks.count; i++) {
        const struct text_list *from = &graph->sinks.nodes[i].channels;
        size_t channel = from->count ? graph_find(&graph->channels, from->items[0]) : SIZE_MAX;
        if (channel != SIZE_MAX)
            fprintf(out, "  c%zu --> k%zu\n", channel, i);
    }
}

static void mermaid_groups(FILE *out, const struct graph *graph)
{
    for (size_t g = 0; g < graph->groups.count; g++) {
        const struct graph_node *group = &graph->groups.nodes[g];
        fprintf(out, "  subgraph g%zu [\"", g);
        mermaid_label(out, group);
        fputs("\"]\n", out);
        for (size_t i = 0; i < graph->sinks.count; i++) {
            const char *of = graph->sinks.nodes[i].group;
            if (of && strcmp(of, group->name) == 0)
                fprintf(out, "    k%zu\n", i);
        }
        fputs("  end\n", out);
    }
}

void graph_mermaid(FILE *out, const struct graph *graph)
{
    static const char *const round[] = {"([", "])"};
    static const char *const drum[] = {"[(", ")]"};
    static const char *const square[] = {"[", "]"};

    fputs("flowchart LR\n", out);
    mermaid_nodes(out, &graph->sources, 'r', round);
    mermaid_nodes(out, &graph->channels, 'c', drum);
    mermaid_nodes(out, &graph->sinks, 'k', square);
    mermaid_groups(out, graph);
    mermaid_arrows(out, graph);
}

/* ---- the command ---- */

static int draw(const struct options *options, flow_config *config)
{
    const char *format = options->format ? options->format : "text";
    const char *agent = setup_agent(options, config);
    struct graph graph;

    if (!agent)
        return EXIT_CONFIG;
    graph_read(&graph, config, agent);
    size_t nodes = graph.channels.count + graph.sources.count + graph.sinks.count;
    int status = nodes ? EXIT_OK : EXIT_CONFIG;
    if (status != EXIT_OK)
        fprintf(stderr, "Error: the configuration has no agent '%s'\n", agent);
    else if (strcmp(format, "svg") == 0)
        graph_svg(stdout, &graph);
    else if (strcmp(format, "mermaid") == 0)
        graph_mermaid(stdout, &graph);
    else
        graph_text(stdout, config, agent);
    graph_free(&graph);
    return status;
}

int command_graph(struct options *options)
{
    const char *format = options->format;
    flow_library *lib;
    flow_config *config;

    if (format && strcmp(format, "text") != 0 && strcmp(format, "mermaid") != 0 &&
        strcmp(format, "svg") != 0) {
        fputs("Error: --format is text, mermaid or svg\n", stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < options->words.count; i++)
        text_list_add(&options->files, options->words.items[i]);
    int status = setup_library(options, NULL, &lib);
    if (status != EXIT_OK)
        return status;
    status = setup_config(options, lib, &config);
    if (status == EXIT_OK) {
        status = draw(options, config);
        flow_config_free(config);
    }
    flow_library_free(lib, NULL);
    return status;
}
