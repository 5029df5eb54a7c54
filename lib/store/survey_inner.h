/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_STORE_SURVEY_INNER_H
#define FL_STORE_SURVEY_INNER_H

/* Shared by the files a survey is made of. */

#include "store/survey.h"

/* Adds a fault of a segment, or of no segment when EPOCH is 0; NULL without memory. */
struct fl_fault *fl_survey_fault(struct fl_survey *survey, enum fl_fault_kind kind, uint32_t stripe,
                                 uint64_t epoch);

/* Reads all segments, once it is known which there are, and tells what is lost. */
int fl_survey_read(struct fl_survey *survey, flow_error **err);

#endif
