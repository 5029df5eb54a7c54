# SPDX-License-Identifier: Apache-2.0
"""What the schemas of component types do not tell: example values, places and counters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Where a kind of component stands in a configuration."""

    prefix: str  # of its properties, in the snippet
    place: str  # the same in words, in roff


KINDS = {
    "source": Kind(
        "a1.sources.r1.",
        "Written as \\fIAGENT\\fP.sources.\\fINAME\\fP.\\fIPROPERTY\\fP.\n"
        "What all sources have besides is in \\fBflow.conf\\fP(5)."),
    "channel": Kind(
        "a1.channels.c1.",
        "Written as \\fIAGENT\\fP.channels.\\fINAME\\fP.\\fIPROPERTY\\fP."),
    "sink": Kind(
        "a1.sinks.k1.",
        "Written as \\fIAGENT\\fP.sinks.\\fINAME\\fP.\\fIPROPERTY\\fP.\n"
        "What all sinks have besides is in \\fBflow.conf\\fP(5)."),
    "interceptor": Kind(
        "a1.sources.r1.interceptors.i1.",
        "Written as\n"
        "\\fIAGENT\\fP.sources.\\fISOURCE\\fP.interceptors.\\fINAME\\fP.\\fIPROPERTY\\fP."),
    "selector": Kind(
        "a1.sources.r1.selector.",
        "Written as \\fIAGENT\\fP.sources.\\fISOURCE\\fP.selector.\\fIPROPERTY\\fP."),
    "group": Kind(
        "a1.sinkgroups.g1.processor.",
        "Written as \\fIAGENT\\fP.sinkgroups.\\fINAME\\fP.processor.\\fIPROPERTY\\fP."),
    "serializer": Kind(
        "a1.sinks.k1.sink.serializer.",
        "Written below the property of the sink that names the serializer, for example\n"
        "\\fIAGENT\\fP.sinks.\\fINAME\\fP.sink.serializer.\\fIPROPERTY\\fP."),
    "filter": Kind(
        "a1.configfilters.f1.",
        "Written as \\fIAGENT\\fP.configfilters.\\fINAME\\fP.\\fIPROPERTY\\fP.\n"
        "How filters are asked is in \\fBflow.conf\\fP(5)."),
    "client": Kind(
        "client.",
        "Written as they are in the properties that a client is made from; see\n"
        "\\fBflow_client_new\\fP(3)."),
}

# Values of required properties that their type alone does not suggest.
EXAMPLES = {
    "bind": "localhost",
    "port": "44444",
    "command": "tail -F /var/log/syslog",
    "spoolDir": "/var/spool/flume",
    "filegroups": "NAME",
    "filegroups.": "/var/log/flume/.*log",
    "sink.directory": "/var/lib/flume",
    "path": "/var/run/flume.sock",
    "hostname": "agent2",
    "hdfs.path": "hdfs://namenode:8020/flume/events",
}

# Those of a single kind.
EXAMPLES_OF = {("filter", "command"): "/usr/local/bin/secret", ("sink", "port"): "4141"}

PLAIN_VALUES = {"number": "1", "true|false": "true", "names": "a b", "pattern": ".*",
                "path": "/var/lib/flume", "host": "localhost", "charset": "UTF-8"}

# The other components of a snippet, as simple as they come.
BESIDE = {"r1": ["a1.sources.r1.type = inlet"], "c1": ["a1.channels.c1.type = memory"],
          "k1": ["a1.sinks.k1.type = logger"]}


def example(kind: str, prop: dict) -> str:
    """A value for a required property of a component of KIND."""
    if (kind, prop["name"]) in EXAMPLES_OF:
        return EXAMPLES_OF[kind, prop["name"]]
    if prop["name"] in EXAMPLES:
        return EXAMPLES[prop["name"]]
    if prop["type"] == "choice":
        return prop["choices"].split("|")[0]
    return PLAIN_VALUES.get(prop["type"], prop["name"])


def own_lines(info: dict) -> list[str]:
    """The lines that set up a component: its type and what it requires."""
    prefix = KINDS[info["kind"]].prefix
    if info["kind"] == "serializer":
        return ["a1.sinks.k1.type = file_roll",
                f"a1.sinks.k1.sink.directory = {EXAMPLES['sink.directory']}",
                f"a1.sinks.k1.sink.serializer = {info['type']}"]
    lines = [f"{prefix}type = {info['type']}"]
    for prop in info["properties"]:
        if prop.get("required"):
            name = prop["name"] + ("NAME" if prop.get("prefix") else "")
            lines.append(f"{prefix}{name} = {example(info['kind'], prop)}")
    return lines


