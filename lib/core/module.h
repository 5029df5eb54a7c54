/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_MODULE_H
#define FL_CORE_MODULE_H

#include "core/registry.h"

/* Loads the file of MODULE, which then has registered its types.  FLOW_EPLUGIN, naming the file,
 * when it is not there. */
int fl_module_load(flow_library *lib, const struct fl_module *module, flow_error **err);

#endif
