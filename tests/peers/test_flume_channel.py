# SPDX-License-Identifier: Apache-2.0
"""Takes over the directories of Flume's own file channel, stopped and killed in all states, and
compares with what the same Flume makes of them when it is started again.

    FLUME_DUMP=build/tests/peers/flume_dump pytest tests/peers/test_flume_channel.py
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FLUME = HERE / "flume_channel"
DUMP = os.environ["FLUME_DUMP"]
PATIENCE = 120
PASSWORD = "a password of the tests"


def number_of(line: str) -> int:
    """The number that the driver gave an event, from its header "n"."""
    return int(bytes.fromhex(re.search(r" 6e=(\w+)", line)[1]))


@dataclass
class Folders:
    """The directories of a channel and its properties."""

    root: Path
    dirs: int = 2
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> list[Path]:
        return [self.root / f"data{i}" for i in range(self.dirs)]

    def properties(self) -> list[str]:
        lines = {"checkpointDir": self.root / "checkpoint", "capacity": 500,
                 "dataDirs": ",".join(map(str, self.data)), "transactionCapacity": 100,
                 "maxFileSize": 20000} | self.settings
        if "useDualCheckpoints" in self.settings:
            lines["backupCheckpointDir"] = self.root / "backup"
        return [f"{key}={value}" for key, value in lines.items()]

    def copy(self, to: Path) -> Folders:
        if to.exists():
            shutil.rmtree(to)
        shutil.copytree(self.root, to)
        return Folders(to, self.dirs, self.settings)


class Flume:
    """A running channel."""

    def __init__(self, folders: Folders):
        self.process = subprocess.Popen([FLUME, "run", *folders.properties()], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def __enter__(self) -> Flume:
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.communicate()

    def send(self, command: str) -> None:
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def do(self, command: str) -> str:
        """Sends a command and returns the answer."""
        self.send(command)
        answer = self.process.stdout.readline().rstrip("\n")
        assert answer, f"no answer to {command}"
        return answer

    def take(self, name: str, count: int) -> list[int]:
        return [int(word) for word in self.do(f"take {name} {count}").split()[1:]]

    def drain(self) -> list[str]:
        self.send("drain")
        return list(iter(lambda: self.process.stdout.readline().rstrip("\n"), "ok"))

    def kill(self) -> str:
        """Ends it as a crash does; returns what it had said until then."""
        self.process.send_signal(signal.SIGKILL)
        return self.process.communicate()[0]


@dataclass
class Import:
    events: list[str]
    transactions: dict[str, str]  # that put each event
    counts: dict[str, int]

    @property
    def numbers(self) -> list[int]:
        return [number_of(line) for line in self.events]


def take_over(folders: Folders, *options: object) -> Import:
    done = subprocess.run([DUMP, *map(str, options), *map(str, folders.data)], text=True,
                          capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    counts = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+) ", done.stderr)}
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return Import([event for _, event in lines], {event: txn for txn, event in lines}, counts)


def content(folders: Folders) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folders.root.rglob("*"))
            if path.is_file()}


def compare(folders: Folders, *options: object) -> Import:
    """Imports, and has Flume take all from a copy.

    What Flume gives is the same, but for two things.  Events that were put or taken by transactions
    open at the checkpoint come from a hash table, in its order.  And those taken come even when
    another transaction took them after a rollback.
    """
    before = content(folders)
    ours = take_over(folders, "-c", folders.root / "checkpoint", *options)
    assert content(folders) == before, "the directories are not to be touched"
    with Flume(folders.copy(folders.root.parent / "copy")) as flume:
        theirs = flume.drain()
    assert len(set(ours.events)) == len(ours.events) == ours.counts["events"]
    there = set(ours.events)
    theirs = [line for line in theirs if line in there]
    front = ours.counts["returned"]
    assert sorted(theirs[:front]) == sorted(ours.events[:front])
    assert ours.numbers[:front] == sorted(ours.numbers[:front])
    assert set(theirs) == there
    puts = [[ours.transactions[line] for line in events[front:]] for events in (ours.events, theirs)]
    assert puts[0] == puts[1]
    for _, group in groupby(ours.events[front:], ours.transactions.get):
        numbers = [number_of(line) for line in group]
        assert numbers == sorted(numbers)
    return ours


@pytest.fixture(name="folders")
def fixture_folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "channel")


def fill(flume: Flume) -> None:
    """Leaves 3 to 11 and 15 to 17 in the channel, in this order, and transactions of all kinds
    behind: 12 to 14 were rolled back, 18 to 21 are open, and so are takes of 3 to 6."""
    for command in ("put a 5", "commit a", "put b 3", "take c 3", "commit c", "commit b",
                    "take d 2", "put e 4", "checkpoint", "commit e", "put f 3", "rollback f",
                    "put g 3", "take h 2", "commit g", "put i 4"):
        flume.do(command)


def wait_for_backup(folders: Folders) -> None:
    deadline = time.monotonic() + PATIENCE
    while not (folders.root / "backup/backupComplete").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


KEPT = [*range(3, 12), *range(15, 18)]


@pytest.mark.parametrize("dirs", [1, 2, 3])
def test_transactions_of_all_kinds(folders: Folders, dirs: int) -> None:
    folders.dirs = dirs
    with Flume(folders) as flume:
        fill(flume)
        flume.kill()
    ours = compare(folders)
    assert ours.numbers == KEPT
    assert ours.counts["checkpoint"] == 1
    assert ours.counts["open_puts"] == 4 and ours.counts["open_takes"] == 4
    # Without the checkpoint all of the logs say the same.
    assert take_over(folders).events == ours.events


@pytest.mark.parametrize("version", ["1.7.0", "1.9.0"])
def test_older_versions(folders: Folders, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUME_VERSION", version)
    with Flume(folders) as flume:
        fill(flume)
        flume.kill()
    assert compare(folders).numbers == KEPT


def test_stopped_in_order(folders: Folders) -> None:
    with Flume(folders) as flume:
        for command in ("put a 100", "commit a", "take b 30", "commit b", "stop"):
            flume.do(command)
    assert compare(folders).numbers == list(range(30, 100))


def test_checkpoint_that_was_not_finished(folders: Folders) -> None:
    with Flume(folders) as flume:
        fill(flume)
        flume.kill()
    with (folders.root / "checkpoint/checkpoint").open("r+b") as file:
        file.seek(4 * 8)
        file.write((1).to_bytes(8, "big"))
    ours = compare(folders)
    assert ours.numbers == KEPT and ours.counts["checkpoint"] == 0


@pytest.mark.parametrize("compressed", ["false", "true"])
def test_backup_of_the_checkpoint(folders: Folders, compressed: str) -> None:
    folders.settings = {"useDualCheckpoints": "true", "compressBackupCheckpoint": compressed}
    with Flume(folders) as flume:
        for command in ("put a 60", "commit a", "take b 20", "commit b", "take c 5", "checkpoint"):
            flume.do(command)
        wait_for_backup(folders)
        for command in ("put d 10", "commit d", "take e 3", "commit e"):
            flume.do(command)
        flume.kill()
    (folders.root / "checkpoint/checkpoint.meta").write_bytes(b"")
    ours = compare(folders, "-b", folders.root / "backup")
    assert ours.numbers == [*range(20, 25), *range(28, 70)]
    assert ours.counts["checkpoint"] == 2


def make_keys(folder: Path) -> dict[str, str]:
    """Makes two keys; returns the channel's properties for them, without the active one."""
    folder.mkdir()
    (folder / "password").write_text(f"  {PASSWORD}\n")
    for alias, bits in (("key-0", "128"), ("key-1", "256")):
        subprocess.run(["keytool", "-genseckey", "-alias", alias, "-keyalg", "AES", "-keysize", bits,
                        "-storetype", "jceks", "-keystore", folder / "keystore", "-storepass",
                        PASSWORD, "-keypass", PASSWORD], check=True, capture_output=True)
    return {"encryption.cipherProvider": "AESCTRNOPADDING",
            "encryption.keyProvider": "JCEKSFILE",
            "encryption.keyProvider.keyStoreFile": str(folder / "keystore"),
            "encryption.keyProvider.keyStorePasswordFile": str(folder / "password"),
            "encryption.keyProvider.keys": "key-0 key-1"}


