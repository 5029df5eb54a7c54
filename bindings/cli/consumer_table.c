/* SPDX-License-Identifier: Apache-2.0 */

#include "consumer_table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

struct column {
    const char *head;
    const char *member;
    char *(*text)(const struct json_value *consumer, const char *member); /* the caller frees it */
    int is_number;
};

static char *text_of(const struct json_value *consumer, const char *member)
{
    const struct json_value *value = json_member(consumer, member);

    return text_copy(value && value->text ? value->text : "?");
}

/* A name in quotes where without them it would not be seen. */
static char *name_of(const struct json_value *consumer, const char *member)
{
    const char *name = json_member_text(consumer, member);

    return text_copy(name && *name ? name : "''");
}

static int is_true(const struct json_value *consumer, const char *member)
{
    const struct json_value *value = json_member(consumer, member);

    return value && value->kind == JSON_TRUE;
}

static char *state_of(const struct json_value *consumer, const char *member)
{
    (void)member;
    return text_format("%s%s", is_true(consumer, "used") ? "used" : "unused",
                       is_true(consumer, "paused") ? ", paused" : "");
}

/* "skip at 1000" */
static char *policy_of(const struct json_value *consumer, const char *member)
{
    const char *what = json_member_text(consumer, member);
    char *events = text_of(consumer, "maxEvents");
    char *bytes = text_of(consumer, "maxBytes");
    char *text = strcmp(bytes, "0") == 0
                     ? text_format("%s at %s", what ? what : "?", events)
                     : text_format("%s at %s, %s bytes", what ? what : "?", events, bytes);

    free(events);
    free(bytes);
    return text;
}

/* "2026-11-26T10:20:30Z" */
static char *time_of(const struct json_value *letter, const char *member)
{
    uint64_t ms = 0;
    char text[64] = "?";
    struct tm parts;

    json_value_unsigned(json_member(letter, member), &ms);
    time_t seconds = (time_t)(ms / 1000);
    if (gmtime_r(&seconds, &parts))
        strftime(text, sizeof text, "%FT%TZ", &parts);
    return text_copy(text);
}

static const struct column of_consumers[] = {
    {"CHANNEL", "channel", text_of, 0}, {"CONSUMER", "consumer", name_of, 0},
    {"STATE", "", state_of, 0},         {"WHEN BEHIND", "whenBehind", policy_of, 0},
    {"OFFSET", "offset", text_of, 1},   {"WAITING", "waiting", text_of, 1},
    {"HELD", "held", text_of, 1},       {"BYTES", "bytes", text_of, 1},
    {"SKIPPED", "skipped", text_of, 1}, {"DEAD", "letters", text_of, 1},
};

static const struct column of_letters[] = {
    {"OFFSET", "offset", text_of, 1}, {"TIME", "time", time_of, 0},
    {"BYTES", "bytes", text_of, 1},   {"DELIVERIES", "deliveries", text_of, 1},
    {"REASON", "reason", text_of, 0},
};

#define COLUMNS(list) (sizeof(list) / sizeof(list)[0])
#define MOST_COLUMNS COLUMNS(of_consumers)

static int width_of(const struct column *column, const struct json_value *rows)
{
    size_t width = strlen(column->head);

    for (size_t i = 0; i < rows->count; i++) {
        char *text = column->text(&rows->items[i], column->member);
        width = strlen(text) > width ? strlen(text) : width;
        free(text);
    }
    return (int)width;
}

/* With no blanks behind the last column. */
static void print_cell(const struct column *column, int is_last, const char *text, int width)
{
    if (column->is_number)
        printf("%*s", width, text);
    else
        printf("%-*s", is_last ? 0 : width, text);
    fputs(is_last ? "\n" : "  ", stdout);
}

static void print_table(const struct column *columns, size_t count, const struct json_value *rows)
{
    int widths[MOST_COLUMNS];

    if (!rows || rows->count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        widths[i] = width_of(&columns[i], rows);
        print_cell(&columns[i], i + 1 == count, columns[i].head, widths[i]);
    }
    for (size_t row = 0; row < rows->count; row++) {
        for (size_t i = 0; i < count; i++) {
            char *text = columns[i].text(&rows->items[row], columns[i].member);
            print_cell(&columns[i], i + 1 == count, text, widths[i]);
            free(text);
        }
    }
}

void consumer_print_table(const struct json_value *consumers)
{
    print_table(of_consumers, COLUMNS(of_consumers), consumers);
}

void consumer_print_letters(const struct json_value *letters)
{
    print_table(of_letters, COLUMNS(of_letters), letters);
}

void consumer_print_json(const struct json_value *result)
{
    struct json json = {.out = stdout};

    json_copy(&json, NULL, result);
    putchar('\n');
}
