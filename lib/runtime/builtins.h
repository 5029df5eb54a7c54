/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_RUNTIME_BUILTINS_H
#define FL_RUNTIME_BUILTINS_H

#include "core/registry.h"

/* Registers everything the library brings along. */
int fl_builtins_register(flow_registry *registry, flow_error **err);

#endif
