# SPDX-License-Identifier: Apache-2.0
"""An agent that reads numbered lines from a folder into a file channel, and may be killed."""

import os
import random
import subprocess
import time
from pathlib import Path

AGENT = {
    "a.sources": "r1 r2", "a.channels": "c1", "a.sinks": "k1",
    "a.sources.r1.type": "inlet", "a.sources.r1.channels": "c1",
    "a.sources.r2.type": "spooldir", "a.sources.r2.channels": "c1",
    "a.sources.r2.pollDelay": "10",
    "a.channels.c1.type": "file", "a.channels.c1.capacity": "5000",
    "a.channels.c1.transactionCapacity": "1000",
    "a.channels.c1.minimumRequiredSpace": "1048576",
    "a.sinks.k1.channel": "c1",
}


class KilledAgent:
    """Runs DRIVE with a sink of these SETTINGS; everything lies below FOLDER."""

    def __init__(self, drive: str, folder: Path, settings: dict, environment=None):
        self.drive, self.folder, self.environment = drive, folder, environment or {}
        self.spool = folder / "spool"
        self.spool.mkdir()
        lines = AGENT | {"a.sources.r2.spoolDir": self.spool,
                         "a.channels.c1.checkpointDir": folder / "control",
                         "a.channels.c1.dataDirs": folder / "data"}
        lines |= {f"a.sinks.k1.{key.replace('_', '.')}": value for key, value in settings.items()}
        (folder / "agent.conf").write_text("".join(f"{key} = {value}\n"
                                                   for key, value in lines.items()))
        self.sent = self.files = 0
        self.process = None

    def start(self):
        with (self.folder / "agent.log").open("a") as log:
            self.process = subprocess.Popen([self.drive, self.folder / "agent.conf", "a"],
                                            stdin=subprocess.PIPE, stderr=log,
                                            env=os.environ | self.environment)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process = None

    def log(self) -> str:
        return (self.folder / "agent.log").read_text()

    def add(self, files: int):
        """Puts so many files of the next lines into the folder."""
        for _ in range(files):
            last = self.sent + random.randrange(1, 600)
            beside = self.folder / "beside"
            beside.write_text("".join(f"{n}\n" for n in range(self.sent, last)))
            beside.rename(self.spool / f"{self.files:06}")
            self.sent, self.files = last, self.files + 1

    def unread(self) -> int:
        return sum(path.is_file() and not path.name.endswith(".COMPLETED")
                   for path in self.spool.iterdir())

    def finish(self, unfinished, seconds: float):
        """Lets all lines arrive, waits until at most one file of those that UNFINISHED lists is
        left, and stops."""
        deadline = time.monotonic() + seconds
        while self.unread() or len(unfinished()) > 1:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, f"{unfinished()}\n{self.log()}"
            time.sleep(0.1)
        self.process.stdin.close()
        assert self.process.wait(seconds) == 0, self.log()
        self.process = None
        assert not unfinished(), f"{unfinished()}\n{self.log()}"
