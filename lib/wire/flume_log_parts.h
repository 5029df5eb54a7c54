/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_FLUME_LOG_PARTS_H
#define FL_WIRE_FLUME_LOG_PARTS_H

/* What the two versions of Flume's logs have of one another. */

#include "wire/flume_log.h"

/* As fl_flume_header_next, of a put of version 2. */
int fl_flume_header2_next(struct fl_flume_put *put, struct fl_flume_header *header);

#endif
