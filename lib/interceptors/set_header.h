/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_INTERCEPTORS_SET_HEADER_H
#define FL_INTERCEPTORS_SET_HEADER_H

#include <flow/batch.h>

/* Gives every event of BATCH the header NAME; one that has it already keeps its value when PRESERVE
 * is 1. */
int fl_set_header(flow_batch *batch, const char *name, const char *value, int preserve,
                  flow_error **err);

#endif
