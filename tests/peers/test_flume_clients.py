# SPDX-License-Identifier: Apache-2.0
"""Flume's clients in front of libflow's agents, and libflow's in front of Flume.

    FLOW_BUILD=build LIBFLOW_LIBRARY=build/lib/libflow.so.1 PYTHONPATH=bindings/python \\
        pytest tests/peers/test_flume_clients.py
"""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Iterator

import libflow
import pytest

from flume_wire import FlumeAgent, FlumeClient
from agents import FlowAgent, Pipe, Properties, listening, numbered, take_ports, wait_for

BATCH = 100
Make = Callable[..., libflow.Client]

CLIENTS = {
    "avro": {}, "deflate": {"compression-type": "deflate", "compression-level": "9"},
    "thrift": {"client.type": "thrift"},
    "thrift_binary": {"client.type": "thrift", "protocol": "binary"},
}


@pytest.fixture(scope="module", name="client")
def fixture_client() -> Iterator[FlumeClient]:
    with FlumeClient() as client:
        yield client


@pytest.fixture(name="two")
def fixture_two(tmp_path: Path) -> Iterator[list[FlowAgent]]:
    """Two libflow agents that are alike."""
    agents = [FlowAgent(tmp_path / f"agent{i}", {"in": Pipe(listening(port))})
              for i, port in enumerate(take_ports(2))]
    with agents[0], agents[1]:
        yield agents


def test_flume_fails_over_between_libflows(client: FlumeClient, two: list[FlowAgent]) -> None:
    first, second = two
    name = client.open([agent["in"].port for agent in two],
                       {"client.type": "default_failover", "batch-size": str(BATCH)})
    client.do("send", name, 0, 300, BATCH)
    first["in"].expect(0, 300)
    first.kill()
    client.do("send", name, 300, 300, BATCH)
    second["in"].expect(300, 300)
    with first:
        second.kill()
        client.do("send", name, 600, 300, 0)
        first["in"].expect(600, 300)
        second["in"].check()
    assert "No active client" in client.ask("send", name, 900, 1, 0)


def test_flume_shares_its_load_among_libflows(client: FlumeClient, two: list[FlowAgent]) -> None:
    first, second = two
    name = client.open([agent["in"].port for agent in two],
                       {"client.type": "default_loadbalance", "batch-size": str(BATCH)})
    for turn, agent in enumerate([first, second, first, second]):
        client.do("send", name, turn * BATCH, BATCH, BATCH)
        agent["in"].expect(turn * BATCH, BATCH)
    first.kill()
    client.do("send", name, 1000, 3 * BATCH, BATCH)
    second["in"].expect(1000, 3 * BATCH)
    with first:
        before = len(first["in"].expected)
        client.do("send", name, 2000, 2 * BATCH, BATCH)
        wait_for(lambda: len(first["in"].read()) > before, "the first gets its share again")


@pytest.fixture(name="old")
def fixture_old(tmp_path: Path) -> Iterator[Callable[[str], Pipe]]:
    with ExitStack() as stack:
        def start(source: str) -> Pipe:
            pipe = Pipe({"type": f"org.apache.flume.source.{source}", "host": "127.0.0.1",
                         "port": str(take_ports(1)[0])})
            stack.enter_context(FlowAgent(tmp_path / "agent", {"in": pipe}))
            return pipe

        yield start


@pytest.mark.parametrize("mode", ["avro-0.9", "thrift-0.9"])
def test_flume_0_9_sends_to_libflow(client: FlumeClient, old: Callable[[str], Pipe],
                                    mode: str) -> None:
    kind = mode.partition("-")[0]
    pipe = old(f"{kind}Legacy.{kind.title()}LegacySource")
    client.do(mode, pipe.port, 0, 1100)
    wait_for(lambda: len(pipe.read()) >= 1100, "events are lost")
    more = {b"timestamp": b"1234567890123", b"pri": b"WARN", b"nanos": b"42",
            b"host": b"old.example.com", b"FlumeOG": b"yes"}
    assert pipe.read() == [(headers | more, body) for headers, body in map(numbered, range(1100))]


def test_scribe_sends_to_libflow(client: FlumeClient, old: Callable[[str], Pipe]) -> None:
    pipe = old("scribe.ScribeSource")
    client.do("scribe", pipe.port, 0, 1000)
    wait_for(lambda: len(pipe.read()) >= 1000, "events are lost")
    category = {b"category": "größe".encode()}
    assert pipe.read() == [(category, str(n).encode()) for n in range(1000)]


