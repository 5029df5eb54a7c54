/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Options.  One table has them all; what Flume takes and libflow cannot do is either a clear error
 * or, where only the Java virtual machine would notice, a line saying that it has no effect.
 */

#include "http.h"
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
    OPT_CONF,
    OPT_NAME,
    OPT_FILE,
    OPT_URI,
    OPT_NO_RELOAD,
    OPT_POLL,
    OPT_PLUGINS,
    OPT_BACKUP,
    OPT_USER,
    OPT_PASSWORD,
    OPT_DRY_RUN,
    OPT_HELP,
    OPT_SET,
    OPT_LENIENT,
    OPT_FORMAT,
    OPT_STOP_TIMEOUT,
    OPT_CHECKPOINT_DIR, /* from here on of `flow log` alone */
    OPT_DATA_DIRS,
    OPT_CHANNEL,
    OPT_OUTPUT,
    OPT_LIMIT,
    OPT_EVENTS,
    OPT_ALL,
    OPT_YES,
    OPT_FLUME_CHECKPOINT_DIR,
    OPT_FLUME_DATA_DIRS,
    OPT_KEY_STORE,
    OPT_KEY_PASSWORD,
    OPT_OWN_PASSWORD,
    OPT_NO_KEYS,
    OPT_KEEP,
    OPT_JSON,  /* up to here, and of `flow consumer` */
    OPT_START, /* from here on of `flow consumer` alone */
    OPT_WHEN_BEHIND,
    OPT_MAX_EVENTS,
    OPT_MAX_BYTES, /* up to here */
    OPT_CONTROL_SOCKET,
    OPT_NO_CONTROL,
    OPT_CLASS_PATH,
    OPT_REFUSED,
};

struct option_row {
    const char *name;
    const char *letter; /* the short form, which may have more than one; or "" */
    int has_value;
    enum option_id id;
    const char *why; /* for OPT_REFUSED */
};

#define NO_ZOOKEEPER "configurations in ZooKeeper are not supported; give --conf-file"
#define NO_PROVIDER "providers are Java classes; give --conf-file"
#define NO_LOGIN "providers are Java classes; give --conf-user and --conf-password"

static const struct option_row rows[] = {
    {"conf", "c", 1, OPT_CONF, NULL},
    {"name", "n", 1, OPT_NAME, NULL},
    {"conf-file", "f", 1, OPT_FILE, NULL},
    {"conf-uri", "u", 1, OPT_URI, NULL},
    {"no-reload-conf", "", 0, OPT_NO_RELOAD, NULL},
    {"poll-interval", "i", 1, OPT_POLL, NULL},
    {"plugins-path", "", 1, OPT_PLUGINS, NULL},
    {"backup-directory", "b", 1, OPT_BACKUP, NULL},
    {"dryrun", "d", 0, OPT_DRY_RUN, NULL},
    {"help", "h", 0, OPT_HELP, NULL},
    {"set", "", 1, OPT_SET, NULL},
    {"lenient", "", 0, OPT_LENIENT, NULL},
    {"format", "", 1, OPT_FORMAT, NULL},
    {"stop-timeout", "", 1, OPT_STOP_TIMEOUT, NULL},
    {"checkpoint-dir", "", 1, OPT_CHECKPOINT_DIR, NULL},
    {"data-dirs", "", 1, OPT_DATA_DIRS, NULL},
    {"channel", "", 1, OPT_CHANNEL, NULL},
    {"output", "o", 1, OPT_OUTPUT, NULL},
    {"limit", "", 1, OPT_LIMIT, NULL},
    {"events", "", 0, OPT_EVENTS, NULL},
    {"all", "", 0, OPT_ALL, NULL},
    {"yes", "y", 0, OPT_YES, NULL},
    {"flume-checkpoint-dir", "", 1, OPT_FLUME_CHECKPOINT_DIR, NULL},
    {"flume-data-dirs", "", 1, OPT_FLUME_DATA_DIRS, NULL},
    {"key-store", "", 1, OPT_KEY_STORE, NULL},
    {"key-store-password-file", "", 1, OPT_KEY_PASSWORD, NULL},
    {"key-password-file", "", 1, OPT_OWN_PASSWORD, NULL},
    {"no-keys", "", 0, OPT_NO_KEYS, NULL},
    {"keep", "", 0, OPT_KEEP, NULL},
    {"json", "", 0, OPT_JSON, NULL},
    {"start", "", 1, OPT_START, NULL},
    {"when-behind", "", 1, OPT_WHEN_BEHIND, NULL},
    {"max-events", "", 1, OPT_MAX_EVENTS, NULL},
    {"max-bytes", "", 1, OPT_MAX_BYTES, NULL},
    {"control-socket", "", 1, OPT_CONTROL_SOCKET, NULL},
    {"no-control", "", 0, OPT_NO_CONTROL, NULL},
    {"classpath", "C", 1, OPT_CLASS_PATH, NULL},
    {"zkConnString", "z", 1, OPT_REFUSED, NO_ZOOKEEPER},
    {"zkBasePath", "p", 1, OPT_REFUSED, NO_ZOOKEEPER},
    {"conf-provider", "prov", 1, OPT_REFUSED, NO_PROVIDER},
    {"auth-provider", "a", 1, OPT_REFUSED, NO_LOGIN},
    {"conf-user", "user", 1, OPT_USER, NULL},
    {"conf-password", "pwd", 1, OPT_PASSWORD, NULL},
};

