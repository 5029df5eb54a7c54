/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_HEADER_TEXT_H
#define FL_CODEC_HEADER_TEXT_H

#include <flow/event.h>

#include "base/buf.h"

/* Adds EVENT's headers as Java prints a map: "{k1=v1, k2=v2}", in order of insertion. */
int fl_header_text(struct fl_buf *out, const flow_event *event);

#endif
