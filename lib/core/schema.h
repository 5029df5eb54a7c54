/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_SCHEMA_H
#define FL_CORE_SCHEMA_H

/* Schemas as their authors declare them, checked once so that nobody has to doubt them later. */

#include <flow/error.h>
#include <flow/schema.h>

#include "base/mem.h"

/* A schema in our own layout.  `properties` is ours when the author's layout was another. */
struct fl_schema {
    flow_schema table;
    flow_property *copied;
};

/* Takes over THEIRS, the schema of what LABEL names.  FLOW_EABI, FLOW_EINVAL, FLOW_ENOMEM. */
int fl_schema_import(const flow_allocator *mem, const flow_schema *theirs, const char *label,
                     struct fl_schema *schema, flow_error **err);
void fl_schema_free(const flow_allocator *mem, struct fl_schema *schema);

#endif
