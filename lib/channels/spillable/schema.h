/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_SPILLABLE_SCHEMA_H
#define FL_CHANNELS_SPILLABLE_SCHEMA_H

#include <flow/schema.h>

extern const flow_schema fl_spillable_channel_schema;

#endif
