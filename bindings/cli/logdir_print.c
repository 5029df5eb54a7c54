/* SPDX-License-Identifier: Apache-2.0 */

/* What `flow log` prints. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "logdir.h"
#include "setup.h"

#define BODY_SHOWN 256u /* bytes */

#define AS_NUMBER "%" PRIu64

/* "2026-11-26 10:20:30.123 UTC" in ROOM. */
static const char *time_text(int64_t ms, char *room, size_t size)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    size_t used = gmtime_r(&seconds, &parts) ? strftime(room, size, "%F %T", &parts) : 0;

    snprintf(room + used, size - used, ".%03d UTC", (int)(ms % 1000));
    return room;
}

/* ---- stat ---- */

static void print_keys(const flow_logdir *dir, const flow_logdir_stat *stat)
{
    flow_logdir_key key = {.struct_size = sizeof key};

    for (size_t i = 0; flow_logdir_key_at(dir, i, &key) == FLOW_OK; i++)
        printf("encrypted   " AS_NUMBER " segments, with the key '%s'\n", key.segments, key.name);
    if (stat->hidden)
        puts(
            "consumers   are encrypted and no key was given; known is only where the slowest is at "
            "least:");
}

static void print_cursor(const flow_logdir_cursor *cursor)
{
    printf("consumer    '%s': done with all below " AS_NUMBER " and " AS_NUMBER " above, " AS_NUMBER
           " waiting",
           cursor->name, cursor->watermark, cursor->done_above, cursor->backlog);
    if (cursor->skipped)
        printf(", " AS_NUMBER " given up", cursor->skipped);
    if (cursor->letters)
        printf(", " AS_NUMBER " dead", cursor->letters);
    puts(cursor->paused ? ", paused" : "");
}

static void print_hex(const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const uint8_t *)data)[i]);
}

static void print_senders(const flow_logdir *dir)
{
    flow_logdir_sender sender = {.struct_size = sizeof sender};
    char time[64];

    for (size_t i = 0; flow_logdir_sender_at(dir, i, &sender) == FLOW_OK; i++) {
        fputs("sender      ", stdout);
        print_hex(sender.key, sender.key_size);
        if (sender.closed)
            fputs(": closed", stdout);
        else
            printf(": numbers up to " AS_NUMBER " in " AS_NUMBER " ranges", sender.end,
                   sender.ranges);
        printf(", heard of %s\n", time_text(sender.time, time, sizeof time));
    }
}

static void print_text(const flow_logdir *dir, const flow_logdir_stat *stat)
{
    flow_logdir_cursor cursor = {.struct_size = sizeof cursor};
    char time[64];

    printf("segments    " AS_NUMBER " (and " AS_NUMBER " spare), " AS_NUMBER " bytes\n",
           stat->segments, stat->spares, stat->bytes);
    printf("events      " AS_NUMBER ", " AS_NUMBER " of them waiting\n", stat->events,
           stat->waiting);
    printf("offsets     " AS_NUMBER " to " AS_NUMBER "\n", stat->first, stat->end);
    if (stat->lost)
        printf("lost        " AS_NUMBER " events, in earlier repairs\n", stat->lost);
    if (stat->checkpoint)
        printf("checkpoint  number " AS_NUMBER ", %s, %s\n", stat->checkpoint,
               time_text(stat->checkpoint_time, time, sizeof time),
               stat->clean ? "at the end" : "while it was open");
    else
        puts("checkpoint  none");
    print_keys(dir, stat);
    for (size_t i = 0; flow_logdir_cursor_at(dir, i, &cursor) == FLOW_OK; i++)
        print_cursor(&cursor);
    print_senders(dir);
    if (stat->faults)
        printf("DAMAGED     " AS_NUMBER " faults; see `flow log verify`\n", stat->faults);
}

