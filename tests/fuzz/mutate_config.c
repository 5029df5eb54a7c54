/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Spoils one line of a sound configuration, again and again, and asks what a reader would: whatever
 * was changed, the other lines must mean what they meant, and what is wrong must be told at the
 * line that was spoilt.
 *
 *     mutate_config [--seed N] [--count N] [--seconds N] FILE...
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flow/config.h>

#define TEXT_LIMIT 16384

/* A text, and which of its lines was changed. */
struct text {
    char bytes[TEXT_LIMIT + 1];
    size_t size;
};

struct campaign {
    flow_library *lib;
    const char *path;
    struct text base;
    flow_config *model; /* of the base */
    uint64_t state;     /* of the random numbers */
};

/* ---- random numbers ---- */

/* xorshift64*: the same on every machine, so that a seed names a failure. */
static uint64_t next_random(struct campaign *campaign)
{
    campaign->state ^= campaign->state >> 12;
    campaign->state ^= campaign->state << 25;
    campaign->state ^= campaign->state >> 27;
    return campaign->state * 0x2545f4914f6cdd1d;
}

static size_t below(struct campaign *campaign, size_t limit)
{
    return limit ? (size_t)(next_random(campaign) >> 16) % limit : 0;
}

/* ---- spoiling ---- */

static size_t line_start(const struct text *text, uint32_t line)
{
    size_t at = 0;

    while (--line > 0)
        at += strcspn(text->bytes + at, "\n") + 1;
    return at;
}

static uint32_t count_lines(const struct text *text)
{
    uint32_t lines = 1;

    for (size_t i = 0; i + 1 < text->size; i++)
        lines += text->bytes[i] == '\n';
    return lines;
}

static void splice(struct text *text, size_t at, size_t removed, const char *added)
{
    size_t size = strlen(added);

    if (text->size - removed + size > TEXT_LIMIT)
        return;
    memmove(text->bytes + at + size, text->bytes + at + removed, text->size - at - removed + 1);
    memcpy(text->bytes + at, added, size);
    text->size = text->size - removed + size;
}

/* Changes LINE, but neither its end nor the number of lines. */
static void spoil(struct campaign *campaign, struct text *text, uint32_t line)
{
    static const char *const pieces[] = {
        "#",           " # x",        "=",       ":",        " ",    ".",
        "..",          "\t",          "\f",      "!",        "\\",   "\\\\",
        "\\u00",       "\\u0041",     "\\ud83d", "\xc3\xa4", "\xff", "${",
        "${env:HOME}", "${a1.sinks}", "}",       "0",        "-1",   "99999999999999999999",
        "a1.",         "type",        "\x01",    "channels", "k1",   "c1 c2",
    };
    size_t start = line_start(text, line);
    size_t size = strcspn(text->bytes + start, "\n");
    size_t at = start + below(campaign, size + 1);
    size_t left = start + size - at;
    char piece[2] = {(char)(1 + below(campaign, 255)), '\0'};

    if (piece[0] == '\n' || piece[0] == '\r')
        piece[0] = 'x';
    switch (below(campaign, 4)) {
    case 0: splice(text, at, 0, pieces[below(campaign, sizeof pieces / sizeof pieces[0])]); break;
    case 1: splice(text, at, left ? 1 + below(campaign, left < 8 ? left : 8) : 0, ""); break;
    case 2: splice(text, at, left ? 1 : 0, piece); break;
    default: splice(text, at, 0, piece);
    }
}

/* ---- judging ---- */

/* Shows the text that failed, and how to get it again. */
static int fail(const struct campaign *campaign, const struct text *text, uint32_t line,
                const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: line %u spoilt: ", campaign->path, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n----\n%.*s----\n", (int)text->size, text->bytes);
    return 0;
}

static int is_utf8_warning(const flow_diagnostic *one)
{
    return strstr(one->message, "not UTF-8") != NULL;
}

/* Whether the spoilt line runs on into the next, so that this one is lost with it. */
static int runs_on(const struct text *text, uint32_t line)
{
    size_t end = line_start(text, line) + strcspn(text->bytes + line_start(text, line), "\n");
    size_t slashes = 0;

    while (slashes < end && text->bytes[end - slashes - 1] == '\\')
        slashes++;
    return slashes % 2 != 0;
}

/* What the report said of the whole text. */
struct told {
    int is_latin1; /* it is read as ISO-8859-1 */
    int overrides; /* a line replaces what another says */
};

/* Every finding about the spoilt text has a place in it, or speaks of an agent as a whole. */
static int judge_report(const struct campaign *campaign, const struct text *text, uint32_t line,
                        flow_config *config, struct told *told)
{
    flow_diagnostic one = {.struct_size = sizeof one};
    flow_report *report;
    uint32_t lines = count_lines(text);
    int is_fine = 1;

    if (flow_config_check(config, NULL, &report, NULL) != FLOW_OK)
        return fail(campaign, text, line, "the check failed");
    for (size_t i = 0; is_fine && flow_report_get(report, i, &one) == FLOW_OK; i++) {
        told->is_latin1 |= is_utf8_warning(&one);
        told->overrides |= one.line >= line && strstr(one.message, "replaces the value");
        if (is_utf8_warning(&one) && one.line != line)
            is_fine = fail(campaign, text, line, "not UTF-8 at line %u", one.line);
        else if (one.line > lines || (one.line == 0) != (one.column == 0))
            is_fine = fail(campaign, text, line, "a finding at %u:%u", one.line, one.column);
        else if (one.line == 0 && !strstr(one.message, "agent") && !strstr(one.component, "agent"))
            is_fine = fail(campaign, text, line, "a finding without a place: %s", one.message);
    }
    flow_report_free(report);
    return is_fine;
}

