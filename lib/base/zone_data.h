/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_ZONE_DATA_H
#define FL_BASE_ZONE_DATA_H

/* What a zone is made of; shared by the files that read zones, of use to nobody else. */

#include <flow/error.h>

#include "base/zone.h"

#define FL_DAY_S 86400

/* What a zone's abbreviations need at most, the NUL included. */
#define FL_ZONE_NAME_ROOM 33

/* When, within a year, a rule switches. */
struct fl_zone_switch {
    char kind;     /* 'M': weekday of a week of a month, 'J': day without 29 February, 'n': day */
    int32_t month; /* 1 to 12 */
    int32_t week;  /* 1 to 5, 5 being the last */
    int32_t day;   /* weekday from 0, or day of the year */
    int32_t time;  /* seconds of local time; may lie outside the day */
};

/* A POSIX TZ text such as "CET-1CEST,M3.5.0,M10.5.0/3". */
struct fl_zone_rule {
    int is_set;
    int has_summer;
    int32_t standard; /* seconds east of UTC */
    int32_t summer;
    char standard_name[FL_ZONE_NAME_ROOM]; /* "CET"; "" when it has none */
    char summer_name[FL_ZONE_NAME_ROOM];
    struct fl_zone_switch begin; /* of summer time */
    struct fl_zone_switch end;
};

struct fl_zone {
    const flow_allocator *mem;
    char *id;        /* "Europe/Berlin", or NULL */
    int64_t *times;  /* of the switches, ascending; `count` of them */
    int32_t *after;  /* the offset that holds from each */
    uint8_t *called; /* where in `names` its abbreviation begins */
    char *names;     /* each ends in NUL */
    size_t count;
    int32_t before;           /* the offset that holds before the first */
    uint8_t called_before;    /* and its abbreviation */
    struct fl_zone_rule rule; /* holds behind the last, or always when there is none */
};

/* Days since 1 January 1970 of a day of the proleptic Gregorian calendar. */
int64_t fl_days_of(int64_t year, int32_t month, int32_t day);

/* Reads a POSIX TZ text; FLOW_EPARSE. */
int fl_zone_rule_parse(const char *text, struct fl_zone_rule *rule);

/* The offset that RULE has at TIME_S, and what its clocks are called then. */
int32_t fl_zone_rule_offset(const struct fl_zone_rule *rule, int64_t time_s);
const char *fl_zone_rule_name(const struct fl_zone_rule *rule, int64_t time_s);

/* Fills ZONE from the bytes of a zone file (RFC 8536); FLOW_EPARSE or FLOW_ENOMEM. */
int fl_tzif_read(struct fl_zone *zone, const uint8_t *data, size_t size);

/* Frees what ZONE holds. */
void fl_zone_clear(struct fl_zone *zone);

#endif
