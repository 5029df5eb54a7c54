/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as settings of a sound agent: lines "KEY=VALUE" below it replace or add to what it has,
 * so that checks of types, values, substitution and wiring are reached at once.
 */

#include <stdlib.h>
#include <string.h>

#include "config_target.h"
#include "fuzz.h"

static const char agent[] = "a1.sources = r1\na1.channels = c1 c2\na1.sinks = k1 k2\n"
                            "a1.sinkgroups = g1\n"
                            "a1.sources.r1.type = probe\na1.sources.r1.port = 1\n"
                            "a1.sources.r1.channels = c1 c2\na1.sources.r1.interceptors = i1\n"
                            "a1.sources.r1.interceptors.i1.type = mark\n"
                            "a1.sources.r1.interceptors.i1.key = k\n"
                            "a1.channels.c1.type = box\na1.channels.c2.type = memory\n"
                            "a1.sinks.k1.type = drain\na1.sinks.k1.path = /x\n"
                            "a1.sinks.k1.channel = c1\na1.sinks.k2.type = drain\n"
                            "a1.sinks.k2.path = /x\na1.sinks.k2.channel = c2\n"
                            "a1.sinkgroups.g1.sinks = k1 k2\n"
                            "a1.sinkgroups.g1.processor.type = turns\n";

/* Sets "a1.KEY" by a line that begins at *TEXT, and moves behind it. */
static void set_line(flow_config *config, char **text)
{
    char *line = strsep(text, "\n");
    char *value = strchr(line, '=');
    char key[256] = "a1.";

    if (!value || value - line > 200 || strstr(line, "external"))
        return; /* a command would be run */
    memcpy(key + 3, line, (size_t)(value - line));
    key[3 + (value - line)] = '\0';
    flow_config_set(config, key, value + 1, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flow_library *lib;
    flow_config *config = config_target_open(&lib);
    char *copy = calloc(1, size + 1);
    char *rest = copy;

    if (copy && size)
        memcpy(copy, data, size);
    flow_config_parse(config, "agent", agent, sizeof agent - 1, FLOW_FORMAT_PROPERTIES, NULL);
    while (rest && *rest)
        set_line(config, &rest);
    config_target_close(lib, config);
    free(copy);
    return 0;
}
