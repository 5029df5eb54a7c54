/* SPDX-License-Identifier: Apache-2.0 */

/* What the hdfs sink writes to a local folder from a file channel is there once, whatever a crash
 * leaves. */

#include "hdfs_rig.h"
#include "sim_disk.h"
#include "sink_crash.h"
#include "suite.h"

#define HDFS                                                                                       \
    "a1.sinks.k1.type = hdfs_here\n"                                                               \
    "a1.sinks.k1.hdfs.path = file:///out\n"                                                        \
    "a1.sinks.k1.hdfs.batchSize = 1\n"                                                             \
    "a1.sinks.k1.hdfs.fileType = DataStream\n"                                                     \
    "a1.sinks.k1.hdfs.rollInterval = 0\n"                                                          \
    "a1.sinks.k1.hdfs.rollSize = 0\n"

START_TEST(files_survive_a_kill)
{
    const struct sink_crash crash = {.sink = HDFS "a1.sinks.k1.hdfs.rollCount = 0\n",
                                     .modes = SIM_KILLED + 1,
                                     .prepare = hdfs_rig_register};

    sink_crash_everywhere(&crash);
}
END_TEST

START_TEST(files_that_are_rolled_survive_a_kill)
{
    const struct sink_crash crash = {.sink = HDFS "a1.sinks.k1.hdfs.rollCount = 2\n",
                                     .modes = SIM_KILLED + 1,
                                     .prepare = hdfs_rig_register};

    sink_crash_everywhere(&crash);
}
END_TEST

START_TEST(files_survive_a_power_failure_when_they_are_synced)
{
    const struct sink_crash crash = {.sink = HDFS "a1.sinks.k1.hdfs.rollCount = 4\n"
                                                  "a1.sinks.k1.hdfs.fsyncPerTransaction = true\n",
                                     .modes = SIM_MODES,
                                     .prepare = hdfs_rig_register};

    sink_crash_everywhere(&crash);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"files_survive_a_kill", files_survive_a_kill},
        {"files_that_are_rolled_survive_a_kill", files_that_are_rolled_survive_a_kill},
        {"files_survive_a_power_failure_when_they_are_synced",
         files_survive_a_power_failure_when_they_are_synced},
    };

    return RUN_SUITE("hdfs_crash", tests);
}
