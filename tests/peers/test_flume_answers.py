# SPDX-License-Identifier: Apache-2.0
"""What sources answer to requests, right and wrong ones: libflow's answers are Flume's.

Where Flume answers an error, the words are its own as far as a client could depend on them.

    FLOW_BUILD=build pytest tests/peers/test_flume_answers.py
"""

from __future__ import annotations

import hashlib
import re
import struct
from pathlib import Path
from typing import Iterator

import pytest

from flume_wire import FlumeAgent
from agents import Agent, FlowAgent, Pipe, listening, take_ports, wait_for
from avro_rpc import Connection, append, append_batch, frame, handshake, number, text

PROTOCOL = b"".join(line.strip() for line in b"""
    {"protocol":"AvroSourceProtocol","namespace":"org.apache.flume.source.avro","types":[
    {"type":"enum","name":"Status","symbols":["OK","FAILED","UNKNOWN"]},
    {"type":"record","name":"AvroFlumeEvent","fields":[
    {"name":"headers","type":{"type":"map","values":"string"}},{"name":"body","type":"bytes"}]}],
    "messages":{
    "append":{"request":[{"name":"event","type":"AvroFlumeEvent"}],"response":"Status"},
    "appendBatch":{"request":[{"name":"events","type":{"type":"array","items":"AvroFlumeEvent"}}],
    "response":"Status"}}}""".splitlines())
STRANGER = b"\1" * 16

SHAKE = handshake()
WELCOME = b"\0\0\0\0"  # the answer to it
ERROR = b"\0\1\0"  # what precedes the text of one
GOOD = append({b"n": b"1"}, b"good")
APPEND = b"\0" + text(b"append")
BATCH = b"\0" + text(b"appendBatch")


def with_hash(protocol: bytes) -> bytes:
    return handshake(client=hashlib.md5(protocol).digest(), protocol=protocol)


# Payloads of one connection, each sent when the one before it is answered.
AVRO = {
    "known": [SHAKE + GOOD, GOOD],
    "batch": [SHAKE + append_batch([({b"a": b"b"}, b"1"), ({}, b"")]), append_batch([])],
    "stranger": [handshake(client=STRANGER) + GOOD, SHAKE + GOOD],
    "stranger_goes_on": [handshake(client=STRANGER) + GOOD, GOOD, SHAKE + GOOD],
    "stranger_with_text": [with_hash(PROTOCOL) + GOOD, GOOD],
    "no_text_at_all": [handshake(client=STRANGER, protocol=b"nonsense") + GOOD, SHAKE + GOOD],
    "other_server": [handshake(server=STRANGER) + GOOD, GOOD],
    "ping": [SHAKE + b"\0\0", b"\0\0", GOOD],
    "unknown_message": [SHAKE + b"\0" + text(b"nosuch"), b"\0" + text(b"nosuch"), GOOD],
    "short_handshake": [SHAKE[:20], SHAKE + GOOD],
    "nothing": [b"", SHAKE + GOOD, b"", GOOD],
    "short_parameters": [SHAKE + GOOD[:-1], GOOD],
    "more_than_parameters": [SHAKE + GOOD + b"more", GOOD],
    "negative_length": [SHAKE + APPEND + b"\0" + number(-3), GOOD],
    "length_without_end": [SHAKE + b"\0" + b"\xff" * 12, GOOD],
    "body_of_a_terabyte": [SHAKE + APPEND + b"\0" + number(1 << 40), GOOD],
    "headers_without_end": [SHAKE + APPEND + number(1 << 40), GOOD],
    "block_with_size": [SHAKE + APPEND + number(-1) + number(4) + text(b"a") + text(b"b") + b"\0"
                        + text(b"x")],
    "two_blocks": [SHAKE + BATCH + number(1) + b"\0" + text(b"1") + number(-1) + number(3) + b"\0"
                   + text(b"2") + b"\0"],
    "bad_union": [SHAKE[:16] + b"\7" + SHAKE[17:] + GOOD, SHAKE + GOOD],
    "metadata": [SHAKE + number(1) + text(b"k") + text(b"v") + GOOD],
    "meta_of_the_handshake": [SHAKE[:-2] + b"\2" + number(1) + text(b"k") + text(b"v") + b"\0"
                              + GOOD],
    "no_meta": [SHAKE[:-2] + b"\0" + GOOD],
}

COMPACT = b"\x82\x21\1"
STRUCT = b"\x1c\x1b\x00\x18\x01x\x00"  # an event without headers
ONE = COMPACT + b"\6append" + STRUCT + b"\0"

THRIFT = {
    "append": [ONE, ONE],
    "empty_batch": [COMPACT + b"\x0bappendBatch\x19\x0c\0"],
    "batch": [COMPACT + b"\x0bappendBatch\x19\x2c" + STRUCT[1:] * 2 + b"\0"],
    "sequence": [b"\x82\x21\xac\x02" + ONE[3:]],
    "unknown_method": [COMPACT + b"\3foo\0", ONE],
    "no_arguments": [COMPACT + b"\6append\0", ONE],
    "argument_of_another_type": [COMPACT + b"\6append\x15\2\0", ONE],
    "oneway": [b"\x82\x81" + ONE[2:]],
    "headers_missing": [COMPACT + b"\6append\x1c\x18\1x\0\0"],
    "unknown_field": [COMPACT + b"\6append" + b"\x1c\x1b\0\x18\1x\x15\2\0" + b"\0", ONE],
}

STRICT = b"\x80\1\0\1"
PAIR = b"\x0c\0\1\x0d\0\1\x0b\x0b\0\0\0\0\x0b\0\2\0\0\0\1x\0"

