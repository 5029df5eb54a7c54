/* SPDX-License-Identifier: Apache-2.0 */

/* An agent as SVG: three columns of boxes, with lines between them. */

#include <stdint.h>

#include "graph.h"

#define BOX_WIDTH 200
#define BOX_HEIGHT 48
#define COLUMN_STEP 300
#define ROW_STEP 72
#define MARGIN 24
#define TITLE_HEIGHT 32

static size_t rows_of(const struct graph *graph)
{
    size_t rows = graph->sources.count;

    rows = graph->channels.count > rows ? graph->channels.count : rows;
    return graph->sinks.count > rows ? graph->sinks.count : rows;
}

/* The upper edge of box INDEX of a column, which stands in the middle of the picture's height. */
static size_t top_of(const struct graph *graph, const struct graph_column *column, size_t index)
{
    size_t free_height = (rows_of(graph) - column->count) * ROW_STEP;

    return MARGIN + TITLE_HEIGHT + free_height / 2 + index * ROW_STEP;
}

static void draw_text(FILE *out, size_t x, size_t y, const char *style, const char *text)
{
    fprintf(out, "<text x=\"%zu\" y=\"%zu\" %s>", x, y, style);
    text_xml(out, text);
    fputs("</text>\n", out);
}

static void draw_boxes(FILE *out, const struct graph *graph, const struct graph_column *column,
                       size_t x, const char *fill)
{
    for (size_t i = 0; i < column->count; i++) {
        const struct graph_node *node = &column->nodes[i];
        size_t y = top_of(graph, column, i);
        fprintf(out,
                "<rect x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"%s\" "
                "stroke=\"#444\"/>\n",
                x, y, BOX_WIDTH, BOX_HEIGHT, fill);
        draw_text(out, x + 12, y + 20, "font-weight=\"bold\"", node->name);
        draw_text(out, x + 12, y + 38, "fill=\"#333\"", node->type);
        if (node->group)
            draw_text(out, x + BOX_WIDTH - 12, y + 20, "text-anchor=\"end\" fill=\"#666\"",
                      node->group);
        if (node->selector)
            draw_text(out, x + BOX_WIDTH - 12, y + 38, "text-anchor=\"end\" fill=\"#666\"",
                      node->selector);
    }
}

static void draw_line(FILE *out, size_t x1, size_t y1, size_t x2, size_t y2)
{
    size_t middle = (x1 + x2) / 2;

    fprintf(out,
            "<path d=\"M%zu %zu C%zu %zu %zu %zu %zu %zu\" fill=\"none\" stroke=\"#444\" "
            "marker-end=\"url(#head)\"/>\n",
            x1, y1, middle, y1, middle, y2, x2, y2);
}

static void draw_lines(FILE *out, const struct graph *graph)
{
    size_t channels_x = MARGIN + COLUMN_STEP;
    size_t half = BOX_HEIGHT / 2;

    for (size_t i = 0; i < graph->sources.count; i++) {
        const struct text_list *to = &graph->sources.nodes[i].channels;
        for (size_t c = 0; c < to->count; c++) {
            size_t channel = graph_find(&graph->channels, to->items[c]);
            if (channel != SIZE_MAX)
                draw_line(out, MARGIN + BOX_WIDTH, top_of(graph, &graph->sources, i) + half,
                          channels_x, top_of(graph, &graph->channels, channel) + half);
        }
    }
    for (size_t i = 0; i < graph->sinks.count; i++) {
        const struct text_list *from = &graph->sinks.nodes[i].channels;
        size_t channel = from->count ? graph_find(&graph->channels, from->items[0]) : SIZE_MAX;
        if (channel != SIZE_MAX)
            draw_line(out, channels_x + BOX_WIDTH, top_of(graph, &graph->channels, channel) + half,
                      channels_x + COLUMN_STEP, top_of(graph, &graph->sinks, i) + half);
    }
}

void graph_svg(FILE *out, const struct graph *graph)
{
    size_t width = 2 * MARGIN + 2 * COLUMN_STEP + BOX_WIDTH;
    size_t height = 2 * MARGIN + TITLE_HEIGHT + rows_of(graph) * ROW_STEP;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
            "viewBox=\"0 0 %zu %zu\" font-family=\"sans-serif\" font-size=\"14\">\n"
            "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
            "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
            "<path d=\"M0 0 L8 4 L0 8 z\" fill=\"#444\"/></marker></defs>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            width, height, width, height);
    draw_text(out, MARGIN, MARGIN + 12, "font-size=\"18\"", graph->agent);
    draw_boxes(out, graph, &graph->sources, MARGIN, "#dcebf7");
    draw_boxes(out, graph, &graph->channels, MARGIN + COLUMN_STEP, "#f6e7c8");
    draw_boxes(out, graph, &graph->sinks, MARGIN + 2 * COLUMN_STEP, "#dff0d8");
    draw_lines(out, graph);
    fputs("</svg>\n", out);
}
