/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes and frees the root object.  It lives here, above all components, because it registers the
 * built-in ones.
 */

#include <stdlib.h>
#include <string.h>

#include <flow/library.h>

#include "base/error.h"
#include "core/event.h"
#include "core/library.h"
#include "core/registry.h"
#include "core/table.h"
#include "runtime/builtins.h"

/* What the first version of the headers had. */
#define OPTIONS_MIN (offsetof(flow_library_options, module_path) + sizeof(const char *))
#define ALLOCATOR_MIN (offsetof(flow_allocator, release) + sizeof(void (*)(void)))

static void *plain_allocate(void *self, size_t size)
{
    return malloc(size);
}

static void *plain_reallocate(void *self, void *ptr, size_t size)
{
    return realloc(ptr, size);
}

static void plain_release(void *self, void *ptr)
{
    free(ptr);
}

static int read_allocator(const flow_allocator *theirs, flow_allocator *allocator, flow_error **err)
{
    const flow_allocator plain = {
        .struct_size = sizeof(plain),
        .allocate = plain_allocate,
        .reallocate = plain_reallocate,
        .release = plain_release,
    };

    *allocator = plain;
    if (!theirs)
        return FLOW_OK;
    int result = fl_options_import(allocator, sizeof(*allocator), ALLOCATOR_MIN, theirs,
                                   "flow_allocator", err);
    if (result != FLOW_OK)
        return result;
    allocator->struct_size = sizeof(*allocator);
    if (!allocator->allocate || !allocator->reallocate || !allocator->release)
        return flow_error_set(err, FLOW_EINVAL, "flow_allocator: a function is missing");
    return FLOW_OK;
}

static int read_options(const flow_library_options *theirs, flow_library_options *options,
                        flow_error **err)
{
    memset(options, 0, sizeof(*options));
    if (theirs) {
        int result = fl_options_import(options, sizeof(*options), OPTIONS_MIN, theirs,
                                       "flow_library_options", err);
        if (result != FLOW_OK)
            return result;
    }
    if (options->log_level == 0)
        options->log_level = FLOW_LOG_INFO;
    if (options->log_level < FLOW_LOG_TRACE || options->log_level > FLOW_LOG_OFF)
        return flow_error_setf(err, FLOW_EINVAL, "flow_library_options: there is no log level %d",
                               (int)options->log_level);
    return FLOW_OK;
}

/* Fills LIB; what was made is left for free_parts when it fails. */
static int make_parts(flow_library *lib, const flow_library_options *options, flow_error **err)
{
    lib->log.fn = options->log;
    lib->log.self = options->log_self;
    atomic_init(&lib->log.level, options->log_level);
    lib->clock = fl_clock_system();
    lib->io = fl_io_system();
    if (options->module_path) {
        lib->module_path = fl_strdup(&lib->allocator, options->module_path);
        if (!lib->module_path)
            return fl_error_nomem(err);
    }
    int result = fl_fork_guard_init(&lib->guard);
    if (result == FLOW_ENOMEM)
        return fl_error_nomem(err);
    if (result != FLOW_OK)
        return flow_error_set(err, result,
                              "the kernel cannot mark memory for fork to wipe: "
                              "libflow needs Linux 4.14");
    result = fl_slab_pool_new(lib, &lib->pool, err);
    if (result == FLOW_OK)
        result = fl_registry_new(lib, &lib->registry, err);
    return result == FLOW_OK ? fl_builtins_register(lib->registry, err) : result;
}

static void free_parts(flow_library *lib)
{
    const flow_allocator allocator = lib->allocator; /* outlives the library that holds it */

    fl_registry_free(lib->registry);
    fl_slab_pool_free(lib->pool);
    fl_fork_guard_free(&lib->guard);
    fl_free(&lib->allocator, lib->module_path);
    allocator.release(allocator.self, lib);
}

int flow_library_new(const flow_library_options *options, flow_library **lib, flow_error **err)
{
    flow_library_options mine;
    flow_allocator allocator;

    if (!lib)
        return flow_error_set(err, FLOW_EINVAL, "flow_library_new: no place for the library");
    *lib = NULL;
    int result = read_options(options, &mine, err);
    if (result == FLOW_OK)
        result = read_allocator(mine.allocator, &allocator, err);
    if (result != FLOW_OK)
        return result;

    flow_library *made = fl_zalloc(&allocator, sizeof(*made));
    if (!made)
        return fl_error_nomem(err);
    made->allocator = allocator;
    result = make_parts(made, &mine, err);
    if (result != FLOW_OK) {
        free_parts(made);
        return result;
    }
    *lib = made;
    return FLOW_OK;
}

int flow_library_free(flow_library *lib, flow_error **err)
{
    if (!lib)
        return FLOW_OK;
    int result = fl_library_check(lib, err);
    if (result != FLOW_OK)
        return result;
    uint32_t users = atomic_load(&lib->users);
    if (users > 0)
        return flow_error_setf(err, FLOW_ESTATE,
                               "the library is still needed by %u pipelines, channels or "
                               "harnesses: free them first",
                               users);
    free_parts(lib);
    return FLOW_OK;
}
