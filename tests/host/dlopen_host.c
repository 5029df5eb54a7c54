/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A host that is not linked with libflow and loads it with RTLD_LOCAL, as Python does: a plugin
 * finds the very copy, though its symbols are not global.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <flow.h>

struct calls {
    int (*library_new)(const flow_library_options *, flow_library **, flow_error **);
    int (*library_free)(flow_library *, flow_error **);
    flow_registry *(*registry)(flow_library *);
    int (*find)(flow_registry *, uint32_t, const char *, flow_type_info *, flow_error **);
    int (*load)(flow_library *, const char *, flow_error **);
    const char *(*message)(const flow_error *);
};

/* ISO C knows no way from a pointer to data to one to a function. */
static void look_up(void *handle, const char *name, void *place)
{
    void *symbol = dlsym(handle, name);

    memcpy(place, &symbol, sizeof(symbol));
}

static int run(const struct calls *calls, const char *plugin)
{
    flow_library *lib;
    flow_error *err = NULL;
    flow_type_info info = {.struct_size = sizeof(info)};

    if (calls->library_new(NULL, &lib, &err) != FLOW_OK)
        return 1;
    if (calls->load(lib, plugin, &err) != FLOW_OK) {
        fprintf(stderr, "%s\n", calls->message(err));
        return 2;
    }
    if (calls->find(calls->registry(lib), FLOW_KIND_SINK, "test-good", &info, &err) != FLOW_OK)
        return 3;
    return calls->library_free(lib, &err) == FLOW_OK ? 0 : 4;
}

int main(int argc, char **argv)
{
    struct calls calls;
    void *handle = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;

    if (!handle)
        return 10;
    look_up(handle, "flow_library_new", &calls.library_new);
    look_up(handle, "flow_library_free", &calls.library_free);
    look_up(handle, "flow_library_registry", &calls.registry);
    look_up(handle, "flow_registry_find", &calls.find);
    look_up(handle, "flow_plugin_load", &calls.load);
    look_up(handle, "flow_error_message", &calls.message);
    return run(&calls, argv[2]);
}
