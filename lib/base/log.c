/* SPDX-License-Identifier: Apache-2.0 */

/* Messages to the host's logger: made on the stack, so that lack of memory can be logged too. */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "base/thread.h"

#define LONGEST 2048

int fl_log_enabled(const struct fl_log *log, int32_t level)
{
    return log->fn && level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void fl_log_text(const struct fl_log *log, int32_t level, const char *component, const char *text)
{
    char thread[16];

    if (!fl_log_enabled(log, level))
        return;

    const flow_log_record record = {
        .struct_size = sizeof record,
        .level = level,
        .time_ms = fl_clock_wall(fl_clock_system()),
        .thread = fl_thread_name(thread, sizeof thread),
        .component = component ? component : "",
        .message = text,
    };
    log->fn(log->self, &record);
}

void fl_logf(const struct fl_log *log, int32_t level, const char *component, const char *format,
             ...)
{
    va_list args;

    va_start(args, format);
    fl_vlogf(log, level, component, format, args);
    va_end(args);
}

/* Puts "..." at the end of a full buffer, in place of whole characters of UTF-8. */
static void mark_cut(char *text, size_t room)
{
    size_t at = room - sizeof "...";

    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    memcpy(text + at, "...", sizeof "...");
}

void fl_vlogf(const struct fl_log *log, int32_t level, const char *component, const char *format,
              va_list args)
{
    char text[LONGEST];

    if (!fl_log_enabled(log, level))
        return;

    int size = vsnprintf(text, sizeof text, format, args);
    if (size >= (int)sizeof text)
        mark_cut(text, sizeof text);
    /* Arguments that cannot be written leave at least the words around them. */
    fl_log_text(log, level, component, size < 0 ? format : text);
}

const char *flow_log_level_name(int32_t level)
{
    switch (level) {
    case FLOW_LOG_TRACE: return "TRACE";
    case FLOW_LOG_DEBUG: return "DEBUG";
    case FLOW_LOG_INFO: return "INFO";
    case FLOW_LOG_WARN: return "WARN";
    case FLOW_LOG_ERROR: return "ERROR";
    case FLOW_LOG_OFF: return "OFF";
    default: return "?";
    }
}

int32_t flow_log_level_parse(const char *name)
{
    /* log4j's names, which Flume's users write, and those of its levels that are not ours. */
    static const struct {
        char name[8];
        int32_t level;
    } names[] = {
        {"all", FLOW_LOG_TRACE},   {"trace", FLOW_LOG_TRACE}, {"debug", FLOW_LOG_DEBUG},
        {"info", FLOW_LOG_INFO},   {"warn", FLOW_LOG_WARN},   {"warning", FLOW_LOG_WARN},
        {"error", FLOW_LOG_ERROR}, {"fatal", FLOW_LOG_ERROR}, {"off", FLOW_LOG_OFF},
    };

    for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++) {
        if (fl_equal_ignore_case(name, names[i].name))
            return names[i].level;
    }
    return 0;
}
