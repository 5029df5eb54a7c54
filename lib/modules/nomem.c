/* SPDX-License-Identifier: Apache-2.0 */

/*
 * "Out of memory", as a module says it.  The constant object that stands for it is known by its
 * address, so it has to be the library's; the module's own copy of the base layer must not bring
 * a second one.
 */

#include "base/error.h"

int fl_error_nomem(flow_error **err)
{
    if (err) {
        flow_error_free(*err);
        *err = NULL;
    }
    return flow_error_set(err, FLOW_ENOMEM, "out of memory");
}
