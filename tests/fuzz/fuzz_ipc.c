/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what an ipc sink sends: in one piece and cut, which must make no difference; and as
 * an answer.  What is found must lie in the bytes, and count up to what the front said.
 */

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "fuzz.h"
#include "wire/ipc_reader.h"

#define MOST 100000u

struct outcome {
    uint32_t crc; /* of all that was found */
    int rc;
};

static void note(struct outcome *outcome, const void *data, size_t size)
{
    outcome->crc = fl_crc32c(outcome->crc, &size, sizeof size);
    if (size)
        outcome->crc = fl_crc32c(outcome->crc, data, size);
}

static void take(struct outcome *outcome, int kind, const struct fl_ipc_item *item,
                 uint32_t *events)
{
    note(outcome, &kind, sizeof kind);
    if (kind == FL_IPC_BEGIN) {
        *events = 0;
        note(outcome, item->spans, item->request.spans_size);
    } else if (kind == FL_IPC_EVENT) {
        ++*events;
        for (size_t i = 0; i < item->header_count; i++) {
            note(outcome, item->headers[i].name, item->headers[i].name_size);
            note(outcome, item->headers[i].value, item->headers[i].value_size);
        }
        note(outcome, item->body, item->body_size);
    } else if (*events != item->request.events) {
        abort();
    }
}

/* Reads SIZE bytes in pieces of PART. */
static struct outcome read_cut(const uint8_t *data, size_t size, size_t part)
{
    struct outcome outcome = {0};
    struct fl_ipc_reader reader;
    struct fl_ipc_item item;
    uint32_t events = 0;

    fl_ipc_reader_init(&reader, NULL, MOST);
    for (size_t at = 0; at < size && outcome.rc >= 0; at += part) {
        size_t left = size - at < part ? size - at : part;
        uint8_t *piece = malloc(left);
        const uint8_t *next = memcpy(piece, data + at, left);
        while ((outcome.rc = fl_ipc_reader_next(&reader, &next, &left, &item, NULL)) > 0)
            take(&outcome, outcome.rc, &item, &events);
        if (outcome.rc == 0 && left)
            abort();
        if (fl_ipc_reader_held(&reader) > MOST)
            abort();
        free(piece);
    }
    fl_ipc_reader_free(&reader);
    return outcome;
}

static void read_answer(const uint8_t *data, size_t size)
{
    struct fl_ipc_answer answer;
    size_t used;

    if (fl_ipc_answer_read(data, size, &answer, &used, NULL) > 0 &&
        (used > size || (const uint8_t *)answer.text + answer.text_size != data + used))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct outcome whole = read_cut(data, size, size);
    struct outcome cut = read_cut(data, size, 1 + data[0] % 7u);
    struct outcome halves = read_cut(data, size, (size + 1) / 2);
    if (whole.rc != cut.rc || whole.crc != cut.crc || whole.rc != halves.rc ||
        whole.crc != halves.crc)
        abort();
    read_answer(data, size);
    return 0;
}