_Static_assert(sizeof rows / sizeof rows[0] <= 64, "struct options has a bit for each");

/* The most that is worth an option: as seconds, thirty years. */
#define NUMBER_LIMIT 1000000000L

static int usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "Error: %s '%s'\n", what, argument);
    return EXIT_USAGE;
}

/* ---- dashes ---- */

#define EM_DASH "\xe2\x80\x94"

/*
 * The text behind the dashes of ARGUMENT, or NULL when it is no option.  Word processors make one
 * en dash of a hyphen and an em dash of two, and commands are pasted from there.
 */
static const char *behind_dashes(const char *argument)
{
    static const char *const dashes[] = {"-", "\xe2\x80\x93", EM_DASH, "\xe2\x88\x92"};
    const char *at = argument;

    for (int seen = 0; seen < 2; seen++) {
        size_t i = 0;
        while (i < sizeof dashes / sizeof dashes[0] && !text_begins(at, dashes[i]))
            i++;
        if (i == sizeof dashes / sizeof dashes[0])
            break;
        at += strlen(dashes[i]);
    }
    return at > argument && *at ? at : NULL;
}

/* Whether there is one dash before BEHIND, which is a part of ARGUMENT. */
static int has_one_dash(const char *argument, const char *behind)
{
    const char *second = argument + (*argument == '-' ? 1 : 3);

    return behind == second && !text_begins(argument, EM_DASH);
}

/* ---- -D and other Java options ---- */

/* Definitions that only mean something to Flume's Java code.  They still count for ${sys:...}. */
static const char *const java_names[] = {
    "javax.net.ssl.",
    "flume.ssl.",
    "log4j.configuration",
    "log4j2.configurationFile",
    "org.apache.flume.log.rawdata",
    "lookups",
    "JndiAllowedProtocols",
};

static void note_java_name(const char *name)
{
    for (size_t i = 0; i < sizeof java_names / sizeof java_names[0]; i++)
        if (text_begins(name, java_names[i]))
            fprintf(stderr, "Info: -D%s has no effect, as there is no Java here\n", name);
}

/* "-Dflume.root.logger==INFO,console" is often seen and means one '='. */
int options_take_define(struct text_list *defines, const char *text)
{
    size_t size = strcspn(text, "=");
    const char *value = text + size;

    if (size == 0)
        return usage_error("-D needs a name, not", text);
    while (*value == '=')
        value++;
    char *name = text_copy_sized(text, size);
    note_java_name(name);
    text_list_add_pair(defines, name, text[size] ? value : "");
    free(name);
    return EXIT_OK;
}

static int is_for_java(const char *behind)
{
    return *behind == 'X' || text_begins(behind, "agentlib") || text_begins(behind, "agentpath") ||
           text_begins(behind, "javaagent");
}

