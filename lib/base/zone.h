/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_ZONE_H
#define FL_BASE_ZONE_H

/*
 * Time zones and calendar fields without the process-wide TZ: a zone is read from the system's
 * zone files once and then serves any thread.
 */

#include "base/mem.h"

struct fl_zone;

struct fl_civil {
    int32_t year;
    int32_t month; /* 1 to 12 */
    int32_t day;   /* 1 to 31 */
    int32_t hour;
    int32_t minute;
    int32_t second;
    int32_t weekday; /* 0: Sunday */
    int32_t yearday; /* 1 to 366 */
    int32_t offset;  /* seconds east of UTC */
};

/*
 * Reads a zone by its Java or IANA name ("Europe/Berlin", "UTC", "GMT+02:00").  NULL is the
 * system's own (TZ, then /etc/localtime, then UTC).  FLOW_ENOENT when there is no such zone.
 */
int fl_zone_load(const flow_allocator *mem, const char *name, struct fl_zone **zone);
void fl_zone_free(struct fl_zone *zone);
void fl_zone_civil(const struct fl_zone *zone, int64_t time_s, struct fl_civil *civil);

/* What ZONE's clocks are called at TIME_S: "CET" or "CEST".  "" or digits with a sign where there
 * is only an offset. */
const char *fl_zone_abbreviation(const struct fl_zone *zone, int64_t time_s);

/* The zone's IANA name, or "" when it is not known. */
const char *fl_zone_id(const struct fl_zone *zone);

/* The time that CIVIL's fields up to `second` mean in ZONE; of two the earlier. */
int64_t fl_zone_time(const struct fl_zone *zone, const struct fl_civil *civil);

#endif
