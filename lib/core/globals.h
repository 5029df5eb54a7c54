/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_GLOBALS_H
#define FL_CORE_GLOBALS_H

/* Properties that the whole process may be given a value for: by a definition, or else by a
 * variable of the environment. */

#include <flow/config.h>
#include <flow/schema.h>

#include "base/vec.h"

/*
 * Adds to KEYS, of struct fl_raw, those that SCHEMA's properties get in this way and no key among
 * them sets.  The definitions are CONFIG's.  The keys are lent: they live as long as the schema,
 * the definitions and the environment.  Fails only without memory.
 */
int fl_globals_add(const flow_schema *schema, const flow_config *config, struct fl_vec *keys);

#endif