int options_take_java(struct options *options, const char *word)
{
    const char *behind = behind_dashes(word);

    if (!behind)
        return EXIT_OK;
    if (*behind == 'D')
        return options_take_define(&options->defines, behind + 1);
    return EXIT_OK; /* a heap size and the like: nobody would miss it */
}

/* ---- the table ---- */

static int is_called(const struct option_row *row, const char *text, size_t size)
{
    return (strlen(row->name) == size && strncmp(row->name, text, size) == 0) ||
           (size && strlen(row->letter) == size && strncmp(row->letter, text, size) == 0);
}

/* The row that TEXT, an option without its dashes, means; *VALUE is what stands behind its '='. */
static const struct option_row *find_row(const char *text, const char **value)
{
    size_t size = strcspn(text, "=");

    *value = text[size] ? text + size + 1 : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (is_called(&rows[i], text, size))
            return &rows[i];
    return NULL;
}

/* The only row whose name begins with the SIZE bytes at TEXT; *COUNT tells how many there are. */
static const struct option_row *find_beginning(const char *text, size_t size, size_t *count)
{
    const struct option_row *found = NULL;

    *count = 0;
    for (size_t i = 0; size > 1 && i < sizeof rows / sizeof rows[0]; i++) {
        if (strncmp(rows[i].name, text, size) != 0)
            continue;
        found = &rows[i];
        ++*count;
    }
    return *count == 1 ? found : NULL;
}

/* The row of the letter that TEXT begins with, its value behind it: "fa.conf". */
static const struct option_row *find_letter(const char *text, const char **value)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].has_value && is_called(&rows[i], text, 1)) {
            *value = text + 1;
            return &rows[i];
        }
    }
    return NULL;
}

/* What ARGUMENT means, by the rules of Apache's parser, which Flume has: a long name may be cut as
 * long as it is clear, and a value may stand right behind a letter. */
static const struct option_row *find_option(const char *argument, const char *behind,
                                            const char **value)
{
    const struct option_row *row = find_row(behind, value);
    size_t count = 0;

    if (!row)
        row = find_beginning(behind, strcspn(behind, "="), &count);
    if (!row && count == 0 && has_one_dash(argument, behind))
        row = find_letter(behind, value);
    if (!row)
        usage_error(count ? "ambiguous option" : "unrecognized option", argument);
    return row;
}

static uint64_t bit_of(const struct option_row *row)
{
    return UINT64_C(1) << (row - rows);
}

