/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the agent does for `flow consumer`: words as they stand on the command line, the first being
 * the channel, or "" for the only one that has consumers, and the second "json" or "text".
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control.h"

#define AS_NUMBER "%" PRIu64

struct request {
    flow_pipeline *pipeline;
    flow_channel *channel;
    const char *const *words; /* behind the action */
    size_t count;
    int json;
    FILE *out;
};

static int fail(const struct request *request, flow_error *err)
{
    fprintf(request->out, "%s\n", flow_error_message(err));
    flow_error_free(err);
    return EXIT_FAILURE_RUN;
}

/* ---- the channel ---- */

/* Looks at the INDEXth component of the metrics: a channel that has consumers, or NULL. */
static flow_channel *channel_with_consumers(flow_pipeline *pipeline, const char *name)
{
    flow_consumer_info info = {.struct_size = sizeof info};
    flow_channel *channel = NULL;

    if (flow_pipeline_channel(pipeline, name, &channel, NULL) != FLOW_OK)
        return NULL;
    return flow_consumer_next(channel, NULL, &info, NULL) == FLOW_OK ? channel : NULL;
}

/* Finds the only channel that has consumers; *FOUND counts them. */
static void find_only(struct request *request, size_t *found)
{
    flow_metric metric = {.struct_size = sizeof metric};
    flow_metrics *metrics = NULL;

    *found = 0;
    if (flow_pipeline_metrics(request->pipeline, &metrics, NULL) != FLOW_OK)
        return;
    for (size_t i = 0; flow_metrics_at(metrics, i, &metric) == FLOW_OK; i++) {
        if (metric.kind != FLOW_KIND_CHANNEL || strcmp(metric.name, "ChannelCapacity") != 0)
            continue;
        flow_channel *channel = channel_with_consumers(request->pipeline, metric.component);
        if (channel) {
            request->channel = channel;
            ++*found;
        }
    }
    flow_metrics_free(metrics);
}

static int find_channel(struct request *request, const char *name)
{
    flow_error *err = NULL;
    size_t found;

    if (*name) {
        int rc = flow_pipeline_channel(request->pipeline, name, &request->channel, &err);
        return rc == FLOW_OK ? EXIT_OK : fail(request, err);
    }
    find_only(request, &found);
    if (found == 1)
        return EXIT_OK;
    fputs(found ? "several channels have consumers; say which with --channel\n"
                : "no channel of the agent has consumers\n",
          request->out);
    return EXIT_USAGE;
}

/* ---- list ---- */

static void print_info(const struct request *request, const flow_consumer_info *info, size_t index)
{
    const char *behind = info->when_behind == FLOW_BEHIND_BLOCK ? "block" : "skip";
    int paused = (info->flags & FLOW_CONSUMER_PAUSED) != 0;

    if (!request->json) {
        fprintf(request->out,
                "%-16s %12" PRIu64 " %10" PRIu64 " %14" PRIu64 " %10" PRIu64 " %6" PRIu64
                "  %s%s%s\n",
                *info->name ? info->name : "''", info->offset, info->held, info->bytes,
                info->skipped, info->letters, behind, paused ? ", paused" : "",
                info->flags & FLOW_CONSUMER_USED ? "" : ", unused");
        return;
    }
    fputs(index ? ", {\"channel\": " : "{\"channel\": ", request->out);
    text_json(request->out, flow_channel_name(request->channel));
    fputs(", \"name\": ", request->out);
    text_json(request->out, info->name);
    fprintf(request->out,
            ", \"offset\": " AS_NUMBER ", \"waiting\": " AS_NUMBER ", \"held\": " AS_NUMBER
            ", \"bytes\": " AS_NUMBER ", \"skipped\": " AS_NUMBER ", \"letters\": " AS_NUMBER
            ", \"maxEvents\": " AS_NUMBER ", \"maxBytes\": " AS_NUMBER
            ", \"whenBehind\": \"%s\", \"paused\": %s, \"used\": %s}",
            info->offset, info->waiting, info->held, info->bytes, info->skipped, info->letters,
            info->max_events, info->max_bytes, behind, paused ? "true" : "false",
            info->flags & FLOW_CONSUMER_USED ? "true" : "false");
}

