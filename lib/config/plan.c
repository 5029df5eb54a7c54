/* SPDX-License-Identifier: Apache-2.0 */

/* The way from a configuration to a plan and a report: which agents are looked at, and how. */

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/check.h"
#include "core/library.h"

static struct fl_plan *plan_new(const flow_allocator *mem, const char *agent)
{
    struct fl_plan *plan = fl_zalloc(mem, sizeof *plan);

    if (!plan)
        return NULL;
    plan->mem = mem;
    fl_vec_init(&plan->channels, mem, sizeof(struct fl_plan_channel));
    fl_vec_init(&plan->sources, mem, sizeof(struct fl_plan_source));
    fl_vec_init(&plan->sinks, mem, sizeof(struct fl_plan_sink));
    fl_vec_init(&plan->groups, mem, sizeof(struct fl_plan_group));
    plan->agent = fl_strdup(mem, agent);
    if (!plan->agent) {
        fl_plan_free(plan);
        return NULL;
    }
    return plan;
}

void fl_plan_source_free(const flow_allocator *mem, struct fl_plan_source *source)
{
    for (size_t i = 0; i < source->interceptors.count; i++)
        fl_part_free(mem, fl_vec_at(&source->interceptors, i));
    fl_vec_free(&source->interceptors);
    fl_vec_free(&source->channels);
    fl_part_free(mem, &source->selector);
    fl_part_free(mem, &source->part);
}

static void free_sink(const flow_allocator *mem, struct fl_plan_sink *sink)
{
    fl_part_free(mem, &sink->part);
    fl_free(mem, sink->consumer);
}

/* Channels begin with their part and own nothing else. */
void fl_plan_free(struct fl_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->sources.count; i++)
        fl_plan_source_free(plan->mem, fl_vec_at(&plan->sources, i));
    for (size_t i = 0; i < plan->sinks.count; i++)
        free_sink(plan->mem, fl_vec_at(&plan->sinks, i));
    for (size_t i = 0; i < plan->channels.count; i++)
        fl_part_free(plan->mem, fl_vec_at(&plan->channels, i));
    for (size_t i = 0; i < plan->groups.count; i++) {
        struct fl_plan_group *group = fl_vec_at(&plan->groups, i);
        fl_vec_free(&group->sinks);
        fl_part_free(plan->mem, &group->part);
    }
    fl_vec_free(&plan->channels);
    fl_vec_free(&plan->sources);
    fl_vec_free(&plan->sinks);
    fl_vec_free(&plan->groups);
    fl_free(plan->mem, plan->agent);
    fl_free(plan->mem, plan);
}

/* The agent that NAME, or NULL where there is only one, means; NULL with a finding. */
static int pick_agent(flow_config *config, const char *name, struct flow_report *report,
                      const struct fl_agent **agent)
{
    const struct fl_map *agents = &config->index->agents;
    flow_diagnostic found = {.severity = FLOW_SEVERITY_ERROR};
    struct fl_buf hint;

    *agent = name                 ? fl_index_agent(config->index, name)
             : agents->count == 1 ? agents->entries[0].value
                                  : NULL;
    if (*agent)
        return FLOW_OK;
    if (agents->count == 0) {
        found.message = "the configuration has no agent";
        return fl_report_add(report, &found);
    }
    fl_buf_init(&hint, config->mem);
    int rc = fl_buf_text(&hint, "there is ");
    for (size_t i = 0; i < agents->count && i < 20 && !rc; i++)
        rc = fl_buf_printf(&hint, "%s'%s'", i ? ", " : "", agents->entries[i].key);
    found.hint = rc ? NULL : fl_buf_cstr(&hint);
    rc = name ? fl_report_addf(report, &found, "the configuration has no agent '%s'", name)
              : fl_report_addf(report, &found, "which of the %zu agents is meant was not said",
                               agents->count);
    fl_buf_free(&hint);
    return rc;
}

/* Whether the key of FOUND is another agent's. */
static int is_foreign(const flow_diagnostic *found, const char *agent)
{
    size_t size = strlen(agent);

    return strncmp(found->key, agent, size) != 0 || found->key[size] != '.';
}