/* WHAT follows "a number of". */
static int take_number(const char *option, const char *what, const char *text, int64_t most,
                       int64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoll(text, &end, 10);
    if (errno || *end || end == text || *number < 1 || *number > most) {
        fprintf(stderr, "Error: --%s takes a number of %s, not '%s'\n", option, what, text);
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

/* The same for one that fits into a long anywhere. */
static int take_small(const char *option, const char *what, const char *text, long *number)
{
    int64_t large;
    int status = take_number(option, what, text, NUMBER_LIMIT, &large);

    *number = (long)large;
    return status;
}

static int take_seconds(const char *option, const char *text, long *seconds)
{
    return take_small(option, "seconds", text, seconds);
}

/* Adds what stands before and behind the first "=" to PAIRS; WHAT is the error where there is none.
 */
static int take_pair(struct text_list *pairs, const char *text, const char *what)
{
    size_t size = strcspn(text, "=");

    if (!text[size] || size == 0)
        return usage_error(what, text);
    char *name = text_copy_sized(text, size);
    text_list_add_pair(pairs, name, text + size + 1);
    free(name);
    return EXIT_OK;
}

/* Where an option that is one text is kept; NULL for another. */
static char **text_of(struct options *options, enum option_id id)
{
    switch (id) {
    case OPT_CONF: return &options->conf;
    case OPT_NAME: return &options->name;
    case OPT_PLUGINS: return &options->plugins;
    case OPT_BACKUP: return &options->backup;
    case OPT_USER: return &options->user;
    case OPT_PASSWORD: return &options->password;
    case OPT_FORMAT: return &options->format;
    case OPT_CHECKPOINT_DIR: return &options->checkpoint_dir;
    case OPT_DATA_DIRS: return &options->data_dirs;
    case OPT_CHANNEL: return &options->channel;
    case OPT_OUTPUT: return &options->output;
    case OPT_FLUME_CHECKPOINT_DIR: return &options->flume_checkpoint;
    case OPT_FLUME_DATA_DIRS: return &options->flume_data;
    case OPT_KEY_STORE: return &options->key_store;
    case OPT_KEY_PASSWORD: return &options->key_password;
    case OPT_START: return &options->start;
    case OPT_WHEN_BEHIND: return &options->when_behind;
    case OPT_CONTROL_SOCKET: return &options->control_socket;
    default: return NULL;
    }
}

/* The same for an option without a value. */
static int *flag_of(struct options *options, enum option_id id)
{
    switch (id) {
    case OPT_NO_RELOAD: return &options->no_reload;
    case OPT_DRY_RUN: return &options->dry_run;
    case OPT_HELP: return &options->help;
    case OPT_LENIENT: return &options->lenient;
    case OPT_EVENTS: return &options->events;
    case OPT_ALL: return &options->all;
    case OPT_YES: return &options->yes;
    case OPT_KEEP: return &options->keep;
    case OPT_JSON: return &options->json;
    case OPT_NO_KEYS: return &options->no_keys;
    case OPT_NO_CONTROL: return &options->no_control;
    default: return NULL;
    }
}

/* Takes what is neither a single text nor a flag. */
static int take_other(struct options *options, const struct option_row *row, const char *value)
{
    switch (row->id) {
    case OPT_FILE: text_list_add(&options->files, value); break;
    case OPT_URI: text_list_add(&options->uris, value); break;
    case OPT_SET: return take_pair(&options->sets, value, "--set takes KEY=VALUE, not");
    case OPT_OWN_PASSWORD:
        return take_pair(&options->own_passwords, value, "--key-password-file takes KEY=FILE, not");
    case OPT_POLL: return take_seconds(row->name, value, &options->poll_interval);
    case OPT_STOP_TIMEOUT: return take_seconds(row->name, value, &options->stop_timeout);
    case OPT_LIMIT: return take_small(row->name, "events", value, &options->limit);
    case OPT_MAX_EVENTS:
        return take_number(row->name, "events", value, INT64_MAX, &options->max_events);
    case OPT_MAX_BYTES:
        return take_number(row->name, "bytes", value, INT64_MAX, &options->max_bytes);
    case OPT_REFUSED: fprintf(stderr, "Error: --%s: %s\n", row->name, row->why); return EXIT_USAGE;
    default: fprintf(stderr, "Info: --%s has no effect, as there is no Java here\n", row->name);
    }
    return EXIT_OK;
}

/* Takes the option ROW with its VALUE, which is "" where it has none. */
static int take(struct options *options, const struct option_row *row, const char *value)
{
    char **text = text_of(options, row->id);
    int *flag = flag_of(options, row->id);

    if (text) {
        free(*text);
        *text = text_copy(value);
    } else if (flag) {
        *flag = 1;
    } else {
        return take_other(options, row, value);
    }
    return EXIT_OK;
}

/* As Apache's command line parser has it; any other text means that the option is not given. */
static int is_true(const char *text)
{
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0;
}

int options_take_default(struct options *options, const char *path, const char *name,
                         const char *value)
{
    const char *unused;
    const struct option_row *row = find_row(name + strspn(name, "-"), &unused);

    /* The folder of the file cannot be named in it. */
    if (!row || row->id == OPT_CONF) {
        fprintf(stderr, "Error: %s: unrecognized option '%s'\n", path, name);
        return EXIT_USAGE;
    }
    if (options->given & bit_of(row) || (!row->has_value && !is_true(value)))
        return EXIT_OK;
    return take(options, row, value);
}

/* Takes the argument at *INDEX, and its value when that is the next one. */
static int take_argument(struct options *options, int count, char **arguments, int *index)
{
    const char *argument = arguments[*index];
    const char *behind = behind_dashes(argument);
    const char *value;

    if (!behind) {
        text_list_add(&options->words, argument);
        return EXIT_OK;
    }
    if (*behind == 'D')
        return options_take_define(&options->defines, behind + 1);
    if (is_for_java(behind)) {
        fprintf(stderr, "Info: '%s' has no effect, as there is no Java here\n", argument);
        return EXIT_OK;
    }
    const struct option_row *row = find_option(argument, behind, &value);
    if (!row)
        return EXIT_USAGE;
    options->given |= bit_of(row);
    if (!row->has_value)
        return value ? usage_error("no value belongs to", argument) : take(options, row, "");
    if (!value && ++*index >= count)
        return usage_error("a value is missing behind", argument);
    return take(options, row, value ? value : arguments[*index]);
}

int options_read(struct options *options, int count, char **arguments)
{
    *options = (struct options){.stop_timeout = 10, .limit = 1000};
    for (int i = 0; i < count; i++) {
        int status = take_argument(options, count, arguments, &i);
        if (status != EXIT_OK)
            return status;
    }
    return EXIT_OK;
}

/* The commands for which an option is; NULL when there is none that it would be wrong for. */
static const char *takers_of(enum option_id id)
{
    if (id == OPT_JSON)
        return "consumer and log";
    if (id >= OPT_CHECKPOINT_DIR && id < OPT_JSON)
        return "log";
    if (id >= OPT_START && id <= OPT_MAX_BYTES)
        return "consumer";
    if (id == OPT_CONTROL_SOCKET)
        return "agent and consumer";
    return id == OPT_NO_CONTROL ? "agent" : NULL;
}

const char *options_misplaced(const struct options *options, const char *command,
                              const char **takers)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        *takers = takers_of(rows[i].id);
        if ((options->given & bit_of(&rows[i])) && *takers && !strstr(*takers, command))
            return rows[i].name;
    }
    return NULL;
}

