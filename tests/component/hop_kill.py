# SPDX-License-Identifier: Apache-2.0
"""Two agents with durable channels, either of which is killed while the connection between them
breaks and comes again: in the end every line is there once, in order.

    hop_kill.py DRIVE [SECONDS [SEED]]
"""

import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from agents import take_ports  # noqa: E402
from tcp_proxy import Fault, Wire  # noqa: E402

DRIVE = sys.argv.pop(1) if __name__ == "__main__" else ""
SECONDS = float(sys.argv.pop(1)) if len(sys.argv) > 1 and __name__ == "__main__" else 2
SEED = int(sys.argv.pop(1)) if len(sys.argv) > 1 and __name__ == "__main__" else None

CHANNEL = {"type": "file", "capacity": 5000, "transactionCapacity": 200,
           "minimumRequiredSpace": 1048576, "checkpointInterval": 1000}


KEPT = 20  # connections that may be repeated


class Tap:
    """A socket of which what is received is kept."""

    def __init__(self, source: socket.socket, kept: bytearray):
        self.source, self.kept = source, kept

    def __getattr__(self, name):
        return getattr(self.source, name)

    def recv(self, size: int) -> bytes:
        part = self.source.recv(size)
        self.kept += part
        return part


class Repeater(Wire):
    """Cuts connections at random, and repeats later what a client had sent over one of them."""

    def __init__(self, target: int):
        self.target, self.most = target, 0  # bytes after which a connection is cut; 0: it lives
        self.faults: list[Fault] = []
        self.sent: list[bytearray] = []
        super().__init__(target, self.make_fault)

    def make_fault(self, _nth: int) -> Fault:
        fault = Fault()
        if self.most:
            setattr(fault, random.choice(("cut_up", "cut_down")), random.randrange(1, self.most))
        return fault

    def requests(self, client, server, fault):
        sent = bytearray()
        self.faults.append(fault)
        self.sent = [*self.sent[1 - KEPT:], sent]
        super().requests(Tap(client, sent), server, fault)

    def repeat(self):
        """Hears nothing of what it is answered."""
        for sent in random.sample(self.sent, min(2, len(self.sent))):
            try:
                with socket.create_connection(("127.0.0.1", self.target)) as server:
                    server.sendall(bytes(sent))
                    server.settimeout(0.05)
                    server.recv(65536)
            except OSError:
                pass

    def cuts(self) -> int:
        return sum(fault.broken for fault in self.faults)


class Agent:
    """An agent `a` whose channel c1 lies below FOLDER, with an inlet r1 that it is held open by."""

    def __init__(self, folder: Path, source: dict, sink: dict):
        folder.mkdir()
        self.folder, self.process = folder, None
        channel = CHANNEL | {"checkpointDir": folder / "control", "dataDirs": folder / "data"}
        lines = {"a.sources": "r1 r2", "a.channels": "c1", "a.sinks": "k1",
                 "a.sources.r1.type": "inlet", "a.sources.r1.channels": "c1",
                 "a.sources.r2.channels": "c1", "a.sinks.k1.channel": "c1"}
        lines |= {f"a.sources.r2.{key}": value for key, value in source.items()}
        lines |= {f"a.channels.c1.{key}": value for key, value in channel.items()}
        lines |= {f"a.sinks.k1.{key}": value for key, value in sink.items()}
        (folder / "agent.conf").write_text("".join(f"{k} = {v}\n" for k, v in lines.items()))

    def start(self):
        with (self.folder / "agent.log").open("a") as log:
            self.process = subprocess.Popen([DRIVE, self.folder / "agent.conf", "a"],
                                            stdin=subprocess.PIPE, stderr=log)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process = None

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0, self.log()
        self.process = None

    def log(self) -> str:
        return (self.folder / "agent.log").read_text()


class Hop(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        seed = random.randrange(1 << 30) if SEED is None else SEED
        random.seed(seed)
        print("seed", seed, file=sys.stderr)
        self.sent = self.files = 0

    def make(self, kind: str, source: dict, sink: dict):
        (self.folder / "spool").mkdir()
        (self.folder / "out").mkdir()
        port = take_ports(1)[0]
        self.proxy = self.enterContext(Repeater(port))
        self.sender = Agent(
            self.folder / "sender",
            {"type": "spooldir", "spoolDir": self.folder / "spool", "pollDelay": 10},
            {"type": kind, "batch-size": 50, "connect-timeout": 1000, "request-timeout": 1000} |
            (sink or {"hostname": "127.0.0.1", "port": self.proxy.port}))
        self.receiver = Agent(
            self.folder / "receiver",
            {"type": kind} | ({} if sink else {"bind": "127.0.0.1", "port": port}) | source,
            {"type": "file_roll", "sink.directory": self.folder / "out", "sink.rollInterval": 0})
        for agent in (self.sender, self.receiver):
            self.addCleanup(agent.kill)
            agent.start()

    def add(self):
        """Puts a file of the next lines into the folder."""
        last = self.sent + random.randrange(1, 400)
        beside = self.folder / "beside"
        beside.write_text("".join(f"{n}\n" for n in range(self.sent, last)))
        beside.rename(self.folder / "spool" / f"{self.files:06}")
        self.sent, self.files = last, self.files + 1

    def arrived(self) -> list[int]:
        def order(path: Path):
            return [int(number) for number in re.findall(r"\d+", path.name)]

        lines = []
        for path in sorted((self.folder / "out").iterdir(), key=order):
            lines += path.read_text().split("\n")[:-1]
        return [int(line) for line in lines]

    def play(self):
        end = time.monotonic() + SECONDS
        kills = 0
        while time.monotonic() < end:
            self.add()
            self.proxy.most = random.choice((0, 500, 5_000, 50_000))
            time.sleep(random.uniform(0.02, 0.3))
            if random.random() < 0.5:
                self.proxy.repeat()
            if random.random() < 0.6:
                agent = random.choice((self.sender, self.receiver))
                agent.kill()
                agent.start()
                kills += 1
        return kills

    def finish(self):
        self.proxy.most = 0
        self.proxy.repeat()
        for agent in (self.sender, self.receiver):
            agent.kill()
            agent.start()
        deadline = time.monotonic() + 60
        while len(lines := self.arrived()) < self.sent and time.monotonic() < deadline:
            time.sleep(0.05)
        self.proxy.repeat()
        self.sender.stop()
        self.receiver.stop()
        lines = self.arrived()
        if lines != list(range(self.sent)):
            self.fail(f"{self.sent} lines were sent, {len(set(lines))} arrived, "
                      f"{len(lines) - len(set(lines))} twice, in order: {lines == sorted(lines)}\n"
                      f"{self.sender.log()}\n{self.receiver.log()}")

    def hop(self, kind: str, source=None, sink=None):
        self.make(kind, source or {}, sink or {})
        kills = self.play()
        self.finish()
        print(f"{kind}: {self.sent} lines, {kills} kills, {self.proxy.cuts()} cuts", file=sys.stderr)

    def test_avro(self):
        self.hop("avro")

    def test_avro_of_several_workers(self):
        self.hop("avro", {"threads": 3})

    def test_thrift(self):
        self.hop("thrift")

    def test_ipc(self):
        """Over a socket of the file system, where nothing is cut but by the kills."""
        path = {"path": self.folder / "socket"}
        self.hop("ipc", path, path)


if __name__ == "__main__":
    unittest.main()
