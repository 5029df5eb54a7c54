/* SPDX-License-Identifier: Apache-2.0 */

/* What a library answers; it is made and freed where the built-in components are known. */

#include "core/library.h"

int fl_library_refuse(const flow_library *lib, flow_error **err)
{
    if (!lib)
        return flow_error_set(err, FLOW_EINVAL, "an object that is needed is NULL");
    return flow_error_set(err, FLOW_EFORKED,
                          "the library was made by the parent process: make another one here");
}

flow_registry *flow_library_registry(flow_library *lib)
{
    return lib->registry;
}

const flow_allocator *flow_library_allocator(const flow_library *lib)
{
    return &lib->allocator;
}

void flow_library_set_log_level(flow_library *lib, int32_t level)
{
    atomic_store_explicit(&lib->log.level, level, memory_order_relaxed);
}

void flow_library_log(flow_library *lib, int32_t level, const char *component, const char *text)
{
    fl_log_text(&lib->log, level, component ? component : "", text);
}
