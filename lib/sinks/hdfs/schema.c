/* SPDX-License-Identifier: Apache-2.0 */

/* The properties of the hdfs sink: Flume's, and those that WebHDFS needs besides. */

#include <flow/api.h>

#include "sinks/hdfs/schema.h"

#define STRING(key, value, text)                                                                   \
    {                                                                                              \
        .name = (key), .default_value = (value), .type = FLOW_TYPE_STRING, .help = (text)          \
    }
#define PATHNAME(key, text)                                                                        \
    {                                                                                              \
        .name = (key), .type = FLOW_TYPE_PATH, .help = (text)                                      \
    }
#define BOOLEAN(key, text)                                                                         \
    {                                                                                              \
        .name = (key), .default_value = "false", .type = FLOW_TYPE_BOOL, .help = (text)            \
    }
#define NUMBER(key, value, what, least, most, text)                                                \
    {                                                                                              \
        .name = (key), .default_value = (value), .unit = (what), .min = (least), .max = (most),    \
        .type = FLOW_TYPE_INT, .help = (text)                                                      \
    }

static const flow_property properties[] = {
    {
        .name = "hdfs.path",
        .type = FLOW_TYPE_STRING,
        .flags = FLOW_PROPERTY_REQUIRED,
        .help = "Folder of the files, with escapes: hdfs://HOST:PORT/..., hdfs://NAMESERVICE/..., "
                "webhdfs://, swebhdfs:// or file:///...; without a scheme below fs.defaultFS.",
    },
    STRING("hdfs.filePrefix", "FlumeData", "What file names begin with; may hold escapes."),
    STRING("hdfs.fileSuffix", NULL,
           "What file names end in, the dot included; unset, it is the codec's own, such as .gz."),
    STRING("hdfs.inUsePrefix", NULL, "Put before the name of a file while it is written."),
    STRING("hdfs.inUseSuffix", ".tmp", "Put behind the name of a file while it is written."),
    BOOLEAN("hdfs.emptyInUseSuffix", "Write files without a suffix; hdfs.inUseSuffix is ignored."),
    NUMBER("hdfs.rollInterval", "30", "s", 0, 2147483647,
           "Time after which a file is closed and the next one begun; 0: never."),
    NUMBER("hdfs.rollSize", "1024", "bytes", 0, INT64_MAX,
           "Size at which a file is closed, counted in bytes of event bodies; 0: any size."),
    NUMBER("hdfs.rollCount", "10", "events", 0, INT64_MAX,
           "Events after which a file is closed; 0: any number."),
    NUMBER("hdfs.idleTimeout", "0", "s", 0, 2147483647,
           "Time without events after which a file is closed; 0: never."),
    {
        .name = "hdfs.batchSize",
        .default_value = "100",
        .unit = "events",
        .min = 1,
        .max = 2147483647,
        .type = FLOW_TYPE_INT,
        .help = "Events taken in one transaction. Transactions that wait share one upload, so "
                "this need not be large.",
    },
    STRING("hdfs.codeC", NULL,
           "Compression of the files: gzip, bzip2, deflate, zstd, lz4, snappy, or the name of "
           "Hadoop's class; none is the same as unset."),
    {
        .name = "hdfs.fileType",
        .default_value = "SequenceFile",
        .choices = "SequenceFile|DataStream|CompressedStream",
        .type = FLOW_TYPE_CHOICE,
        .help = "SequenceFile: Hadoop's container, compressed by blocks when hdfs.codeC is set. "
                "DataStream: what the serializer writes. CompressedStream: the same, compressed.",
    },
    {
        .name = "hdfs.writeFormat",
        .default_value = "Writable",
        .choices = "Writable|Text|org.apache.flume.sink.hdfs.HDFSWritableSerializer$Builder|"
                   "org.apache.flume.sink.hdfs.HDFSTextSerializer$Builder",
        .type = FLOW_TYPE_CHOICE,
        .help = "Type of the values of a SequenceFile: BytesWritable or Text.",
    },
    {
        .name = "serializer",
        .default_value = "TEXT",
        .type = FLOW_TYPE_COMPONENT,
        .kind = FLOW_KIND_SERIALIZER,
        .help = "What turns events into bytes in the two stream types of file.",
    },
    NUMBER("hdfs.maxOpenFiles", "5000", NULL, 1, 2147483647,
           "Number of files that are written at once; above it the one used longest ago is "
           "closed."),
    BOOLEAN("hdfs.round", "Round the time of events down before escapes are expanded."),
    NUMBER("hdfs.roundValue", "1", NULL, 1, 60,
           "Multiple of hdfs.roundUnit to round down to: 1 to 60, for hours 1 to 24."),
    {
        .name = "hdfs.roundUnit",
        .default_value = "second",
        .choices = "second|minute|hour",
        .type = FLOW_TYPE_CHOICE,
        .help = "Unit of hdfs.roundValue.",
    },
    STRING("hdfs.timeZone", NULL,
           "Zone in which the fields of a time are meant, for example Europe/Berlin; unset, the "
           "system's own."),
    BOOLEAN("hdfs.useLocalTimeStamp",
            "Expand escapes with the time of delivery instead of the header `timestamp`."),
    NUMBER("hdfs.closeTries", "0", NULL, -2147483648, 2147483647,
           "How often the renaming of a finished file is tried; 0 or less: until it succeeds."),
    NUMBER("hdfs.retryInterval", "180", "s", -2147483648, 2147483647,
           "Time between these tries; 0 or less: one try only."),
    NUMBER("hdfs.callTimeout", "30000", "ms", 0, 2147483647,
           "How long a request may make no progress, and how long a failing file is tried again "
           "before its transactions are rolled back; 0: for ever."),
    NUMBER("hdfs.threadsPoolSize", "10", "requests", 1, 1000,
           "How many requests run at once, each for another file."),
    BOOLEAN("hdfs.fsyncPerTransaction",
            "Below file:///: force events to disk before they leave the channel, so that a crash "
            "of the machine does not cost them. WebHDFS has no way to ask for that."),
    NUMBER("hdfs.maxPendingBytes", NULL, "bytes", 1, INT64_MAX,
           "Bytes of event bodies that may be on their way before the sink takes no further "
           "events. Unset: 160 MiB behind a channel of type file, 320 MiB behind others, which "
           "have most of their events in memory anyway."),
    PATHNAME("hdfs.confDir",
             "Folder of core-site.xml and hdfs-site.xml, where the addresses of NameNodes are "
             "looked up; unset, that of the environment variable HADOOP_CONF_DIR."),
    STRING("hdfs.kerberosPrincipal", NULL,
           "Principal to log in as where Kerberos secures the cluster; _HOST stands for this "
           "machine's name."),
    PATHNAME("hdfs.kerberosKeytab", "File with the key of hdfs.kerberosPrincipal."),
    STRING("hdfs.proxyUser", NULL, "User to write in the name of, who then owns the files."),
    PATHNAME("hdfs.caFile",
             "PEM file of the authorities that swebhdfs:// trusts; unset, the system's own."),
    {
        .name = "hdfs.minBlockReplicas",
        .type = FLOW_TYPE_INT,
        .min = 0,
        .max = 2147483647,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "WebHDFS does not tell how many replicas a block that is being written has; an "
                "upload is answered when dfs.namenode.replication.min of them are complete.",
    },
    {
        .name = "hdfs.rollTimerPoolSize",
        .type = FLOW_TYPE_INT,
        .min = 0,
        .max = 2147483647,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "Files are closed by the sink's one thread; there are no timer threads.",
    },
    {
        .name = "hdfs.useRawLocalFileSystem",
        .type = FLOW_TYPE_BOOL,
        .flags = FLOW_PROPERTY_NO_EFFECT,
        .help = "Files below file:/// never have a .crc file beside them.",
    },
};

