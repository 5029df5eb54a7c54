/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which channels of Flume's are taken over, and into which of libflow's.  A configuration tells
 * both at once; options tell one of them, or both.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logdir_import.h"
#include "setup.h"

/* What a channel of libflow's has from the configuration: all that says where and how its log is
 * written.  How much fits into it does not matter here, as Flume has accepted the events. */
static const char *const settings[] = {
    "checkpointDir",
    "dataDirs",
    "useDualCheckpoints",
    "backupCheckpointDir",
    "checkpointInterval",
    "maxFileSize",
    "minimumRequiredSpace",
    "compression",
    "compressionLevel",
    "encryption.activeKey",
    "encryption.cipherProvider",
    "encryption.keyProvider",
    "encryption.keyProvider.keyStoreFile",
    "encryption.keyProvider.keyStorePasswordFile",
    "encryption.keyProvider.keys",
};

/* ---- channels ---- */

/* A spillable channel is a file channel that has memory before it. */
static int has_log(flow_config *config, const char *agent, const char *channel)
{
    static const char *const names[] = {
        "file",
        "org.apache.flume.channel.file.FileChannel",
        "spillablememory",
        "org.apache.flume.channel.SpillableMemoryChannel",
    };
    const char *type = logdir_setting(config, agent, channel, "type");
    size_t size = type ? strcspn(type, " \t") : 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == size && strncasecmp(type, names[i], size) == 0)
            return 1;
    return 0;
}

/* All channels of the agent that have a log. */
static void list_channels(flow_config *config, const char *agent, struct text_list *names)
{
    struct text_list all = {0};
    const char *name;

    for (size_t i = 0; (name = flow_config_component(config, agent, FLOW_KIND_CHANNEL, i)); i++)
        text_list_add(&all, name);
    for (size_t i = 0; i < all.count; i++)
        if (has_log(config, agent, all.items[i]))
            text_list_add(names, all.items[i]);
    text_list_free(&all);
}

static int has_text(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return 1;
    return 0;
}

/* The channels that the command line names, or all that have a log. */
static int choose_channels(const struct options *options, flow_config *config, const char *agent,
                           struct text_list *chosen)
{
    struct text_list all = {0};
    int status = EXIT_OK;

    list_channels(config, agent, &all);
    for (size_t i = 1; i < options->words.count; i++)
        text_list_add(chosen, options->words.items[i]);
    if (options->channel)
        text_list_add(chosen, options->channel);
    for (size_t i = 0; i < chosen->count && status == EXIT_OK; i++)
        if (!has_text(&all, chosen->items[i])) {
            fprintf(stderr, "Error: agent %s has no channel %s of type file or spillablememory\n",
                    agent, chosen->items[i]);
            status = EXIT_CONFIG;
        }
    if (chosen->count == 0) {
        *chosen = all;
        if (all.count == 0)
            printf("agent %s has no channel of type file or spillablememory\n", agent);
        return EXIT_OK;
    }
    text_list_free(&all);
    return status;
}

/* ---- jobs ---- */

static struct import_job *add_job(struct import_jobs *jobs, const char *name)
{
    struct import_job *items = realloc(jobs->items, (jobs->count + 1) * sizeof *items);

    if (!items) {
        fputs("Error: out of memory\n", stderr);
        exit(EXIT_FAILURE_RUN);
    }
    jobs->items = items;
    items[jobs->count] = (struct import_job){.name = text_copy(name)};
    return &items[jobs->count++];
}

static int is_true(const char *text)
{
    return text && strcasecmp(text, "true") == 0;
}

/* libflow's log is encrypted with the keys that Flume's was. */
static void set_passwords(struct import_job *job)
{
    const struct text_list *own = &job->from.keys.passwords;

    for (size_t i = 0; i + 1 < own->count; i += 2) {
        char *name = text_format("encryption.keyProvider.keys.%s.passwordFile", own->items[i]);
        text_list_add_pair(&job->settings, name, own->items[i + 1]);
        free(name);
    }
}

