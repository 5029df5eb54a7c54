/* SPDX-License-Identifier: Apache-2.0 */

/* Where the log of a channel is. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logdir.h"
#include "setup.h"

#define DEFAULT_CHECKPOINT "~/.flume/file-channel/checkpoint"
#define DEFAULT_DATA "~/.flume/file-channel/data"

static char *path_of(const char *text, size_t size)
{
    const char *home = getenv("HOME");

    for (; size && strchr(" \t", *text); size--)
        text++;
    while (size && strchr(" \t", text[size - 1]))
        size--;
    if (home && size >= 2 && text[0] == '~' && text[1] == '/')
        return text_format("%s%.*s", home, (int)(size - 1), text + 1);
    return text_copy_sized(text, size);
}

char *logdir_path(const char *text)
{
    return path_of(text, strlen(text));
}

static void add_paths(struct text_list *list, const char *text)
{
    while (*text) {
        size_t size = strcspn(text, ",");
        char *path = path_of(text, size);
        if (*path)
            text_list_add(list, path);
        free(path);
        text += size + (text[size] == ',');
    }
}

void logdir_set_place(struct logdir_place *place, const char *checkpoint, const char *data)
{
    place->checkpoint = logdir_path(checkpoint ? checkpoint : DEFAULT_CHECKPOINT);
    add_paths(&place->data, data ? data : DEFAULT_DATA);
}

const char *logdir_setting(flow_config *config, const char *agent, const char *channel,
                           const char *name)
{
    char *key = text_format("%s.channels.%s.%s", agent, channel, name);
    const char *value = flow_config_get(config, key);

    free(key);
    return value;
}

char *logdir_path_setting(flow_config *config, const char *agent, const char *channel,
                          const char *name)
{
    const char *value = logdir_setting(config, agent, channel, name);

    return value ? logdir_path(value) : NULL;
}

static int is_file(flow_config *config, const char *agent, const char *channel)
{
    static const char *const names[] = {"file", "org.apache.flume.channel.file.FileChannel"};
    const char *type = logdir_setting(config, agent, channel, "type");
    size_t size = type ? strcspn(type, " \t") : 0;

    for (size_t i = 0; i < 2; i++)
        if (strlen(names[i]) == size && strncasecmp(type, names[i], size) == 0)
            return 1;
    return 0;
}

/* --channel, or the only one of type file; NULL, after it has said so, when that is not clear. */
static const char *find_channel(const struct options *options, flow_config *config,
                                const char *agent)
{
    const char *name, *only = NULL;
    size_t count = 0;

    for (size_t i = 0; (name = flow_config_component(config, agent, FLOW_KIND_CHANNEL, i)); i++) {
        if (!is_file(config, agent, name) ||
            (options->channel && strcmp(options->channel, name) != 0))
            continue;
        only = name;
        count++;
    }
    if (count == 1)
        return only;
    if (options->channel)
        fprintf(stderr, "Error: agent %s has no channel %s of type file\n", agent,
                options->channel);
    else
        fprintf(stderr,
                "Error: agent %s has %zu channels of type file; say which, with "
                "--channel\n",
                agent, count);
    return NULL;
}

static int from_config(const struct options *options, flow_config *config,
                       struct logdir_place *place)
{
    const char *found = setup_agent(options, config);
    char *agent = found ? text_copy(found) : NULL; /* a name lives only until a key is looked up */
    const char *channel = agent ? find_channel(options, config, agent) : NULL;
    int status = channel ? EXIT_OK : EXIT_CONFIG;

    if (channel) {
        logdir_set_place(place, logdir_setting(config, agent, channel, "checkpointDir"),
                         logdir_setting(config, agent, channel, "dataDirs"));
        status = logdir_keys_find(config, agent, channel, &place->keys);
    }
    free(agent);
    return status;
}

static int find_folders(const struct options *options, flow_library *lib,
                        struct logdir_place *place)
{
    flow_config *config;

    if (options->checkpoint_dir && options->data_dirs) {
        place->checkpoint = text_copy(options->checkpoint_dir);
        add_paths(&place->data, options->data_dirs);
        return EXIT_OK;
    }
    if (options->checkpoint_dir || options->data_dirs) {
        fputs("Error: --checkpoint-dir and --data-dirs belong together\n", stderr);
        return EXIT_USAGE;
    }
    if (options->files.count + options->uris.count == 0) {
        fputs("Error: say which log: --checkpoint-dir and --data-dirs, or --conf-file with --name "
              "and --channel\n",
              stderr);
        return EXIT_USAGE;
    }
    int status = setup_config(options, lib, &config);
    if (status != EXIT_OK)
        return status;
    status = from_config(options, config, place);
    flow_config_free(config);
    return status;
}

int logdir_find(const struct options *options, flow_library *lib, struct logdir_place *place)
{
    const char *fault = logdir_keys_fault(options);

    *place = (struct logdir_place){NULL};
    if (fault) {
        fprintf(stderr, "Error: %s\n", fault);
        return EXIT_USAGE;
    }
    int status = find_folders(options, lib, place);
    logdir_keys_take(options, &place->keys);
    return status;
}

void logdir_place_free(struct logdir_place *place)
{
    free(place->checkpoint);
    text_list_free(&place->data);
    logdir_keys_free(&place->keys);
}