/* As in Flume, web servers are asked less often than disks. */
long options_interval(const struct options *options)
{
    if (options->poll_interval)
        return options->poll_interval;
    for (size_t i = 0; i < options->uris.count; i++)
        if (http_is_url(options->uris.items[i]))
            return 300;
    return 30;
}

void options_free(struct options *options)
{
    text_list_free(&options->files);
    text_list_free(&options->uris);
    text_list_free(&options->defines);
    text_list_free(&options->sets);
    text_list_free(&options->words);
    text_list_free(&options->own_passwords);
    free(options->conf);
    free(options->name);
    free(options->plugins);
    free(options->backup);
    free(options->user);
    free(options->password);
    free(options->format);
    free(options->checkpoint_dir);
    free(options->data_dirs);
    free(options->channel);
    free(options->output);
    free(options->flume_checkpoint);
    free(options->flume_data);
    free(options->key_store);
    free(options->key_password);
    free(options->start);
    free(options->when_behind);
    free(options->control_socket);
}

/* The second half of the text: no compiler need take all of it at once. */
static void help_on_more(FILE *out)
{
    fputs(
        "options of log: --name, --conf-file and the like with\n"
        "      --channel NAME         the channel; not needed when there is one of type file only\n"
        "  or, without a configuration,\n"
        "      --checkpoint-dir DIR   its checkpointDir\n"
        "      --data-dirs DIR,...    its dataDirs, in their order\n"
        "      --key-store FILE, --key-store-password-file FILE\n"
        "                             the keys of an encrypted one, of Flume's too, in place of\n"
        "                             those of the configuration\n"
        "      --key-password-file KEY=FILE\n"
        "                             where a key has a password of its own; repeatable\n"
        "      --no-keys              do without the keys that the configuration names\n"
        "      --json                 stat: print JSON\n"
        "      --events               dump: print the events too, at most --limit N (1000)\n"
        "  -y, --yes                  repair: do not ask\n"
        "      --all                  export: also events that every consumer is done with\n"
        "  -o, --output FILE          export: where to, a new file; default standard output\n"
        "  of log import-flume [CHANNEL]..., which are all of the agent when none is named:\n"
        "      --flume-checkpoint-dir DIR, --flume-data-dirs DIR,...\n"
        "                             Flume's folders, where they are others than libflow's\n"
        "      --lenient              pass over what is damaged, and count it\n"
        "      --keep                 leave Flume's files where they are\n"
        "  -d, --dryrun               say what would be taken over, and end\n"
        "\n"
        "options of consumer, beside --name and --control-socket; see `flow help consumer`:\n"
        "      --json                 print JSON\n"
        "      --start PLACE          add: where it begins (earliest)\n"
        "      --when-behind skip|block, --max-events N, --max-bytes N\n"
        "                             add: what comes when it is too far behind\n"
        "\n"
        "formats (--format): check text|json, describe text|json|yaml-schema,\n"
        "graph text|mermaid|svg, log export text|avro\n"
        "\n"
        "exit status: 0 done; 1 wrong command line; 2 faulty configuration; 3 failed to start, go\n"
        "on or stop; 4 the log is damaged; 129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM\n",
        out);
}