BINARY = {
    "append": [STRICT + b"\0\0\0\6append\0\0\0\1" + PAIR + b"\0"],
    "not_strict": [b"\0\0\0\6append\1\0\0\0\7" + PAIR + b"\0"],
    "unknown_method": [STRICT + b"\0\0\0\3foo\0\0\0\1\0"],
    "empty_batch": [STRICT + b"\0\0\0\x0bappendBatch\0\0\0\1\x0f\0\1\x0c\0\0\0\0\0"],
}

# What Flume answers by ending the connection.
BROKEN = {
    "bad_version": ("thrift", b"\x82\x22" + ONE[2:]),
    "bad_protocol": ("thrift", b"\x83\x21" + ONE[2:]),
    "short": ("thrift", ONE[:-3]),
    "list_without_end": ("thrift", COMPACT + b"\x0bappendBatch\x19\xfc\xff\xff\xff\xff\x07"),
    "body_without_end": ("thrift", COMPACT + b"\6append\x1c\x1b\0\x18\xff\xff\xff\xff\x07"),
    "nothing": ("thrift", b""),
    "bad_version_binary": ("binary", b"\x80\2\0\1\0\0\0\3foo\0\0\0\1\0"),
    "name_without_end": ("binary", STRICT + b"\x7f\xff\xff\xff"),
}


def pipes() -> dict[str, Pipe]:
    kinds = {"avro": {}, "thrift": {"type": "thrift"},
             "binary": {"type": "thrift", "protocol": "binary"}}
    return {kind: Pipe(listening(port, **more))
            for (kind, more), port in zip(kinds.items(), take_ports(3))}


@pytest.fixture(scope="module", name="flume")
def fixture_flume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    folder: Path = tmp_path_factory.mktemp("flume") / "agent"
    with FlumeAgent(folder, pipes()) as agent:
        yield agent


@pytest.fixture(scope="module", name="flow")
def fixture_flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    folder: Path = tmp_path_factory.mktemp("flow") / "agent"
    with FlowAgent(folder, pipes()) as agent:
        yield agent


def outline(payload: bytes) -> bytes:
    """An error's text counts only when it tells which message was unknown."""
    for start in (0, len(WELCOME)):
        if payload[start:].startswith(ERROR) and b"No such remote message" not in payload:
            return payload[:start] + ERROR
    return payload


EXCEPTION = re.compile(rb"(?s)(\x82\x61.*?)\x18.*(\x15.\0)")  # compact; its type is at the end
MALFORMED = b"\x15\x0e\0"


def outline_thrift(answer: bytes) -> bytes:
    """The same of an exception's text."""
    found = EXCEPTION.fullmatch(answer)
    return found[1] + found[2] if found and b"Invalid method name" not in answer else answer


def ask_avro(port: int, payloads: list[bytes]) -> list[object]:
    """The answers to these requests, and whether the connection lasted."""
    answers: list[object] = []
    with Connection(port) as connection:
        try:
            for serial, payload in enumerate(payloads, 1):
                connection.send(frame(serial, payload))
                number_of, answer = connection.answer()
                answers.append((number_of, outline(answer)))
        except (EOFError, ConnectionError):
            answers.append("end")
    return answers


def ask_thrift(port: int, payloads: list[bytes]) -> list[object]:
    answers: list[object] = []
    with Connection(port) as connection:
        try:
            for payload in payloads:
                connection.send(struct.pack(">i", len(payload)) + payload)
                answer = connection.take(*struct.unpack(">i", connection.take(4)))
                answers.append(outline_thrift(answer))
        except (EOFError, ConnectionError):
            answers.append("end")
    return answers


@pytest.mark.parametrize("case", AVRO)
def test_avro_answers(flume: Agent, flow: Agent, case: str) -> None:
    expected = ask_avro(flume["avro"].port, AVRO[case])
    assert ask_avro(flow["avro"].port, AVRO[case]) == expected


@pytest.mark.parametrize("kind, case", [("thrift", case) for case in THRIFT]
                         + [("binary", case) for case in BINARY])
def test_thrift_answers(flume: Agent, flow: Agent, kind: str, case: str) -> None:
    payloads = (THRIFT if kind == "thrift" else BINARY)[case]
    expected = ask_thrift(flume[kind].port, payloads)
    assert ask_thrift(flow[kind].port, payloads) == expected


@pytest.mark.parametrize("case", BROKEN)
def test_thrift_refuses(flume: Agent, flow: Agent, case: str) -> None:
    """Where Flume ends the connection libflow may say why."""
    kind, payload = BROKEN[case]
    assert ask_thrift(flume[kind].port, [payload]) == ["end"]
    answer, = ask_thrift(flow[kind].port, [payload])
    assert answer == "end" or answer.endswith(MALFORMED)


@pytest.mark.parametrize("data", [
    struct.pack(">ii", 1, -1), struct.pack(">iii", 1, 1, -1), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
], ids=["negative_count", "negative_length", "http"])
def test_avro_ends_the_connection(flume: Agent, flow: Agent, data: bytes) -> None:
    for agent in (flume, flow):
        with Connection(agent["avro"].port) as connection:
            connection.send(data)
            assert connection.ended()


def test_what_arrived_is_the_same(flume: Agent, flow: Agent) -> None:
    """After all of the above: what Flume took libflow took too, and nothing else."""
    for kind in ("avro", "thrift", "binary"):
        flume_took, flow_took = flume[kind].read, flow[kind].read
        wait_for(lambda a=flume_took, b=flow_took: a() and a() == b(), kind)