def test_encrypted_with_a_key_and_then_another(folders: Folders, tmp_path: Path) -> None:
    folders.settings = make_keys(tmp_path / "keys") | {"encryption.activeKey": "key-0"}
    with Flume(folders) as flume:
        for command in ("put a 30", "commit a", "take b 5", "stop"):
            flume.do(command)
    folders.settings["encryption.activeKey"] = "key-1"
    with Flume(folders) as flume:
        for command in ("number 30", "put a 20", "commit a", "take b 10", "commit b"):
            flume.do(command)
        flume.kill()
    keys = ("-k", tmp_path / "keys/keystore", "-p", tmp_path / "keys/password")
    assert sorted(compare(folders, *keys).numbers) == list(range(10, 50))
    done = subprocess.run([DUMP, *folders.data], text=True, capture_output=True, check=False)
    assert re.search(r"log-\d+ is encrypted with the key 'key-\d', and no key store", done.stderr)


def test_a_take_that_was_rolled_back_and_taken_by_another(folders: Folders) -> None:
    """Flume itself gives such events twice."""
    with Flume(folders) as flume:
        for command in ("put a 10", "commit a", "take b 4", "checkpoint", "rollback b", "take c 6",
                        "commit c"):
            flume.do(command)
        flume.kill()
    assert compare(folders).numbers == [6, 7, 8, 9]


