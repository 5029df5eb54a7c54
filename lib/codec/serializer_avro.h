/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_SERIALIZER_AVRO_H
#define FL_CODEC_SERIALIZER_AVRO_H

/* What the two serializers that write Avro containers have in common. */

#include <flow/component.h>
#include <flow/schema.h>

#include "codec/avro_file.h"

#define FL_AVRO_SYNC_INTERVAL_PROPERTY                                                             \
    {                                                                                              \
        .name = "syncIntervalBytes", .type = FLOW_TYPE_INT, .default_value = "2048000",            \
        .unit = "bytes", .min = 32, .max = 1 << 30,                                                \
        .help = "How much a block of the file gathers, before compression, until it is written. "  \
                "Each flush of the sink ends a block too.",                                        \
    }

#define FL_AVRO_CODEC_PROPERTY                                                                     \
    {                                                                                              \
        .name = "compressionCodec", .type = FLOW_TYPE_CHOICE, .default_value = "null",             \
        .choices = "null|deflate|snappy|bzip2|zstandard",                                          \
        .help = "How each block is compressed; null: not at all. snappy and bzip2 need their "     \
                "library on the machine.",                                                         \
    }

/* Makes a writer by these two properties. */
int fl_avro_writer_of(const flow_context *ctx, struct fl_avro_writer **writer, flow_error **err);

#endif
