/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of the file channel: Flume's. */

#include "channels/file/schema.h"

#define NUMBER(key, value, what, least, most, text)                                                \
    {                                                                                              \
        .name = (key), .default_value = (value), .unit = (what), .min = (least), .max = (most),    \
        .type = FLOW_TYPE_INT, .flags = FLOW_PROPERTY_LENIENT, .help = (text)                      \
    }
#define NO_EFFECT(key, kind, text)                                                                 \
    {                                                                                              \
        .name = (key), .type = (kind), .flags = FLOW_PROPERTY_NO_EFFECT, .help = (text)            \
    }

static const flow_property properties[] = {
    {.name = "checkpointDir",
     .default_value = "~/.flume/file-channel/checkpoint",
     .type = FLOW_TYPE_PATH,
     .help = "Folder of what says where reading begins after a crash. Without it, all of the log "
             "is read once; nothing is lost with it."},
    {.name = "useDualCheckpoints",
     .default_value = "false",
     .type = FLOW_TYPE_BOOL,
     .help = "Keep a second copy of that in backupCheckpointDir."},
    {.name = "backupCheckpointDir",
     .type = FLOW_TYPE_PATH,
     .help = "Folder of the second copy; another than checkpointDir."},
    {.name = "dataDirs",
     .default_value = "~/.flume/file-channel/data",
     .type = FLOW_TYPE_PATHS,
     .help = "Folders of the log, separated by commas; on several disks they are written in "
             "parallel. Their number and order stay as they are while the channel holds events."},
    NUMBER("capacity", "1000000", "events", 1, INT64_MAX,
           "The number of events the channel holds at most."),
    NUMBER("transactionCapacity", "10000", "events", 1, INT32_MAX,
           "The number of events that one transaction puts or takes at most. It may not be more "
           "than capacity."),
    NUMBER("keep-alive", "3", "s", 0, INT32_MAX, "How long a put waits for room."),
    NUMBER("checkpointInterval", "30000", "ms", 1000, INT64_MAX,
           "Time between two checkpoints while events come and go. After a crash no more is read "
           "than was written since the last one."),
    NUMBER("maxFileSize", "1623195647", "bytes", 65536, 1623195647,
           "The size of a file of the log at most. Files of 64 MiB are made where it is more, "
           "since what is over is only given back file by file."),
    NUMBER("minimumRequiredSpace", "524288000", "bytes", 1048576, INT64_MAX,
           "Free space on each disk below which the log does not grow; a put then fails, and "
           "succeeds again once there is room."),
    {.name = "fsyncPerTransaction",
     .default_value = "true",
     .type = FLOW_TYPE_BOOL,
     .help = "Return from a commit only when the disk has it. Otherwise what was committed during "
             "the last fsyncInterval is lost when the machine, though not when the process, "
             "fails."},
    NUMBER("fsyncInterval", "5", "s", 1, INT32_MAX,
           "Time between two syncs where fsyncPerTransaction is false."),
    {.name = "checkpointOnClose",
     .default_value = "true",
     .type = FLOW_TYPE_BOOL,
     .help = "Make a checkpoint when the channel stops, so that nothing is read when it starts."},
    {.name = "encryption.",
     .type = FLOW_TYPE_STRING,
     .flags = FLOW_PROPERTY_PREFIX,
     .help = "Refused: the log is written as it is. Put the folders on an encrypted file system "
             "instead."},
    NO_EFFECT("compressBackupCheckpoint", FLOW_TYPE_BOOL,
              "A checkpoint is small here, whatever the capacity."),
    NO_EFFECT("use-log-replay-v1", FLOW_TYPE_BOOL, "There is only one way to read the log."),
    NO_EFFECT("use-fast-replay", FLOW_TYPE_BOOL, "There is only one way to read the log."),
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
    "The folders are not those of Flume's own file channel, though they may be the same: its files "
    "are left alone.";

const flow_schema fl_file_channel_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Holds events in a log on disk: nothing that was committed is lost or repeated.",
    .description = description,
};
