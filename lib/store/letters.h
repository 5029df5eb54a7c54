/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_LETTERS_H
#define FL_STORE_LETTERS_H

/*
 * Dead letters: events that a consumer could not deliver.  A frame of its own keeps the event, so
 * that nothing else of the log has to stay for it; the state lists where these frames are.
 *
 * Each letter has a number that no other one ever had: a state that knows a number, and does not
 * list it, knows that the letter is gone.
 */

#include "base/buf.h"
#include "store/env.h"
#include "store/run.h"

/* The most of one consumer; above that the oldest are given up. */
#define FL_LETTERS_MOST 1000u

/* The longest reason that is kept. */
#define FL_LETTER_REASON 1024u

struct fl_letter {
    uint64_t number;
    uint64_t offset;
    int64_t time;
    uint64_t epoch, at; /* where its frame is; epoch 0: it is being written */
    uint32_t stripe;
    uint32_t deliveries; /* that failed */
    int replayed;        /* it was returned to the consumer; not kept */
};

/* The bytes of a letter in a state. */
#define FL_LETTER_SIZE 48u

uint8_t *fl_letter_put(uint8_t *out, const struct fl_letter *letter);
void fl_letter_get(const uint8_t *in, struct fl_letter *letter);

/* Whether A's frame was written after B's. */
int fl_letter_is_later(const struct fl_letter *a, const struct fl_letter *b);

/* What a frame says besides. */
struct fl_letter_text {
    uint32_t cursor;    /* the id of that in which the event died */
    const char *reason; /* does not end in NUL */
    uint32_t reason_size;
    const uint8_t *event; /* as in a put */
    size_t event_size;
};

/* The payload of the frame of a letter, which OUT has room for, with zeroes up to a multiple of 8.
 */
int fl_letter_write(struct fl_buf *out, const struct fl_letter *letter,
                    const struct fl_letter_text *text, const flow_event *event);

/* FLOW_EPARSE when the bytes are not what they say.  TEXT points into them. */
int fl_letter_read(const uint8_t *bytes, size_t size, struct fl_letter *letter,
                   struct fl_letter_text *text);

/* A run of the one event of TEXT at OFFSET; FLOW_EPARSE, FLOW_ENOMEM. */
int fl_letter_run(const struct fl_store_env *env, const struct fl_letter_text *text,
                  uint64_t offset, struct fl_run **run);

#endif
