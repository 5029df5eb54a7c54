/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `flow agent`: starts a pipeline, looks now and then whether the configuration changed, and ends
 * on a signal.  A changed configuration that is faulty, or cannot start, leaves the old one at
 * work: it is built again from the configuration that was kept.
 */

#include <flow.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "commands.h"
#include "control.h"
#include "findings.h"
#include "graph.h"
#include "http.h"
#include "monitor.h"
#include "setup.h"
#include "signals.h"
#include "watch.h"

struct agent {
    const struct options *options;
    struct log log;
    flow_library *lib;
    flow_config *config; /* what the pipeline was built from */
    flow_pipeline *pipeline;
    struct monitor monitor;
    struct control control;
    char *name;
    int signals; /* where they are read from; -1: they still end the process */
    struct watch watch;
};

static void log_error(struct agent *agent, const char *what, flow_error *err)
{
    log_say(&agent->log, FLOW_LOG_ERROR, "%s: %s", what, flow_error_message(err));
    flow_error_free(err);
}

/* The value of the definition NAME, or NULL. */
static const char *defined(const struct agent *agent, const char *name)
{
    return text_list_value(&agent->options->defines, name);
}

/* ---- configurations ---- */

/* As in Flume, only who asks for it twice finds passwords in his log. */
static void print_config(struct agent *agent, flow_config *config)
{
    const char *wanted = defined(agent, "org.apache.flume.log.printconfig");
    flow_entry entry = {.struct_size = sizeof entry};

    if (!wanted || strcasecmp(wanted, "true") != 0)
        return;
    for (size_t i = 0; flow_config_entry(config, i, &entry) == FLOW_OK; i++)
        log_say(&agent->log, FLOW_LOG_DEBUG, "configuration: %s = %s", entry.key, entry.value);
}

/* Logs what is wrong with CONFIG; returns whether it can be used. */
static int is_usable(struct agent *agent, flow_config *config)
{
    flow_report *report = NULL;
    flow_error *err = NULL;

    print_config(agent, config);
    if (flow_config_check(config, agent->name, &report, &err) != FLOW_OK) {
        log_error(agent, "cannot check the configuration", err);
        return 0;
    }
    findings_log(report, &agent->log);
    size_t errors = flow_report_count(report, FLOW_SEVERITY_ERROR);
    flow_report_free(report);
    if (errors && !agent->options->lenient)
        log_say(&agent->log, FLOW_LOG_ERROR, "%zu error%s in the configuration of agent %s", errors,
                errors == 1 ? "" : "s", agent->name);
    return !errors || agent->options->lenient;
}

/* ---- pipelines ---- */

static int build(struct agent *agent, flow_config *config, flow_pipeline **pipeline)
{
    uint32_t flags = agent->options->lenient ? FLOW_PIPELINE_LENIENT : 0;
    flow_error *err = NULL;
    int rc = flow_pipeline_new(agent->lib, config, agent->name, flags, pipeline, &err);

    if (rc == FLOW_OK)
        return EXIT_OK;
    log_error(agent, "cannot build the agent", err);
    return rc == FLOW_ECONFIG || rc == FLOW_ENOENT ? EXIT_CONFIG : EXIT_FAILURE_RUN;
}

/* Has those who look at the agent from outside look at PIPELINE. */
static void show(struct agent *agent, flow_pipeline *pipeline)
{
    monitor_show(&agent->monitor, pipeline);
    control_show(&agent->control, pipeline);
}

/* Empties the channels as far as time allows, then stops.  Returns an exit status. */
static int stop(struct agent *agent)
{
    int64_t timeout = (int64_t)agent->options->stop_timeout * 1000;
    flow_error *err = NULL;

    if (!agent->pipeline)
        return EXIT_OK;
    if (flow_pipeline_state(agent->pipeline) == FLOW_PIPELINE_RUNNING &&
        flow_pipeline_drain(agent->pipeline, timeout, &err) != FLOW_OK) {
        log_error(agent, "the channels are not empty", err);
        err = NULL;
    }
    show(agent, NULL); /* a channel that closes takes away what is told of its consumers */
    if (flow_pipeline_stop(agent->pipeline, timeout, &err) != FLOW_OK) {
        log_error(agent, "cannot stop", err);
        return EXIT_FAILURE_RUN;
    }
    flow_pipeline_free(agent->pipeline, NULL);
    agent->pipeline = NULL;
    return EXIT_OK;
}

