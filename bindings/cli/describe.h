/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

/* Component types and their properties, from the schemas that the library checks by. */

#include <flow.h>

#include "text.h"

/* All types, or those of one kind, or one type. */
struct selection {
    flow_registry *registry;
    uint32_t kind;    /* 0: all */
    const char *type; /* NULL: all */
};

/* Stores the type at *INDEX or the next that is selected, and moves *INDEX behind it.  Returns 0
 * behind the last. */
int selection_next(const struct selection *selection, size_t *index, flow_type_info *info);

/* "source", "channel", ...; the number behind the last kind; how a property's type is called. */
const char *kind_name(uint32_t kind);
uint32_t kind_end(void);
const char *property_type(const flow_property *property);

/* The property at INDEX of SCHEMA, or NULL behind the last. */
const flow_property *property_at(const flow_schema *schema, size_t index);

void describe_text(FILE *out, const struct selection *selection);
void describe_json(FILE *out, const struct selection *selection);

/* A JSON Schema of the YAML form of configurations. */
void describe_schema(FILE *out, const struct selection *selection);

#endif
