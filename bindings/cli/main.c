/* SPDX-License-Identifier: Apache-2.0 */

/* The command `flow`, also called `flume-ng`: libflow for those who used to start Flume. */

#include <string.h>

#include <flow.h>

#include "avro_client.h"
#include "commands.h"
#include "defaults.h"
#include "env.h"

#define AVRO_CLIENT "avro-client"

struct command {
    const char *name;
    int (*run)(struct options *options);
    int is_agent;    /* reads flume.opts, and prints nothing that has a format */
    int takes_words; /* arguments that are no options */
};

static int command_help(struct options *options);

int command_version(struct options *options)
{
    printf("flow %s\nlibflow %s, binary interface %d\n", FLOW_VERSION_STRING, flow_version_string(),
           FLOW_ABI);
    return EXIT_OK;
}

static int command_node(struct options *options)
{
    fputs("Warning: 'node' is the old name of 'agent'\n", stderr);
    return command_agent(options);
}

static const struct command commands[] = {
    {"agent", command_agent, 1, 0},       {"node", command_node, 1, 0},
    {"check", command_check, 0, 1},       {"describe", command_describe, 0, 1},
    {"graph", command_graph, 0, 1},       {"log", command_log, 0, 1},
    {"version", command_version, 0, 0},   {"help", command_help, 0, 1},
    {"consumer", command_consumer, 0, 1},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; name && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void help_on(const struct command *command)
{
    if (command->run == command_consumer)
        consumer_help(stdout);
    else
        options_help(stdout);
}

/* `flow help [COMMAND]` */
static int command_help(struct options *options)
{
    const struct text_list *words = &options->words;
    const struct command *about = find(words->count ? words->items[0] : "help");

    if (words->count == 1 && strcmp(words->items[0], AVRO_CLIENT) == 0) {
        avro_client_help(stdout);
        return EXIT_OK;
    }
    if (!about || words->count > 1) {
        fprintf(stderr, "Error: unexpected argument '%s'\n", words->items[about ? 1 : 0]);
        return EXIT_USAGE;
    }
    help_on(about);
    return EXIT_OK;
}

/* Refuses what the command would pass over. */
static int check_use(const struct command *command, const struct options *options)
{
    const char *takers;
    const char *stray =
        options_misplaced(options, command->is_agent ? "agent" : command->name, &takers);

    if (options->help)
        return EXIT_OK;
    if (stray)
        fprintf(stderr, "Error: --%s is for %s\n", stray, takers);
    else if (!command->takes_words && options->words.count > 0)
        fprintf(stderr, "Error: unexpected argument '%s'\n", options->words.items[0]);
    else if ((command->is_agent || command->run == command_consumer) && options->format)
        fputs("Error: --format is for check, describe, graph and log\n", stderr);
    else
        return EXIT_OK;
    return EXIT_USAGE;
}

static int run(const struct command *command, int count, char **arguments)
{
    struct options options;
    int status = options_read(&options, count, arguments);

    if (status == EXIT_OK && command->is_agent)
        status = defaults_read(&options);
    if (status == EXIT_OK)
        status = check_use(command, &options);
    if (status == EXIT_OK && options.help)
        help_on(command);
    else if (status == EXIT_OK && (status = env_read(&options)) == EXIT_OK)
        status = command->run(&options);
    options_free(&options);
    return status;
}

static int end(int status)
{
    if (fflush(stdout) != 0) {
        fputs("Error: cannot write the output\n", stderr);
        return EXIT_FAILURE_RUN;
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct command *command = find(name);

    if (name && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0))
        command = find("help");
    if (name && strcmp(name, "--version") == 0)
        command = find("version");
    if (!command && name && strcmp(name, AVRO_CLIENT) == 0)
        return end(command_avro_client(argc - 1, argv + 1));
    if (!command) {
        fprintf(stderr, "Error: Unknown or unspecified command '%s'\n\n", name ? name : "");
        options_help(stderr);
        return EXIT_USAGE;
    }
    return end(run(command, argc - 2, argv + 2));
}
