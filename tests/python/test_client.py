# SPDX-License-Identifier: Apache-2.0
"""Clients, and agents of libflow's at the other end."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

import libflow


TLS = Path(__file__).resolve().parent.parent / "data" / "tls"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Agent:
    """An agent with a source of TYPE, which notes what it gets."""

    def __init__(self, library: libflow.Library, kind: str = "avro",
                 settings: dict[str, object] | None = None) -> None:
        self.port = free_port()
        self.events: list[libflow.Event] = []
        config = libflow.Config(library)
        config.parse(f"""
            a1.sources = r1
            a1.channels = c1
            a1.sinks = k1
            a1.sources.r1.type = {kind}
            a1.sources.r1.bind = 127.0.0.1
            a1.sources.r1.port = {self.port}
            a1.sources.r1.channels = c1
            a1.channels.c1.type = memory
            a1.channels.c1.capacity = 100000
            a1.channels.c1.transactionCapacity = 1000
            a1.sinks.k1.type = outlet
            a1.sinks.k1.channel = c1
        """)
        for name in ("compression-type", "protocol", "ssl"):
            if settings and name in settings:
                config[f"a1.sources.r1.{name}"] = settings[name]
        if settings and "ssl" in settings:
            config["a1.sources.r1.keystore"] = TLS / "server.pem"
        self.pipeline = libflow.Pipeline(config, "a1")
        self.pipeline.outlet("k1", self.events.extend)
        self.pipeline.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def received(self) -> list[libflow.Event]:
        self.pipeline.drain()
        return self.events


@pytest.mark.parametrize("kind, settings", [
    ("avro", {}),
    ("avro", {"compression-type": "deflate"}),
    ("avro", {"ssl": "true", "truststore": TLS / "ca.pem"}),
    ("avro", {"ssl": "true", "trust-all-certs": "true", "compression-type": "deflate"}),
    ("thrift", {"client.type": "thrift"}),
    ("thrift", {"client.type": "thrift", "ssl": "true", "truststore": TLS / "ca.pem"}),
    ("thrift", {"client.type": "thrift", "protocol": "binary"}),
])
def test_events_arrive_as_they_are(library: libflow.Library, kind: str,
                                   settings: dict[str, object]) -> None:
    agent = Agent(library, kind, settings)
    events = [libflow.Event(b"\0\xff\n" * n, {"n": str(n), "": "\u00fc\n"}) for n in range(250)]
    with libflow.Client(library, {"hosts": "h", "hosts.h": agent.address, **settings}) as client:
        client.append("one", {"k": "v"})
        client.append(b"")
        client.append_batch(events)
    received = agent.received()
    assert received[:2] == [libflow.Event(b"one", {"k": "v"}), libflow.Event(b"")]
    assert received[2:] == events


def test_a_peer_that_is_not_trusted_gets_nothing(library: libflow.Library) -> None:
    agent = Agent(library, "avro", {"ssl": "true"})
    with libflow.Client(library, {"hosts": "h", "hosts.h": agent.address, "ssl": "true",
                                  "truststore": TLS / "stranger.pem"}) as client:
        with pytest.raises(libflow.FlowError, match="certificate"):
            client.append("x")
    assert not agent.received()


def test_properties_come_from_a_file(library: libflow.Library, tmp_path: Path) -> None:
    agent = Agent(library)
    path = tmp_path / "client.properties"
    path.write_text(f"client.type = default_failover\nhosts = a b\nbatch-size = 7\n"
                    f"hosts.a = 127.0.0.1:{free_port()}\nhosts.b = {agent.address}\n")
    with libflow.Client(library, path) as client:
        assert client.batch_size == 7
        client.append_batch(["x"] * 20)
    assert len(agent.received()) == 20


def test_a_failure_tells_what_was_acknowledged(library: libflow.Library) -> None:
    with libflow.Client(library, {"hosts": "h", "hosts.h": f"127.0.0.1:{free_port()}"}) as client:
        with pytest.raises(libflow.SystemFailure, match="0 of 3 events") as failure:
            client.append_batch(["a", "b", "c"])
        with pytest.raises(libflow.SystemFailure, match="127.0.0.1"):
            client.connect()
    assert failure.value.acknowledged == 0
    assert failure.value.retriable


def test_settings_are_checked(library: libflow.Library) -> None:
    with pytest.raises(libflow.ConfigError, match="did you mean 'thrift'"):
        libflow.Client(library, {"client.type": "thirft"})
    with pytest.raises(libflow.ConfigError, match="hosts"):
        libflow.Client(library, {})


def test_threads_share_a_client(library: libflow.Library) -> None:
    agents = [Agent(library), Agent(library)]

    def append(client: libflow.Client) -> None:
        for _ in range(50):
            client.append("x")

    with libflow.Client(library, {
            "client.type": "load_balance", "hosts": "a b",
            "hosts.a": agents[0].address, "hosts.b": agents[1].address}) as client:
        threads = [threading.Thread(target=append, args=(client,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [len(agent.received()) for agent in agents] == [100, 100]


def test_a_closed_client_says_so(library: libflow.Library) -> None:
    client = libflow.Client(library, {"hosts": "h", "hosts.h": "127.0.0.1:1"})
    client.close()
    client.close()
    with pytest.raises(libflow.Closed):
        client.append("x")
