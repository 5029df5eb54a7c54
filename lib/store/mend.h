/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_MEND_H
#define FL_STORE_MEND_H

#include "store/survey.h"

/*
 * Mends every fault of SURVEY, durably, one after the other, and marks it as repaired.  A copy of
 * what is changed is durable before it is.
 */
int fl_survey_mend(struct fl_survey *survey, flow_error **err);

#endif
