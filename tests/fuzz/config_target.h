/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_CONFIG_TARGET_H
#define TESTS_FUZZ_CONFIG_TARGET_H

/* What the fuzz targets of configurations have in common. */

#include <flow/config.h>

/* A configuration in a library of its own, with the types of the tests; ends the program when it
 * cannot be made. */
flow_config *config_target_open(flow_library **lib);

/*
 * Looks at all of CONFIG: entries, agents, and the check of agent "a1".  Ends the program by
 * abort() when an entry or a finding is not what the interface promises.
 */
void config_target_close(flow_library *lib, flow_config *config);

#endif
