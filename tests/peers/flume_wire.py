# SPDX-License-Identifier: Apache-2.0
"""Agents and clients, Flume's and libflow's, that send numbered events to each other.

An event is made of its number, so that whoever receives it can tell what it must be.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Iterable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from avro_events import read_folder  # noqa: E402

FLUME = HERE / "flume"
PATIENCE = 120
LARGE = 1 << 20
CYCLE = bytes(range(256)) * 5
SECRET = "changeit"

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


def take_ports(count: int) -> list[int]:
    """Ports that nobody has."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def wait_for(condition, what: str, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Keys:
    """A certificate for 127.0.0.1 that signs itself, in all the forms that agents want it in."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self.pem, self.key = folder / "certificate.pem", folder / "key.pem"
        self.store, self.trust = folder / "key.p12", folder / "trust.p12"
        self.trust_jks = folder / "trust.jks"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.key, "-out", self.pem], check=True, capture_output=True)
        subprocess.run(["openssl", "pkcs12", "-export", "-in", self.pem, "-inkey", self.key,
                        "-passout", f"pass:{SECRET}", "-out", self.store], check=True)
        subprocess.run([FLUME, "stores", folder, self.pem], check=True)

    def server(self) -> Properties:
        return {"ssl": "true", "keystore": str(self.store), "keystore-type": "PKCS12",
                "keystore-password": SECRET}

    def client(self) -> Properties:
        return {"ssl": "true", "truststore": str(self.trust), "truststore-type": "PKCS12",
                "truststore-password": SECRET}


@dataclass
class Pipe:
    """A source whose events go to a folder and, if there is SINK, on to another agent."""

    source: Properties
    sink: Properties | None = None
    name: str = ""
    folder: Path | None = None
    expected: list[int] = field(default_factory=list)

    def lines(self) -> Properties:
        channels = [f"c{self.name}"] + ([f"d{self.name}"] if self.sink else [])
        lines = {f"sources.r{self.name}.{key}": value for key, value in self.source.items()}
        lines |= {f"sources.r{self.name}.channels": " ".join(channels)}
        for channel in channels:
            lines |= {f"channels.{channel}.type": "memory", f"channels.{channel}.capacity": "120000",
                      f"channels.{channel}.transactionCapacity": "10000"}
        lines |= {f"sinks.k{self.name}.{key}": value for key, value in {
            "type": "file_roll", "channel": channels[0], "sink.directory": str(self.folder),
            "sink.rollInterval": "0", "sink.serializer": "avro_event", "sink.batchSize": "1000",
        }.items()}
        if self.sink:
            lines[f"sinks.l{self.name}.channel"] = channels[1]
            lines |= {f"sinks.l{self.name}.{key}": value for key, value in self.sink.items()}
        return lines

    @property
    def port(self) -> int:
        return int(self.source["port"])

    def read(self) -> list[Event]:
        """What has arrived; the last block may be half written."""
        found = []
        try:
            for event in read_folder(self.folder):
                found.append(event)
        except (IndexError, KeyError, AssertionError):
            pass
        return found

    def expect(self, first: int, count: int) -> None:
        """Waits until these events too have arrived."""
        self.expected += range(first, first + count)
        wait_for(lambda: len(self.read()) >= len(self.expected), f"{self.folder}: too few")
        self.check()

    def check(self) -> None:
        """All that was expected has arrived, once, as it was sent, and nothing else."""
        events = self.read()
        assert sorted(int(headers[b"n"]) for headers, _ in events) == sorted(self.expected)
        for headers, body in events:
            assert (headers, body) == numbered(int(headers[b"n"]))


def listening(port: int, **more: str) -> Properties:
    return {"type": "avro", "bind": "127.0.0.1", "port": str(port)} | more


class Agent:
    """An agent with such pipes, whose files lie in FOLDER."""

    def __init__(self, folder: Path, pipes: dict[str, Pipe]):
        self.folder, self.pipes = folder, pipes
        folder.mkdir()
        lines: Properties = {}
        for number, (name, pipe) in enumerate(pipes.items()):
            pipe.name, pipe.folder = str(number), folder / name
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
            pipe.check()


class FlumeAgent(Agent):
    def do(self, command: str, *more: str) -> None:
        done = subprocess.run([FLUME, command, self.folder, *more], capture_output=True, text=True,
                              timeout=PATIENCE + 60)
        assert done.returncode == 0, done.stderr

    def __enter__(self) -> FlumeAgent:
        self.do("start", str(self.conf))
        return self

    def __exit__(self, *_) -> None:
        self.do("kill")  # its own way takes three seconds for each source


class FlowAgent(Agent):
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> FlowAgent:
        flow = Path(os.environ["FLOW_BUILD"]) / "bindings/cli/flow"
        log = self.folder / "log"
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [flow, "agent", "--name", "a1", "--conf-file", self.conf, "--no-reload-conf",
                 "-Dflume.root.logger=INFO,console"], stderr=out)
        wait_for(lambda: "a1 runs" in log.read_text() or self.process.poll() is not None, "start")
        assert self.process.poll() is None, log.read_text()
        return self

    def __exit__(self, *_) -> None:
        if self.process:
            self.process.terminate()
            status = self.process.wait(PATIENCE)
            assert status == 128 + signal.SIGTERM, (self.folder / "log").read_text()
            self.process = None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = None


class FlumeClient:
    """Flume's RPC clients, see FlumeClient.java."""

    def __init__(self):
        self.process = subprocess.Popen([FLUME, "client"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.opened = 0

    def __enter__(self) -> FlumeClient:
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def ask(self, *words: object) -> str:
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def do(self, *words: object) -> None:
        answer = self.ask(*words)
        assert answer.startswith("ok "), answer

    def open(self, ports: Iterable[int], properties: Properties) -> str:
        """A client's name."""
        self.opened += 1
        hosts = {f"hosts.h{i}": f"127.0.0.1:{port}" for i, port in enumerate(ports)}
        names = "+".join(key.removeprefix("hosts.") for key in hosts)
        pairs = {"hosts": names} | hosts | properties
        self.do("open", self.opened, *(f"{key}={value}" for key, value in pairs.items()))
        return str(self.opened)
