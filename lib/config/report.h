/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CONFIG_REPORT_H
#define FL_CONFIG_REPORT_H

/* The inside of a flow_report: findings in the making. */

#include <flow/config.h>

#include "base/vec.h"

/* A finding and, in one allocation, all of its texts. */
struct fl_finding {
    flow_diagnostic at;
    char *texts;
    size_t rank;  /* of its file */
    size_t order; /* of arrival, so that sorting keeps it */
};

struct flow_report {
    const flow_allocator *mem;
    struct fl_vec findings; /* of struct fl_finding */
};

void fl_report_init(struct flow_report *report, const flow_allocator *mem);
void fl_report_clear(struct flow_report *report);

/* Adds a copy of FOUND, whose texts may be NULL; a repetition of an earlier finding is dropped. */
int fl_report_add(struct flow_report *report, const flow_diagnostic *found);

/* The same with a printf format for the message. */
int fl_report_addf(struct flow_report *report, const flow_diagnostic *found, const char *format,
                   ...) FLOW_PRINTF(3, 4);

/* Adds all findings of FROM. */
int fl_report_merge(struct flow_report *report, const struct flow_report *from);

/* Puts the findings in the order of their place; FILES, of char *, gives the order of files. */
void fl_report_sort(struct flow_report *report, const struct fl_vec *files);

/* The first error in the order of arrival, behind START findings; NULL when there is none. */
const flow_diagnostic *fl_report_first_error(const struct flow_report *report, size_t start);

/* Describes FOUND in *ERR and returns CODE. */
int fl_report_error(const flow_diagnostic *found, int code, flow_error **err);

#endif
