/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `flow log import-flume`: takes over what a stopped Flume has left in file channels.  For each, a
 * pipeline is built of the channel and an inlet, which the events go through; so they come to it as
 * from any source that can be repeated, with positions.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "logdir_import.h"
#include "setup.h"

#define INLET "flume-import" /* positions are of this name, for good */

#define STOP_MS 60000

#define AS_NUMBER "%" PRIu64

/* ---- what there is ---- */

static int open_flume(const struct options *options, flow_library *lib,
                      const struct import_job *job, flow_flume **flume, flow_error **err)
{
    const flow_flume_options channel = {
        .struct_size = sizeof channel,
        .flags = options->lenient ? FLOW_FLUME_LENIENT : 0,
        .checkpoint = job->from.checkpoint,
        .backup = job->backup,
        .data = (const char *const *)job->from.data.items,
        .data_count = job->from.data.count,
        .key_store = job->from.keys.store,
        .key_password = job->from.keys.password,
        .key_passwords = (const char *const *)job->from.keys.passwords.items,
        .key_password_count = job->from.keys.passwords.count,
    };

    return flow_flume_open(lib, &channel, flume, err);
}

static void print_count(const char *name, const char *what, uint64_t count)
{
    if (count)
        printf("%s: %s: " AS_NUMBER "\n", name, what, count);
}

static void print_found(const struct import_job *job, const flow_flume_stat *stat)
{
    static const char *const from[] = {"from their beginning", "from the checkpoint on",
                                       "from the backup of the checkpoint on"};
    const char *name = job->name;

    if (!stat->logs) {
        printf("%s: there is no log of Flume's%s\n", name,
               stat->set_aside ? "; an earlier import has set one aside" : "");
        return;
    }
    printf("%s: events in the channel: " AS_NUMBER " (" AS_NUMBER " bytes)\n", name, stat->events,
           stat->bytes);
    if (stat->checkpoint_fault)
        printf("%s: the checkpoint is not used: %s\n", name, stat->checkpoint_fault);
    printf("%s: logs: " AS_NUMBER ", read %s: puts " AS_NUMBER ", takes " AS_NUMBER
           ", commits " AS_NUMBER ", rollbacks " AS_NUMBER "\n",
           name, stat->logs, from[stat->checkpoint], stat->puts, stat->takes, stat->commits,
           stat->rollbacks);
    print_count(name, "left out, since their transactions never committed", stat->open_puts);
    print_count(name, "in it, since the transactions that took them never committed",
                stat->open_takes);
    print_count(name, "left out, since Flume's integrity tool had removed them", stat->removed);
    print_count(name, "left out, since they are damaged", stat->damaged);
    if (!text_list_value(&job->settings, "encryption.keyProvider"))
        print_count(name, "encrypted logs, which libflow's will not be", stat->encrypted);
}

/* ---- taking it over ---- */

static int set(flow_config *config, const char *agent, const char *what, const char *value,
               flow_error **err)
{
    char *key = text_format("%s.%s", agent, what);
    int rc = flow_config_set(config, key, value, err);

    free(key);
    return rc;
}

static int set_channel(flow_config *config, const char *agent, const struct import_job *job,
                       const char *name, const char *value, flow_error **err)
{
    char *key = text_format("channels.%s.%s", job->name, name);
    int rc = set(config, agent, key, value, err);

    free(key);
    return rc;
}

/* An inlet and the channel.  It takes whatever there is, as Flume had accepted it. */
static int describe(flow_config *config, const char *agent, const struct import_job *job,
                    flow_error **err)
{
    int rc = set(config, agent, "sources", INLET, err);

    if (rc == FLOW_OK)
        rc = set(config, agent, "channels", job->name, err);
    if (rc == FLOW_OK)
        rc = set(config, agent, "sources." INLET ".type", "inlet", err);
    if (rc == FLOW_OK)
        rc = set(config, agent, "sources." INLET ".channels", job->name, err);
    if (rc == FLOW_OK)
        rc = set_channel(config, agent, job, "type", "file", err);
    if (rc == FLOW_OK)
        rc = set_channel(config, agent, job, "capacity", "9223372036854775807", err);
    for (size_t i = 0; i < job->settings.count && rc == FLOW_OK; i += 2)
        rc = set_channel(config, agent, job, job->settings.items[i], job->settings.items[i + 1],
                         err);
    return rc;
}

