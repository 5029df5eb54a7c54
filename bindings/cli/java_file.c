/* SPDX-License-Identifier: Apache-2.0 */

/* The library reads them: what is a property to it is one here. */

#include "java_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <flow.h>

#include "options.h"
#include "setup.h"

static int read_all(flow_config *config, const char *path, const struct text_list *defines,
                    flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; defines && i < defines->count && rc == FLOW_OK; i += 2)
        rc = flow_config_set(config, defines->items[i], defines->items[i + 1], err);
    return rc == FLOW_OK ? flow_config_load(config, path, err) : rc;
}

static void add_entries(flow_config *config, struct text_list *pairs)
{
    flow_entry entry = {.struct_size = sizeof entry};

    for (size_t i = 0; flow_config_entry(config, i, &entry) == FLOW_OK; i++)
        text_list_add_pair(pairs, entry.key, entry.value);
}

int java_file_read(const char *path, const struct text_list *defines, struct text_list *pairs)
{
    flow_library *lib;
    flow_config *config = NULL;
    flow_error *err = NULL;

    if (access(path, F_OK) != 0)
        return EXIT_NO_FILE;
    if (flow_library_new(NULL, &lib, &err) != FLOW_OK)
        return say_error(err, EXIT_FAILURE_RUN);
    int rc = flow_config_new(lib, &config, &err);
    if (rc == FLOW_OK)
        rc = read_all(config, path, defines, &err);
    if (rc == FLOW_OK)
        add_entries(config, pairs);
    flow_config_free(config);
    flow_library_free(lib, NULL);
    return rc == FLOW_OK ? EXIT_OK : say_error(err, EXIT_FAILURE_RUN);
}
