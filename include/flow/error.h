/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_ERROR_H
#define FLOW_ERROR_H

#include <flow/api.h>

FLOW_BEGIN_DECLS

/*
 * Every call that can fail returns 0 or one of these, and describes the fault in an object of its
 * own when the caller gave an address for it.  A code never changes its meaning.
 */
#define FLOW_OK 0
#define FLOW_ENOMEM (-1)     /* no memory */
#define FLOW_EINVAL (-2)     /* an argument that can never be right */
#define FLOW_ESTATE (-3)     /* the call is out of turn */
#define FLOW_EFULL (-4)      /* no room, and none came in the time given */
#define FLOW_ETIMEDOUT (-5)  /* an answer did not come in time */
#define FLOW_ECLOSED (-6)    /* stopped, or about to stop */
#define FLOW_EFORKED (-7)    /* the object belongs to the parent process */
#define FLOW_EABI (-8)       /* a table or plugin of an incompatible generation */
#define FLOW_EEXIST (-9)     /* the name is taken */
#define FLOW_ENOENT (-10)    /* no such name, file or component */
#define FLOW_ECONFIG (-11)   /* a setting that cannot be honoured */
#define FLOW_EPARSE (-12)    /* text or bytes that break their format */
#define FLOW_EIO (-13)       /* the system or a peer failed */
#define FLOW_EDELIVERY (-14) /* the destination refused the events */
#define FLOW_EPLUGIN (-15)   /* a plugin could not be loaded */
#define FLOW_ECALLBACK (-16) /* code of the host or of a plugin failed */
#define FLOW_ETOOBIG (-17)   /* larger than a stated limit */

/*
 * A fault: what failed, why, and where.  Whoever receives one frees it with flow_error_free.
 * Where memory ran out it is a constant object, and freeing that does nothing.
 */
typedef struct flow_error flow_error;

/*
 * Returns the code, one of FLOW_E..., or FLOW_OK when ERR is NULL.
 *
 * Since: 1.0
 */
FLOW_API int flow_error_code(const flow_error *err);

/*
 * Returns the whole fault on one line: place, component, what failed and why, causes included.
 * The text lives as long as ERR.  For NULL it is "no error".
 *
 * Since: 1.0
 */
FLOW_API const char *flow_error_message(const flow_error *err);

/*
 * Returns the component that failed, for example "source r1", or "" where there is none.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_error_component(const flow_error *err);

/*
 * Returns the setting that is at fault, for example "a1.sources.r1.port", or "".
 *
 * Since: 1.0
 */
FLOW_API const char *flow_error_key(const flow_error *err);

/*
 * Returns the file that is at fault, or "".  The numbers count from 1; 0 is unknown.
 * LINE and COLUMN may be NULL.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_error_place(const flow_error *err, uint32_t *line, uint32_t *column);

/*
 * Returns 1 when the same call may succeed later without a change of its arguments, else 0.
 *
 * Since: 1.0
 */
FLOW_API int flow_error_retriable(const flow_error *err);

/*
 * Returns the fault behind this one, which ERR owns, or NULL.
 *
 * Since: 1.0
 */
FLOW_API const flow_error *flow_error_cause(const flow_error *err);

/*
 * Returns the name of CODE, for example "FLOW_EFULL", or "FLOW_E?" for a number without meaning.
 *
 * Since: 1.0
 */
FLOW_API const char *flow_error_name(int code);

/*
 * Describes a fault: stores a new object with CODE and TEXT in *ERR and returns CODE, so that a
 * callback can `return flow_error_set(err, FLOW_EIO, "...")`.  When *ERR holds a fault already it
 * becomes the cause of the new one.  ERR may be NULL.
 *
 * Since: 1.0
 */
FLOW_API int flow_error_set(flow_error **err, int code, const char *text);

/*
 * As flow_error_set, with a printf format; numbers are written without regard to the locale only
 * as long as FORMAT asks for none with a decimal point.
 *
 * Since: 1.0
 */
FLOW_API int flow_error_setf(flow_error **err, int code, const char *format, ...)
    FLOW_PRINTF(3, 4);

/*
 * Says which component, setting and place a fault belongs to.  Parts given as NULL, "" or 0
 * stay as they are.  Does nothing when *ERR is NULL or the constant object.
 *
 * Since: 1.0
 */
FLOW_API void flow_error_locate(flow_error **err, const char *component, const char *key,
                                const char *file, uint32_t line, uint32_t column);

/*
 * Marks a fault as one that may pass by itself.
 *
 * Since: 1.0
 */
FLOW_API void flow_error_set_retriable(flow_error **err, int retriable);

/*
 * Frees a fault and its causes.  NULL is allowed.
 *
 * Since: 1.0
 */
FLOW_API void flow_error_free(flow_error *err);

FLOW_END_DECLS

#endif