static int list(struct request *request)
{
    flow_consumer_info info = {.struct_size = sizeof info};
    const char *after = NULL;
    size_t index = 0;

    if (request->json)
        fputs("[", request->out);
    else
        fprintf(request->out, "%-16s %12s %10s %14s %10s %6s\n", "consumer", "offset", "behind",
                "bytes", "skipped", "dead");
    for (; flow_consumer_next(request->channel, after, &info, NULL) == FLOW_OK; after = info.name)
        print_info(request, &info, index++);
    fputs(request->json ? "]\n" : "", request->out);
    return EXIT_OK;
}

/* ---- add ---- */

static int wrong_word(const struct request *request, const char *word)
{
    fprintf(request->out,
            "'%s' is not understood; start=, whenBehind=, maxEvents= and maxBytes= are known\n",
            word);
    return EXIT_USAGE;
}

/* Takes a number from 1 on. */
static int take_number(const struct request *request, const char *word, uint64_t *number)
{
    const char *text = strchr(word, '=') + 1;
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || value == 0) {
        fprintf(request->out, "'%s': a whole number from 1 on is expected\n", word);
        return EXIT_USAGE;
    }
    *number = value;
    return EXIT_OK;
}

static int take_word(const struct request *request, const char *word,
                     flow_consumer_options *options, flow_consumer_place *place)
{
    flow_error *err = NULL;

    if (text_begins(word, "start=")) {
        if (flow_consumer_place_read(word + 6, place, &err) == FLOW_OK)
            return EXIT_OK;
        fail(request, err);
        return EXIT_USAGE;
    }
    if (strcmp(word, "whenBehind=block") == 0)
        options->when_behind = FLOW_BEHIND_BLOCK;
    else if (strcmp(word, "whenBehind=skip") == 0)
        options->when_behind = FLOW_BEHIND_SKIP;
    else if (text_begins(word, "maxEvents="))
        return take_number(request, word, &options->max_events);
    else if (text_begins(word, "maxBytes="))
        return take_number(request, word, &options->max_bytes);
    else
        return wrong_word(request, word);
    return EXIT_OK;
}

static int add(struct request *request)
{
    flow_consumer_place place = {.struct_size = sizeof place, .start = FLOW_START_EARLIEST};
    flow_consumer_options options = {.struct_size = sizeof options, .place = &place};
    flow_error *err = NULL;
    int status = EXIT_OK;

    for (size_t i = 1; i < request->count && status == EXIT_OK; i++)
        status = take_word(request, request->words[i], &options, &place);
    if (status != EXIT_OK)
        return status;
    if (flow_consumer_add(request->channel, request->words[0], &options, &err) != FLOW_OK)
        return fail(request, err);
    return EXIT_OK;
}

/* ---- seek, pause, resume, remove ---- */

static int seek(struct request *request)
{
    flow_consumer_place place = {.struct_size = sizeof place};
    flow_error *err = NULL;
    uint64_t offset = 0;

    if (flow_consumer_place_read(request->words[1], &place, &err) != FLOW_OK) {
        fail(request, err);
        return EXIT_USAGE;
    }
    if (flow_consumer_seek(request->channel, request->words[0], &place, &offset, &err) != FLOW_OK)
        return fail(request, err);
    fprintf(request->out, "at offset " AS_NUMBER "\n", offset);
    return EXIT_OK;
}

typedef int (*simple_call)(flow_channel *channel, const char *name, flow_error **err);

static int simple(struct request *request, simple_call call)
{
    flow_error *err = NULL;

    return call(request->channel, request->words[0], &err) == FLOW_OK ? EXIT_OK
                                                                      : fail(request, err);
}