static const char description[] =
    "Events are grouped by the expanded hdfs.path and hdfs.filePrefix; each group has one file "
    "open, called PATH/PREFIX.N with N counting up, and carrying the in-use prefix and suffix "
    "until "
    "it is complete. A file is complete when hdfs.rollInterval, hdfs.rollSize, hdfs.rollCount or "
    "hdfs.idleTimeout says so, when more than hdfs.maxOpenFiles are open, and when the sink stops; "
    "it is then renamed.\n\n"
    "HDFS is reached by its REST interface, WebHDFS; no Java is needed. hdfs://HOST:PORT names the "
    "NameNode's RPC port: its HTTP address is looked up in hdfs-site.xml, else HOST is asked at "
    "ports 9870 and 50070. Several NameNodes of a name service are tried in turn. Hadoop 2.7 or "
    "later is needed, for TRUNCATE.\n\n"
    "A transaction commits when the DataNode has answered the upload of its events. As a request "
    "costs tens of milliseconds whatever its size, events that arrive while an upload runs travel "
    "with it, and commit with it. When the answer to an upload does not come, the file is renamed, "
    "so that a late request finds nothing under the old name, its length is asked for and fixed by "
    "TRUNCATE, and only what is missing is sent again. A transaction is rolled back only after "
    "those of its events that arrived have been truncated away, so nothing is written twice.\n\n"
    "From a file channel each event gets into the files exactly once, even when the process is "
    "killed: the channel stores, in the step that makes events gone, how long the files are with "
    "them. A file whose name is the in-use prefix, the rest, 16 digits by chance and the in-use "
    "suffix is this sink's and nobody else's; at the next start it is cut to that length, or "
    "removed when nothing is committed of it, and gets its final name. It can be read to its end "
    "then, except that the end which a serializer of another's writes is missing. HDFS releases a "
    "file whose DataNode died with it after a minute or more; meanwhile events go to new files. "
    "Files are sent side by side, so what comes again of one can get behind events of others that "
    "were later. "
    "What a DataNode has answered is as safe as HDFS keeps it: in the memory of so many DataNodes "
    "as dfs.replication says.\n\n"
    "Where Kerberos secures the cluster, hdfs.kerberosPrincipal and hdfs.kerberosKeytab log in at "
    "the KDC of krb5.conf, with a cache of tickets of the sink's own; a ticket is replaced when "
    "half its life is over. This needs MIT Kerberos and a libcurl that can do SPNEGO. The NameNode "
    "must be named as in its principal HTTP/HOST.\n\n"
    "Below file:/// events are handed to the operating system before they commit, as Flume does, "
    "and forced to disk when the file is closed; with hdfs.fsyncPerTransaction they are forced to "
    "disk before they commit.\n\n"
    "The escapes of hdfs.path and hdfs.filePrefix are those of Flume: %{name} for a header, "
    "%[localhost], "
    "%[ip] and %[fqdn], and single letters for the time. An event without the header `timestamp` "
    "fails its transaction when a letter needs it, as in Flume: add a timestamp interceptor or set "
    "hdfs.useLocalTimeStamp. The value of a header may hold slashes, which make folders, but "
    "cannot "
    "lead out of hdfs.path: a component `.` or `..` becomes `_` or `__`, and so does each control "
    "character.";

const flow_schema fl_hdfs_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Writes events to files in HDFS, by WebHDFS, or in local folders.",
    .description = description,
};
