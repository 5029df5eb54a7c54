/* SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include "config_target.h"
#include "config_types.h"

static void must(int is_true)
{
    if (!is_true)
        abort();
}

flow_config *config_target_open(flow_library **lib)
{
    flow_config *config;

    must(flow_library_new(NULL, lib, NULL) == FLOW_OK);
    must(config_types_add(*lib, NULL) == FLOW_OK);
    must(flow_config_new(*lib, &config, NULL) == FLOW_OK);
    return config;
}

/* Every entry has a place in the text it came from, and is found by its key. */
static void look_at_entries(flow_config *config)
{
    flow_entry entry = {.struct_size = sizeof entry};

    for (size_t i = 0; flow_config_entry(config, i, &entry) == FLOW_OK; i++) {
        must(entry.file[0] == '\0' || (entry.line > 0 && entry.column > 0));
        must(strcmp(flow_config_get(config, entry.key), entry.value) == 0);
    }
}

static void look_at_names(flow_config *config)
{
    const char *agent;

    for (size_t a = 0; (agent = flow_config_agent(config, a)); a++) {
        for (uint32_t kind = 0; kind < 9; kind++) {
            const char *name;
            for (size_t i = 0; (name = flow_config_component(config, agent, kind, i)); i++)
                must(name[0] != '\0' && !strpbrk(name, " \t\n"));
        }
    }
}

static void look_at_report(flow_config *config)
{
    flow_diagnostic one = {.struct_size = sizeof one};
    flow_report *report;
    uint32_t line = 0;

    must(flow_config_check(config, "a1", &report, NULL) == FLOW_OK);
    for (size_t i = 0; flow_report_get(report, i, &one) == FLOW_OK; i++) {
        must(one.message[0] != '\0');
        must(one.severity == FLOW_SEVERITY_ERROR || one.severity == FLOW_SEVERITY_WARNING);
        must(one.line >= line && (one.line == 0 || one.column > 0));
        line = one.line;
    }
    flow_report_free(report);
}

void config_target_close(flow_library *lib, flow_config *config)
{
    look_at_entries(config);
    look_at_names(config);
    look_at_report(config);
    flow_config_free(config);
    must(flow_library_free(lib, NULL) == FLOW_OK);
}
