/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_YAML_H
#define FL_CONFIG_YAML_H

/*
 * The YAML form of a configuration: maps nest where keys have dots,
 *
 *     a1:
 *       sources:
 *         r1: {type: netcat, bind: localhost, port: 44444, channels: [c1]}
 *
 * and the names in a section are its list ("a1.sources = r1").  In two steps: the text becomes a
 * flat row of nodes, in which aliases stay references, and a walk over these makes the keys.
 */

#include "base/map.h"
#include "config/model.h"

enum fl_yaml_kind { FL_YAML_SCALAR, FL_YAML_MAP, FL_YAML_LIST, FL_YAML_ALIAS, FL_YAML_END };

/* A node, or the end of a map or list. */
struct fl_yaml_node {
    enum fl_yaml_kind kind;
    char *text;   /* of a scalar */
    size_t next;  /* the node behind it and all it holds; 0 while it is open */
    size_t alias; /* the node an alias stands for */
    struct fl_place at;
};

struct fl_yaml_nodes {
    const flow_allocator *mem;
    struct fl_vec list;    /* of struct fl_yaml_node */
    struct fl_map anchors; /* name -> index + 1 */
};

const struct fl_yaml_node *fl_yaml_at(const struct fl_yaml_nodes *nodes, size_t index);

/*
 * Parses TEXT, valid UTF-8.  A fault goes to the reading and leaves no nodes.  Fails only without
 * memory.
 */
int fl_yaml_parse(struct fl_reading *reading, const void *text, size_t size,
                  struct fl_yaml_nodes *nodes);
void fl_yaml_free(struct fl_yaml_nodes *nodes);

/* Reads all of TEXT into a configuration. */
int fl_yaml_read(struct fl_reading *reading, const void *text, size_t size);

#endif
