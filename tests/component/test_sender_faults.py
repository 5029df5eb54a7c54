# SPDX-License-Identifier: Apache-2.0
"""Agents that send to agents over connections that break, hang, or say things twice.

    FLOW_BUILD=build pytest tests/component/test_sender_faults.py

FLOW_TEST_SECONDS makes the random part longer, FLOW_TEST_SEED repeats one.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from agents import (SANITIZED, FlowAgent, Properties, allow_many_descriptors,  # noqa: E402
                    listening, numbered, read_all, take_ports, wait_for)
from avro_rpc import OK, Connection, append_batch  # noqa: E402
from tcp_proxy import Fault, Wire  # noqa: E402

EVENTS = 3
TIMEOUT = 3000  # ms; hundreds of sinks begin anew at once, and one proxy serves them all
SECONDS = float(os.environ.get("FLOW_TEST_SECONDS", "4"))
SEED = int(os.environ.get("FLOW_TEST_SEED", "0")) or random.randrange(1 << 30)

TLS = Path(__file__).resolve().parent.parent / "data/tls"
TLS_SLACK = 16  # bytes by which two connections may differ: signatures have no fixed length
MOST_CUTS = 40 if SANITIZED else 150  # in one direction

Plan = Callable[[int], Fault]


@dataclass
class Way:
    """How two agents talk: properties of both ends."""

    kind: str
    source: Properties = field(default_factory=dict)
    sink: Properties = field(default_factory=dict)

    @property
    def sealed(self) -> bool:
        """What is spoiled on the way is noticed."""
        return "ssl" in self.sink

    def deflated(self) -> Way:
        how = {"compression-type": "deflate"}
        return Way(self.kind, self.source | how, self.sink | how)

    def secured(self) -> Way:
        return Way(self.kind, self.source | {"ssl": "true", "keystore": str(TLS / "server.p12"),
                                             "keystore-password": "changeit"},
                   self.sink | {"ssl": "true", "truststore": str(TLS / "ca.pem"),
                                "truststore-type": "PEM"})

    def cuts(self, size: int) -> range:
        """Where a connection is to break that carries SIZE bytes in a direction: everywhere, or,
        where most of these are of the handshake, at many places."""
        if self.sealed:
            size -= TLS_SLACK
        return range(0, size, max(1, -(-size // MOST_CUTS)) if self.sealed else 1)


AVRO, THRIFT = Way("avro"), Way("thrift")
WAYS = {"avro": AVRO, "thrift": THRIFT, "deflate": AVRO.deflated(), "tls": AVRO.secured(),
        "sealed_avro": AVRO.deflated().secured(), "sealed_thrift": THRIFT.secured()}


def durable(folder: Path) -> Properties:
    return {"type": "file", "checkpointDir": str(folder / "checkpoint"),
            "dataDirs": str(folder / "data"), "minimumRequiredSpace": "1048576"}


def prefixed(prefix: str, properties: Properties) -> Properties:
    return {f"{prefix}.{key}": value for key, value in properties.items()}


class Pair:
    """A sender whose log several sinks read, each for itself and through a wire of its own, and a
    receiver that tells through which of its sources an event came."""

    def __init__(self, folder: Path, way: Way, plans: list[Plan], **sink: str):
        allow_many_descriptors()
        self.stack = ExitStack()
        self.spoiled: set[int] = set()  # wires through which events came so
        self.output = folder / "output"
        self.output.mkdir()
        port, *ports = take_ports(1 + len(plans))
        self.port = port
        self.wires = [Wire(target, plan) for target, plan in zip(ports, plans)]
        self.receiver = FlowAgent(folder / "receiver", {}, self.receiving(folder, way, ports))
        lines = prefixed("sources.r", listening(port) | {"channels": "c"})
        lines |= prefixed("channels.c", durable(folder / "sent"))
        for i, wire in enumerate(self.wires):
            lines |= prefixed(f"sinks.k{i}", {
                "type": way.kind, "channel": "c", "consumer": f"x{i}", "hostname": "127.0.0.1",
                "port": str(wire.port), "request-timeout": str(TIMEOUT),
                "connect-timeout": str(TIMEOUT)} | way.sink | sink)
        self.sender = FlowAgent(folder / "sender", {}, lines)

    def receiving(self, folder: Path, way: Way, ports: list[int]) -> Properties:
        lines = prefixed("channels.c", durable(folder / "received"))
        lines |= prefixed("sinks.k", {
            "type": "file_roll", "channel": "c", "sink.directory": str(self.output),
            "sink.rollInterval": "0", "sink.serializer": "avro_event"})
        for i, port in enumerate(ports):
            lines |= prefixed(f"sources.r{i}", listening(port) | {
                "type": way.kind, "channels": "c", "interceptors": "via",
                "interceptors.via.type": "static", "interceptors.via.key": "via",
                "interceptors.via.value": str(i)} | way.source)
        return lines

    def __enter__(self) -> Pair:
        for part in (*self.wires, self.receiver, self.sender):
            self.stack.enter_context(part)
        return self

    def __exit__(self, *error) -> None:
        self.stack.__exit__(*error)

    def send(self, first: int, count: int) -> None:
        """Hands the sender events; it has them when this returns."""
        with Connection(self.port) as connection:
            assert connection.status(append_batch(map(numbered, range(first, first + count)))) == OK

    def received(self) -> list[Counter[int]]:
        """How often each event came as it was sent, through each wire."""
        found: list[Counter[int]] = [Counter() for _ in self.wires]
        self.spoiled.clear()
        for headers, body in read_all(self.output):
            via, number = int(headers.pop(b"via")), headers.get(b"n", b"")
            if number.isdigit() and (headers, body) == numbered(int(number)):
                found[via][int(number)] += 1
            else:
                self.spoiled.add(via)
        return found

    def wait(self, first: int, count: int) -> None:
        """Waits until these events came through all wires."""
        wanted = set(range(first, first + count))
        wait_for(lambda: all(wanted <= found.keys() for found in self.received()),
                 lambda: self.losses(wanted))

    def losses(self, wanted: set[int]) -> str:
        """What did not come, and what the agents say."""
        lines = ["events are lost"]
        for wire, found in zip(self.wires, self.received()):
            if missing := sorted(wanted - found.keys()):
                since = [round(time.monotonic() - then, 1) for then in wire.connections]
                lines.append(f"port {wire.port}: {missing}; connections came {since} s ago")
        for agent in (self.sender, self.receiver):
            lines += ["", f"{agent.folder.name} says at the end", *agent.log().splitlines()[-100:]]
        return "\n".join(lines)


def at_first(**fault) -> Plan:
    """Only the first connection suffers."""
    return lambda nth: Fault(**fault) if nth == 0 else Fault()


def size_of_a_request(folder: Path, way: Way) -> tuple[int, int]:
    """How many bytes a request of EVENTS events has, and its answer."""
    folder.mkdir()
    with Pair(folder, way, [lambda nth: Fault()]) as pair:
        pair.send(1, EVENTS)
        pair.wait(1, EVENTS)
    wire = pair.wires[0]
    wait_for(lambda: wire.up and wire.down, "the connection ended")
    return wire.up, wire.down


class Trial:
    """Several requests through wires of all kinds, some of them at once, since all must wait before
    they try again."""

    def __init__(self, folder: Path, way: Way):
        self.way = way
        up, down = size_of_a_request(folder / "measured", way)
        self.plans: dict[str, list[Plan]] = {
            "cut_up": [at_first(cut_up=at, reset=nth % 2 == 1)
                       for nth, at in enumerate(way.cuts(up))],
            "cut_down": [at_first(cut_down=at, reset=nth % 2 == 1)
                         for nth, at in enumerate(way.cuts(down))],
            "held": [at_first(hold_up=0, hold_down=0), at_first(hold_down=0),
                     at_first(hold_down=5), at_first(hold_up=20)],
            "refused": [lambda nth: Fault(cut_up=0) if nth < 3 else Fault()],
            "twice": [at_first(repeat=(0, up))],
            "slow": [at_first(piece=1, delay=0.001)],
            "spoiled": [at_first(repeat=(at, at + 1)) for at in range(0, up, 5)],
        }
        pair = Pair(folder, way, [plan for plans in self.plans.values() for plan in plans])
        with pair:
            for first in range(1, 1 + 4 * EVENTS, EVENTS):
                pair.send(first, EVENTS)
                pair.wait(1, first - 1 + EVENTS)
            self.found = pair.received()
        self.wires, self.spoiled = pair.wires, pair.spoiled
        self.expected = Counter(range(1, 1 + 4 * EVENTS))

    def of(self, name: str) -> range:
        """The numbers of the wires of that kind."""
        names = [kind for kind, plans in self.plans.items() for _ in plans]
        return range(names.index(name), names.index(name) + len(self.plans[name]))

    def check(self, name: str) -> None:
        """Through these wires each event came once, and as it was sent."""
        for wire in self.of(name):
            assert wire not in self.spoiled
            assert self.found[wire] == self.expected, f"{name} {wire}"


@pytest.fixture(scope="module", params=WAYS, name="trial")
def fixture_trial(request: pytest.FixtureRequest,
                  tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp(request.param), WAYS[request.param])


@pytest.mark.parametrize("name", ["cut_up", "cut_down"])
def test_a_connection_breaks_after_each_byte(trial: Trial, name: str) -> None:
    trial.check(name)
    for wire in trial.of(name):
        assert len(trial.wires[wire].connections) > 1


def test_nobody_answers(trial: Trial) -> None:
    """Requests, or only the answers, vanish; or the answer stops half way."""
    trial.check("held")
    for wire in trial.of("held"):
        first, second, *_ = trial.wires[wire].connections
        # A handshake's time begins before a crowded wire has taken the connection.
        assert trial.way.sealed or second - first > TIMEOUT / 1000


def test_who_is_refused_waits(trial: Trial) -> None:
    trial.check("refused")
    for wire in trial.of("refused"):
        # An idle one is replaced at once; then it waits 1 and 2 s, of which a crowded wire that takes
        # connections late may see less.
        _, second, _, fourth, *_ = trial.wires[wire].connections
        assert fourth - second > 0.5


def test_a_request_comes_twice(trial: Trial) -> None:
    trial.check("twice")


def test_a_request_comes_byte_by_byte(trial: Trial) -> None:
    trial.check("slow")


def test_a_byte_comes_twice(trial: Trial) -> None:
    """What is spoiled on the way may arrive spoiled, unless TLS notices, but nothing is lost."""
    if trial.way.sealed:
        trial.check("spoiled")
    for wire in trial.of("spoiled"):
        assert trial.expected.keys() <= trial.found[wire].keys()


@pytest.mark.parametrize("name", WAYS)
def test_either_is_killed(tmp_path: Path, name: str) -> None:
    random.seed(SEED)
    print("FLOW_TEST_SEED", SEED)
    sent, end = 0, time.monotonic() + SECONDS
    plans: list[Plan] = [lambda nth: Fault(delay=0.001)] * 2
    with Pair(tmp_path, WAYS[name], plans, **{"batch-size": "20"}) as pair:
        while time.monotonic() < end:
            pair.send(sent, 500)
            sent += 500
            time.sleep(random.random() / 2)
            victim = random.choice((pair.sender, pair.receiver, pair.receiver))
            victim.kill()
            victim.start()
        pair.wait(0, sent)
        assert pair.received() == [Counter(range(sent))] * 2 and not pair.spoiled
