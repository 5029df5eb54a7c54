/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_VERSION_H
#define FLOW_VERSION_H

#include <flow/api.h>

FLOW_BEGIN_DECLS

/* The version of the headers a program was compiled with. */
#define FLOW_VERSION_MAJOR 0
#define FLOW_VERSION_MINOR 9
#define FLOW_VERSION_PATCH 0
#define FLOW_VERSION_STRING "0.9.0"

/* One number to compare: 0x00MMmmpp. */
#define FLOW_VERSION_NUMBER                                                                        \
    ((uint32_t)((FLOW_VERSION_MAJOR << 16) | (FLOW_VERSION_MINOR << 8) | FLOW_VERSION_PATCH))

/*
 * The generation of the binary interface.  It changes only together with the SONAME; within one
 * generation tables grow at their end and old binaries keep working.
 */
#define FLOW_ABI 1

/*
 * Returns the version of the library that is running, as FLOW_VERSION_NUMBER counts.
 *
 * Since: 1.0
 */
FLOW_API uint32_t flow_version(void);

/*
 * Returns the version of the library that is running, as text, for example "0.9.0".
 *
 * Since: 1.0
 */
FLOW_API const char *flow_version_string(void);

FLOW_END_DECLS

#endif
