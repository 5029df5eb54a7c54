# SPDX-License-Identifier: Apache-2.0
"""Moves from the real Flume to libflow: Flume's channel with a backlog, `flow log import-flume`, and
`flow agent` with the same configuration.  Every event arrives, once, also when the import is killed
and Flume runs in between.

    FLOW_BUILD=build FLUME_DUMP=build/tests/peers/flume_dump pytest tests/peers/test_import_flume.py
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
from avro_events import read_folder  # noqa: E402
from test_flume_channel import (PATIENCE, Flume, Folders, fill, make_keys,  # noqa: E402
                                number_of, spoken)

FLOW = Path(os.environ["FLOW_BUILD"]) / "bindings/cli/flow"
BIG = {"capacity": "100000", "transactionCapacity": "1000", "maxFileSize": "300000"}


class Move:
    """The channel's folders and the configuration that both Flume and libflow have."""

    def __init__(self, folders: Folders):
        self.folders = folders
        self.conf = folders.root.parent / "a.conf"
        self.roll = folders.root.parent / "roll"
        self.roll.mkdir(exist_ok=True)
        self.write_conf(folders.settings)

    def write_conf(self, settings: dict[str, str]) -> None:
        folders = Folders(self.folders.root, self.folders.dirs, settings)
        lines = ["channels = c1", "sinks = k1", "channels.c1.type = file",
                 "sinks.k1.type = file_roll", "sinks.k1.channel = c1",
                 f"sinks.k1.sink.directory = {self.roll}", "sinks.k1.sink.serializer = AVRO_EVENT",
                 *(f"channels.c1.{line}" for line in folders.properties())]
        self.conf.write_text("".join(f"a1.{line}\n" for line in lines))

    def run(self, *more: str) -> str:
        done = subprocess.run([FLOW, "log", "import-flume", "-n", "a1", "-f", self.conf, *more],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def count(self, what: str, *more: str) -> int:
        found = re.search(rf"^c1: {what}: (\d+)", self.run(*more), re.M)
        return int(found[1]) if found else 0

    def drain(self) -> list[str]:
        """What comes out of the agent, in the form of Flume.drain, the old files included."""
        agent = subprocess.Popen([FLOW, "agent", "-n", "a1", "-f", self.conf, "--stop-timeout",
                                  "60"], stderr=subprocess.PIPE, text=True)
        try:
            assert any("agent a1 runs" in line for line in agent.stderr)
            agent.send_signal(signal.SIGTERM)
            agent.communicate(timeout=PATIENCE)
        finally:
            agent.kill()
            agent.wait()
        lines = []
        for headers, body in read_folder(self.roll):
            pairs = sorted(headers.items())
            lines.append(" ".join([body.hex(), *(f"{n.hex()}={v.hex()}" for n, v in pairs)]))
        return lines

    def drain_copy(self) -> list[str]:
        """What Flume itself would deliver."""
        with Flume(self.folders.copy(self.folders.root.parent / "copy")) as flume:
            return flume.drain()


def check_order(lines: list[str]) -> None:
    numbers = [number_of(line) for line in lines]
    assert numbers == sorted(set(numbers))


@pytest.fixture(name="folders")
def fixture_folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "channel")


