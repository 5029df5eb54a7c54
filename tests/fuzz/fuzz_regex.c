/* SPDX-License-Identifier: Apache-2.0 */

/* A pattern, a newline, and a text it is tried on; spans must lie in the text, in order. */

#include <stdlib.h>
#include <string.h>

#include "base/regex.h"
#include "fuzz.h"

#define GROUPS 4

static void check_spans(const size_t *spans, size_t size)
{
    for (size_t i = 0; i < GROUPS; i++) {
        size_t begin = spans[2 * i];
        size_t end = spans[2 * i + 1];
        if ((begin == SIZE_MAX) != (end == SIZE_MAX) || (begin != SIZE_MAX && end > size))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = memchr(data, '\n', size);
    size_t pattern_size = newline ? (size_t)(newline - data) : size;
    char *pattern = fl_strndup(NULL, (const char *)data, pattern_size);
    const char *text = newline ? (const char *)newline + 1 : "";
    size_t text_size = newline ? size - pattern_size - 1 : 0;
    struct fl_regex *regex = NULL;
    size_t spans[2 * GROUPS];

    /* Matching may take long by design, up to its limit; that is not what is looked for. */
    if (pattern && size < 300 && fl_regex_new(NULL, pattern, &regex, NULL) == FLOW_OK) {
        int whole = fl_regex_matches(regex, text, text_size);
        int found = fl_regex_find(regex, text, text_size, spans, GROUPS);
        if (found == 1)
            check_spans(spans, text_size);
        if (whole == 1 && found == 0)
            abort();
    }
    fl_regex_free(regex);
    fl_free(NULL, pattern);
    return 0;
}
