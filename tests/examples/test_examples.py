# SPDX-License-Identifier: Apache-2.0
"""Every example in C runs and does what its first lines say; those in Python run from the wheel,
see tests/python/test_wheel.py."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["FLOW_BUILD"])
FLOW = str(BUILD / "bindings/cli/flow")
CONFS = ROOT / "tests/data/confs"


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def agent_until(command: list[str], log: Path, enough: Callable[[str], bool]) -> str:
    """Runs an agent until its log has what is wanted, then stops it in order."""
    with log.open("w", encoding="utf-8") as out:
        with subprocess.Popen(command, stdout=out, stderr=out) as agent:
            end = time.monotonic() + 60
            while not enough(log.read_text(encoding="utf-8")):
                assert agent.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.02)
            agent.send_signal(signal.SIGTERM)
            agent.wait(30)
    return log.read_text(encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


AVRO_TO_LOG = """
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = avro
a1.sources.r1.bind = localhost
a1.sources.r1.port = {port}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.channels.c1.transactionCapacity = 1000
a1.channels.c1.capacity = 1000
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
"""


def test_embed() -> None:
    out = run(str(BUILD / "examples/embed"))
    assert out.splitlines() == [f"event {i} (from embed)" for i in (1, 2, 3)]


def test_consumer(tmp_path: Path) -> None:
    command = [str(BUILD / "examples/consumer"), str(tmp_path)]
    three = [f"event {i}" for i in (1, 2, 3)]
    again = "once more from the second:"
    assert run(*command).splitlines() == [*three, again, *three[1:]]
    assert run(*command).splitlines() == [*three, again, *three[1:], *three]


def test_send_lines(tmp_path: Path) -> None:
    port = free_port()
    conf = tmp_path / "a.conf"
    conf.write_text(AVRO_TO_LOG.format(port=port), encoding="utf-8")
    sent = False

    def enough(log: str) -> bool:
        nonlocal sent
        if not sent and "listening on" in log:
            subprocess.run([str(BUILD / "examples/send_lines"), f"localhost:{port}"], check=True,
                           input="one\ntwo\n", text=True)
            sent = True
        return log.count("Event: ") >= 2

    text = agent_until([FLOW, "agent", "--name", "a1", "--conf-file", str(conf)],
                       tmp_path / "log", enough)
    assert "one }" in text and "two }" in text


def test_own_sink() -> None:
    digits = sum(len(str(i)) for i in range(1000))
    assert run(str(BUILD / "examples/own_sink")) == f"1000 events, {digits} bytes\n"


def test_mysource_runs_its_configuration(tmp_path: Path) -> None:
    text = agent_until(
        [FLOW, "agent", "--name", "a1", "--conf-file", str(CONFS / "mysource.conf"),
         "--plugins-path", str(BUILD / "examples"), "--set", "a1.sources.r1.delay=10"],
        tmp_path / "log", lambda log: log.count("Event: ") >= 10)
    bodies = re.findall(r"Event: \{ headers:\{\} body: ([0-9A-F ]+?) {2,}(\S+)", text)
    assert [body for _, body in bodies[:10]] == [f"mySource-{i}" for i in range(5)] * 2


def test_mysink_runs_its_configuration(tmp_path: Path) -> None:
    port = free_port()
    command = [FLOW, "agent", "--name", "a1", "--conf-file", str(CONFS / "mysink.conf"),
               "--plugins-path", str(BUILD / "examples"), "--set", f"a1.sources.r1.port={port}"]
    sent = False

    def enough(log: str) -> bool:
        nonlocal sent
        if not sent:
            try:
                with socket.create_connection(("localhost", port)) as peer:
                    peer.sendall(b"hello\nworld\n")
                    assert peer.makefile().readline() == "OK\n"
                sent = True
            except ConnectionRefusedError:
                return False
        return "world" in log

    text = agent_until(command, tmp_path / "log", enough)
    assert "mysinkprefix:hello:myskinsuffix" in text
    assert "mysinkprefix:world:myskinsuffix" in text


ROUTING = """
a1.sources = r1
a1.channels = c1 c2
a1.sinks = k1 k2 k3
a1.sinkgroups = g1
a1.sources.r1.type = exec
a1.sources.r1.command = seq 400; seq 400
a1.sources.r1.shell = /bin/sh -c
a1.sources.r1.channels = c1 c2
a1.sources.r1.selector.type = by_hash
a1.sources.r1.selector.header = no such header
a1.channels.c1.type = memory
a1.channels.c1.capacity = 1000
a1.channels.c2.type = memory
a1.channels.c2.capacity = 1000
a1.sinks.k1.channel = c1
a1.sinks.k2.channel = c1
a1.sinks.k3.channel = c2
a1.sinkgroups.g1.sinks = k1 k2
a1.sinkgroups.g1.processor.type = weighted
a1.sinkgroups.g1.processor.weight.k1 = 3
"""


def test_routing_spreads_events(tmp_path: Path) -> None:
    """Each number is in one channel, twice; and of c1 one sink gets three times as much."""
    conf = tmp_path / "routing.conf"
    text = ROUTING
    for sink in ("k1", "k2", "k3"):
        (tmp_path / sink).mkdir()
        text += (f"a1.sinks.{sink}.type = file_roll\na1.sinks.{sink}.sink.directory = "
                 f"{tmp_path / sink}\na1.sinks.{sink}.sink.batchSize = 1\n")
    conf.write_text(text)

    def lines(sink: str) -> list[str]:
        return "".join(file.read_text() for file in (tmp_path / sink).iterdir()).split()

    agent_until([FLOW, "agent", "--name", "a1", "--conf-file", str(conf),
                 "--plugins-path", str(BUILD / "examples")], tmp_path / "log",
                lambda _: sum(len(lines(sink)) for sink in ("k1", "k2", "k3")) == 800)
    first, other = lines("k1") + lines("k2"), lines("k3")
    assert not set(first) & set(other)
    assert sorted(first + other) == sorted([str(i) for i in range(1, 401)] * 2)
    assert min(len(first), len(other)) > 200
    assert abs(len(lines("k1")) - 3 * len(lines("k2"))) <= 3


def test_quickstart() -> None:
    out = run(str(ROOT / "examples/quickstart"))
    assert "2500 of 2500 lines of the log, 1200 of 1200 lines of the files" in out
    assert "68 65 6C 6C 6F" in out and ".tmp" not in out
