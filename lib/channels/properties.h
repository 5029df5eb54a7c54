/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_PROPERTIES_H
#define FL_CHANNELS_PROPERTIES_H

/* Short forms of the rows of a table of properties. */

#include <flow/schema.h>

#define FL_NUMBER(key, value, what, least, most, text)                                             \
    {.name = (key),                                                                                \
     .default_value = (value),                                                                     \
     .unit = (what),                                                                               \
     .min = (least),                                                                               \
     .max = (most),                                                                                \
     .type = FLOW_TYPE_INT,                                                                        \
     .flags = FLOW_PROPERTY_LENIENT,                                                               \
     .help = (text)}
#define FL_NO_EFFECT(key, kind, text)                                                              \
    {.name = (key), .type = (kind), .flags = FLOW_PROPERTY_NO_EFFECT, .help = (text)}

#endif
