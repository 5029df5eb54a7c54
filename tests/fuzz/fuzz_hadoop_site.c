/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a configuration file of Hadoop, and what it makes of some addresses. */

#include "fuzz.h"
#include "sinks/hdfs/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const urls[] = {"/a", "hdfs://ns/a", "hdfs://h:8020/a", "swebhdfs://h"};
    struct fl_hdfs_site site;

    fl_hdfs_site_load(&site, NULL, NULL, NULL, NULL);
    fl_hdfs_site_parse(&site, "input", (const char *)data, size, NULL);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct fl_hdfs_address address;
        if (!fl_hdfs_resolve(&site, urls[i], "ann", &address, NULL))
            fl_hdfs_address_free(&address);
    }
    fl_hdfs_site_free(&site);
    return 0;
}