static int build(flow_library *lib, const char *agent, const struct import_job *job,
                 flow_pipeline **pipeline, flow_error **err)
{
    flow_config *config;
    int rc = flow_config_new(lib, &config, err);

    if (rc != FLOW_OK)
        return rc;
    rc = describe(config, agent, job, err);
    if (rc == FLOW_OK)
        rc = flow_pipeline_new(lib, config, agent, 0, pipeline, err);
    flow_config_free(config);
    return rc;
}

static int push_all(flow_pipeline *pipeline, flow_flume *flume, flow_error **err)
{
    flow_inlet *inlet;
    int rc = flow_pipeline_start(pipeline, err);

    if (rc != FLOW_OK)
        return rc;
    rc = flow_pipeline_inlet(pipeline, INLET, &inlet, err);
    if (rc == FLOW_OK)
        rc = flow_flume_import(flume, inlet, -1, err);
    int stopped = flow_pipeline_stop(pipeline, STOP_MS, rc == FLOW_OK ? err : NULL);
    return rc == FLOW_OK ? stopped : rc;
}

static int take_over(flow_library *lib, const char *agent, const struct import_job *job,
                     flow_flume *flume, flow_error **err)
{
    flow_pipeline *pipeline = NULL;
    int rc = build(lib, agent, job, &pipeline, err);

    if (rc == FLOW_OK)
        rc = push_all(pipeline, flume, err);
    flow_pipeline_free(pipeline, NULL);
    return rc;
}

static void print_result(const struct import_job *job, const flow_flume *flume)
{
    flow_flume_stat stat = {.struct_size = sizeof stat};

    flow_flume_stat_get(flume, &stat);
    if (!stat.logs)
        return;
    printf("%s: imported: " AS_NUMBER "\n", job->name, stat.imported);
    print_count(job->name, "there from an earlier import", stat.skipped);
}

/* ---- one channel, and all ---- */

static int import(const struct options *options, flow_library *lib, const char *agent,
                  const struct import_job *job, flow_error **err)
{
    flow_flume_stat stat = {.struct_size = sizeof stat};
    flow_flume *flume;
    int rc = open_flume(options, lib, job, &flume, err);

    if (rc != FLOW_OK)
        return rc;
    flow_flume_stat_get(flume, &stat);
    print_found(job, &stat);
    fflush(stdout);
    if (!options->dry_run) {
        rc = take_over(lib, agent, job, flume, err);
        print_result(job, flume);
    }
    if (rc == FLOW_OK && !options->dry_run && !options->keep) {
        rc = flow_flume_set_aside(flume, err);
        if (rc == FLOW_OK && stat.logs)
            printf("%s: Flume's files are in imported-... now, in each of its folders\n",
                   job->name);
    }
    flow_flume_free(flume);
    return rc;
}

int logdir_import(const struct options *options, flow_library *lib)
{
    struct import_jobs jobs;
    int status = import_find(options, lib, &jobs);
    int worst = status;

    for (size_t i = 0; i < jobs.count && status == EXIT_OK; i++) {
        flow_error *err = NULL;
        int rc = import(options, lib, jobs.agent, &jobs.items[i], &err);
        if (rc == FLOW_OK)
            continue;
        fflush(stdout);
        int found = say_error(err, rc == FLOW_EPARSE ? EXIT_DAMAGED : EXIT_FAILURE_RUN);
        worst = found > worst ? found : worst;
    }
    import_jobs_free(&jobs);
    return worst;
}