/* Starts PIPELINE and makes it the agent's; what fails to start is freed. */
static int start(struct agent *agent, flow_pipeline *pipeline)
{
    flow_error *err = NULL;
    int rc = flow_pipeline_start(pipeline, &err);

    agent->pipeline = pipeline;
    if (rc == FLOW_OK) {
        show(agent, pipeline);
        return EXIT_OK;
    }
    log_error(agent, "cannot start", err);
    flow_pipeline_stop(pipeline, (int64_t)agent->options->stop_timeout * 1000, NULL);
    if (flow_pipeline_free(pipeline, NULL) == FLOW_OK)
        agent->pipeline = NULL;
    return EXIT_FAILURE_RUN;
}

/* ---- reload ---- */

/* Builds and starts again what ran before. */
static int go_back(struct agent *agent)
{
    flow_pipeline *pipeline;

    log_say(&agent->log, FLOW_LOG_WARN, "going back to the configuration before");
    int status = build(agent, agent->config, &pipeline);
    return status == EXIT_OK ? start(agent, pipeline) : EXIT_FAILURE_RUN;
}

/* Replaces the running pipeline by one of CONFIG, which it takes. */
static int change_over(struct agent *agent, flow_config *config)
{
    flow_pipeline *pipeline;

    if (build(agent, config, &pipeline) != EXIT_OK) {
        flow_config_free(config);
        return EXIT_OK; /* the old one goes on */
    }
    int status = stop(agent);
    if (status != EXIT_OK) {
        flow_pipeline_free(pipeline, NULL);
        flow_config_free(config);
        return status;
    }
    if (start(agent, pipeline) != EXIT_OK) {
        flow_config_free(config);
        return go_back(agent);
    }
    flow_config_free(agent->config);
    agent->config = config;
    if (agent->options->backup)
        backup_save(agent->options, config, agent->name);
    log_say(&agent->log, FLOW_LOG_INFO, "agent %s runs with the changed configuration",
            agent->name);
    return EXIT_OK;
}

/* Returns an exit status other than EXIT_OK only when nothing runs any more. */
static int reload(struct agent *agent)
{
    flow_config *config;

    log_say(&agent->log, FLOW_LOG_INFO, "the configuration has changed");
    if (setup_config(agent->options, agent->lib, &config) != EXIT_OK) {
        log_say(&agent->log, FLOW_LOG_ERROR, "it cannot be read; the old one stays");
        return EXIT_OK;
    }
    if (!is_usable(agent, config)) {
        log_say(&agent->log, FLOW_LOG_ERROR, "the old configuration stays");
        flow_config_free(config);
        return EXIT_OK;
    }
    return change_over(agent, config);
}

/* Whether the configuration is another than before; that it cannot be had is no change. */
static int look_for_changes(struct agent *agent)
{
    char *why = NULL;
    int is_changed = watch_changed(&agent->watch, agent->options, agent->signals, &why);

    if (why)
        log_say(&agent->log, FLOW_LOG_WARN, "cannot look whether the configuration changed: %s",
                why);
    free(why);
    return is_changed;
}

/* ---- the life of an agent ---- */

/* Runs until a signal comes; returns 128 + its number, or why it could not go on. */
static int run(struct agent *agent)
{
    const struct options *options = agent->options;
    int status = EXIT_OK;
    int number = 0;

    while (status == EXIT_OK && number == 0) {
        number = signals_wait(agent->signals, options->no_reload ? -1 : options_interval(options));
        if (number == 0 && look_for_changes(agent))
            status = reload(agent);
    }
    if (status != EXIT_OK)
        return status;
    log_say(&agent->log, FLOW_LOG_INFO, "stopping on SIG%s", sigabbrev_np(number));
    signals_end_at_next();
    status = stop(agent);
    log_say(&agent->log, FLOW_LOG_INFO, "stopped");
    return status == EXIT_OK ? 128 + number : status;
}

