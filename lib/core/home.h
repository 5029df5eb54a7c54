/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_HOME_H
#define FL_CORE_HOME_H

#include "base/mem.h"

/* Stores the path of REST below the home folder; the caller frees it.  FLOW_ENOENT without a home
 * folder, FLOW_ENOMEM. */
int fl_home_path(const flow_allocator *mem, const char *rest, char **path);

#endif
