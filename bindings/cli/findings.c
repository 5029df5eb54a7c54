/* SPDX-License-Identifier: Apache-2.0 */

#include "findings.h"

#include <stdlib.h>
#include <string.h>

/* The part of a finding that tells where it is: what stands before the message. */
static char *place_text(const flow_diagnostic *found)
{
    if (found->line > 0)
        return text_format("%s:%u:%u: ", found->file, found->line, found->column);
    return found->file[0] ? text_format("%s: ", found->file) : text_copy("");
}

/* A message that names the key itself needs it only once. */
static const char *key_of(const flow_diagnostic *found)
{
    return strstr(found->message, found->key) ? "" : found->key;
}

/* The part behind the place. */
static char *message_text(const flow_diagnostic *found)
{
    const char *key = key_of(found);

    return text_format("%s%s%s%s%s%s%s%s", found->component, found->component[0] ? ": " : "", key,
                       key[0] ? ": " : "", found->message, found->hint[0] ? " (" : "", found->hint,
                       found->hint[0] ? ")" : "");
}

char *finding_text(const flow_diagnostic *found)
{
    char *place = place_text(found);
    char *message = message_text(found);
    char *text = text_format("%s%s: %s", place,
                             found->severity == FLOW_SEVERITY_ERROR ? "error" : "warning", message);

    free(place);
    free(message);
    return text;
}

void findings_log(const flow_report *report, struct log *log)
{
    flow_diagnostic found = {.struct_size = sizeof found};

    for (size_t i = 0; flow_report_get(report, i, &found) == FLOW_OK; i++) {
        char *place = place_text(&found);
        char *message = message_text(&found);
        log_say(log, found.severity == FLOW_SEVERITY_ERROR ? FLOW_LOG_ERROR : FLOW_LOG_WARN, "%s%s",
                place, message);
        free(place);
        free(message);
    }
}
