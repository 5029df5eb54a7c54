/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_SHAPE_H
#define FL_CORE_SHAPE_H

/* The tables of all kinds of components, seen as one. */

#include "core/registry.h"

/* Copies the table OPS of a component of KIND into TYPE, checked: its size, its name and that no
 * function is missing.  FLOW_EABI, FLOW_EINVAL. */
int fl_shape_import(uint32_t kind, const void *ops, struct fl_type *type, flow_error **err);

/* 1 for FLOW_KIND_... */
int fl_kind_valid(uint32_t kind);

#endif