def group_lines(info: dict) -> list[str]:
    """A group, with a second sink unless it is for one alone."""
    if info["type"] == "default":
        return ["", "a1.sinkgroups.g1.sinks = k1"]
    return ["", "a1.sinks.k2.type = logger", "a1.sinks.k2.channel = c1", "",
            "a1.sinkgroups.g1.sinks = k1 k2"]


def client_lines(info: dict) -> list[str]:
    """The properties of a client, of two hosts where its type has several."""
    several = any(prop["name"] in ("max-attempts", "backoff") for prop in info["properties"])
    hosts = ["h1", "h2"] if several else ["h1"]
    return [*own_lines(info), f"hosts = {' '.join(hosts)}",
            *(f"hosts.{host} = agent{host[1:]}:4141" for host in hosts)]


def snippet(info: dict) -> str:
    """A whole configuration, as short as it can be, with a component of the type INFO."""
    kind, own = info["kind"], own_lines(info)
    if kind == "client":
        return "\n".join(client_lines(info))
    source = own if kind == "source" else BESIDE["r1"]
    channel = own if kind == "channel" else BESIDE["c1"]
    sink = own if kind in ("sink", "serializer") else BESIDE["k1"]
    group = group_lines(info) + own if kind == "group" else []
    sinks = "k1 k2" if "a1.sinks.k2.channel = c1" in group else "k1"
    lines = ["a1.sources = r1", "a1.channels = c1", f"a1.sinks = {sinks}"]
    lines += ["a1.sinkgroups = g1"] if kind == "group" else []
    lines += ["a1.configfilters = f1", "", *own] if kind == "filter" else []
    lines += ["", *source, "a1.sources.r1.channels = c1"]
    lines += ["a1.sources.r1.interceptors = i1", *own] if kind == "interceptor" else []
    lines += own if kind == "selector" else []
    lines += ["", *channel, "", *sink, "a1.sinks.k1.channel = c1", *group]
    return "\n".join(lines)


# The counters of every component of a kind, then those of single types.
TIMES = ["StartTime", "StopTime"]
FILES = ["ConnectionCreatedCount", "ConnectionClosedCount", "ConnectionFailedCount"]
REQUESTS = ["EventRefusedCount", "RequestUnfinishedCount", "ConnectionBrokenCount",
            "ConnectionRefusedCount", "OpenConnectionCount"]
LOG = ["EventPutErrorCount", "EventTakeErrorCount", "CheckpointWriteErrorCount",
       "EventDamagedCount", "Open", "Closed"]
COUNTERS = {
    "source": ["EventReceivedCount", "EventAcceptedCount", "AppendReceivedCount",
               "AppendAcceptedCount", "AppendBatchReceivedCount", "AppendBatchAcceptedCount",
               "ChannelWriteFail", "GenericProcessingFail",
               "EventFilteredCount", "EventUnroutedCount", "EventOptionalLostCount",
               "EventRepeatedCount", *TIMES],
    "channel": ["EventPutAttemptCount", "EventPutSuccessCount", "EventTakeAttemptCount",
                "EventTakeSuccessCount", "ChannelSize", "ChannelCapacity", *TIMES],
    "sink": ["EventDrainAttemptCount", "EventDrainSuccessCount", "BatchEmptyCount",
             "BatchUnderflowCount", "BatchCompleteCount", "EventWriteFail", "ChannelReadFail",
             *TIMES],
    "group": ["SinkFailureCount", "FailoverCount", "GroupFailureCount"],
    "channel file": [*LOG, "DeadLetters"],
    "channel spillablememory": LOG,
    "source avro": REQUESTS,
    "source avroLegacy": [*REQUESTS, "CallRefusedCount"],
    "source ipc": REQUESTS,
    "source netcat": ["EventRefusedCount", "LineTooLongCount", "LineUnfinishedCount"],
    "source spooldir": ["FileCompletedCount", "FileSetAsideCount", "FileNameReusedCount",
                        "LineCutCount", "EventReadFail"],
    "source taildir": ["FileTruncatedCount", "InodeReusedCount", "LineCutCount", "EventReadFail",
                       "PositionWriteFail"],
    "source exec": ["EventLostCount"],
    "source scribe": [*REQUESTS, "CallRefusedCount"],
    "source thrift": [*REQUESTS, "CallRefusedCount"],
    "source thriftLegacy": [*REQUESTS, "CallRefusedCount"],
    "sink avro": FILES,
    "sink file_roll": FILES,
    "sink hdfs": FILES,
    "sink ipc": FILES,
    "sink thrift": FILES,
}