static void print_senders_json(const flow_logdir *dir)
{
    flow_logdir_sender sender = {.struct_size = sizeof sender};

    for (size_t i = 0; flow_logdir_sender_at(dir, i, &sender) == FLOW_OK; i++) {
        printf("%s{\"key\": \"", i ? ", " : "");
        print_hex(sender.key, sender.key_size);
        printf("\", \"end\": " AS_NUMBER ", \"ranges\": " AS_NUMBER
               ", \"closed\": %s, \"time\": %" PRId64 "}",
               sender.closed ? 0 : sender.end, sender.ranges, sender.closed ? "true" : "false",
               sender.time);
    }
}

static void print_json(const flow_logdir *dir, const flow_logdir_stat *stat)
{
    flow_logdir_cursor cursor = {.struct_size = sizeof cursor};
    flow_logdir_key key = {.struct_size = sizeof key};

    printf("{\"segments\": " AS_NUMBER ", \"spares\": " AS_NUMBER ", \"bytes\": " AS_NUMBER
           ", \"events\": " AS_NUMBER ", \"waiting\": " AS_NUMBER ", \"lost\": " AS_NUMBER
           ", \"first\": " AS_NUMBER ", \"end\": " AS_NUMBER ", \"checkpoint\": " AS_NUMBER
           ", \"checkpointTime\": %" PRId64 ", \"clean\": %s, \"faults\": " AS_NUMBER
           ", \"encrypted\": " AS_NUMBER ", \"consumersHidden\": %s, \"keys\": [",
           stat->segments, stat->spares, stat->bytes, stat->events, stat->waiting, stat->lost,
           stat->first, stat->end, stat->checkpoint, stat->checkpoint_time,
           stat->clean ? "true" : "false", stat->faults, stat->encrypted,
           stat->hidden ? "true" : "false");
    for (size_t i = 0; flow_logdir_key_at(dir, i, &key) == FLOW_OK; i++) {
        printf("%s{\"name\": ", i ? ", " : "");
        text_json(stdout, key.name);
        printf(", \"segments\": " AS_NUMBER "}", key.segments);
    }
    fputs("], \"consumers\": [", stdout);
    for (size_t i = 0; flow_logdir_cursor_at(dir, i, &cursor) == FLOW_OK; i++) {
        printf("%s{\"name\": ", i ? ", " : "");
        text_json(stdout, cursor.name);
        printf(", \"watermark\": " AS_NUMBER ", \"doneAbove\": " AS_NUMBER
               ", \"backlog\": " AS_NUMBER ", \"skipped\": " AS_NUMBER ", \"letters\": " AS_NUMBER
               ", \"paused\": %s}",
               cursor.watermark, cursor.done_above, cursor.backlog, cursor.skipped, cursor.letters,
               cursor.paused ? "true" : "false");
    }
    fputs("], \"senders\": [", stdout);
    print_senders_json(dir);
    puts("]}");
}

void logdir_print_stat(const flow_logdir *dir, int as_json)
{
    flow_logdir_stat stat = {.struct_size = sizeof stat};

    flow_logdir_stat_get(dir, &stat);
    if (as_json)
        print_json(dir, &stat);
    else
        print_text(dir, &stat);
}

/* ---- dump ---- */

/* Bytes as text: what is printable as it is, all else as \xHH. */
static void print_bytes(const uint8_t *bytes, size_t size)
{
    size_t shown = size < BODY_SHOWN ? size : BODY_SHOWN;

    putchar('"');
    for (size_t i = 0; i < shown; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\')
            printf("\\%c", bytes[i]);
        else if (bytes[i] >= ' ' && bytes[i] < 127)
            putchar(bytes[i]);
        else
            printf("\\x%02x", bytes[i]);
    }
    putchar('"');
    if (shown < size)
        printf(" and %zu bytes more", size - shown);
}

static void print_event(const flow_event *event, uint64_t offset)
{
    flow_header header;
    size_t size;
    const void *body = flow_event_body(event, &size);

    printf("    " AS_NUMBER " {", offset);
    for (size_t i = 0; flow_event_header_at(event, i, &header, sizeof header) == FLOW_OK; i++) {
        fputs(i ? ", " : "", stdout);
        print_bytes((const uint8_t *)header.name, header.name_size);
        fputs(": ", stdout);
        print_bytes((const uint8_t *)header.value, header.value_size);
    }
    fputs("} ", stdout);
    print_bytes(body, size);
    putchar('\n');
}

