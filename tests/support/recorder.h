/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RECORDER_H
#define TESTS_SUPPORT_RECORDER_H

/* Writes down what a check finds, so that a test can ask for it. */

#include "core/settings.h"

#define RECORDER_LIMIT 32

struct finding {
    int32_t severity;
    char key[128]; /* the full one */
    char message[256];
    char hint[256];
};

struct recorder {
    struct fl_findings findings; /* hand out &findings */
    struct finding found[RECORDER_LIMIT];
    size_t count;
};

void recorder_init(struct recorder *recorder);

/* The finding about the full key KEY at INDEX, from 0, or NULL. */
const struct finding *recorder_at(const struct recorder *recorder, const char *key, size_t index);

#endif
