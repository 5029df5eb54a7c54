/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of the spillable memory channel: Flume's. */

#include "channels/spillable/schema.h"
#include "channels/properties.h"
#include "channels/queue.h"

static const flow_property properties[] = {
    FL_NUMBER(
        "memoryCapacity", "10000", "events", 0, INT32_MAX,
        "The number of events that memory holds at most. They are lost when the process ends. "
        "0: every event goes to the log."),
    FL_NUMBER("overflowCapacity", "100000000", "events", 0, INT32_MAX,
              "The number of events that the log holds at most. They survive the process and the "
              "machine. 0: nothing is spilled; what an earlier run left in the log is still taken. "
              "When memoryCapacity is 0 too, the default."),
    FL_NUMBER("overflowTimeout", "3", "s", 0, INT32_MAX,
              "How long memory is full before spilling begins, a put waits for room where there "
              "is none in the log either, and a take waits for an event."),
    FL_NUMBER("overflowDeactivationThreshold", "5", "%", 0, 100,
              "How much of memory has to be free, in events and in bytes, for puts to go there "
              "again once spilling has begun."),
    FL_NUMBER("byteCapacity", FL_BYTE_CAPACITY, "bytes", 0, INT64_MAX,
              "How many bytes the events in memory may count for: their bodies, their headers and "
              "64 each. The default is 80 % of 1 GiB, whatever memory the machine has; 0: any "
              "number."),
    FL_NUMBER("byteCapacityBufferPercentage", "20", "%", 0, 100,
              "The share of byteCapacity that is kept for headers and bookkeeping; bodies fill the "
              "rest at most, each counted as a multiple of avgEventSize."),
    FL_NUMBER("avgEventSize", "500", "bytes", 1, INT32_MAX,
              "The unit in which bodies are counted; a smaller one, or an empty one, counts as "
              "one."),
    FL_NO_EFFECT("capacity", FLOW_TYPE_STRING, "The log holds what overflowCapacity says."),
    FL_NO_EFFECT("keep-alive", FLOW_TYPE_STRING, "How long to wait is what overflowTimeout says."),
#include "channels/log_properties.inc"
};

static const char description[] =
    "Events are kept in memory as long as there is room. When memory has been full for "
    "overflowTimeout, puts go to a log on disk instead, until overflowDeactivationThreshold of "
    "memory is free. Events come out in the order in which they were put, wherever they are; one "
    "transaction takes from memory or from the log, never from both, so that a batch ends where "
    "the one gives way to the other. A transaction that is larger than memory goes to the log at "
    "once.\n\n"
    "What is in memory is lost when the process ends, however it ends. What was spilled is not: "
    "the log keeps all that flow-channel-file(5) promises, and its events are there, once and in "
    "order, when the channel is opened again. Where no event may be lost, use the file channel, or "
    "memoryCapacity = 0.";

const flow_schema fl_spillable_channel_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Holds events in memory, and in a log on disk what memory has no room for; what is "
               "in memory is lost when the process ends.",
    .description = description,
};
