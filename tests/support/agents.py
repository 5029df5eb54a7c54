# SPDX-License-Identifier: Apache-2.0
"""Agents that pass numbered events on, and what they must then hold.

An event is made of its number, so that whoever receives it can tell what it must be.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Callable

from avro_events import read_folder

PATIENCE = 120
SANITIZED = os.environ.get("FLOW_SANITIZED") == "true"
LARGE = 1 << 20
CYCLE = bytes(range(256)) * 5

Properties = dict[str, str]
Event = tuple[dict[bytes, bytes], bytes]


def numbered(n: int) -> Event:
    """Headers and body of the event N, as FlumeClient.java makes them."""
    headers = {"n": str(n)}
    if n % 3 == 0:
        headers[f"ключ \0={n % 5}"] = f"größe 🎉 {n}"
    if n % 7 == 0:
        headers[""] = ""
    if n % 1001 == 0:
        headers["long"] = "é" * 20000
    return {key.encode(): value.encode() for key, value in headers.items()}, body_of(n)


def body_of(n: int) -> bytes:
    if n % 1000 == 500:
        return noise(n)
    return CYCLE[n % 256:][:0 if n % 10 == 0 else n * 37 % 700]


@lru_cache(4)
def noise(n: int) -> bytes:
    """What no compression makes smaller."""
    return b"".join(hashlib.sha512(f"{n}/{i}".encode()).digest() for i in range(0, LARGE, 64))


def allow_many_descriptors() -> None:
    """For this process and for the agents that it starts."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


HELD: list[socket.socket] = []


def take_ports(count: int) -> list[int]:
    """Ports that nobody has, and that nobody else gets: not from the system, which gives others, nor
    from another test, since a socket of ours has them beside the server's to come."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    for port in random.SystemRandom().sample(range(10_000, first_given), first_given - 10_000):
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            continue
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # from now on
        HELD.append(probe)
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no port is free")


def wait_for(condition, what: str | Callable[[], str], seconds: float = PATIENCE) -> None:
    """Fails, and says WHAT, when the condition does not come true in SECONDS.  A machine that stood
    still is not taken for one that waited."""
    left, now = seconds, time.monotonic()
    while not condition():
        assert left > 0, what if isinstance(what, str) else what()
        time.sleep(0.05)
        before, now = now, time.monotonic()
        left -= min(now - before, 5)


def read_all(folder: Path) -> list[Event]:
    """What has arrived in a folder; the last block of a file may be half written."""
    found = []
    try:
        for event in read_folder(folder):
            found.append(event)
    except EOFError:
        pass
    return found


@dataclass
class Pipe:
    """A source whose events go to a folder, if they are kept, and to SINK, if there is one."""

    source: Properties
    sink: Properties | None = None
    kept: bool = True
    name: str = ""
    folder: Path | None = None
    expected: list[int] = field(default_factory=list)

    def lines(self) -> Properties:
        sinks = {}
        if self.kept:
            sinks["k"] = {"type": "file_roll", "sink.directory": str(self.folder),
                          "sink.rollInterval": "0", "sink.serializer": "avro_event",
                          "sink.batchSize": "1000"}
        if self.sink:
            sinks["l"] = self.sink
        channels = [f"c{name}{self.name}" for name in sinks]
        lines = {f"sources.r{self.name}.{key}": value for key, value in self.source.items()}
        lines |= {f"sources.r{self.name}.channels": " ".join(channels)}
        for channel, (name, sink) in zip(channels, sinks.items()):
            lines |= {f"channels.{channel}.type": "memory",
                      f"channels.{channel}.capacity": "120000",
                      f"channels.{channel}.transactionCapacity": "10000",
                      f"sinks.{name}{self.name}.channel": channel}
            lines |= {f"sinks.{name}{self.name}.{key}": value for key, value in sink.items()}
        return lines

    @property
    def port(self) -> int:
        return int(self.source["port"])

    def read(self) -> list[Event]:
        return read_all(self.folder)

    def promise(self, first: int, count: int) -> None:
        """These events too will arrive."""
        self.expected += range(first, first + count)

    def settle(self) -> None:
        """Waits until what was promised has arrived."""
        end = time.monotonic() + PATIENCE
        while len(self.read()) < len(self.expected):
            assert time.monotonic() < end, f"{self.folder}: too few"
            time.sleep(0.05)
        self.check()

    def expect(self, first: int, count: int) -> None:
        self.promise(first, count)
        self.settle()

    def check(self) -> None:
        """All that was expected has arrived, once, as it was sent, and nothing else."""
        events = self.read()
        assert sorted(int(headers[b"n"]) for headers, _ in events) == sorted(self.expected)
        for headers, body in events:
            assert (headers, body) == numbered(int(headers[b"n"]))


def listening(port: int, **more: str) -> Properties:
    return {"type": "avro", "bind": "127.0.0.1", "port": str(port)} | more


class Agent:
    """An agent with such pipes, and with these LINES; its files lie in FOLDER."""

    def __init__(self, folder: Path, pipes: dict[str, Pipe], lines: Properties | None = None):
        self.folder, self.pipes = folder, pipes
        folder.mkdir()
        lines = dict(lines or {})
        for number, (name, pipe) in enumerate(pipes.items()):
            pipe.name, pipe.folder = str(number), folder / name
            if pipe.kept:
                pipe.folder.mkdir()
            lines |= pipe.lines()
        for kind in ("sources", "channels", "sinks"):
            names = {key.split(".")[1] for key in lines if key.startswith(f"{kind}.")}
            lines[kind] = " ".join(sorted(names))
        self.conf = folder / "a1.conf"
        self.conf.write_text("".join(f"a1.{key} = {value}\n" for key, value in lines.items()))

    def __getitem__(self, name: str) -> Pipe:
        return self.pipes[name]

    def check(self) -> None:
        for pipe in self.pipes.values():
            if pipe.kept:
                pipe.check()


class FlowAgent(Agent):
    process: subprocess.Popen[bytes] | None = None
    runtime: tempfile.TemporaryDirectory[str] | None = None  # for its control socket

    def __enter__(self) -> FlowAgent:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        if self.process:
            self.process.terminate()
            status = self.process.wait(PATIENCE)
            self.process = None
            assert status == 128 + signal.SIGTERM, self.log()

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def start(self) -> None:
        flow = Path(os.environ["FLOW_BUILD"]) / "bindings/cli/flow"
        self.runtime = self.runtime or tempfile.TemporaryDirectory(prefix="flow-")
        with (self.folder / "log").open("wb") as out:
            self.process = subprocess.Popen(
                [flow, "agent", "--name", "a1", "--conf-file", self.conf, "--no-reload-conf",
                 "-Dflume.root.logger=INFO,console"],
                stderr=out, env=os.environ | {"XDG_RUNTIME_DIR": self.runtime.name})
        wait_for(lambda: "a1 runs" in self.log() or self.process.poll() is not None, "start")
        assert self.process.poll() is None, self.log()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = None

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024
