/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a zone file and as a POSIX TZ text; whatever can be read must give sane fields. */

#include <stdlib.h>
#include <string.h>

#include "base/zone_data.h"
#include "fuzz.h"

static void check_fields(const struct fl_zone *zone, int64_t time_s)
{
    struct fl_civil civil;

    fl_zone_civil(zone, time_s, &civil);
    if (civil.month < 1 || civil.month > 12 || civil.day < 1 || civil.day > 31 || civil.hour < 0 ||
        civil.hour > 23 || civil.minute < 0 || civil.minute > 59 || civil.second < 0 ||
        civil.second > 59 || civil.weekday < 0 || civil.weekday > 6 || civil.yearday < 1 ||
        civil.yearday > 366)
        abort();
    (void)fl_zone_time(zone, &civil);
    if (strlen(fl_zone_abbreviation(zone, time_s)) > 256 + FL_ZONE_NAME_ROOM)
        abort();
}

static void check_zone(const struct fl_zone *zone)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, 1700000000, INT64_C(99999999999), INT64_MAX};

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        check_fields(zone, times[i]);
    for (size_t i = 0; i < zone->count && i < 100; i++)
        check_fields(zone, zone->times[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_zone zone = {0};
    struct fl_zone ruled = {0};
    char *text = fl_strndup(NULL, (const char *)data, size);

    if (fl_tzif_read(&zone, data, size) == FLOW_OK)
        check_zone(&zone);
    if (text && fl_zone_rule_parse(text, &ruled.rule) == FLOW_OK)
        check_zone(&ruled);
    fl_zone_clear(&zone);
    fl_free(NULL, text);
    return 0;
}
