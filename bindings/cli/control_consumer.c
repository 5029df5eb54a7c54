/* SPDX-License-Identifier: Apache-2.0 */

/* Requests on the consumers of channels. */

#include <stdlib.h>
#include <string.h>

#include "control_request.h"
#include "near.h"

#define LETTERS_AT_ONCE 1000

#define ANY_OF(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- what they are like ---- */

static void print_bool(struct json *result, const char *name, int value)
{
    json_word(result, name, value ? "true" : "false");
}

static void print_consumer(struct json *result, const char *channel, const flow_consumer_info *info)
{
    json_object(result, NULL);
    json_text(result, "channel", channel);
    json_text(result, "consumer", info->name);
    print_bool(result, "paused", (info->flags & FLOW_CONSUMER_PAUSED) != 0);
    print_bool(result, "used", (info->flags & FLOW_CONSUMER_USED) != 0);
    json_text(result, "whenBehind", info->when_behind == FLOW_BEHIND_BLOCK ? "block" : "skip");
    json_unsigned(result, "maxEvents", info->max_events);
    json_unsigned(result, "maxBytes", info->max_bytes);
    json_unsigned(result, "offset", info->offset);
    json_unsigned(result, "waiting", info->waiting);
    json_unsigned(result, "held", info->held);
    json_unsigned(result, "bytes", info->bytes);
    json_unsigned(result, "skipped", info->skipped);
    json_unsigned(result, "letters", info->letters);
    json_end(result);
}

/* Prints all of a channel, which may have none. */
static int print_channel(struct json *result, flow_channel *channel, flow_error **err)
{
    flow_consumer_info info = {.struct_size = sizeof info};
    const char *after = NULL;
    int rc;

    while ((rc = flow_consumer_next(channel, after, &info, err)) == FLOW_OK) {
        print_consumer(result, flow_channel_name(channel), &info);
        after = info.name;
    }
    return rc == FLOW_ENOENT ? FLOW_OK : rc;
}

/* Prints the one the request is about, as it is now. */
static void print_one(struct json *result, const struct control_request *request)
{
    flow_consumer_info info = {.struct_size = sizeof info};

    json_list(result, "consumers");
    if (flow_consumer_get(request->channel, request->consumer, &info, NULL) == FLOW_OK)
        print_consumer(result, request->channel_name, &info);
    json_end(result);
}

/* ---- what a request is about ---- */

static int add_hint(const struct control_request *request, flow_error **err)
{
    flow_consumer_info info = {.struct_size = sizeof info};
    struct near near = near_begin(request->consumer);
    const char *after = NULL;

    while (flow_consumer_next(request->channel, after, &info, NULL) == FLOW_OK) {
        near_offer(&near, info.name);
        after = info.name;
    }
    if (!near.best)
        return FLOW_ENOENT;
    char *hint = near_hint(&near);
    char *text = text_format("%s%s", flow_error_message(*err), hint);
    flow_error_free(*err);
    *err = NULL;
    flow_error_set(err, FLOW_ENOENT, text);
    free(text);
    free(hint);
    return FLOW_ENOENT;
}

/* Finds the channel and the consumer's name, of one that need not be there. */
static int find_names(struct control_request *request, flow_error **err)
{
    int rc = control_channel(request, err);

    return rc == FLOW_OK ? control_text(request, "consumer", 1, &request->consumer, err) : rc;
}

/* The same for one that is there. */
static int find_consumer(struct control_request *request, flow_error **err)
{
    flow_consumer_info info = {.struct_size = sizeof info};
    int rc = find_names(request, err);

    if (rc == FLOW_OK)
        rc = flow_consumer_get(request->channel, request->consumer, &info, err);
    else
        return rc;
    return rc == FLOW_ENOENT ? add_hint(request, err) : rc;
}

/* Reads the member NAME; IS_GIVEN tells whether there is one. */
static int read_place(const struct control_request *request, const char *name,
                      flow_consumer_place *place, int *is_given, flow_error **err)
{
    const char *text;
    int rc = control_text(request, name, !is_given, &text, err);

    if (is_given)
        *is_given = text != NULL;
    return rc == FLOW_OK && text ? flow_consumer_place_read(text, place, err) : rc;
}

static int read_behind(const struct control_request *request, uint32_t *when, flow_error **err)
{
    const char *text;
    int rc = control_text(request, "whenBehind", 0, &text, err);

    if (rc != FLOW_OK || !text)
        return rc;
    *when = strcmp(text, "skip") == 0    ? FLOW_BEHIND_SKIP
            : strcmp(text, "block") == 0 ? FLOW_BEHIND_BLOCK
                                         : 0;
    return *when ? rc
                 : flow_error_setf(err, FLOW_EINVAL, "whenBehind is skip or block, not '%s'", text);
}

/* ---- commands ---- */

static int list_all(struct control_request *request, struct json *result, flow_error **err)
{
    struct text_list names = {0};
    int rc = control_channels(request->pipeline, &names, err);

    for (size_t i = 0; i < names.count && rc == FLOW_OK; i++) {
        rc = flow_pipeline_channel(request->pipeline, names.items[i], &request->channel, err);
        if (rc == FLOW_OK)
            rc = print_channel(result, request->channel, err);
    }
    text_list_free(&names);
    return rc;
}

/* Fails for one that has none, as the library words it; a log has one at least. */
static int list_one(struct control_request *request, struct json *result, flow_error **err)
{
    flow_consumer_info info = {.struct_size = sizeof info};
    int rc = control_channel(request, err);

    if (rc == FLOW_OK && flow_consumer_next(request->channel, NULL, &info, NULL) == FLOW_ENOENT)
        rc = flow_consumer_get(request->channel, "", &info, err);
    return rc == FLOW_OK ? print_channel(result, request->channel, err) : rc;
}

