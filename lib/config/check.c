/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The steps of the check, and how findings reach the report.  Every step looks at all it can: a
 * fault keeps its own component out of the plan, and those that depend on it learn only that it
 * is broken, so that one mistake makes one finding.
 */

#include <string.h>

#include "base/error.h"
#include "config/check.h"
#include "config/common.h"
#include "core/library.h"
#include "core/value.h"

int fl_check_label(struct fl_check *check, const char *kind, const char *name)
{
    fl_buf_clear(&check->label);
    if (name && fl_buf_printf(&check->label, "%s %s", kind, name))
        return FLOW_ENOMEM;
    return fl_buf_cstr(&check->label) ? FLOW_OK : FLOW_ENOMEM;
}

/* Memory that runs out here is remembered, since a finding may come from where nothing can fail;
 * the check then fails as a whole rather than hide one. */
static void add(struct fl_check *check, flow_diagnostic *found)
{
    if (check->scope == FL_OTHER)
        found->severity = FLOW_SEVERITY_WARNING;
    found->component = fl_buf_cstr(&check->label);
    if (fl_report_add(check->report, found))
        check->nomem = 1;
}

static void add_formatted(struct fl_check *check, flow_diagnostic *found, const char *format,
                          va_list args)
{
    struct fl_buf text;

    fl_buf_init(&text, check->mem);
    if (fl_buf_vprintf(&text, format, args) || !fl_buf_cstr(&text)) {
        check->nomem = 1;
    } else {
        found->message = fl_buf_cstr(&text);
        add(check, found);
    }
    fl_buf_free(&text);
}

void fl_check_key(struct fl_check *check, int32_t severity, const struct fl_raw *where,
                  const char *hint, const char *format, ...)
{
    flow_diagnostic found = fl_raw_diagnostic(where, severity);
    va_list args;

    found.hint = hint;
    va_start(args, format);
    add_formatted(check, &found, format, args);
    va_end(args);
}

void fl_check_value(struct fl_check *check, int32_t severity, const struct fl_raw *where,
                    const char *hint, const char *format, ...)
{
    struct fl_raw value = fl_raw_at_value(where);
    flow_diagnostic found = fl_raw_diagnostic(&value, severity);
    va_list args;

    found.hint = hint;
    va_start(args, format);
    add_formatted(check, &found, format, args);
    va_end(args);
}

/* Settings know their key and place themselves; what is added is whose they are. */
static void add_setting_finding(void *self, int32_t severity, const struct fl_raw *where,
                                const char *message, const char *hint)
{
    flow_diagnostic found = fl_raw_diagnostic(where, severity);

    found.message = message;
    found.hint = hint;
    add(self, &found);
}

struct fl_findings fl_check_findings(struct fl_check *check)
{
    return (struct fl_findings){.self = check, .add = add_setting_finding};
}

/* Places are stored one higher, so that no entry reads as none. */
size_t fl_place_get(const struct fl_check *check, enum fl_section_id section, const char *name)
{
    return (size_t)(uintptr_t)fl_map_get(&check->places[section], name) - 1;
}

int fl_place_set(struct fl_check *check, enum fl_section_id section, const char *name, size_t place)
{
    return fl_map_put(&check->places[section], name, (void *)(uintptr_t)(place + 1));
}

/* All that is listed counts as broken until it is found sound. */
static int place_listed(struct fl_check *check)
{
    int rc = FLOW_OK;

    for (size_t s = 0; s < FL_SECTIONS; s++) {
        const struct fl_vec *names = &check->agent->sections[s].names;
        for (size_t i = 0; i < names->count && !rc; i++)
            rc = fl_place_set(check, s, *(char **)fl_vec_at(names, i), FL_BROKEN);
    }
    return rc;
}

/* Checks the lists themselves: comments behind them, and that there are any. */
static int check_lists(struct fl_check *check)
{
    static const struct fl_type agent_type = {.name = "agent", .schema = &fl_agent_schema};
    struct fl_findings findings = fl_check_findings(check);
    struct fl_raw lists[FL_SECTIONS];
    struct fl_raw owner = {.key = "", .full = check->agent->name, .value = "", .file = ""};
    struct fl_settings *settings = NULL;
    size_t faults = 0;
    size_t count = 0;

    for (size_t s = 0; s < FL_SECTIONS; s++)
        if (check->agent->sections[s].list.full)
            lists[count++] = check->agent->sections[s].list;
    int rc = fl_check_label(check, "agent", check->agent->name);
    if (!rc)
        rc = fl_settings_make(check->registry, &agent_type, lists, count, &owner, &findings,
                              &faults, &settings);
    fl_settings_free(settings);
    return rc;
}