static void print_frame(const flow_logdir_frame *frame)
{
    static const char *const types[] = {"none", "put", "ack", "state", "lost", "dead"};
    char time[64];

    printf("  " AS_NUMBER " %s, " AS_NUMBER " bytes", frame->at,
           frame->type < 6 ? types[frame->type] : "unknown", frame->size);
    if (frame->type)
        printf(" (payload %" PRIu32 ", positions %" PRIu32 ")", frame->payload, frame->positions);
    if (frame->spans)
        printf(", numbers of senders %" PRIu32, frame->spans);
    if (frame->flags & FLOW_LOGDIR_COMPRESSED)
        printf(", compressed from %" PRIu32, frame->raw);
    if (frame->flags & FLOW_LOGDIR_ENCRYPTED)
        fputs(", encrypted", stdout);
    if (frame->type == FLOW_LOGDIR_PUT || frame->type == FLOW_LOGDIR_LOST)
        printf(", %" PRIu32 " events from offset " AS_NUMBER, frame->count, frame->first);
    if (frame->type == FLOW_LOGDIR_DEAD)
        printf(", event " AS_NUMBER, frame->first);
    if (frame->reason)
        printf(" after %" PRIu32 " deliveries: %s", frame->deliveries, frame->reason);
    if (frame->time)
        printf(", %s", time_text(frame->time, time, sizeof time));
    if (frame->type && frame->type != FLOW_LOGDIR_LOST)
        printf(", checksum %08" PRIx32, frame->checksum);
    printf(frame->fault ? ", DAMAGED: %s\n" : ", %s\n", frame->fault ? frame->fault : "sound");
}

static void print_events(const flow_logdir *dir, const flow_logdir_frame *frame, long *left)
{
    const flow_event *event;

    for (size_t i = 0; *left > 0 && (event = flow_logdir_event(dir, i)); i++, --*left)
        print_event(event, frame->first + i);
}

int logdir_print_frames(flow_logdir *dir, long limit)
{
    flow_logdir_frame frame = {.struct_size = sizeof frame};
    flow_error *err = NULL;
    char *file = text_copy("");
    long left = limit;
    int rc;

    flow_logdir_rewind(dir);
    while ((rc = flow_logdir_next(dir, &frame, &err)) == FLOW_OK) {
        if (strcmp(file, frame.file) != 0) {
            free(file);
            file = text_copy(frame.file);
            puts(file);
        }
        print_frame(&frame);
        print_events(dir, &frame, &left);
    }
    free(file);
    if (limit && !left)
        printf("only %ld events were printed; --limit N prints more\n", limit);
    return rc == FLOW_ENOENT ? EXIT_OK : say_error(err, EXIT_FAILURE_RUN);
}

/* ---- faults ---- */

size_t logdir_print_faults(const flow_logdir *dir)
{
    flow_logdir_fault fault = {.struct_size = sizeof fault};
    uint64_t first, end, lost = 0;
    size_t count = 0, left = 0;

    for (; flow_logdir_fault_at(dir, count, &fault) == FLOW_OK; count++) {
        printf("%s: byte " AS_NUMBER " to " AS_NUMBER ": %s%s\n", fault.file, fault.at, fault.end,
               fault.message, fault.repaired ? " (repaired)" : "");
        left += !fault.repaired;
    }
    for (size_t i = 0; flow_logdir_lost_at(dir, i, &first, &end) == FLOW_OK; i++) {
        printf("lost: offsets " AS_NUMBER " to " AS_NUMBER "\n", first, end - 1);
        lost += end - first;
    }
    printf("%zu fault%s, " AS_NUMBER " event%s lost\n", count, count == 1 ? "" : "s", lost,
           lost == 1 ? "" : "s");
    return left;
}
