# SPDX-License-Identifier: Apache-2.0
"""What sources that answer requests make of clients that are many, slow, idle, rude or mad.

    FLOW_BUILD=build pytest tests/component/test_receiver_faults.py
"""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path
from typing import Iterator, Type, Union

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from agents import (SANITIZED, FlowAgent, Pipe, allow_many_descriptors,  # noqa: E402
                    listening, take_ports, wait_for)
from avro_rpc import Connection, Deflated, append, frame, handshake, number, text  # noqa: E402

LEAK = 3 << 20  # bytes; what allocators keep for themselves is less
IDLE = 5000
IDLE_COST = 8 << 10  # bytes of a connection
COUNT = 10_000
WARM = 2000
SLOW = 50


class Avro:
    """Requests of Flume's Avro RPC."""

    source = {"type": "avro"}
    error = b"\0\1\0"

    @staticmethod
    def request(body: bytes, serial: int = 1) -> bytes:
        return frame(serial, (handshake() if serial == 1 else b"") + append({}, body))

    @staticmethod
    def answered(connection: Connection, serial: int = 1) -> bool:
        """Takes the answer; is it OK?"""
        welcome = b"\0\0\0\0" if serial == 1 else b""
        return connection.answer() == (serial, welcome + b"\0\0\0")

    huge = [
        struct.pack(">iii", 1, 1, 0x7fffffff),
        struct.pack(">ii", 1, 0x7fffffff),
        struct.pack(">ii", 1, 0x01000000) + struct.pack(">i", 0x7fffffff),
        frame(1, handshake() + b"\0" + text(b"append") + b"\0" + number(0x7fffffff)),
        frame(1, handshake() + b"\0" + text(b"append") + number(1 << 40)),
        frame(1, handshake() + b"\0" + text(b"appendBatch") + number(1 << 30)),
    ]


class Thrift:
    """Requests of Flume's Thrift RPC in the compact protocol."""

    source = {"type": "thrift"}
    error = b"\x82\x61"

    @staticmethod
    def varint(value: int) -> bytes:
        more = Thrift.varint(value >> 7) if value > 127 else b""
        return bytes([value & 127 | (128 if more else 0)]) + more

    @staticmethod
    def request(body: bytes, serial: int = 1) -> bytes:
        event = b"\x1b\0\x18" + Thrift.varint(len(body)) + body + b"\0"
        call = b"\x82\x21" + Thrift.varint(serial) + b"\6append\x1c" + event + b"\0"
        return struct.pack(">i", len(call)) + call

    @staticmethod
    def answered(connection: Connection, serial: int = 1) -> bool:
        answer = connection.take(*struct.unpack(">i", connection.take(4)))
        return answer == b"\x82\x41" + Thrift.varint(serial) + b"\6append\5\0\0\0"

    huge = [
        struct.pack(">i", 0x7fffffff),
        struct.pack(">i", -1),
        struct.pack(">i", 19) + b"\x82\x21\1\6append\x1c\x1b\0\x18\xff\xff\xff\xff\x07",
        struct.pack(">i", 22) + b"\x82\x21\1\x0bappendBatch\x19\xfc\xff\xff\xff\xff\x07",
    ]


Protocol = Type[Union[Avro, Thrift]]
PROTOCOLS = pytest.mark.parametrize("protocol", [Avro, Thrift], ids=["avro", "thrift"])


@pytest.fixture(name="agent")
def fixture_agent(tmp_path: Path, protocol: Protocol) -> Iterator[FlowAgent]:
    allow_many_descriptors()
    ports = take_ports(2)
    with FlowAgent(tmp_path / "agent", {
            "in": Pipe(listening(ports[0], **protocol.source), {"type": "null"}, kept=False),
            "kept": Pipe(listening(ports[1], **protocol.source))}) as agent:
        yield agent


def grown(agent: FlowAgent, before: int) -> int:
    """Bytes of memory; what a sanitizer keeps does not count."""
    return 0 if SANITIZED else agent.memory() - before


def talk(port: int, protocol: Protocol, count: int) -> None:
    """So many connections, each with a request; every third ends in the middle of the next one."""
    for i in range(count):
        with Connection(port) as connection:
            connection.send(protocol.request(b"body"))
            assert protocol.answered(connection)
            if i % 3 == 0:
                connection.send(protocol.request(b"never whole", 2)[:-(i % 11 + 1)])
            if i % 5 == 0:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                             struct.pack("ii", 1, 0))