void options_help(FILE *out)
{
    fputs(
        "Usage: flow COMMAND [OPTION]...          (flume-ng is the same command)\n"
        "\n"
        "commands:\n"
        "  agent                      run an agent\n"
        "  check                      say everything that is wrong with a configuration\n"
        "  describe [KIND [TYPE]]     show component types and their properties\n"
        "  graph                      draw an agent's sources, channels and sinks\n"
        "  log stat|dump|verify|repair|export|import-flume\n"
        "                             look at the log of a stopped file channel, mend it, or take\n"
        "                             over what a stopped Flume has left in such channels\n"
        "  consumer list|add|seek|pause|resume|remove|dead|replay\n"
        "                             see and change who reads the log of a running agent's file\n"
        "                             channel, and what it could not deliver\n"
        "  avro-client                send lines to an agent; see `flow help avro-client`\n"
        "  version                    show the version\n"
        "  help [COMMAND]             show this text, or that of consumer or avro-client\n"
        "\n"
        "options of agent, check and graph:\n"
        "  -n, --name NAME            the agent; not needed when there is only one\n"
        "  -f, --conf-file FILE       properties, or YAML when it ends in .yaml; repeatable,\n"
        "                             later files override\n"
        "  -u, --conf-uri URI         the same as file:PATH, classpath:NAME (below --conf), or a\n"
        "                             http: or https: address; wins over --conf-file\n"
        "      --conf-user USER       who reads from there (-user)\n"
        "      --conf-password PASS   and the password (-pwd)\n"
        "      --set KEY=VALUE        override one property; repeatable\n"
        "  -c, --conf DIR             folder with flume-env.sh (its variables are read, nothing "
        "is\n"
        "                             run), log4j.properties (of which the log's place is read),\n"
        "                             flume.opts (defaults of these options) and Hadoop's\n"
        "                             core-site.xml and hdfs-site.xml\n"
        "      --plugins-path DIRS    folders of plugins, separated by ':'; default\n"
        "                             plugins.d beside --conf, or in FLUME_HOME\n"
        "  -DNAME=VALUE               what ${sys:NAME} stands for, and:\n"
        "                             flume.root.logger=LEVEL,console|LOGFILE|DAILY,\n"
        "                             flume.log.dir, flume.log.file,\n"
        "                             flume.monitoring.type=http, flume.monitoring.port\n"
        "  -h, --help                 show this text\n"
        "\n"
        "options of agent:\n"
        "      --no-reload-conf       do not look whether the files change\n"
        "  -i, --poll-interval SEC    how often to look (30; 300 with a http: address)\n"
        "  -b, --backup-directory DIR keep a copy of the configuration, and use it when the files\n"
        "                             are gone\n"
        "      --lenient              leave out what is broken and run the rest, as Flume does\n"
        "      --stop-timeout SEC     how long sinks may take to empty the channels, and then\n"
        "                             components to stop (10)\n"
        "  -d, --dryrun               check, show what would run, and end\n"
        "      --control-socket PATH  where `flow consumer` reaches the agent; default\n"
        "                             $XDG_RUNTIME_DIR/flow/NAME.sock, or without that variable\n"
        "                             /tmp/flow-UID/NAME.sock\n"
        "      --no-control           have no such socket\n"
        "\n",
        out);
    help_on_more(out);
}
