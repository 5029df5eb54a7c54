/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_AVRO_SCHEMA_H
#define FL_CODEC_AVRO_SCHEMA_H

#include <flow/api.h>

/*
 * 1 when TEXT is JSON that can be a schema (an object, an array or a string), else 0.  What the
 * schema says is not looked at.
 */
int fl_avro_is_schema(const char *text, size_t size);

#endif
