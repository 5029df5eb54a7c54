/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness of the kernel's, which keeps no state here; up to 256 bytes come whole. */

#include <errno.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/random.h"

int fl_random(void *data, size_t size, flow_error **err)
{
    ssize_t got;

    do
        got = getrandom(data, size, 0);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)size)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EIO, "the system gives no random bytes: %s",
                           fl_errno_text(got < 0 ? errno : EIO));
}
