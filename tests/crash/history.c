/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"

#define ABSENT 0   /* must not be found */
#define PRESENT 1  /* must be found, once */
#define IN_DOUBT 2 /* together with all others that are */

struct step *history_begin(struct history *history, enum step_kind kind, uint64_t at)
{
    struct step *step = &history->steps[history->count++];

    if (history->count > HISTORY_STEPS) {
        fprintf(stderr, "more than %d steps\n", HISTORY_STEPS);
        abort();
    }
    *step = (struct step){.kind = kind, .begun = at};
    return step;
}

/* Marks what a step was about. */
static void mark(const struct history *history, const struct step *step, uint8_t *states,
                 uint8_t state)
{
    for (uint32_t i = step->first; i < step->first + step->count; i++)
        states[step->kind == STEP_PUT ? i : history->taken[i]] = state;
}

/* What is to be expected of each event; *HALF is the step that may have happened or not. */
static void expect(const struct history *history, uint64_t at, uint8_t *states,
                   const struct step **half)
{
    memset(states, ABSENT, HISTORY_EVENTS);
    *half = NULL;
    for (uint32_t i = 0; i < history->count; i++) {
        const struct step *step = &history->steps[i];
        if (step->begun >= at)
            break;
        if (step->acked && step->acked <= at) {
            mark(history, step, states, step->kind == STEP_PUT ? PRESENT : ABSENT);
        } else {
            mark(history, step, states, IN_DOUBT);
            *half = step;
        }
    }
}

static const char *tell(const char *what, uint32_t number)
{
    static char text[128];

    snprintf(text, sizeof text, "event %u %s", number, what);
    return text;
}

const char *history_check(const struct history *history, uint64_t at, const uint32_t *numbers,
                          size_t count)
{
    static uint8_t states[HISTORY_EVENTS];
    const struct step *half;
    uint32_t doubtful = 0;

    expect(history, at, states, &half);
    for (size_t i = 0; i < count; i++) {
        uint32_t number = numbers[i];
        if (number >= HISTORY_EVENTS || states[number] == ABSENT)
            return tell("should not be there", number);
        if (i > 0 && number <= numbers[i - 1])
            return tell("is there twice or out of order", number);
        doubtful += states[number] == IN_DOUBT;
        if (states[number] == PRESENT)
            states[number] = ABSENT; /* found */
    }
    for (uint32_t i = 0; i < HISTORY_EVENTS; i++) {
        if (states[i] == PRESENT)
            return tell("is lost", i);
    }
    return half && doubtful && doubtful != half->count
               ? tell("begins a transaction that is there in part", half->first)
               : NULL;
}
