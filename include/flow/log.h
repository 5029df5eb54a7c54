/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_LOG_H
#define FLOW_LOG_H

#include <flow/api.h>

FLOW_BEGIN_DECLS

/* Levels, from the least to the most serious; a logger sees those at or above its own. */
#define FLOW_LOG_TRACE 1
#define FLOW_LOG_DEBUG 2
#define FLOW_LOG_INFO 3
#define FLOW_LOG_WARN 4
#define FLOW_LOG_ERROR 5
#define FLOW_LOG_OFF 6

/* One message.  Everything it points to lives only while the logger runs. */
typedef struct flow_log_record {
    uint32_t struct_size;
    int32_t level;
    int64_t time_ms;       /* since 1970, UTC */
    const char *thread;    /* the libflow thread's name, or "" for a thread of the host */
    const char *component; /* for example "sink k1", or "" */
    const char *message;   /* without a newline at its end; may hold newlines inside */
} flow_log_record;

/*
 * The host's logger.  Called from any thread, several at once; must not call back into objects of
 * the same library other than events and errors, and should not block.
 */
typedef void (*flow_log_fn)(void *self, const flow_log_record *record);

/*
 * Returns the name of LEVEL in capitals, for example "WARN", or "?" for a number without meaning.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_log_level_name(int32_t level);

/*
 * Returns the level that NAME means, in any case ("info", "WARNING", "fatal" as ERROR), or 0.
 *
 * Since: 1.0
 */
FLOW_API int32_t flow_log_level_parse(const char *name);

FLOW_END_DECLS

#endif
