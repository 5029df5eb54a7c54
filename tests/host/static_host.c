/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A host with libflow inside its own program, which loads a plugin that brings the shared libflow
 * along: the two copies must not be mixed, and the message must say what is the matter.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow.h>

static int expect(int condition, const char *what, const flow_error *err)
{
    if (!condition)
        fprintf(stderr, "%s: %s\n", what, flow_error_message(err));
    return condition ? 0 : 1;
}

int main(int argc, char **argv)
{
    flow_library *lib;
    flow_error *err = NULL;

    if (argc != 2 || flow_library_new(NULL, &lib, NULL) != FLOW_OK)
        return 2;
    int result = flow_plugin_load(lib, argv[1], &err);
    int failed = expect(result == FLOW_EABI, "not refused as another copy", err);
    failed |= expect(strstr(flow_error_message(err), argv[1]) != NULL, "no plugin named", err);
    failed |= expect(strstr(flow_error_message(err), "libflow.so.1") != NULL, "no copy named", err);
    failed |= expect(strstr(flow_error_message(err), argv[0]) != NULL, "no program named", err);
    flow_error_free(err);
    return failed | (flow_library_free(lib, NULL) != FLOW_OK);
}
