# SPDX-License-Identifier: Apache-2.0
"""Flume's clients that choose among several agents, in front of libflow's.

    FLOW_BUILD=build pytest tests/peers/test_flume_clients.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from flume_wire import FlumeClient
from agents import FlowAgent, Pipe, listening, take_ports, wait_for

BATCH = 100


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
