/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_BASE_DATE_H
#define FL_BASE_DATE_H

/*
 * Dates in the patterns of Java's SimpleDateFormat, written as FastDateFormat of commons-lang
 * writes them, which is what Flume uses:
 *
 *     G era              y year              Y year of the week     M month
 *     w week of year     W week of month     D day of year          d day of month
 *     F which such weekday of the month      E weekday              u weekday, 1 is Monday
 *     a AM or PM         H hour 0-23         k hour 1-24            K hour 0-11
 *     h hour 1-12        m minute            s second               S millisecond
 *     z name of zone     Z offset, RFC 822   X offset, ISO 8601
 *
 * Words are English.  A week begins on Sunday and belongs to the year in which it ends.
 */

#include "base/buf.h"
#include "base/zone.h"

/*
 * Adds the time TIME_MS in ZONE to OUT.  FLOW_EPARSE when PATTERN has a letter that is none of the
 * above, more than three X, or a quote without its partner; *FAULT is then where that stands.
 */
int fl_date_write(const struct fl_zone *zone, int64_t time_ms, const char *pattern,
                  struct fl_buf *out, const char **fault);

/* The name of the zone with this abbreviation ("Central European Standard Time"), of several the
 * one that the zone called ID has; NULL when it is not known. */
const char *fl_date_zone_name(const char *abbreviation, const char *id);

#endif
