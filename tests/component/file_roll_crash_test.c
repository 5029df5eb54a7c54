/* SPDX-License-Identifier: Apache-2.0 */

/* What file_roll writes from a file channel is there once, whatever a crash leaves. */

#include "sim_disk.h"
#include "sink_crash.h"
#include "suite.h"

#define FILE_ROLL                                                                                  \
    "a1.sinks.k1.type = file_roll\n"                                                               \
    "a1.sinks.k1.sink.directory = /out\n"

START_TEST(file_roll_survives_a_kill)
{
    const struct sink_crash crash = {.sink = FILE_ROLL, .modes = SIM_KILLED + 1};

    sink_crash_everywhere(&crash);
}
END_TEST

START_TEST(a_consumer_of_its_own_survives_a_kill)
{
    const struct sink_crash crash = {.sink = FILE_ROLL "a1.sinks.k1.consumer = audit\n",
                                     .modes = SIM_KILLED + 1};

    sink_crash_everywhere(&crash);
}
END_TEST

START_TEST(file_roll_survives_a_power_failure_when_it_syncs)
{
    const struct sink_crash crash = {
        .sink = FILE_ROLL "a1.sinks.k1.sink.fsyncPerTransaction = true\n", .modes = SIM_MODES};

    sink_crash_everywhere(&crash);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"file_roll_survives_a_kill", file_roll_survives_a_kill},
        {"a_consumer_of_its_own_survives_a_kill", a_consumer_of_its_own_survives_a_kill},
        {"file_roll_survives_a_power_failure_when_it_syncs",
         file_roll_survives_a_power_failure_when_it_syncs},
    };

    return RUN_SUITE("file_roll_crash", tests);
}