/* What the configuration says of a channel, of Flume's and of libflow's. */
static int take_channel(flow_config *config, const char *agent, struct import_job *job)
{
    logdir_set_place(&job->from, logdir_setting(config, agent, job->name, "checkpointDir"),
                     logdir_setting(config, agent, job->name, "dataDirs"));
    if (is_true(logdir_setting(config, agent, job->name, "useDualCheckpoints")))
        job->backup = logdir_path_setting(config, agent, job->name, "backupCheckpointDir");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const char *value = logdir_setting(config, agent, job->name, settings[i]);
        if (value)
            text_list_add_pair(&job->settings, settings[i], value);
    }
    int status = logdir_keys_find(config, agent, job->name, &job->from.keys);
    if (status == EXIT_OK)
        set_passwords(job);
    return status;
}

/* Other folders are written in the same way. */
static void set_folders(const struct options *options, struct import_job *job)
{
    struct text_list before = job->settings;

    job->settings = (struct text_list){NULL, 0};
    text_list_add_pair(&job->settings, "checkpointDir", options->checkpoint_dir);
    text_list_add_pair(&job->settings, "dataDirs", options->data_dirs);
    for (size_t i = 0; i + 1 < before.count; i += 2)
        if (text_begins(before.items[i], "encryption.") ||
            text_begins(before.items[i], "compression"))
            text_list_add_pair(&job->settings, before.items[i], before.items[i + 1]);
    text_list_free(&before);
}

/* What the options say instead. */
static void take_options(const struct options *options, struct import_job *job)
{
    if (options->flume_data) {
        free(job->from.checkpoint);
        text_list_free(&job->from.data);
        job->from.data = (struct text_list){NULL, 0};
        logdir_set_place(&job->from, options->flume_checkpoint, options->flume_data);
        free(job->backup);
        job->backup = NULL;
    }
    if (options->flume_data && !options->flume_checkpoint) {
        free(job->from.checkpoint);
        job->from.checkpoint = NULL;
    }
    logdir_keys_take(options, &job->from.keys);
    if (options->data_dirs)
        set_folders(options, job);
}

static int from_config(const struct options *options, flow_config *config, struct import_jobs *jobs)
{
    const char *agent = setup_agent(options, config);
    struct text_list names = {0};

    if (!agent)
        return EXIT_CONFIG;
    jobs->agent = text_copy(agent);
    int status = choose_channels(options, config, jobs->agent, &names);
    for (size_t i = 0; i < names.count && status == EXIT_OK; i++)
        status = take_channel(config, jobs->agent, add_job(jobs, names.items[i]));
    text_list_free(&names);
    if (status == EXIT_OK && jobs->count > 1 && (options->data_dirs || options->flume_data)) {
        fprintf(stderr,
                "Error: agent %s has %zu channels with a log; say which one the folders are for, "
                "with --channel\n",
                jobs->agent, jobs->count);
        status = EXIT_CONFIG;
    }
    return status;
}

static int check_options(const struct options *options)
{
    const char *wrong = logdir_keys_fault(options);

    if (!options->checkpoint_dir != !options->data_dirs)
        wrong = "--checkpoint-dir and --data-dirs belong together";
    else if (options->flume_checkpoint && !options->flume_data)
        wrong = "--flume-checkpoint-dir goes with --flume-data-dirs";
    else if (options->files.count + options->uris.count == 0 &&
             (!options->data_dirs || !options->flume_data))
        wrong = "say which channels: with --conf-file, or with --flume-data-dirs for Flume's, and "
                "--checkpoint-dir and --data-dirs for libflow's";
    if (!wrong)
        return EXIT_OK;
    fprintf(stderr, "Error: %s\n", wrong);
    return EXIT_USAGE;
}

int import_find(const struct options *options, flow_library *lib, struct import_jobs *jobs)
{
    flow_config *config;
    int status = check_options(options);

    *jobs = (struct import_jobs){NULL};
    if (status != EXIT_OK)
        return status;
    if (options->files.count + options->uris.count == 0) {
        jobs->agent = text_copy("flow");
        add_job(jobs, options->channel ? options->channel : "channel");
    } else {
        status = setup_config(options, lib, &config);
        if (status != EXIT_OK)
            return status;
        status = from_config(options, config, jobs);
        flow_config_free(config);
    }
    for (size_t i = 0; i < jobs->count; i++)
        take_options(options, &jobs->items[i]);
    return status;
}

static void free_job(struct import_job *job)
{
    logdir_place_free(&job->from);
    text_list_free(&job->settings);
    free(job->name);
    free(job->backup);
}

void import_jobs_free(struct import_jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++)
        free_job(&jobs->items[i]);
    free(jobs->items);
    free(jobs->agent);
}