static int start_and_run(struct agent *agent)
{
    flow_pipeline *pipeline;

    if (agent->signals < 0)
        agent->signals = signals_open();
    int status = build(agent, agent->config, &pipeline);

    if (status != EXIT_OK)
        return status;
    control_open(&agent->control, agent->options, agent->name, &agent->log);
    status = start(agent, pipeline);
    if (status == EXIT_OK) {
        if (agent->options->backup)
            backup_save(agent->options, agent->config, agent->name);
        log_say(&agent->log, FLOW_LOG_INFO, "agent %s runs", agent->name);
        status = run(agent);
    }
    control_close(&agent->control);
    return status;
}

/* With a configuration: checks it, and shows or runs it. */
static int with_config(struct agent *agent)
{
    const char *name = setup_agent(agent->options, agent->config);

    if (!name)
        return EXIT_CONFIG;
    agent->name = text_copy(name);
    if (!is_usable(agent, agent->config))
        return EXIT_CONFIG;
    if (!agent->options->dry_run)
        return start_and_run(agent);
    graph_text(stdout, agent->config, agent->name);
    return EXIT_OK;
}

/* ---- files that are still to come ---- */

/* The first file of the configuration that is not there, or NULL; the caller frees it. */
static char *missing_file(const struct options *options)
{
    char *path;

    for (size_t i = 0; (path = setup_path(options, i)); i++) {
        if (!http_is_url(path) && access(path, F_OK) != 0 && errno == ENOENT)
            return path;
        free(path);
    }
    return NULL;
}

/*
 * A service of Flume's may be started before it is configured, and says so by a definition.  Waits
 * for the files; returns 128 + the number of the signal that came first.
 */
static int await_files(struct agent *agent)
{
    const struct options *options = agent->options;
    char *path;
    int number = 0;

    if (!defined(agent, "flume.called.from.service") || options->no_reload || options->backup ||
        options->dry_run)
        return EXIT_OK;
    while (number == 0 && (path = missing_file(options))) {
        if (agent->signals < 0) {
            agent->signals = signals_open();
            log_say(&agent->log, FLOW_LOG_INFO, "%s is not there yet; waiting for it", path);
        }
        free(path);
        number = signals_wait(agent->signals, options_interval(options));
    }
    return number ? 128 + number : EXIT_OK;
}

/* Reads the configuration and does with it what is to be done. */
static int load_and_run(struct agent *agent)
{
    int status = await_files(agent);

    if (status != EXIT_OK)
        return status;
    /* Before the files are read, so that no change goes unnoticed. */
    watch_begin(&agent->watch, agent->options);
    status = setup_config(agent->options, agent->lib, &agent->config);
    if (status == EXIT_OK)
        status = with_config(agent);
    watch_end(&agent->watch);
    return status;
}

static int load_and_monitor(struct agent *agent)
{
    int status = monitor_open(&agent->monitor, agent->options, &agent->log);

    control_init(&agent->control);
    if (status == EXIT_OK)
        status = load_and_run(agent);
    control_destroy(&agent->control);
    monitor_close(&agent->monitor);
    return status;
}

int command_agent(struct options *options)
{
    struct agent agent = {.options = options, .signals = -1};
    int status = log_open(&agent.log, options);

    if (status == EXIT_OK)
        status = setup_library(options, &agent.log, &agent.lib);
    if (status == EXIT_OK) {
        status = load_and_monitor(&agent);
        if (!agent.pipeline) {
            flow_config_free(agent.config);
            flow_library_free(agent.lib, NULL);
        }
    }
    if (agent.signals >= 0)
        close(agent.signals);
    free(agent.name);
    if (!agent.pipeline) /* else something of it still runs, and may log */
        log_close(&agent.log);
    return status;
}