/* Adds what substitution found; what is wrong with the keys of others is a warning. */
static int merge_resolved(flow_config *config, const char *agent, struct flow_report *report)
{
    const struct fl_vec *findings = &config->resolved.findings;

    for (size_t i = 0; i < findings->count; i++) {
        flow_diagnostic found = ((struct fl_finding *)fl_vec_at(findings, i))->at;
        if (is_foreign(&found, agent))
            found.severity = FLOW_SEVERITY_WARNING;
        if (fl_report_add(report, &found))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* Checks the agents that nobody asked about. */
static int check_others(flow_config *config, const struct fl_agent *agent,
                        struct flow_report *report)
{
    const struct fl_map *agents = &config->index->agents;
    int rc = FLOW_OK;

    for (size_t i = 0; i < agents->count && !rc; i++) {
        const struct fl_agent *other = agents->entries[i].value;
        struct fl_plan *plan = other == agent ? NULL : plan_new(config->mem, other->name);
        if (other == agent)
            continue;
        rc = plan ? fl_check_agent(config, other, FL_OTHER, report, plan) : FLOW_ENOMEM;
        fl_plan_free(plan);
    }
    return rc;
}

/*
 * Fills REPORT, and PLAN with what is sound; *PLAN stays NULL when there is no such agent.  Other
 * agents are looked at only where all is to be told: their types may be in modules that the agent
 * that is about to run would carry along for nothing.
 */
static int examine(flow_config *config, const char *name, enum fl_scope scope,
                   struct flow_report *report, struct fl_plan **plan)
{
    const struct fl_agent *agent;
    int rc = fl_config_settle(config);

    *plan = NULL;
    if (!rc)
        rc = fl_report_merge(report, &config->faults);
    if (!rc)
        rc = fl_report_merge(report, &config->index->findings);
    if (!rc)
        rc = pick_agent(config, name, report, &agent);
    if (!rc)
        rc = merge_resolved(config, agent ? agent->name : "", report);
    if (!rc && scope == FL_THOROUGH)
        rc = check_others(config, agent, report);
    if (!rc && agent) {
        *plan = plan_new(config->mem, agent->name);
        rc = *plan ? fl_check_agent(config, agent, scope, report, *plan) : FLOW_ENOMEM;
    }
    if (!rc)
        fl_report_sort(report, &config->files);
    if (rc) {
        fl_plan_free(*plan);
        *plan = NULL;
    }
    return rc;
}

static int report_new(flow_config *config, struct flow_report **report, flow_error **err)
{
    *report = fl_zalloc(config->mem, sizeof **report);
    if (!*report)
        return fl_error_nomem(err);
    fl_report_init(*report, config->mem);
    return FLOW_OK;
}

/* The plan is made, as that is what finds the faults, and thrown away. */
int flow_config_check(flow_config *config, const char *agent, flow_report **report,
                      flow_error **err)
{
    struct flow_report *made;
    struct fl_plan *plan;

    if (!config || !report)
        return flow_error_set(err, FLOW_EINVAL,
                              "a configuration and a place for the report are "
                              "needed");
    int rc = fl_library_check(config->lib, err);
    if (!rc)
        rc = report_new(config, &made, err);
    if (rc)
        return rc;
    if (examine(config, agent, FL_THOROUGH, made, &plan)) {
        flow_report_free(made);
        return fl_error_nomem(err);
    }
    fl_plan_free(plan);
    *report = made;
    return FLOW_OK;
}

/* Describes the first error of REPORT, and how many there are. */
static int refuse(const struct flow_report *report, int code, flow_error **err)
{
    size_t count = flow_report_count(report, FLOW_SEVERITY_ERROR);
    flow_diagnostic first = *fl_report_first_error(report, 0);
    struct fl_buf text;

    fl_buf_init(&text, report->mem);
    if (count > 1 && !fl_buf_printf(&text, "%s (the first of %zu errors)", first.message, count) &&
        fl_buf_cstr(&text))
        first.message = fl_buf_cstr(&text);
    fl_report_error(&first, code, err);
    fl_buf_free(&text);
    return code;
}

/* Whether enough is left of an agent for Flume to run it. */
static int is_viable(const struct fl_plan *plan)
{
    return plan->channels.count > 0 && (plan->sources.count > 0 || plan->sinks.count > 0);
}

/* What is to be returned with a finished report.  Without leniency a single error is enough: an
 * agent that runs with a part of its configuration loses events in silence. */
static int decide(const struct flow_report *report, struct fl_plan *plan, int lenient,
                  flow_error **err)
{
    size_t errors = flow_report_count(report, FLOW_SEVERITY_ERROR);

    if (!plan)
        return refuse(report, FLOW_ENOENT, err);
    if (errors && !lenient)
        return refuse(report, FLOW_ECONFIG, err);
    if (!is_viable(plan)) {
        if (errors)
            refuse(report, FLOW_ECONFIG, err);
        return flow_error_setf(err, FLOW_ECONFIG, "nothing of agent '%s' can run", plan->agent);
    }
    return FLOW_OK;
}

int fl_plan_make(flow_config *config, const char *agent, int lenient, struct fl_plan **plan,
                 flow_report **report, flow_error **err)
{
    struct flow_report *made;
    int rc = fl_library_check(config->lib, err);

    *plan = NULL;
    if (!rc)
        rc = report_new(config, &made, err);
    if (rc)
        return rc;
    if (examine(config, agent, FL_ASKED, made, plan)) {
        flow_report_free(made);
        return fl_error_nomem(err);
    }
    rc = decide(made, *plan, lenient, err);
    if (rc) {
        fl_plan_free(*plan);
        *plan = NULL;
    }
    if (report)
        *report = made;
    else
        flow_report_free(made);
    return rc;
}
