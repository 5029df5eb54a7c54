/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_COMPONENT_H
#define FLOW_COMPONENT_H

#include <flow/api.h>
#include <flow/error.h>
#include <flow/library.h>
#include <flow/log.h>

FLOW_BEGIN_DECLS

/*
 * What a component sees of its surroundings: its name, its settings, the log, time and counters.
 * Handed to `create` and valid until `destroy` has returned.
 */
typedef struct flow_context flow_context;
typedef struct flow_counter flow_counter;

/*
 * Returns the component's name, for example "r1".
 *
 * Since: 1.0
 */
FLOW_API const char *flow_context_name(const flow_context *ctx);

/*
 * Returns the library the component lives in.
 *
 * Since: 1.0
 */
FLOW_API flow_library *flow_context_library(const flow_context *ctx);

/*
 * Returns the pointer that was registered together with the component's type.
 *
 * Since: 1.0
 */
FLOW_API void *flow_context_user(const flow_context *ctx);

/*
 * Returns the value of a property of type FLOW_TYPE_STRING, _PATTERN, _PATH, _HOST, _CHARSET,
 * _COMPONENT or _SECRET, or NULL when it is unset.  The text lives as long as CTX.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_context_string(const flow_context *ctx, const char *name);

/*
 * Returns the value of a property of type FLOW_TYPE_INT; 0 when it is unset.
 *
 * Since: 1.0
 */
FLOW_API int64_t flow_context_int(const flow_context *ctx, const char *name);

/*
 * Returns the value of a property of type FLOW_TYPE_BOOL as 0 or 1; 0 when it is unset.
 *
 * Since: 1.0
 */
FLOW_API int flow_context_bool(const flow_context *ctx, const char *name);

/*
 * Returns the index, within `choices`, of the value of a property of type FLOW_TYPE_CHOICE, or -1
 * when it is unset.
 *
 * Since: 1.0
 */
FLOW_API int flow_context_choice(const flow_context *ctx, const char *name);

/*
 * Returns the word at INDEX, from 0, of a property of type FLOW_TYPE_WORDS or _PATHS, or NULL
 * behind the last.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_context_word(const flow_context *ctx, const char *name, size_t index);

/*
 * Returns 1 when the configuration itself gives the property a value, 0 when it has its default.
 *
 * Since: 1.0
 */
FLOW_API int flow_context_is_set(const flow_context *ctx, const char *name);

/*
 * Walks through the keys below a FLOW_PROPERTY_PREFIX property: stores the rest of the key at
 * INDEX, from 0, and its value.  Returns 0 behind the last, else 1.
 *
 * Since: 1.0
 */
FLOW_API int flow_context_below(const flow_context *ctx, const char *prefix, size_t index,
                                const char **key, const char **value);

/*
 * Describes a fault of the setting NAME, with the place it has in its file, in *ERR and returns
 * FLOW_ECONFIG.  For what a schema cannot check, such as two properties that exclude each other.
 *
 * Since: 1.0
 */
FLOW_API int flow_context_refuse(const flow_context *ctx, const char *name, const char *why,
                                 flow_error **err);

/*
 * Hands TEXT to the log as a message of this component.
 *
 * Blocks: as long as the logger does.
 * Since: 1.0
 */
FLOW_API void flow_context_log(const flow_context *ctx, int32_t level, const char *text);

/*
 * As flow_context_log, with a printf format.
 *
 * Blocks: as long as the logger does.
 * Since: 1.0
 */
FLOW_API void flow_context_logf(const flow_context *ctx, int32_t level, const char *format, ...)
    FLOW_PRINTF(3, 4);

/*
 * Returns 1 when messages of LEVEL reach anybody, so that expensive ones need not be made.
 *
 * Since: 1.0
 */
FLOW_API int flow_context_log_enabled(const flow_context *ctx, int32_t level);

/*
 * Returns milliseconds of a clock that only goes forward.  Components read no other clock, so that
 * the harness can replace it.
 *
 * Since: 1.0
 */
FLOW_API int64_t flow_context_now(const flow_context *ctx);

/*
 * Returns milliseconds since 1970, UTC.
 *
 * Since: 1.0
 */
FLOW_API int64_t flow_context_time(const flow_context *ctx);

/*
 * Waits MS milliseconds.  Returns FLOW_OK, or FLOW_ECLOSED as soon as the component is to stop.
 * Components sleep in no other way, so that stop is not held up and the harness can see it.
 *
 * Blocks: up to MS.
 * Errors: FLOW_ECLOSED; no error object.
 * Since: 1.0
 */
FLOW_API int flow_wait(const flow_context *ctx, int64_t ms);

/*
 * Returns 1 once the component is to stop.
 *
 * Since: 1.0
 */
FLOW_API int flow_context_stopping(const flow_context *ctx);

/*
 * Returns the counter NAME of this component, made when it is not there yet, or NULL when there is
 * no memory.  Valid as long as CTX.
 *
 * Since: 1.0
 */
FLOW_API flow_counter *flow_context_counter(flow_context *ctx, const char *name);

/*
 * Adds N to a counter.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_counter_add(flow_counter *counter, int64_t n);

/*
 * Sets a counter.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_counter_set(flow_counter *counter, int64_t value);

FLOW_END_DECLS

#endif