static int pause_it(struct request *request)
{
    return simple(request, flow_consumer_pause);
}

static int resume_it(struct request *request)
{
    return simple(request, flow_consumer_resume);
}

static int remove_it(struct request *request)
{
    return simple(request, flow_consumer_remove);
}

/* ---- dead letters ---- */

struct listing {
    const struct request *request;
    size_t count;
};

static void print_time(FILE *out, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char text[64] = "";

    if (gmtime_r(&seconds, &parts))
        strftime(text, sizeof text, "%FT%TZ", &parts);
    fputs(text, out);
}

static int print_letter(void *self, const flow_letter *letter)
{
    struct listing *listing = self;
    FILE *out = listing->request->out;
    size_t size = 0;

    flow_event_body(letter->event, &size);
    if (listing->request->json) {
        fprintf(out, "%s{\"offset\": " AS_NUMBER ", \"deliveries\": %" PRIu32 ", \"time\": \"",
                listing->count ? ", " : "", letter->offset, letter->deliveries);
        print_time(out, letter->time);
        fprintf(out, "\", \"bytes\": %zu, \"reason\": ", size);
        text_json(out, letter->reason);
        fputs("}", out);
    } else {
        fprintf(out, AS_NUMBER "  ", letter->offset);
        print_time(out, letter->time);
        fprintf(out, "  %zu bytes, %" PRIu32 " deliveries: %s\n", size, letter->deliveries,
                letter->reason);
    }
    listing->count++;
    return FLOW_OK;
}

static int dead(struct request *request)
{
    struct listing listing = {.request = request};
    flow_error *err = NULL;

    fputs(request->json ? "[" : "", request->out);
    if (flow_consumer_letters(request->channel, request->words[0], print_letter, &listing, &err) !=
        FLOW_OK)
        return fail(request, err);
    fputs(request->json ? "]\n" : "", request->out);
    return EXIT_OK;
}

static int replay(struct request *request)
{
    flow_consumer_place place = {.struct_size = sizeof place, .offset = FLOW_LETTERS_ALL};
    flow_error *err = NULL;
    uint64_t count = 0;

    if (request->count > 1 &&
        (flow_consumer_place_read(request->words[1], &place, &err) != FLOW_OK ||
         place.start != FLOW_START_OFFSET)) {
        flow_error_free(err);
        fprintf(request->out, "'%s' is no offset\n", request->words[1]);
        return EXIT_USAGE;
    }
    if (flow_consumer_replay(request->channel, request->words[0], place.offset, &count, &err) !=
        FLOW_OK)
        return fail(request, err);
    fprintf(request->out, AS_NUMBER " dead letters are delivered again\n", count);
    return EXIT_OK;
}

/* ---- all of them ---- */

static const struct action {
    const char *name;
    size_t least, most; /* words behind it */
    int (*run)(struct request *request);
} actions[] = {
    {"list", 0, 0, list},      {"add", 1, 6, add},          {"seek", 2, 2, seek},
    {"pause", 1, 1, pause_it}, {"resume", 1, 1, resume_it}, {"remove", 1, 1, remove_it},
    {"dead", 1, 1, dead},      {"replay", 1, 2, replay},
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

int control_answer(flow_pipeline *pipeline, const char *const *words, size_t count, FILE *out)
{
    struct request request = {.pipeline = pipeline, .out = out};
    const struct action *action = count >= 3 ? find_action(words[2]) : NULL;

    if (!action || count - 3 < action->least || count - 3 > action->most) {
        fputs("that is not a request; see `flow help`\n", out);
        return EXIT_USAGE;
    }
    if (!pipeline) {
        fputs("the agent does not run now\n", out);
        return EXIT_FAILURE_RUN;
    }
    request.json = strcmp(words[1], "json") == 0;
    request.words = words + 3;
    request.count = count - 3;
    int status = find_channel(&request, words[0]);
    return status == EXIT_OK ? action->run(&request) : status;
}
