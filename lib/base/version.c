/* SPDX-License-Identifier: Apache-2.0 */

/* The version of the library itself, as opposed to that of the headers a host was compiled with. */

#include <flow/version.h>

uint32_t flow_version(void)
{
    return FLOW_VERSION_NUMBER;
}

const char *flow_version_string(void)
{
    return FLOW_VERSION_STRING;
}
