/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_AVRO_SHAPE_H
#define FL_WIRE_AVRO_SHAPE_H

#include "base/mem.h"

/*
 * Whether what a client with the protocol TEXT appends has the shape of Flume's events: *FITS is 0
 * when it would be read wrongly, or when TEXT is no JSON.  FLOW_ENOMEM.
 */
int fl_avro_shape_fits(const flow_allocator *mem, const void *text, size_t size, int *fits);

#endif
