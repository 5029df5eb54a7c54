/* SPDX-License-Identifier: Apache-2.0 */
/* Optional libraries, loaded on demand so that the core needs none of them. */

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/dynlib.h"

/* RTLD_LOCAL keeps the library's names out of the host's, RTLD_NOW faults out of later calls. */
static int open_library(const char *soname, const char *purpose, void **handle, flow_error **err)
{
    *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (*handle)
        return FLOW_OK;
    const char *why = dlerror();
    return flow_error_setf(err, FLOW_ENOENT, "%s needs the library %s, which cannot be loaded: %s",
                           purpose, soname, why ? why : "unknown reason");
}

int fl_dynlib_load(const char *soname, const char *purpose, const struct fl_dynlib_symbol *symbols,
                   size_t count, void *table, void **handle, flow_error **err)
{
    int rc = open_library(soname, purpose, handle, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(*handle, symbols[i].name);
        if (!address) {
            dlclose(*handle);
            *handle = NULL;
            return flow_error_setf(err, FLOW_EABI,
                                   "%s needs %s, which the library %s does not have", purpose,
                                   symbols[i].name, soname);
        }
        /* C has no cast from data to function pointers; POSIX has them alike in memory. */
        memcpy((char *)table + symbols[i].offset, &address, sizeof address);
    }
    return FLOW_OK;
}

void fl_dynlib_unload(void *handle)
{
    if (handle)
        dlclose(handle);
}

int fl_dynlib_open(const flow_allocator *mem, size_t size, const struct fl_dynlib_need *need,
                   void **state, flow_error **err)
{
    struct fl_dynlib *lib = fl_zalloc(mem, size);

    if (!lib)
        return fl_error_nomem(err);
    lib->mem = mem;
    int rc = fl_dynlib_load(need->soname, need->purpose, need->symbols, need->count, lib,
                            &lib->handle, err);
    if (rc) {
        fl_free(mem, lib);
        return rc;
    }
    *state = lib;
    return FLOW_OK;
}

void fl_dynlib_close(void *state)
{
    struct fl_dynlib *lib = state;

    fl_dynlib_unload(lib->handle);
    fl_free(lib->mem, lib);
}
