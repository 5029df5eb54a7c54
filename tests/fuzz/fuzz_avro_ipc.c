/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any bytes as what a client of Avro's Netty transport sends.  The first says in what pieces the
 * rest comes; events and answers must not depend on it.
 */

#include <stdlib.h>
#include <string.h>

#include "avro_listener.h"
#include "fuzz.h"

#define FRAME_MAX 65536u

static void hear(struct avro_listener *listener, const uint8_t *data, size_t size, size_t step)
{
    avro_listener_init(listener, NULL, FRAME_MAX);
    for (size_t at = 0; at < size; at += step)
        avro_listener_hear(listener, data + at, size - at < step ? size - at : step);
}

static int same(const struct fl_buf *a, const struct fl_buf *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct avro_listener whole;
    struct avro_listener pieces;

    if (size < 2 || size > FRAME_MAX)
        return 0;
    hear(&whole, data + 1, size - 1, size);
    hear(&pieces, data + 1, size - 1, (size_t)data[0] + 1);
    if (whole.fault != pieces.fault || whole.calls != pieces.calls ||
        !same(&whole.answers, &pieces.answers) || !same(&whole.events, &pieces.events))
        abort();
    avro_listener_free(&whole);
    avro_listener_free(&pieces);
    return 0;
}
