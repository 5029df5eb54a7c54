/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_LIBRARY_H
#define FLOW_LIBRARY_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/log.h>

FLOW_BEGIN_DECLS

/*
 * The root of everything: logger, allocator and registry.  There is no other state; a process may
 * hold as many as it likes.  It must outlive every object made from it.
 */
typedef struct flow_library flow_library;
typedef struct flow_registry flow_registry;

/*
 * Memory for everything that hangs off a library.  `allocate` and `reallocate` return NULL when
 * there is none.  Called from any thread, several at once.
 */
typedef struct flow_allocator {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    void *self;
    void *(*allocate)(void *self, size_t size);
    void *(*reallocate)(void *self, void *ptr, size_t size);
    void (*release)(void *self, void *ptr);
} flow_allocator;

/* How a library is made.  Zero every member that is not wanted and set struct_size. */
typedef struct flow_library_options {
    uint32_t struct_size;
    int32_t log_level;               /* FLOW_LOG_...; 0 means FLOW_LOG_INFO */
    flow_log_fn log;                 /* NULL: messages go nowhere */
    void *log_self;                  /* handed to `log` */
    const flow_allocator *allocator; /* copied; NULL: malloc, realloc and free */
    const char *module_path;         /* folder of the modules that belong to the library, such as
                                        the hdfs sink; NULL: beside the library's own file */
} flow_library_options;

/*
 * Makes a library with all built-in components registered.  OPTIONS may be NULL.  The caller frees
 * *LIB with flow_library_free.
 *
 * Errors: FLOW_EABI when OPTIONS has members this library does not know and they are not zero.
 * Since: 1.0
 */
FLOW_API int flow_library_new(const flow_library_options *options, flow_library **lib,
                              flow_error **err);

/*
 * Frees a library.  NULL is allowed.  Refuses, and frees nothing, while pipelines, channels or
 * harnesses made from it are still there.  Events and batches may outlive that check but not the
 * library.
 *
 * Errors: FLOW_ESTATE.
 * Since: 1.0
 */
FLOW_API int flow_library_free(flow_library *lib, flow_error **err);

/*
 * Returns the registry, which the library owns.
 *
 * Since: 1.0
 */
FLOW_API flow_registry *flow_library_registry(flow_library *lib);

/*
 * Returns the allocator the library uses; for components that want their memory to come from the
 * same place.
 *
 * Since: 1.0
 */
FLOW_API const flow_allocator *flow_library_allocator(const flow_library *lib);

/*
 * Changes what the logger gets to see.
 *
 * Since: 1.0
 */
FLOW_API void flow_library_set_log_level(flow_library *lib, int32_t level);

/*
 * Hands TEXT to the logger as a message of COMPONENT, which may be NULL.
 *
 * Blocks: as long as the logger does.
 * Since: 1.0
 */
FLOW_API void flow_library_log(flow_library *lib, int32_t level, const char *component,
                               const char *text);

FLOW_END_DECLS

#endif
