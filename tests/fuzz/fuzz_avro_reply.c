/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what a server of Avro's RPC answers.  The first tells whether a handshake is
 * expected and how large the pieces are in which the rest comes; what is read must not depend on
 * the latter.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/avro_request.h"

struct outcome {
    int code;
    size_t used;
    int read;
    struct fl_avro_answer answer;
};

static struct outcome take(struct fl_avro_reply *reply, const uint8_t *data, size_t size,
                           size_t step, int handshake)
{
    struct outcome outcome = {.code = 0};

    while (outcome.code == 0 && outcome.used < size) {
        size_t part = size - outcome.used < step ? size - outcome.used : step;
        size_t used;
        outcome.code = fl_avro_reply_feed(reply, data + outcome.used, part, &used, NULL);
        if (used > part)
            abort();
        outcome.used += used;
    }
    if (reply->bytes.capacity > 4 * FL_AVRO_REPLY_MAX)
        abort();
    if (outcome.code == 1)
        outcome.read = fl_avro_reply_read(reply, handshake, &outcome.answer, NULL);
    return outcome;
}

static int is_within(const struct fl_avro_reply *reply, const void *at, size_t size)
{
    const uint8_t *start = at;

    return !at ||
           (start >= reply->bytes.data && start + size <= reply->bytes.data + reply->bytes.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_avro_reply whole;
    struct fl_avro_reply pieces;

    if (size < 1)
        return 0;
    int handshake = data[0] & 1;
    fl_avro_reply_init(&whole, NULL);
    fl_avro_reply_init(&pieces, NULL);
    struct outcome a = take(&whole, data + 1, size - 1, size, handshake);
    struct outcome b = take(&pieces, data + 1, size - 1, data[0] / 2 + 1, handshake);
    if (a.code != b.code || (a.code == 1 && a.used != b.used) || a.read != b.read ||
        whole.serial != pieces.serial || a.answer.status != b.answer.status ||
        a.answer.match != b.answer.match || a.answer.text_size != b.answer.text_size)
        abort();
    if (!is_within(&whole, a.answer.text, a.answer.text_size) ||
        !is_within(&whole, a.answer.server_hash, FL_AVRO_HASH))
        abort();
    fl_avro_reply_free(&whole);
    fl_avro_reply_free(&pieces);
    return 0;
}
