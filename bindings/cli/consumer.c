/* SPDX-License-Identifier: Apache-2.0 */

/* `flow consumer`: sees and changes the consumers of a running agent's channels. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <flow.h>

#include "commands.h"
#include "consumer_table.h"
#include "control_client.h"
#include "near.h"
#include "setup.h"

/* What an action takes besides --name, --control-socket and --json. */
#define TAKES_OPTIONS 1u /* those that say what a consumer is like */
#define TAKES_FEWER 2u   /* the last word may be left out */

struct action {
    const char *name;
    const char *words; /* what follows it */
    unsigned takes;
    const char *members[4]; /* what the words are in the request */
};

static const struct action actions[] = {
    {"list", "[CHANNEL]", TAKES_FEWER, {"channel"}},
    {"add", "CHANNEL NAME", TAKES_OPTIONS, {"channel", "consumer"}},
    {"seek", "CHANNEL NAME PLACE", 0, {"channel", "consumer", "to"}},
    {"pause", "CHANNEL NAME", 0, {"channel", "consumer"}},
    {"resume", "CHANNEL NAME", 0, {"channel", "consumer"}},
    {"remove", "CHANNEL NAME", 0, {"channel", "consumer"}},
    {"dead", "CHANNEL NAME", 0, {"channel", "consumer"}},
    {"replay", "CHANNEL NAME [OFFSET]", TAKES_FEWER, {"channel", "consumer", "offset"}},
};

#define ACTIONS (sizeof actions / sizeof actions[0])

/* ---- the command line ---- */

static const struct action *find(const char *name)
{
    struct near near = near_begin(name ? name : "");

    for (size_t i = 0; i < ACTIONS; i++) {
        if (name && strcmp(actions[i].name, name) == 0)
            return &actions[i];
        near_offer(&near, actions[i].name);
    }
    char *hint = near_hint(&near);
    if (name)
        fprintf(stderr, "Error: flow consumer cannot '%s'%s\n", name, hint);
    else
        fputs("Error: flow consumer is followed by one of list, add, seek, pause, resume, "
              "remove, dead and replay\n",
              stderr);
    free(hint);
    return NULL;
}

static size_t count_members(const struct action *action)
{
    size_t count = 0;

    while (action->members[count])
        count++;
    return count;
}

static int check_words(const struct action *action, const struct text_list *words)
{
    size_t given = words->count - 1;
    size_t most = count_members(action);

    if (given == most || (given + 1 == most && (action->takes & TAKES_FEWER)))
        return EXIT_OK;
    fprintf(stderr, "Error: it is flow consumer %s %s\n", action->name, action->words);
    return EXIT_USAGE;
}

/* The option given that only `add` takes. */
static const char *option_for_add(const struct options *options)
{
    if (options->start)
        return "start";
    if (options->when_behind)
        return "when-behind";
    if (options->max_events)
        return "max-events";
    return options->max_bytes ? "max-bytes" : NULL;
}

static int check_place(const char *text)
{
    flow_consumer_place place = {.struct_size = sizeof place};
    flow_error *err = NULL;

    if (!text || flow_consumer_place_read(text, &place, &err) == FLOW_OK)
        return EXIT_OK;
    return say_error(err, EXIT_USAGE);
}

static int check_offset(const char *text)
{
    size_t size = strlen(text);

    if (size > 0 && size < 19 && strspn(text, "0123456789") == size && (*text != '0' || size == 1))
        return EXIT_OK;
    fprintf(stderr, "Error: '%s' is no offset\n", text);
    return EXIT_USAGE;
}

/* Looks at TEXT, which is to be the member NAME of the request. */
static int check_word(const char *name, const char *text)
{
    if (strcmp(name, "to") == 0)
        return check_place(text);
    return strcmp(name, "offset") == 0 ? check_offset(text) : EXIT_OK;
}

static int check_behind(const char *text)
{
    if (!text || strcmp(text, "skip") == 0 || strcmp(text, "block") == 0)
        return EXIT_OK;
    fprintf(stderr, "Error: --when-behind is skip or block, not '%s'\n", text);
    return EXIT_USAGE;
}

/* What is wrong here needs no agent to be seen. */
static int check(const struct action *action, const struct options *options)
{
    const char *stray = action->takes & TAKES_OPTIONS ? NULL : option_for_add(options);
    int status = check_words(action, &options->words);

    if (status != EXIT_OK)
        return status;
    if (stray) {
        fprintf(stderr, "Error: --%s is for flow consumer add\n", stray);
        return EXIT_USAGE;
    }
    for (size_t i = 1; i < options->words.count && status == EXIT_OK; i++)
        status = check_word(action->members[i - 1], options->words.items[i]);
    if (status == EXIT_OK)
        status = check_place(options->start);
    return status == EXIT_OK ? check_behind(options->when_behind) : status;
}