/* Finds the entry KEY. */
static int find_entry(flow_config *config, const char *key, flow_entry *entry)
{
    for (size_t i = 0; flow_config_entry(config, i, entry) == FLOW_OK; i++) {
        if (strcmp(entry->key, key) == 0)
            return 1;
    }
    return 0;
}

/* Lines other than the spoilt one mean what they meant, unless the report says that the spoilt one
 * overrides them. */
static int judge_model(const struct campaign *campaign, const struct text *text, uint32_t line,
                       flow_config *config, const struct told *told)
{
    flow_entry old = {.struct_size = sizeof old};
    flow_entry entry = {.struct_size = sizeof entry};
    uint32_t lost = runs_on(text, line) ? line + 1 : line;

    for (size_t i = 0; flow_config_entry(campaign->model, i, &old) == FLOW_OK; i++) {
        if (old.line == line || old.line == lost)
            continue;
        if (!find_entry(config, old.key, &entry))
            return fail(campaign, text, line, "%s is gone", old.key);
        if (entry.line != old.line && entry.line != line)
            return fail(campaign, text, line, "%s moved to line %u", old.key, entry.line);
        if (entry.line == line && !told->overrides)
            return fail(campaign, text, line, "%s is silently overridden", old.key);
        if (entry.line == old.line && strcmp(entry.value, old.value) != 0)
            return fail(campaign, text, line, "%s is now '%s'", old.key, entry.value);
    }
    for (size_t i = 0; flow_config_entry(config, i, &entry) == FLOW_OK; i++) {
        if (entry.line != line && !find_entry(campaign->model, entry.key, &old))
            return fail(campaign, text, line, "%s appeared at line %u", entry.key, entry.line);
    }
    return 1;
}

/* Spoils one line once; returns 0 after it has said what was misleading. */
static int run_once(struct campaign *campaign)
{
    struct text text = campaign->base;
    uint32_t line = 1 + (uint32_t)below(campaign, count_lines(&text));
    flow_config *config;
    struct told told = {0};

    spoil(campaign, &text, line);
    if (flow_config_new(campaign->lib, &config, NULL) != FLOW_OK)
        return fail(campaign, &text, line, "no memory");
    flow_config_parse(config, "spoilt", text.bytes, text.size, FLOW_FORMAT_PROPERTIES, NULL);
    int is_fine = judge_report(campaign, &text, line, config, &told);
    /* Read as ISO-8859-1, every letter beyond ASCII is another, which the report has said. */
    if (is_fine && !told.is_latin1)
        is_fine = judge_model(campaign, &text, line, config, &told);
    flow_config_free(config);
    return is_fine;
}

/* ---- campaigns ---- */

static int load(struct campaign *campaign)
{
    FILE *file = fopen(campaign->path, "rb");

    if (!file)
        return 0;
    campaign->base.size = fread(campaign->base.bytes, 1, TEXT_LIMIT, file);
    campaign->base.bytes[campaign->base.size] = '\0';
    fclose(file);
    return flow_config_new(campaign->lib, &campaign->model, NULL) == FLOW_OK &&
           flow_config_parse(campaign->model, "base", campaign->base.bytes, campaign->base.size,
                             FLOW_FORMAT_PROPERTIES, NULL) == FLOW_OK;
}

/* COUNT mutations of one file, or as many as END leaves time for. */
static int run_campaign(struct campaign *campaign, long count, time_t end)
{
    int is_fine = load(campaign);
    long done = 0;

    for (; is_fine && done < count && (!end || time(NULL) < end); done++)
        is_fine = run_once(campaign);
    printf("%s: %ld mutations\n", campaign->path, done);
    flow_config_free(campaign->model);
    return is_fine;
}

int main(int argc, char **argv)
{
    static struct campaign campaign;
    long count = 10000;
    long seconds = 0;
    uint64_t seed = 1;
    int is_fine = 1;

    if (flow_library_new(NULL, &campaign.lib, NULL) != FLOW_OK)
        return EXIT_FAILURE;
    for (int i = 1; i < argc && is_fine; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
            count = strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            seconds = strtol(argv[++i], NULL, 10);
        else {
            campaign.path = argv[i];
            campaign.model = NULL;
            campaign.state = seed * 0x9e3779b97f4a7c15 + 1;
            is_fine = run_campaign(&campaign, count, seconds ? time(NULL) + seconds : 0);
        }
    }
    flow_library_free(campaign.lib, NULL);
    return is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