@PROTOCOLS
def test_connections_leave_nothing_behind(agent: FlowAgent, protocol: Protocol) -> None:
    idle = agent.descriptors()
    talk(agent["in"].port, protocol, WARM)
    before = agent.memory()
    talk(agent["in"].port, protocol, COUNT - WARM)
    wait_for(lambda: agent.descriptors() == idle, "descriptors are left")
    assert grown(agent, before) < LEAK


@PROTOCOLS
def test_idle_connections_cost_little(agent: FlowAgent, protocol: Protocol) -> None:
    talk(agent["in"].port, protocol, 10)
    before = agent.memory()
    idle = [Connection(agent["in"].port) for _ in range(IDLE)]
    for connection in idle:
        connection.send(protocol.request(b"x" * 1000))
        assert protocol.answered(connection)
    assert grown(agent, before) / IDLE < IDLE_COST
    talk(agent["in"].port, protocol, 10)
    for connection in idle:
        connection.send(protocol.request(b"again", 2))
        assert protocol.answered(connection, 2)
        connection.socket.close()


@PROTOCOLS
def test_slow_senders_hold_nobody_up(agent: FlowAgent, protocol: Protocol) -> None:
    """Each byte of theirs comes between two requests of another, which are answered."""
    request = protocol.request(b"slow")
    slow = [Connection(agent["in"].port) for _ in range(SLOW)]
    with Connection(agent["in"].port) as fast:
        for at in range(len(request)):
            for connection in slow:
                connection.send(request[at:at + 1])
            fast.send(protocol.request(b"fast", at + 1))
            assert protocol.answered(fast, at + 1)
    for connection in slow:
        assert protocol.answered(connection)
        connection.socket.close()


@PROTOCOLS
def test_what_claims_to_be_huge_is_refused(agent: FlowAgent, protocol: Protocol) -> None:
    talk(agent["in"].port, protocol, 10)
    before = agent.memory()
    for data in protocol.huge:
        connections = [Connection(agent["in"].port) for _ in range(10)]
        for connection in connections:
            connection.send(data)
        for connection in connections:
            refused = connection.socket.recv(64)  # an error, or the end
            assert not refused or protocol.error in refused
            connection.socket.close()
    assert grown(agent, before) < LEAK
    talk(agent["in"].port, protocol, 10)


@PROTOCOLS
def test_requests_that_come_together_are_answered_in_order(
        agent: FlowAgent, protocol: Protocol) -> None:
    count = 2000
    with Connection(agent["kept"].port) as connection:
        connection.send(b"".join(protocol.request(str(i).encode(), i) for i in range(1, count + 1)))
        for i in range(1, count + 1):
            assert protocol.answered(connection, i)
    wait_for(lambda: len(agent["kept"].read()) == count, "events are lost")
    assert [int(body) for _, body in agent["kept"].read()] == list(range(1, count + 1))


@PROTOCOLS
def test_half_a_request_is_no_event(agent: FlowAgent, protocol: Protocol) -> None:
    request = protocol.request(b"whole")
    for size in range(len(request)):
        with Connection(agent["kept"].port) as connection:
            connection.send(request[:size])
    with Connection(agent["kept"].port) as connection:
        connection.send(request)
        assert protocol.answered(connection)
    wait_for(lambda: agent["kept"].read() == [({}, b"whole")], "only one is whole")


def test_what_unpacks_to_much_comes_in_pieces(tmp_path: Path) -> None:
    """Deflate makes each 50 kilobytes that are sent 50 megabytes, in requests that are answered."""
    together, rounds = 500, 4
    port = take_ports(1)[0]
    lines = {f"sources.r.{key}": value for key, value in listening(port).items()} | {
        "sources.r.compression-type": "deflate", "sources.r.channels": "c",
        "channels.c.type": "memory", "channels.c.capacity": "100",
        "sinks.k.type": "null", "sinks.k.channel": "c"}
    with FlowAgent(tmp_path / "agent", {}, lines) as agent, Deflated(port) as connection:
        before, serial = agent.memory(), 0
        for _ in range(rounds):
            first = serial + 1
            serial += together
            numbers = range(first, serial + 1)
            connection.send(b"".join(Avro.request(bytes(100_000), i) for i in numbers))
            for i in numbers:
                assert Avro.answered(connection, i)
        assert grown(agent, before) < 32 << 20