@pytest.fixture(scope="module", name="flume")
def fixture_flume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlumeAgent]:
    """A Flume that listens in several ways."""
    kinds = [{}, {"compression-type": "deflate"}, {"type": "thrift"},
             {"type": "thrift", "protocol": "binary"}, {}]
    names = [*CLIENTS, "lines"]
    folder: Path = tmp_path_factory.mktemp("flume") / "agent"
    with FlumeAgent(folder, {name: Pipe(listening(port, **kind)) for name, kind, port
                             in zip(names, kinds, take_ports(5))}) as agent:
        yield agent
    for mode in CLIENTS:
        agent[mode].check()


@pytest.fixture(name="make")
def fixture_make() -> Iterator[Callable[..., libflow.Client]]:
    """Makes libflow's clients."""
    with libflow.Library() as library:
        def make(properties: Properties, *ports: int) -> libflow.Client:
            hosts = {f"hosts.h{i}": f"127.0.0.1:{port}" for i, port in enumerate(ports)}
            names = " ".join(key.removeprefix("hosts.") for key in hosts)
            return libflow.Client(library, {"hosts": names} | hosts | properties)

        yield make


def events_from(first: int, count: int) -> list[libflow.Event]:
    return [libflow.Event(body, {key.decode(): value.decode() for key, value in headers.items()})
            for headers, body in map(numbered, range(first, first + count))]


@pytest.mark.parametrize("mode", CLIENTS)
def test_a_libflow_client_and_flume(make: Make, flume: FlumeAgent, mode: str) -> None:
    with make({"batch-size": str(BATCH)} | CLIENTS[mode], flume[mode].port) as client:
        for event in events_from(0, 50):
            client.append(event)
        client.append_batch(events_from(50, 2000))
        client.append_batch([])
    flume[mode].expect(0, 2050)


def test_lines_from_the_command_to_flume(flume: FlumeAgent, tmp_path: Path) -> None:
    lines = [f"{n} größe".encode() if n % 10 else b"" for n in range(1000)]
    (tmp_path / "lines").write_bytes(b"\n".join(lines) + b"\n")
    (tmp_path / "headers").write_text("host = web1\nplace = a b\n")
    flow = Path(os.environ["FLOW_BUILD"]) / "bindings/cli/flow"
    subprocess.run([flow, "avro-client", "--host", "127.0.0.1", "--port", str(flume["lines"].port),
                    "--filename", tmp_path / "lines", "--headerFile", tmp_path / "headers"],
                   check=True, timeout=60)
    wait_for(lambda: len(flume["lines"].read()) >= len(lines), "lines are lost")
    headers = {b"host": b"web1", b"place": b"a b"}
    assert flume["lines"].read() == [(headers, line) for line in lines]


def test_libflow_clients_choose_among_flumes(make: Make, tmp_path: Path) -> None:
    """Fail-over, then balance, with one Flume killed and brought back."""
    ports = take_ports(2)
    agents = [FlumeAgent(tmp_path / f"agent{i}", {"in": Pipe(listening(port))})
              for i, port in enumerate(ports)]
    first, second = (agent["in"] for agent in agents)
    with agents[0], agents[1], make({"client.type": "default_failover"}, *ports) as client, \
            make({"client.type": "default_loadbalance"}, *ports) as balance:
        client.append_batch(events_from(0, 300))
        first.promise(0, 300)
        for turn, pipe in enumerate((first, second, first, second)):
            balance.append_batch(events_from(1000 + turn * BATCH, BATCH))
            pipe.promise(1000 + turn * BATCH, BATCH)
        first.settle()
        agents[0].do("kill")
        client.append_batch(events_from(300, 300))
        second.promise(300, 300)
        for turn in range(3):
            balance.append_batch(events_from(2000 + turn * BATCH, BATCH))
            second.promise(2000 + turn * BATCH, BATCH)
        second.settle()
        agents[0].do("start", str(agents[0].conf))
        agents[1].do("kill")
        client.append_batch(events_from(600, 300))
        balance.append_batch(events_from(3000, BATCH))
        first.promise(600, 300)
        first.promise(3000, BATCH)
        first.settle()
        second.check()
        agents[0].do("kill")
        for one in (client, balance):
            with pytest.raises(libflow.FlowError):
                one.append_batch(events_from(0, 1))
