/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a configuration in the form FLOW_FORMAT_PROPERTIES. */

#include "config_target.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flow_library *lib;
    flow_config *config = config_target_open(&lib);

    flow_config_parse(config, "input", data, size, FLOW_FORMAT_PROPERTIES, NULL);
    config_target_close(lib, config);
    return 0;
}