def test_a_running_flume_is_left_alone(folders: Folders) -> None:
    with Flume(folders) as flume:
        flume.do("put a 1")
        done = subprocess.run([DUMP, *folders.data], text=True, capture_output=True,
                              check=False)
        assert done.returncode == 1
        assert f"a Flume is running on {folders.data[0]}" in done.stderr
        done = subprocess.run([DUMP, "-c", folders.root / "checkpoint"], text=True,
                              capture_output=True, check=False)
        assert done.returncode == 1 and "a Flume is running on" in done.stderr


class Model:
    """What ought to be in the channel, by the answers of the driver."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.open: dict[str, tuple[str, list[int]]] = {}
        self.queue: set[int] = set()
        self.next = 0
        self.names = 0

    def begin(self, flume: Flume) -> None:
        name = f"t{self.names}"
        self.names += 1
        if self.rng.random() < 0.55:
            count = self.rng.randint(1, 12)
            flume.do(f"put {name} {count}")
            self.open[name] = ("put", list(range(self.next, self.next + count)))
            self.next += count
        else:
            self.open[name] = ("take", flume.take(name, self.rng.randint(1, 12)))

    def end(self, flume: Flume, ending: str) -> None:
        name = self.rng.choice(list(self.open))
        kind, numbers = self.open.pop(name)
        flume.do(f"{ending} {name}")
        if ending == "commit" and kind == "put":
            self.queue |= set(numbers)
        elif ending == "commit":
            self.queue -= set(numbers)

    def step(self, flume: Flume) -> None:
        dice = self.rng.random()
        if dice < 0.02:
            flume.do("checkpoint")
        elif not self.open or dice < 0.5 and len(self.open) < 8:
            self.begin(flume)
        else:
            self.end(flume, "commit" if dice < 0.9 else "rollback")


@pytest.mark.parametrize("seed", range(6))
def test_random_transactions(folders: Folders, seed: int) -> None:
    rng = random.Random(seed)
    model = Model(rng)
    folders.dirs = rng.randint(1, 3)
    folders.settings = {"maxFileSize": str(rng.choice([5000, 20000, 1000000])), "keep-alive": "0",
                        "capacity": "5000"}
    with Flume(folders) as flume:
        for _ in range(rng.randint(100, 400)):
            model.step(flume)
        flume.kill()
    assert set(compare(folders).numbers) == model.queue
    # A second life over the same directories.
    model.open = {}
    with Flume(folders) as flume:
        flume.do(f"number {model.next}")
        # What the first life's open takes had comes again, once and for all.
        kept = flume.do("checkpoint")
        assert kept == "ok"
        for _ in range(150):
            model.step(flume)
        flume.kill()
    numbers = set(compare(folders).numbers)
    assert numbers == model.queue


def spoken(text: str) -> tuple[set[int], set[int]]:
    """Whose puts and takes were acknowledged, by what the driver said."""
    put: set[int] = set()
    taken: set[int] = set()
    for line in text.splitlines(keepends=True):
        words = line.split()
        if line.endswith("\n") and words[0] == "put":
            put |= set(range(int(words[1]), int(words[2]) + 1))
        elif line.endswith("\n") and words[0] == "took":
            taken |= {int(word) for word in words[1:]}
    return put, taken


@pytest.mark.parametrize("seed", range(3))
def test_killed_under_load(folders: Folders, seed: int) -> None:
    producers, consumers, batch = 3, 2, 20
    folders.settings = {"capacity": "3000", "keep-alive": "0", "maxFileSize": "300000"}
    said: list[str] = []

    def hear(word: str, count: int) -> None:
        while count > 0:
            said.append(flume.process.stdout.readline())
            assert said[-1], "Flume ended"
            count -= said[-1].startswith(word)

    with Flume(folders) as flume:
        flume.do(f"load {producers} {consumers} {batch}")
        for _ in range(seed + 1):
            hear("put", 30)
            hear("took", 30)
            flume.send("checkpoint")
            hear("ok", 1)
        hear("took", 20 * seed)
        said.append(flume.kill())
    put, taken = spoken("".join(said))
    assert put and taken
    kept = set(compare(folders).numbers)
    assert not kept & taken
    # A commit may have been written and not told.
    assert len(put - taken - kept) <= consumers * batch
    assert len(kept - put) <= producers * batch