static int run_list(struct control_request *request, struct json *result, flow_error **err)
{
    json_list(result, "consumers");
    int rc = json_member(request->body, "channel") ? list_one(request, result, err)
                                                   : list_all(request, result, err);
    json_end(result);
    return rc;
}

static int run_add(struct control_request *request, struct json *result, flow_error **err)
{
    flow_consumer_place place = {.struct_size = sizeof place};
    flow_consumer_options options = {.struct_size = sizeof options};
    int has_place = 0;
    int rc = find_names(request, err);

    if (rc == FLOW_OK)
        rc = read_place(request, "start", &place, &has_place, err);
    if (rc == FLOW_OK)
        rc = read_behind(request, &options.when_behind, err);
    if (rc == FLOW_OK)
        rc = control_number(request, "maxEvents", &options.max_events, err);
    if (rc == FLOW_OK)
        rc = control_number(request, "maxBytes", &options.max_bytes, err);
    options.place = has_place ? &place : NULL;
    if (rc == FLOW_OK)
        rc = flow_consumer_add(request->channel, request->consumer, &options, err);
    if (rc == FLOW_OK)
        print_one(result, request);
    return rc;
}

static int run_seek(struct control_request *request, struct json *result, flow_error **err)
{
    flow_consumer_place place = {.struct_size = sizeof place};
    uint64_t offset = 0;
    int rc = find_consumer(request, err);

    if (rc == FLOW_OK)
        rc = read_place(request, "to", &place, NULL, err);
    if (rc == FLOW_OK)
        rc = flow_consumer_seek(request->channel, request->consumer, &place, &offset, err);
    if (rc != FLOW_OK)
        return rc;
    json_unsigned(result, "offset", offset);
    print_one(result, request);
    return rc;
}

static int change(struct control_request *request, struct json *result,
                  int (*call)(flow_channel *channel, const char *name, flow_error **err),
                  flow_error **err)
{
    int rc = find_consumer(request, err);

    if (rc == FLOW_OK)
        rc = call(request->channel, request->consumer, err);
    if (rc == FLOW_OK)
        print_one(result, request);
    return rc;
}

static int run_pause(struct control_request *request, struct json *result, flow_error **err)
{
    return change(request, result, flow_consumer_pause, err);
}

static int run_resume(struct control_request *request, struct json *result, flow_error **err)
{
    return change(request, result, flow_consumer_resume, err);
}

static int run_remove(struct control_request *request, struct json *result, flow_error **err)
{
    return change(request, result, flow_consumer_remove, err);
}

/* ---- dead letters ---- */

struct listing {
    struct json *result;
    uint64_t from;
    uint64_t next; /* the first there was no room for */
    size_t count;
    int is_full;
};

static int print_letter(void *self, const flow_letter *letter)
{
    struct listing *listing = self;
    struct json *result = listing->result;
    size_t size = 0;

    if (letter->offset < listing->from)
        return FLOW_OK;
    if (listing->count == LETTERS_AT_ONCE) {
        listing->is_full = 1;
        listing->next = letter->offset;
        return FLOW_ESTATE; /* no more, please */
    }
    flow_event_body(letter->event, &size);
    json_object(result, NULL);
    json_unsigned(result, "offset", letter->offset);
    json_number(result, "time", letter->time);
    json_unsigned(result, "bytes", size);
    json_unsigned(result, "deliveries", letter->deliveries);
    json_text(result, "reason", letter->reason);
    json_end(result);
    listing->count++;
    return FLOW_OK;
}

/* Not all at once: an answer is in memory before it is sent. */
static int run_dead(struct control_request *request, struct json *result, flow_error **err)
{
    struct listing listing = {.result = result};
    flow_error *fault = NULL;
    int rc = find_consumer(request, err);

    if (rc == FLOW_OK)
        rc = control_number(request, "from", &listing.from, err);
    if (rc != FLOW_OK)
        return rc;
    json_list(result, "letters");
    rc = flow_consumer_letters(request->channel, request->consumer, print_letter, &listing, &fault);
    json_end(result);
    if (listing.is_full) {
        json_unsigned(result, "next", listing.next);
        flow_error_free(fault);
        return FLOW_OK;
    }
    *err = fault;
    return rc;
}

static int run_replay(struct control_request *request, struct json *result, flow_error **err)
{
    uint64_t offset = FLOW_LETTERS_ALL;
    uint64_t count = 0;
    int rc = find_consumer(request, err);

    if (rc == FLOW_OK && json_member(request->body, "offset"))
        rc = control_number(request, "offset", &offset, err);
    if (rc == FLOW_OK)
        rc = flow_consumer_replay(request->channel, request->consumer, offset, &count, err);
    if (rc != FLOW_OK)
        return rc;
    json_unsigned(result, "count", count);
    print_one(result, request);
    return rc;
}

const struct control_command control_consumer_commands[] = {
    {"consumer.list", ANY_OF("channel"), 0, run_list},
    {"consumer.add", ANY_OF("channel", "consumer", "start", "whenBehind", "maxEvents", "maxBytes"),
     1, run_add},
    {"consumer.seek", ANY_OF("channel", "consumer", "to"), 1, run_seek},
    {"consumer.pause", ANY_OF("channel", "consumer"), 1, run_pause},
    {"consumer.resume", ANY_OF("channel", "consumer"), 1, run_resume},
    {"consumer.remove", ANY_OF("channel", "consumer"), 1, run_remove},
    {"consumer.dead", ANY_OF("channel", "consumer", "from"), 0, run_dead},
    {"consumer.replay", ANY_OF("channel", "consumer", "offset"), 1, run_replay},
    {NULL, NULL, 0, NULL},
};
