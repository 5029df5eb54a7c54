/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONFIG_TYPES_H
#define TESTS_SUPPORT_CONFIG_TYPES_H

/*
 * Types for configurations under test, so that these do not change when a built-in type does:
 * sources "probe" (polled; port is required), "pushed" and "fussy" (refuses any note), sink "drain"
 * (path is required), interceptor "mark" (key is required), sink processor "turns", channel "box".
 */

#include <flow/registry.h>

int config_types_add(flow_library *lib, flow_error **err);

#endif
