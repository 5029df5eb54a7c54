/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "wire/flume_og.h"

static const char *const priorities[FL_OG_PRIORITY_MAX + 1] = {"FATAL", "ERROR", "WARN",
                                                               "INFO",  "DEBUG", "TRACE"};

static const char mark[] = "FlumeOG";

struct fl_og_event fl_og_event(void)
{
    return (struct fl_og_event){.priority = -1};
}

static int is_named(const void *name, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(name, text, size) == 0;
}

int fl_og_field(struct fl_draft *draft, const void *name, size_t name_size, const void *value,
                size_t value_size)
{
    /* Nobody but the source says where an event comes from. */
    if (is_named(name, name_size, mark))
        return FLOW_OK;
    return fl_draft_header(draft, name, name_size, value, value_size);
}

static int has_header(const struct fl_draft *draft, size_t fields, const char *name)
{
    for (size_t i = 0; i < fields; i++) {
        const flow_header *header = fl_vec_at(&draft->headers, i);
        if (is_named(header->name, header->name_size, name))
            return 1;
    }
    return 0;
}

static int add(struct fl_draft *draft, size_t fields, const char *name, const void *value,
               size_t size)
{
    if (has_header(draft, fields, name))
        return FLOW_OK;
    return fl_draft_header(draft, name, strlen(name), value, size);
}

static int add_number(struct fl_draft *draft, size_t fields, const char *name, int64_t value,
                      char digits[FL_DRAFT_NUMBER])
{
    int size = snprintf(digits, FL_DRAFT_NUMBER, "%lld", (long long)value);

    return add(draft, fields, name, digits, (size_t)size);
}

static int add_priority(struct fl_draft *draft, size_t fields, int32_t priority)
{
    if (priority < 0 || priority > FL_OG_PRIORITY_MAX)
        return FLOW_OK;
    return add(draft, fields, "pri", priorities[priority], strlen(priorities[priority]));
}

int fl_og_finish(struct fl_draft *draft, const struct fl_og_event *event)
{
    size_t fields = draft->headers.count;
    int rc = FLOW_OK;

    if (event->host)
        rc = add(draft, fields, "host", event->host, event->host_size);
    if (!rc)
        rc = add_number(draft, fields, "timestamp", event->timestamp, draft->timestamp);
    if (!rc)
        rc = add_priority(draft, fields, event->priority);
    if (!rc)
        rc = add_number(draft, fields, "nanos", event->nanos, draft->nanos);
    return rc ? rc : fl_draft_header(draft, mark, sizeof mark - 1, "yes", 3);
}
