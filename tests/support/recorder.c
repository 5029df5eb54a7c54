/* SPDX-License-Identifier: Apache-2.0 */

#include "recorder.h"

#include <stdio.h>
#include <string.h>

static void add(void *self, int32_t severity, const struct fl_raw *where, const char *message,
                const char *hint)
{
    struct recorder *recorder = self;

    if (recorder->count == RECORDER_LIMIT)
        return;
    struct finding *finding = &recorder->found[recorder->count++];
    finding->severity = severity;
    snprintf(finding->key, sizeof(finding->key), "%s", where->full);
    snprintf(finding->message, sizeof(finding->message), "%s", message);
    snprintf(finding->hint, sizeof(finding->hint), "%s", hint);
}

void recorder_init(struct recorder *recorder)
{
    memset(recorder, 0, sizeof(*recorder));
    recorder->findings.self = recorder;
    recorder->findings.add = add;
}

const struct finding *recorder_at(const struct recorder *recorder, const char *key, size_t index)
{
    for (size_t i = 0; i < recorder->count; i++) {
        if (strcmp(recorder->found[i].key, key) == 0 && index-- == 0)
            return &recorder->found[i];
    }
    return NULL;
}
