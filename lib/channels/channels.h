/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CHANNELS_CHANNELS_H
#define FL_CHANNELS_CHANNELS_H

/* The types of channels that are built in. */

#include <flow/channel.h>

extern const flow_channel_ops fl_file_channel;
extern const flow_channel_ops fl_memory_channel;
extern const flow_channel_ops fl_spillable_channel;

#endif
