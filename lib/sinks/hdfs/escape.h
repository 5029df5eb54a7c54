/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_HDFS_ESCAPE_H
#define FL_HDFS_ESCAPE_H

/*
 * Flume's path escapes: "%Y-%m-%d", "%{header}", "%[localhost]".  A text is compiled once and then
 * expanded for each event.
 */

#include <flow/component.h>
#include <flow/event.h>

#include "base/buf.h"
#include "base/zone.h"

#define FL_ROUND_NONE 0
#define FL_ROUND_SECOND 1
#define FL_ROUND_MINUTE 2
#define FL_ROUND_HOUR 3

/* How the time of an event becomes fields. */
struct fl_hdfs_time_rule {
    const struct fl_zone *zone;
    int round_unit; /* FL_ROUND_... */
    int32_t round_value;
    int use_local_time;
};

struct fl_hdfs_escape;

/* Compiles TEXT.  FLOW_EINVAL for a name of this host that there is not, such as "%[foo]". */
int fl_hdfs_escape_new(const flow_allocator *mem, const char *text, struct fl_hdfs_escape **escape,
                       flow_error **err);
void fl_hdfs_escape_free(struct fl_hdfs_escape *escape);

/* What an expansion depends on, so that it need not be made again for each event. */
#define FL_ESCAPE_HEADER 1u /* on headers other than the time */
#define FL_ESCAPE_SECOND 2u /* on the time, to the second */
#define FL_ESCAPE_MILLI 4u  /* on the time, to the millisecond */
unsigned fl_hdfs_escape_needs(const struct fl_hdfs_escape *escape);

/* The time of an event in two forms. */
struct fl_hdfs_time {
    int64_t ms;
    int64_t rounded_s;     /* after rounding down */
    struct fl_civil civil; /* the fields of `rounded_s` */
};

/*
 * Finds the time of EVENT: NOW_MS, or its header `timestamp`.  FLOW_EDELIVERY with Flume's words
 * when that is missing or no number.
 */
int fl_hdfs_time_of(const struct fl_hdfs_time_rule *rule, const flow_event *event, int64_t now_ms,
                    int64_t *ms, flow_error **err);

/* Rounds MS down and splits it into fields.  FLOW_EDELIVERY when a time to round is not after 1970.
 */
int fl_hdfs_time_split(const struct fl_hdfs_time_rule *rule, int64_t ms, struct fl_hdfs_time *time,
                       flow_error **err);

/* Adds the expansion to OUT.  TIME may be NULL when the text does not depend on it. */
int fl_hdfs_escape_expand(const struct fl_hdfs_escape *escape, const flow_event *event,
                          const struct fl_hdfs_time *time, struct fl_buf *out);

#endif
