/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as the body of a request of Flume 0.9's Avro RPC. */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/avro_legacy.h"

/* Touches all of an event. */
static size_t sum(const struct fl_draft *draft)
{
    const flow_header *headers = draft->headers.items;
    const uint8_t *body = draft->body;
    size_t total = 0;

    for (size_t i = 0; i < draft->size; i++)
        total += body[i];
    for (size_t i = 0; i < draft->headers.count; i++) {
        for (size_t j = 0; j < headers[i].name_size; j++)
            total += (uint8_t)headers[i].name[j];
        for (size_t j = 0; j < headers[i].value_size; j++)
            total += (uint8_t)headers[i].value[j];
    }
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_avro_legacy_call call;
    struct fl_draft draft;
    struct fl_buf answer;
    uint8_t *body = malloc(size + 1);

    if (!body)
        abort();
    memcpy(body, data, size);
    fl_draft_init(&draft, NULL);
    fl_buf_init(&answer, NULL);
    if (fl_avro_legacy_read(body, size, &call, &draft) == FLOW_OK) {
        if (call.kind == FL_AVRO_LEGACY_APPEND && sum(&draft) == SIZE_MAX)
            abort();
        if (fl_avro_legacy_put_answer(&answer, &call, draft.fault))
            abort();
    }
    fl_draft_free(&draft);
    fl_buf_free(&answer);
    free(body);
    return 0;
}
