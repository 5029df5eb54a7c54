/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_GRAPH_H
#define CLI_GRAPH_H

/* Drawings of an agent: what its configuration connects with what. */

#include <flow.h>

#include "text.h"

struct graph_node {
    char *name;
    char *type;
    struct text_list channels; /* of a source or sink */
    char *group;               /* of a sink, or NULL */
    char *selector;            /* of a source, or NULL where every channel gets every event */
};

struct graph_column {
    struct graph_node *nodes;
    size_t count;
};

struct graph {
    char *agent;
    struct graph_column sources;
    struct graph_column channels;
    struct graph_column sinks;
    struct graph_column groups;
};

/* Reads AGENT's components; what is not there or misspelt is simply missing. */
void graph_read(struct graph *graph, flow_config *config, const char *agent);
void graph_free(struct graph *graph);

/* The index of the node called NAME, or SIZE_MAX. */
size_t graph_find(const struct graph_column *column, const char *name);

void graph_text(FILE *out, flow_config *config, const char *agent);
void graph_mermaid(FILE *out, const struct graph *graph);
void graph_svg(FILE *out, const struct graph *graph);

#endif
