/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CODEC_SERIALIZERS_H
#define FL_CODEC_SERIALIZERS_H

/* The serializers that belong to the library. */

#include <flow/serializer.h>

extern const flow_serializer_ops fl_text_serializer;
extern const flow_serializer_ops fl_header_text_serializer;
extern const flow_serializer_ops fl_avro_event_serializer;
extern const flow_serializer_ops fl_avro_datum_serializer;

#endif