@pytest.mark.parametrize("version", ["1.7.0", "1.9.0", "1.11.0"])
def test_from_flume_to_the_agent(folders: Folders, version: str,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUME_VERSION", version)
    folders.settings = BIG
    with Flume(folders) as flume:
        fill(flume)
        for turn in range(8):
            flume.do(f"put p{turn} 300")
            flume.do(f"commit p{turn}")
            flume.take(f"t{turn}", 70)
            flume.do(f"commit t{turn}" if turn % 3 else f"rollback t{turn}")
            if turn == 5:
                flume.do("checkpoint")
        flume.kill()
    move = Move(folders)
    theirs = move.drain_copy()
    assert move.count("events in the channel", "--dryrun") == len(theirs)
    assert move.count("imported") == len(theirs)
    ours = move.drain()
    check_order(ours)
    assert sorted(ours) == sorted(theirs)


def test_flume_that_is_started_again_has_nothing(folders: Folders) -> None:
    """Its next events are another import's."""
    with Flume(folders) as flume:
        for command in ("put a 100", "commit a", "take b 30", "commit b", "stop"):
            flume.do(command)
    move = Move(folders)
    assert move.count("imported") == 70
    with Flume(folders) as flume:
        assert flume.drain() == []
        for command in ("number 100", "put a 50", "commit a", "stop"):
            flume.do(command)
    assert move.count("imported") == 50
    assert "an earlier import has set one aside" in move.run()
    ours = move.drain()
    check_order(ours)
    assert [number_of(line) for line in ours] == list(range(30, 150))


def test_flume_goes_on_with_its_files(folders: Folders) -> None:
    """Once after an import that left them, and once moved back."""
    with Flume(folders) as flume:
        for command in ("put a 100", "commit a", "stop"):
            flume.do(command)
    move = Move(folders)
    assert move.count("imported", "--keep") == 100
    for first in (100, 150):
        with Flume(folders) as flume:
            for command in (f"number {first}", "take b 10", "commit b", "put a 50", "commit a"):
                flume.do(command)
            flume.kill()
        assert move.count("imported") == 50
        for folder in [folders.root / "checkpoint", *folders.data]:
            for path in folder.glob("imported-*/*"):
                path.rename(folder / path.name)
    ours = move.drain()
    check_order(ours)
    assert [number_of(line) for line in ours] == list(range(200))


def test_encrypted(folders: Folders, tmp_path: Path) -> None:
    folders.settings = BIG | make_keys(tmp_path / "keys") | {"encryption.activeKey": "key-0"}
    with Flume(folders) as flume:
        for command in ("put a 30", "commit a", "take b 5", "commit b", "stop"):
            flume.do(command)
    folders.settings["encryption.activeKey"] = "key-1"
    with Flume(folders) as flume:
        for command in ("number 30", "put a 20", "commit a"):
            flume.do(command)
        flume.kill()
    move = Move(folders)
    theirs = move.drain_copy()
    assert move.count("imported") == len(theirs) == 45
    assert move.drain() == theirs  # encrypted here too, by the same configuration


def test_a_running_flume_is_left_alone(folders: Folders) -> None:
    move = Move(folders)
    with Flume(folders) as flume:
        flume.do("put a 10")
        flume.do("commit a")
        done = subprocess.run([FLOW, "log", "import-flume", "-f", move.conf], capture_output=True,
                              text=True, check=False)
        assert done.returncode == 3
        assert f"a Flume is running on {folders.root}/checkpoint" in done.stderr
        assert len(flume.take("b", 10)) == 10
        flume.do("rollback b")
        flume.kill()
    assert move.count("imported") == 10


@pytest.mark.parametrize("seed", range(3))
def test_killed_under_load(folders: Folders, seed: int) -> None:
    """What Flume had acknowledged when it was killed is there, and what it had given away is not."""
    folders.settings = BIG | {"capacity": "3000", "keep-alive": "0"}
    said = []
    with Flume(folders) as flume:
        flume.do("load 3 2 20")
        takes = 60 + 20 * seed
        while takes > 0:
            said.append(flume.process.stdout.readline())
            assert said[-1], "Flume ended"
            takes -= said[-1].startswith("took")
        said.append(flume.kill())
    put, taken = spoken("".join(said))
    move = Move(folders)
    theirs = move.drain_copy()
    assert move.count("imported") == len(set(theirs))
    ours = move.drain()
    assert sorted(ours) == sorted(set(theirs))
    kept = {number_of(line) for line in ours}
    assert not kept & taken and len(put - taken - kept) <= 2 * 20


@pytest.mark.parametrize("seed", range(3))
def test_the_import_is_killed_and_flume_runs_in_between(folders: Folders, seed: int) -> None:
    rng = random.Random(seed)
    folders.settings = BIG
    number = 0
    given: set[int] = set()
    move = Move(folders)
    for _ in range(4):
        with Flume(folders) as flume:
            flume.do(f"number {number}")
            for turn in range(4):
                flume.do(f"put p{turn} 1000")
                flume.do(f"commit p{turn}")
                number += 1000
            # The last ones are taken too, so that not only imported ones are.
            given |= set(flume.take("t", rng.choice([0, 700])))
            flume.do("commit t")
            flume.kill()
        process = subprocess.Popen([FLOW, "log", "import-flume", "-f", move.conf],
                                   stdout=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.15)  # killed anywhere, or not at all
        process.kill()
        process.wait()
    move.run()
    ours = move.drain()
    check_order(ours)
    numbers = {number_of(line) for line in ours}
    # Of what Flume gave away a part was imported before.
    assert numbers | given == set(range(number))
