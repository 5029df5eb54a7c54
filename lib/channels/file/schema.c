/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of the file channel: Flume's. */

#include "channels/file/schema.h"
#include "channels/properties.h"

static const flow_property properties[] = {
    FL_NUMBER("capacity", "1000000", "events", 1, INT64_MAX,
              "The number of events the channel holds at most."),
    FL_NUMBER("keep-alive", "3", "s", 0, INT32_MAX, "How long a put waits for room."),
#include "channels/log_properties.inc"
    FL_NUMBER("retentionTime", "0", "s", 0, INT32_MAX,
              "How long events are kept when all consumers are done with them, so that one can be "
              "moved back, or come later, and read them; 0 is not at all, or, with "
              "retentionBytes, for any time. They go file by file."),
    FL_NUMBER("retentionBytes", "0", "bytes", 0, INT64_MAX,
              "How large the log may be, with what is kept so; 0 is any size. What a consumer is "
              "not done with is kept in any case."),
    FL_NUMBER("maxDeliveries", "0", "", 0, 1000000,
              "After so many deliveries that failed an event becomes a dead letter, and what is "
              "behind it goes on; 0 is never."),
    {.name = "consumers.",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "What the consumer NAME is like: consumers.NAME.start, .whenBehind, .maxEvents, "
             ".maxBytes and .maxDeliveries; see above."},
};

static const char description[] =
    "Events are appended to a log; what sinks have committed is appended too. A commit, of a put "
    "or of a take, returns when the disk has it (fdatasync), and commits that come together share "
    "one sync. After a crash of the process or of the machine every event that was put is there "
    "once, in order, and none that was taken comes back.\n\n"
    "The log consists of files of 64 MiB that are written ahead with zeroes and used again once "
    "nothing in them is needed. Everything in it is under a checksum (CRC-32C). What a crash cut "
    "off at the end is dropped; damage anywhere else is refused with the file and the byte.\n\n"
    "A write or sync that fails is not tried again as if nothing had happened: the file is closed "
    "at the last place that is known to be on disk, and what is still in memory is written to "
    "another. If that fails too the transaction is rolled back, and the channel goes on once the "
    "cause is gone.\n\n"
    "Sources that say where their events come from, such as spooldir, find that in the channel "
    "after a crash: it is stored in the transaction that puts the events, so that nothing is lost "
    "and nothing comes twice.\n\n"
    "With a key store, in the way of Flume, events, positions and names of consumers are encrypted "
    "with AES-GCM before they are written; flow-log(5) says what remains to be seen. Another key "
    "may become the active one whenever the channel starts; the old one is needed as long as "
    "something is left that was encrypted with it. Compression, with zstd, comes before that. "
    "What was written otherwise stays readable when these settings change, but the files that it "
    "was in are not used again.\n\n"
    "Several consumers can read the log, each at its own pace. Sinks name theirs with their "
    "property consumer; those that name the same one share its events, and so do those that name "
    "none. A consumer is made when the channel opens and a sink names it or consumers.NAME says "
    "what it is like, and stays until it is removed. What all are done with is deleted.\n\n"
    "Where a new one begins says consumers.NAME.start: earliest, the default, with the oldest "
    "event that the log has; latest, with the next that is put; or an offset; or a time in UTC "
    "such as 2026-11-26T10:00:00Z. For one that is there already it means nothing.\n\n"
    "A consumer that is slow or dead slows no other. consumers.NAME.maxEvents says how many events "
    "it may be behind; the default is the channel's capacity. consumers.NAME.maxBytes bounds the "
    "part of the log that is kept for it; the default is any. consumers.NAME.whenBehind says what "
    "comes then: skip, the default, gives up the oldest events for it, which are counted "
    "(ConsumerSkippedCount) and told in the log of messages; block lets nobody put before it has "
    "caught up, and has no maxBytes. The consumer of sinks that name none blocks at the channel's "
    "capacity. When all sinks name one, that consumer is removed when it is done with all there "
    "is, and otherwise skips too.\n\n"
    "Each consumer that has a name has counters below CHANNEL.NAME: ConsumerLag, the events it is "
    "not done with; ConsumerLagBytes, the part of the log that is kept for it; ConsumerOffset, "
    "ConsumerPaused, ConsumerSkippedCount and ConsumerLetters.\n\n"
    "An event that no sink of a consumer can deliver would hold up all behind it for ever. With "
    "maxDeliveries, or consumers.NAME.maxDeliveries, it does not: when a batch has failed so "
    "often, parts of it are delivered, half as large each time, until there is the one event that "
    "fails. That is put aside as a dead letter, with the reason, and counted (DeadLetters); it is "
    "listed and replayed by programs and by flow consumer dead and replay. A failure that passes, "
    "as that of a server that is away, does not count. Failures are counted from when the channel "
    "opens. Of more than 1000 dead letters of a consumer the oldest are given up.\n\n"
    "The folders may be those of Flume's own file channel, whose files are left alone. What Flume "
    "has left there is taken over by the command flow log import-flume, see flow(1); until then a "
    "warning says that it is there.";

const flow_schema fl_file_channel_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Holds events in a log on disk: nothing that was committed is lost or repeated.",
    .description = description,
};
