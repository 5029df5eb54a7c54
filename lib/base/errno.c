/* SPDX-License-Identifier: Apache-2.0 */

/* The system's faults as ours.  Needs nothing but the public calls, so that modules can have it. */

#include <errno.h>
#include <string.h>

#include "base/error.h"

/* Whether errno NUMBER tells of the state of the system or a peer rather than of the call. */
static int errno_passes(int number)
{
    switch (number) {
    case EAGAIN:
    case EBUSY:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
    case EPIPE:
    case EADDRINUSE:
    case ECONNABORTED:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ETIMEDOUT: return 1;
    default: return 0;
    }
}

int fl_error_errno(flow_error **err, int number, const char *what, const char *path)
{
    int code = number == ENOENT ? FLOW_ENOENT : FLOW_EIO;

    if (number == ENOMEM)
        return fl_error_nomem(err);
    flow_error_setf(err, code, "%s%s%s: %s", what, path ? " " : "", path ? path : "",
                    fl_errno_text(number));
    flow_error_set_retriable(err, errno_passes(number));
    return code;
}

void fl_error_pass(flow_error **err, flow_error *from)
{
    if (!from)
        return;
    if (!err) {
        flow_error_free(from);
        return;
    }
    flow_error_free(*err);
    *err = from;
}

const char *fl_errno_text(int number)
{
    const char *text = strerrordesc_np(number);

    return text ? text : "unknown error";
}
