/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_PLUGIN_H
#define FL_CORE_PLUGIN_H

#include <flow/plugin.h>

#include "core/registry.h"

/* As flow_plugin_load; MODULE, unless NULL, is the module that PATH is the file of. */
int fl_plugin_load_file(flow_library *lib, const char *path, const struct fl_module *module,
                        flow_error **err);

#endif