/* Warns of components that have settings but stand in no list. */
static void check_unlisted(struct fl_check *check, enum fl_section_id id)
{
    const struct fl_map *blocks = &check->agent->sections[id].blocks.map;

    for (size_t i = 0; i < blocks->count; i++) {
        const struct fl_block *block = blocks->entries[i].value;
        if (fl_place_get(check, id, block->name) == FL_UNLISTED)
            fl_check_key(check, FLOW_SEVERITY_WARNING, fl_vec_at(&block->raw, 0),
                         "add it to the list, or remove its settings",
                         "'%s' is not in the list '%s.%s', so its settings have no effect",
                         block->name, check->agent->name, fl_section_name(id));
    }
}

/* An agent that only fills or only empties its channels may be meant; one that does neither is
 * not. */
static void check_ends(struct fl_check *check)
{
    const struct fl_section *sections = check->agent->sections;
    size_t sources = sections[FL_SOURCES].names.count;
    size_t sinks = sections[FL_SINKS].names.count;
    struct fl_raw owner = {.full = check->agent->name, .file = ""};

    if (!sources && !sinks)
        fl_check_key(check, FLOW_SEVERITY_ERROR, &owner, NULL,
                     "agent '%s' has neither sources nor sinks", check->agent->name);
    else if (!sources || !sinks)
        fl_check_key(check, FLOW_SEVERITY_WARNING, &owner, NULL, "agent '%s' has no %s",
                     check->agent->name, sources ? "sinks" : "sources");
}

/* Warns of channels that nothing is connected to.  They stay: the host may use them itself. */
static void check_unused(struct fl_check *check)
{
    const struct fl_section *channels = &check->agent->sections[FL_CHANNELS];

    for (size_t i = 0; i < channels->names.count; i++) {
        const char *name = *(char **)fl_vec_at(&channels->names, i);
        const struct fl_block *block = fl_blocks_get(&channels->blocks, name);
        if (block && !fl_map_get(&check->used, name))
            fl_check_key(check, FLOW_SEVERITY_WARNING, fl_vec_at(&block->raw, 0), NULL,
                         "no source or sink uses channel '%s'", name);
    }
}

/*
 * Channels come first, as all others refer to them.  Groups come before sinks, because a sink whose
 * group cannot be made must not run on its own, and their members are looked up after the sinks.
 */
static int check_components(struct fl_check *check)
{
    struct fl_vec groups; /* of struct fl_component */

    fl_vec_init(&groups, check->mem, sizeof(struct fl_component));
    int rc = fl_check_channels(check);
    if (!rc)
        rc = fl_check_sources(check);
    if (!rc)
        rc = fl_check_groups(check, &groups);
    if (!rc)
        rc = fl_check_sinks(check);
    if (!rc)
        rc = fl_check_members(check, &groups);
    for (size_t i = 0; i < groups.count; i++)
        fl_component_end(check, fl_vec_at(&groups, i));
    fl_vec_free(&groups);
    return rc;
}

/* Filters come before components, whose values they fill in, and after the lists, which Flume does
 * not substitute. */
static int run(struct fl_check *check)
{
    int rc = place_listed(check);

    if (!rc)
        rc = check_lists(check);
    if (rc)
        return rc;
    for (size_t s = 0; s < FL_SECTIONS; s++)
        check_unlisted(check, s);
    check_ends(check);
    rc = fl_filters_make(check);
    if (!rc)
        rc = check_components(check);
    if (!rc)
        rc = fl_check_label(check, NULL, NULL);
    if (rc)
        return rc;
    check_unused(check);
    rc = fl_check_batches(check);
    if (!rc && check->scope == FL_THOROUGH)
        rc = fl_check_trials(check);
    return rc || !check->nomem ? rc : FLOW_ENOMEM;
}

int fl_check_agent(flow_config *config, const struct fl_agent *agent, enum fl_scope scope,
                   struct flow_report *report, struct fl_plan *plan)
{
    struct fl_check check = {
        .config = config,
        .mem = config->mem,
        .registry = config->lib->registry,
        .agent = agent,
        .report = report,
        .plan = plan,
        .scope = scope,
    };

    fl_buf_init(&check.label, check.mem);
    fl_map_init(&check.used, check.mem);
    fl_map_init(&check.claims, check.mem);
    fl_filters_init(&check);
    for (size_t s = 0; s < FL_SECTIONS; s++)
        fl_map_init(&check.places[s], check.mem);
    int rc = run(&check);
    for (size_t s = 0; s < FL_SECTIONS; s++)
        fl_map_free(&check.places[s]);
    fl_filters_free(&check);
    fl_map_free(&check.claims);
    fl_map_free(&check.used);
    fl_buf_free(&check.label);
    return rc;
}
