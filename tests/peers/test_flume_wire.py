# SPDX-License-Identifier: Apache-2.0
"""Events from Flume to libflow and back, in every form that both can speak.

    FLOW_BUILD=build pytest tests/peers/test_flume_wire.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from flume_wire import FlumeAgent, FlumeClient, Keys
from agents import Pipe, Properties, listening, take_ports

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
