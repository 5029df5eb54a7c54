/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as the payload of a frame of the log: a put, an acknowledgement, a state or a dead
 * letter, compressed or not.  The input begins with type and flags, a byte each, and the sizes that
 * the front tells.
 */

#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "core/event.h"
#include "fuzz.h"
#include "store/payload.h"
#include "store/state.h"
#include "store/unwrap.h"

#define FRONT 14u
#define RAW_MOST ((uint32_t)1 << 22)

/* Reads all that an event has, so that what lies outside the bytes is seen. */
static size_t look_at(const flow_event *event)
{
    flow_header header;
    size_t size = 0, sum = 0;
    const uint8_t *body = flow_event_body(event, &size);

    for (size_t i = 0; flow_event_header_at(event, i, &header, sizeof header) == FLOW_OK; i++)
        sum += strlen(header.name) + strlen(header.value);
    for (size_t i = 0; i < size; i++)
        sum += body[i];
    return sum;
}

static void read_put(const struct fl_frame *frame, uint8_t *plain, size_t size)
{
    volatile size_t sum = 0;
    flow_event *places = calloc(frame->count + 1, sizeof *places);
    const flow_event **events = calloc(frame->count + 1, sizeof *events);
    size_t events_size = size - frame->positions;
    struct fl_state state;

    if (places && events &&
        fl_payload_read(NULL, plain, events_size, places, events, frame->count) == FLOW_OK) {
        for (uint32_t i = 0; i < frame->count; i++)
            sum += look_at(events[i]);
    }
    fl_state_init(&state, NULL, NULL, NULL);
    (void)fl_state_join_put(&state, frame, plain + size);
    fl_state_free(&state);
    free(places);
    free(events);
}

static int has_names(const struct fl_state *state)
{
    for (size_t i = 0; i < state->marks.count; i++) {
        if (!((const struct fl_mark *)fl_vec_at(&state->marks, i))->name)
            return 0;
    }
    return 1;
}

/* What a state says is written as one that says the same. */
static void write_again(const struct fl_state *state)
{
    struct fl_positions positions;
    struct fl_spans spans;
    struct fl_state again;
    struct fl_buf bytes;
    int has_spans;

    if (fl_positions_init(&positions, NULL) || fl_spans_init(&spans, NULL))
        return;
    fl_state_init(&again, NULL, &positions, &spans);
    fl_buf_init(&bytes, NULL);
    if (fl_state_write(state, &bytes, &has_spans) == FLOW_OK &&
        (fl_state_join(&again, bytes.data, bytes.size) != FLOW_OK ||
         again.next_offset < state->next_offset || again.marks.count != state->marks.count ||
         fl_state_floor(&again) != fl_state_floor(state)))
        __builtin_trap();
    fl_buf_free(&bytes);
    fl_state_free(&again);
    fl_positions_free(&positions);
    fl_spans_free(&spans);
}

/* What is told of a letter lies in its bytes. */
static void read_letter(struct fl_state *state, const uint8_t *plain, size_t size)
{
    const struct fl_letter place = {.epoch = 1, .at = FL_SEGMENT_FRONT};
    struct fl_letter letter;
    struct fl_letter_text text;
    volatile size_t sum = 0;
    uint64_t end;

    if (fl_state_join_dead(state, plain, size, &place, &end) == FLOW_OK)
        (void)fl_state_settle_letters(state);
    if (fl_letter_read(plain, size, &letter, &text) != FLOW_OK)
        return;
    for (uint32_t i = 0; i < text.reason_size; i++)
        sum += (uint8_t)text.reason[i];
    for (size_t i = 0; i < text.event_size; i++)
        sum += text.event[i];
}

static void read_state(const struct fl_frame *frame, const uint8_t *plain, size_t size)
{
    struct fl_positions positions;
    struct fl_spans spans;
    struct fl_state state;
    uint64_t end;

    if (fl_positions_init(&positions, NULL) || fl_spans_init(&spans, NULL))
        return;
    fl_state_init(&state, NULL, &positions, &spans);
    if (frame->type == FL_FRAME_ACK)
        (void)fl_state_join_ack(&state, plain, size, frame->positions, &end);
    else if (frame->type == FL_FRAME_DEAD)
        read_letter(&state, plain, size);
    else if (fl_state_join(&state, plain, size) == FLOW_OK && has_names(&state))
        write_again(&state);
    fl_state_free(&state);
    fl_positions_free(&positions);
    fl_spans_free(&spans);
}

static void read_dead(uint8_t *plain, size_t size)
{
    const struct fl_letter place = {.epoch = 1, .at = FL_SEGMENT_FRONT};
    struct fl_letter letter;
    struct fl_letter_text text;
    const flow_event *event;
    struct fl_state state;
    flow_event room;
    volatile size_t sum = 0;
    uint64_t end;

    fl_state_init(&state, NULL, NULL, NULL);
    if (fl_letter_read(plain, size, &letter, &text) == FLOW_OK) {
        uint8_t *bytes = plain + (text.event - plain);
        for (uint32_t i = 0; i < text.reason_size; i++)
            sum += (uint8_t)text.reason[i];
        if (fl_payload_read(NULL, bytes, text.event_size, &room, &event, 1) == FLOW_OK)
            sum += look_at(event);
        if (fl_state_join_dead(&state, plain, size, &place, &end) != FLOW_OK ||
            fl_state_settle_letters(&state) != FLOW_OK)
            __builtin_trap();
    }
    fl_state_free(&state);
}

/* Makes PLAIN of the payload; 0 when it is none. */
static int unwrap(const struct fl_frame *frame, const uint8_t *payload, uint8_t *plain)
{
    const struct fl_store_env env = {.mem = NULL};
    struct fl_unwrap with;
    const char *why = NULL;

    fl_unwrap_init(&with, &env);
    void *room = fl_unwrap_room(&with, frame->size);
    if (room)
        memcpy(room, payload, frame->size);
    int rc = room ? fl_unwrap(&with, frame, FL_SEGMENT_FRONT, plain, &why, NULL) : FLOW_ENOMEM;
    fl_unwrap_free(&with);
    return rc == FLOW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t front[FL_FRAME_FRONT];
    struct fl_frame frame = {.epoch = 1};

    if (size < FRONT)
        return 0;
    frame.type = data[0];
    frame.flags = data[1] & FL_FRAME_PACKED;
    frame.size = (uint32_t)(size - FRONT);
    frame.raw = fl_le32_get(data + 2);
    frame.count = fl_le32_get(data + 6);
    frame.positions = fl_le32_get(data + 10);
    fl_frame_write(&frame, front);
    if (!fl_frame_read(front, &frame) || frame.raw > RAW_MOST ||
        frame.count > fl_frame_plain(&frame))
        return 0;
    size_t plain_size = fl_frame_plain(&frame);
    uint8_t *plain = malloc(plain_size ? plain_size : 1);
    int sound =
        plain && (frame.flags || frame.size == 0 ? unwrap(&frame, data + FRONT, plain)
                                                 : memcpy(plain, data + FRONT, frame.size) != NULL);
    if (sound && frame.type == FL_FRAME_PUT)
        read_put(&frame, plain, plain_size);
    else if (sound && frame.type == FL_FRAME_DEAD)
        read_dead(plain, plain_size);
    else if (sound)
        read_state(&frame, plain, plain_size);
    free(plain);
    return 0;
}
