/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_LIBRARY_H
#define FL_CORE_LIBRARY_H

/* The inside of a flow_library: what every other object hangs off. */

#include <stdatomic.h>

#include <flow/library.h>

#include "base/fork.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/file.h"

struct fl_slab_pool;

struct flow_library {
    flow_allocator allocator; /* always complete; &allocator is what fl_alloc gets */
    struct fl_log log;
    struct fl_fork_guard guard;
    const struct fl_clock *clock;
    const struct fl_io *io;
    struct fl_slab_pool *pool;
    flow_registry *registry;
    char *module_path;
    _Atomic uint64_t serial; /* the number last given to an emitter, from 1 */
    _Atomic uint32_t users; /* pipelines, channels and harnesses that still need it */
};

/* The error of a check that failed. */
int fl_library_refuse(const flow_library *lib, flow_error **err);

/* FLOW_EFORKED with an error in a child process, FLOW_EINVAL for NULL, else FLOW_OK.  Every public
 * call that can fail begins with it, before any lock. */
static inline int fl_library_check(const flow_library *lib, flow_error **err)
{
    return lib && !fl_forked(&lib->guard) ? FLOW_OK : fl_library_refuse(lib, err);
}

#endif
