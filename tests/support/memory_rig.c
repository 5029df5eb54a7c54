/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "core/registry.h"
#include "memory_rig.h"

#define MOST_SETTINGS 24

static const char *type_of(unsigned options)
{
    if (options & RIG_SPILL)
        return "SPILLABLEMEMORY";
    return options & RIG_FILE ? "file" : "memory";
}

static int make_settings(struct memory_rig *rig, const struct fl_type *type,
                         const char *const *settings)
{
    const struct fl_raw owner = {.key = "", .full = "a1.channels.c1", .value = "", .file = "test"};
    struct fl_raw raw[MOST_SETTINGS];
    char full[MOST_SETTINGS][96];
    size_t count = 0;
    size_t faults;

    for (; settings && settings[2 * count] && count < MOST_SETTINGS; count++) {
        snprintf(full[count], sizeof full[count], "a1.channels.c1.%s", settings[2 * count]);
        raw[count] = (struct fl_raw){
            .key = settings[2 * count],
            .full = full[count],
            .value = settings[2 * count + 1],
            .file = "test",
            .line = (uint32_t)count + 1,
            .column = 1,
        };
    }
    recorder_init(&rig->findings);
    return fl_settings_make(flow_library_registry(rig->lib), type, raw, count, &owner,
                            &rig->findings.findings, &faults, &rig->settings);
}

int memory_rig_new(struct memory_rig *rig, unsigned options, const char *const *settings,
                   flow_error **err)
{
    const struct fl_type *type = NULL;
    flow_library_options how = {.struct_size = sizeof how};

    memset(rig, 0, sizeof *rig);
    failing_init(&rig->failing);
    if (options & RIG_FAILING)
        how.allocator = &rig->failing.allocator;
    if (options & RIG_FALSE_CLOCK)
        rig->clock = fl_clock_false_new(NULL, 0);
    int rc = flow_library_new(&how, &rig->lib, err);
    if (!rc)
        rc = fl_registry_lookup(flow_library_registry(rig->lib), FLOW_KIND_CHANNEL,
                                type_of(options), &type, NULL, err);
    if (!rc)
        rc = make_settings(rig, type, settings);
    if (!rc)
        rc = fl_context_new(rig->lib, type, "c1", rig->settings, rig->clock, &rig->ctx, err);
    if (!rc)
        rc = fl_channel_new(rig->ctx, type, &rig->channel, err);
    if (!rc)
        rc = fl_channel_open(rig->channel, err);
    return rc;
}

int memory_rig_reopen(struct memory_rig *rig, flow_error **err)
{
    int rc = fl_channel_close(rig->channel, err);

    return rc ? rc : fl_channel_open(rig->channel, err);
}

int memory_rig_free(struct memory_rig *rig)
{
    if (rig->channel)
        fl_channel_close(rig->channel, NULL);
    fl_channel_free(rig->channel);
    fl_context_free(rig->ctx);
    if (rig->settings)
        fl_settings_free(rig->settings);
    int rc = flow_library_free(rig->lib, NULL);
    if (rig->clock)
        fl_clock_false_free(NULL, rig->clock);
    return rc;
}

int64_t memory_rig_counter(const struct memory_rig *rig, const char *name)
{
    return fl_counters_value(&rig->ctx->counters, name);
}