/* ---- the request ---- */

static void print_text(struct json *json, const char *name, const char *value)
{
    if (value)
        json_text(json, name, value);
}

static void print_number(struct json *json, const char *name, int64_t number)
{
    if (number)
        json_number(json, name, number);
}

static void print_word(struct json *json, const char *name, const char *word)
{
    if (strcmp(name, "offset") == 0)
        json_word(json, name, word);
    else
        json_text(json, name, word);
}

/* The line to send, which the caller frees.  FROM is where a listing goes on, 0 at first. */
static char *request_of(const struct action *action, const struct options *options, uint64_t from)
{
    char *command = text_format("consumer.%s", action->name);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct json json = {.out = out, .is_line = 1};

    if (out) {
        json_object(&json, NULL);
        json_text(&json, "command", command);
        for (size_t i = 1; i < options->words.count; i++)
            print_word(&json, action->members[i - 1], options->words.items[i]);
        print_text(&json, "start", options->start);
        print_text(&json, "whenBehind", options->when_behind);
        print_number(&json, "maxEvents", options->max_events);
        print_number(&json, "maxBytes", options->max_bytes);
        print_number(&json, "from", (int64_t)from);
        json_end(&json);
        fclose(out);
    }
    free(command);
    return text ? text : text_copy("");
}

static void print(const struct options *options, const struct json_value *result)
{
    uint64_t count;

    if (options->json) {
        consumer_print_json(result);
        return;
    }
    if (json_value_unsigned(json_member(result, "count"), &count))
        printf("%llu dead letter%s to be delivered again\n", (unsigned long long)count,
               count == 1 ? " is" : "s are");
    consumer_print_letters(json_member(result, "letters"));
    consumer_print_table(json_member(result, "consumers"));
}

/* Asks until there is no more to come, and prints each answer. */
static int ask_all(struct control_client *client, const struct action *action,
                   const struct options *options)
{
    int status = EXIT_OK;
    uint64_t from = 0;

    for (int is_more = 1; is_more && status == EXIT_OK;) {
        struct json_value result;
        char *request = request_of(action, options, from);
        status = control_client_ask(client, request, &result);
        if (status == EXIT_OK)
            print(options, &result);
        is_more = json_value_unsigned(json_member(&result, "next"), &from);
        free(request);
        json_free(&result);
    }
    return status;
}

static int ask(const struct action *action, const struct options *options)
{
    struct control_client client;
    int status = control_client_open(&client, options);

    if (status != EXIT_OK)
        return status;
    status = ask_all(&client, action, options);
    control_client_close(&client);
    return status;
}

void consumer_help(FILE *out)
{
    fputs(
        "Usage: flow consumer ACTION [OPTION]...\n"
        "\n"
        "Sees and changes the consumers of a running agent's file channels, each of which reads\n"
        "the log of its channel at its own pace.\n"
        "\n"
        "actions:\n"
        "  list [CHANNEL]             show the consumers of one channel, or of all\n"
        "  add CHANNEL NAME           make one\n"
        "  seek CHANNEL NAME PLACE    move one, forwards or back\n"
        "  pause CHANNEL NAME         let nothing be taken through one, also after a restart\n"
        "  resume CHANNEL NAME        let it go on\n"
        "  remove CHANNEL NAME        remove one that no sink uses\n"
        "  dead CHANNEL NAME          show what it could not deliver\n"
        "  replay CHANNEL NAME [OFFSET]\n"
        "                             let one of these, or all, be delivered again\n"
        "\n"
        "The consumer of sinks that name none is called ''.  PLACE is earliest, latest, an\n"
        "offset, or a time in UTC such as 2026-11-26T10:00:00Z.\n"
        "\n"
        "options:\n"
        "  -n, --name NAME            the agent; not needed when one alone runs\n"
        "      --control-socket PATH  the socket of the agent, where it is not at the place for\n"
        "                             its name\n"
        "      --json                 print what the agent answers\n"
        "  -h, --help                 show this text\n"
        "\n"
        "options of add:\n"
        "      --start PLACE          where it begins (earliest)\n"
        "      --when-behind skip|block\n"
        "                             what comes when it is too far behind: the oldest events are\n"
        "                             given up for it (skip), or nothing can be put (block)\n"
        "      --max-events N         how far it may be behind; default the channel's capacity\n"
        "      --max-bytes N          how much of the log may be kept for one that skips\n"
        "\n"
        "exit status: 0 done; 1 wrong command line; 3 the agent does not run, or could not do it\n",
        out);
}

int command_consumer(struct options *options)
{
    const struct action *action = find(options->words.count ? options->words.items[0] : NULL);
    int status = action ? check(action, options) : EXIT_USAGE;

    return status == EXIT_OK ? ask(action, options) : status;
}
