# SPDX-License-Identifier: Apache-2.0
"""Events from Flume to libflow and back, in every form that both can speak.

    FLOW_BUILD=build pytest tests/peers/test_flume_wire.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pytest

from flume_wire import FlumeAgent, FlumeClient, Keys
from agents import FlowAgent, Pipe, Properties, listening, take_ports

DEFLATE = {"compression-type": "deflate"}
MODES = ("avro", "deflate1", "deflate6", "deflate9", "tls", "deflate_tls", "thrift",
         "thrift_binary", "thrift_tls")
SINGLE = 100  # events that go one by one
COUNT = 2000
BATCH = 100


@pytest.fixture(scope="module", name="keys")
def fixture_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture(scope="module", name="client")
def fixture_client() -> Iterator[FlumeClient]:
    with FlumeClient() as client:
        yield client


def server_of(mode: str, port: int, keys: Keys) -> Properties:
    """The properties of a source that speaks so."""
    source = listening(port)
    if "thrift" in mode:
        source["type"] = "thrift"
    if "binary" in mode:
        source["protocol"] = "binary"
    if "deflate" in mode:
        source |= DEFLATE
    return source | (keys.server() if "tls" in mode else {})


def client_of(mode: str, keys: Keys) -> Properties:
    """Those of a client."""
    client = {"batch-size": str(BATCH)}
    if "thrift" in mode:
        client["client.type"] = "thrift"
    if "binary" in mode:
        client["protocol"] = "binary"
    if "deflate" in mode:
        client |= DEFLATE
        if mode[-1].isdigit():
            client["compression-level"] = mode[-1]
    return client | (keys.client() if "tls" in mode else {})


@pytest.fixture(scope="module", name="flume")
def fixture_flume(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[FlumeAgent]:
    """A Flume that listens in all modes."""
    folder: Path = tmp_path_factory.mktemp("flume") / "agent"
    agent = FlumeAgent(folder, {mode: Pipe(server_of(mode, port, keys))
                                for mode, port in zip(MODES, take_ports(len(MODES)))})
    with agent:
        yield agent
    agent.check()


def send(client: FlumeClient, name: str, first: int) -> None:
    """COUNT events from FIRST on, some of them one by one."""
    client.do("send", name, first, SINGLE, 0)
    client.do("send", name, first + SINGLE, COUNT - SINGLE, BATCH)
    client.do("close", name)


@pytest.mark.parametrize("mode", MODES)
def test_flume_understands_itself(client: FlumeClient, flume: FlumeAgent, keys: Keys,
                                  mode: str) -> None:
    send(client, client.open([flume[mode].port], client_of(mode, keys)), 0)
    flume[mode].expect(0, COUNT)


def sink_to(mode: str, port: int, keys: Keys) -> Properties:
    """The properties of a sink that sends to that port."""
    kind = "thrift" if "thrift" in mode else "avro"
    client = client_of(mode, keys) | {"type": kind, "hostname": "127.0.0.1", "port": str(port)}
    client.pop("client.type", None)
    return client


@pytest.fixture(scope="module", name="flow")
def fixture_flow(tmp_path_factory: pytest.TempPathFactory, keys: Keys,
                 flume: FlumeAgent) -> Iterator[FlowAgent]:
    """A libflow that listens in all modes, and hands on to Flume in the same."""
    folder: Path = tmp_path_factory.mktemp("flow") / "agent"
    agent = FlowAgent(folder, {
        mode: Pipe(server_of(mode, port, keys), sink_to(mode, flume[mode].port, keys))
        for mode, port in zip(MODES, take_ports(len(MODES)))})
    with agent:
        yield agent
    agent.check()


@pytest.mark.parametrize("mode", MODES)
def test_through_libflow_to_flume(client: FlumeClient, flow: FlowAgent, flume: FlumeAgent,
                                  keys: Keys, mode: str) -> None:
    send(client, client.open([flow[mode].port], client_of(mode, keys)), COUNT)
    flow[mode].expect(COUNT, COUNT)
    flume[mode].expect(COUNT, COUNT)


@pytest.mark.parametrize("mode", os.environ.get("FLUME_CHAINS", "avro").split())
def test_chain(client: FlumeClient, keys: Keys, mode: str, tmp_path: Path) -> None:
    """Flume to libflow to Flume to libflow."""
    count = 100_000
    ports = take_ports(4)

    def hop(place: int) -> Pipe:
        source = server_of(mode, ports[place], keys)
        if place == 3:
            return Pipe(source)
        sink = sink_to(mode, ports[place + 1], keys) | {"batch-size": "1000"}
        return Pipe(source, sink, kept=False)

    with FlumeAgent(tmp_path / "flume", {"first": hop(0), "third": hop(2)}), \
            FlowAgent(tmp_path / "flow", {"second": hop(1), "last": hop(3)}) as flow:
        name = client.open(ports[:1], client_of(mode, keys) | {"batch-size": "1000"})
        client.do("send", name, 0, count, 1000)
        client.do("close", name)
        flow["last"].expect(0, count)