MEANINGS = {
    "EventReceivedCount": "Events that the source handed over.",
    "EventAcceptedCount": "Those of them that every required channel has committed, or that were "
                          "filtered or sent to no channel.",
    "AppendBatchReceivedCount": "Batches of events that the source handed over, or calls that "
                                "brought any number of events.",
    "AppendBatchAcceptedCount": "Those of them that were accepted.",
    "ChannelWriteFail": "Transactions with a channel that failed.",
    "GenericProcessingFail": "Times that an interceptor or the selector failed.",
    "EventFilteredCount": "Events that interceptors dropped.",
    "EventUnroutedCount": "Events that the selector sent to no channel.",
    "EventOptionalLostCount": "Events that an optional channel did not take.",
    "EventRepeatedCount": "Events that a sender sent again and a durable channel has already.",
    "AppendReceivedCount": "Events that a program pushed one by one, or calls that brought one.",
    "AppendAcceptedCount": "Those of them that were accepted.",
    "EventRefusedCount": "Lines, or events of requests, that were answered with a failure because "
                         "no channel took them.",
    "LineTooLongCount": "Lines longer than max-line-length.",
    "LineUnfinishedCount": "Texts without a newline at the end of a connection.",
    "RequestUnfinishedCount": "Requests that ended with their connection before they were whole.",
    "ConnectionBrokenCount":
        "Connections that were closed because of what came over them, because the peer did not "
        "read its answers, or because its handshake did not end. The log tells of the first 64 a "
        "minute, for each thread.",
    "CallRefusedCount": "Calls that were answered with an error because they were not understood.",
    "ConnectionRefusedCount": "Connections that were not let in, by ipFilter or for lack of "
                              "descriptors.",
    "OpenConnectionCount": "Connections that are open now.",
    "FileCompletedCount": "Files that were read to their end.",
    "FileSetAsideCount": "Files that were not, as they were modified, replaced or removed or could "
                         "not be decoded.",
    "FileNameReusedCount": "Finished files whose new name was taken.",
    "LineCutCount": "Times that a line was cut because it was too long.",
    "FileTruncatedCount": "Files that were emptied and are read from their beginning.",
    "InodeReusedCount": "New files that have the inode of one that was read.",
    "PositionWriteFail": "Times that the position file could not be written.",
    "EventLostCount": "Lines that no channel took before the source stopped.",
    "EventReadFail": "Failures to open, read or decode a file.",
    "EventPutAttemptCount": "Events that were put into the channel, committed or not.",
    "EventPutSuccessCount": "Events whose put was committed.",
    "EventTakeAttemptCount": "Events that were taken, committed or not, and one for each time "
                             "that fewer were there than asked for.",
    "EventTakeSuccessCount": "Events whose take was committed.",
    "EventPutErrorCount": "Commits of puts that failed.",
    "EventTakeErrorCount": "Takes, and commits of takes, that failed.",
    "CheckpointWriteErrorCount": "Checkpoints, syncs and prepared files that failed.",
    "EventDamagedCount": "Events passed over because a repair of the log had given them up.",
    "DeadLetters": "Events that could not be delivered and are put aside, of all consumers.",
    "Open": "1 while the channel is open.",
    "Closed": "1 once it was closed.",
    "ChannelSize": "Events in the channel now.",
    "ChannelCapacity": "Events it holds at most.",
    "EventDrainAttemptCount": "Events that the sink took, delivered or not.",
    "EventDrainSuccessCount": "Events that were delivered.",
    "BatchEmptyCount": "Transactions without an event.",
    "BatchUnderflowCount": "Transactions that emptied the channel before the batch was full.",
    "BatchCompleteCount": "Transactions with a full batch.",
    "EventWriteFail": "Transactions that failed and were rolled back.",
    "ChannelReadFail": "Transactions that the channel could not begin or commit.",
    "SinkFailureCount": "Times that a sink failed, or was tried before it had started; how often "
                        "each one has failed is its own EventWriteFail.",
    "FailoverCount": "Transactions that a sink took over because another had just failed.",
    "GroupFailureCount": "Times that no sink took the events.",
    "ConnectionCreatedCount": "Files, or connections, that were opened.",
    "ConnectionClosedCount": "Files, or connections, that were closed.",
    "ConnectionFailedCount": "Files, or connections, that could not be opened.",
    "StartTime": "When the component was started, in milliseconds since 1970.",
    "StopTime": "When it was stopped; 0 while it runs.",
}
