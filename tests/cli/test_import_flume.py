# SPDX-License-Identifier: Apache-2.0
"""`flow log import-flume`: what a stopped Flume has left goes on where Flume ended, once."""

import fcntl
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import DATA, FLOW, environment, run_flow

sys.path.insert(0, str(DATA.parent / "support"))
from avro_events import read_folder  # noqa: E402

CONF = """\
a1.channels = c1
a1.sinks = k1
a1.channels.c1.type = {type}
a1.channels.c1.checkpointDir = {flume}/checkpoint
a1.channels.c1.dataDirs = {dirs}
a1.channels.c1.capacity = 5
a1.channels.c1.transactionCapacity = 5
a1.sinks.k1.type = file_roll
a1.sinks.k1.channel = c1
a1.sinks.k1.sink.directory = {roll}
a1.sinks.k1.sink.serializer = AVRO_EVENT
"""


def expected(name):
    """Number and body of each event that Flume finds, in the order in which they were put."""
    events = []
    for line in (DATA / "flume-log" / name / "expected").read_text().splitlines():
        body, *headers = line.split(" ")
        headers = dict(header.split("=") for header in headers)
        events.append((int(bytes.fromhex(headers["6e"])), bytes.fromhex(body)))
    return events


class Channel:
    """A channel that Flume has left, a configuration with it, and what the sink gets of it."""

    def __init__(self, folder, name, kind="file"):
        self.name = name
        self.flume = folder / "flume"
        self.roll = folder / "roll"
        self.conf = folder / "a.conf"
        self.roll.mkdir()
        shutil.copytree(DATA / "flume-log" / name, self.flume)
        for path in [self.flume, *self.flume.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        self.data = sorted(self.flume.glob("data*"))
        for path in [self.flume / "checkpoint", *self.data]:
            (path / "in_use.lock").touch()
        self.conf.write_text(CONF.format(type=kind, flume=self.flume, roll=self.roll,
                                         dirs=",".join(map(str, self.data))))

    def add(self, *lines):
        with self.conf.open("a") as file:
            file.writelines(f"a1.channels.c1.{line}\n" for line in lines)

    def keys(self):
        return (f"encryption.keyProvider.keyStoreFile = {self.flume}/keys/keystore",
                f"encryption.keyProvider.keyStorePasswordFile = {self.flume}/keys/password")

    def run(self, *more):
        return run_flow("log", "import-flume", "-n", "a1", "-f", self.conf, *more)

    def files(self):
        return {path: path.read_bytes() for path in sorted(self.flume.rglob("*"))
                if path.is_file()}

    def logs(self):
        """Flume's logs that are in their place."""
        return [path for folder in self.data for path in folder.glob("log-*")]

    def drain(self, agent, count):
        """What comes out of the channel: number and body of COUNT events."""
        running = agent("-n", "a1", "-f", self.conf, "--stop-timeout", "30")
        running.wait_for("agent a1 runs")
        running.stop()
        events = [(int(headers[b"n"]), body) for headers, body in read_folder(self.roll)]
        assert len(events) == count
        return events


@pytest.fixture
def channel(tmp_path):
    return Channel(tmp_path, "1.11.0")


@pytest.mark.parametrize("name", ["1.7.0", "1.9.0", "1.11.0", "dual", "version2"])
def test_the_agent_goes_on_where_flume_ended(tmp_path, agent, name):
    channel = Channel(tmp_path, name)
    if name == "dual":
        channel.add("useDualCheckpoints = true", f"backupCheckpointDir = {channel.flume}/backup")
    events = expected(name)
    result = channel.run()
    assert result.status == 0, result.err
    assert f"c1: events in the channel: {len(events)} (" in result.out
    assert f"c1: imported: {len(events)}\n" in result.out
    assert not channel.logs()
    assert channel.drain(agent, len(events)) == events


def test_an_encrypted_channel(tmp_path, agent):
    channel = Channel(tmp_path, "encrypted")
    plain = channel.conf.read_text()
    before = channel.files()
    result = channel.run()
    assert result.status == 3
    assert "log-1 is encrypted with the key 'key-1', and no key store is given" in result.err
    channel.add("encryption.activeKey = key-1", "encryption.cipherProvider = AESCTRNOPADDING",
                "encryption.keyProvider = com.example.Keys", *channel.keys())
    result = channel.run()
    assert result.status == 2
    assert "a1.channels.c1.encryption.keyProvider is com.example.Keys" in result.err
    assert channel.files() == before
    channel.add("encryption.keyProvider = JCEKSFILE", "encryption.keyProvider.keys = key-1")
    result = channel.run()
    assert result.status == 0, result.err
    assert "which libflow's will not be" not in result.out
    log = b"".join(path.read_bytes() for path in channel.data[0].glob("segment-*"))
    assert b"key-1" in log
    assert not [body for _, body in expected("encrypted") if len(body) > 8 and body in log]
    encrypted = channel.conf.read_text()
    channel.conf.write_text(plain)
    result = run_flow("agent", "-n", "a1", "-f", channel.conf)
    assert "is encrypted with the key 'key-1', and there are no keys" in result.err
    channel.conf.write_text(encrypted)
    assert channel.drain(agent, 12) == expected("encrypted")


def test_a_key_with_a_wrong_password_of_its_own(tmp_path):
    channel = Channel(tmp_path, "encrypted")
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    channel.add("encryption.keyProvider = JCEKSFILE", *channel.keys(),
                "encryption.keyProvider.keys = key-0 key-1",
                f"encryption.keyProvider.keys.key-1.passwordFile = {wrong}")
    result = channel.run()
    assert result.status == 3
    assert "the key 'key-1' of " in result.err


def test_a_spillable_channel(tmp_path, agent):
    channel = Channel(tmp_path, "1.11.0", "SPILLABLEMEMORY")
    assert channel.run().status == 0
    assert channel.drain(agent, 12) == expected("1.11.0")


def test_folders_on_the_command_line(tmp_path, agent):
    """Flume's and libflow's folders are others, once without any configuration."""
    channel = Channel(tmp_path, "encrypted")
    plain = channel.conf.read_text()
    new = tmp_path / "new"
    keys = ("--key-store", channel.flume / "keys/keystore",
            "--key-store-password-file", channel.flume / "keys/password")
    source = ("--flume-checkpoint-dir", channel.flume / "checkpoint",
              "--flume-data-dirs", channel.data[0])
    result = run_flow("log", "import-flume", *source, *keys, "--keep",
                      "--checkpoint-dir", new / "checkpoint", "--data-dirs", new / "data")
    assert result.status == 0, result.err
    assert "channel: imported: 12\n" in result.out
    assert len(channel.logs()) == 3  # with its meta file and the mark
    # The same once more, by way of a configuration with the new folders.
    channel.conf.write_text(plain.replace(str(channel.flume / "checkpoint"),
                                          str(new / "checkpoint"))
                            .replace(str(channel.data[0]), str(new / "data")))
    result = channel.run(*source, *keys)
    assert "c1: imported: 0\nc1: there from an earlier import: 12\n" in result.out
    assert not channel.logs()
    assert channel.drain(agent, 12) == expected("encrypted")


def test_several_channels(tmp_path):
    channel = Channel(tmp_path, "1.11.0")
    shutil.copytree(channel.flume, tmp_path / "other")
    channel.conf.write_text(channel.conf.read_text().replace("channels = c1", "channels = c1 c2 c3")
                            + "a1.channels.c2.type = memory\n"
                            "a1.channels.c3.type = org.apache.flume.channel.file.FileChannel\n"
                            f"a1.channels.c3.checkpointDir = {tmp_path}/other/checkpoint\n"
                            f"a1.channels.c3.dataDirs = {tmp_path}/other/data0,"
                            f"{tmp_path}/other/data1\n")
    result = channel.run("c2")
    assert result.status == 2 and "no channel c2 of type file" in result.err
    result = channel.run("--flume-data-dirs", channel.data[0])
    assert result.status == 2 and "say which one" in result.err
    assert "c1" not in channel.run("c3", "--dryrun").out
    # What one lacks keeps none of the others.
    shutil.rmtree(channel.data[0])
    result = channel.run()
    assert result.status == 3 and str(channel.data[0]) in result.err
    assert "c3: imported: 12\n" in result.out


def test_a_dry_run_changes_nothing(channel):
    before = channel.files()
    result = channel.run("--dryrun")
    assert result.status == 0
    assert result.out == (
        "c1: events in the channel: 12 (6202 bytes)\n"
        "c1: logs: 2, read from the checkpoint on: puts 10, takes 2, commits 2, rollbacks 1\n"
        "c1: left out, since their transactions never committed: 4\n"
        "c1: in it, since the transactions that took them never committed: 4\n")
    assert channel.files() == before


def test_twice(channel, agent):
    assert "c1: imported: 12\n" in channel.run("--keep").out
    result = channel.run("--keep")
    assert "c1: imported: 0\nc1: there from an earlier import: 12\n" in result.out
    assert "c1: imported: 0\nc1: there from an earlier import: 12\n" in channel.run().out
    result = channel.run()
    assert (result.status, result.out) == (
        0, "c1: there is no log of Flume's; an earlier import has set one aside\n")
    assert channel.drain(agent, 12) == expected("1.11.0")
    # Not even when they are sent on already.
    for folder in channel.data:
        for path in folder.glob("imported-*/*"):
            path.rename(folder / path.name)
    assert "c1: imported: 0\nc1: there from an earlier import: 12\n" in channel.run().out
    assert channel.drain(agent, 12) == expected("1.11.0")


def test_a_locked_channel_is_refused(channel, agent):
    before = channel.files()
    with (channel.data[1] / "in_use.lock").open("r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        result = channel.run()
    assert result.status == 3
    assert f"a Flume is running on {channel.data[1]}" in result.err
    with (channel.data[0] / "log-1").open("r+b"):
        result = channel.run()
    assert result.status == 3
    assert f"a Flume is running on {channel.data[0]}" in result.err
    assert channel.files() == before
    running = agent("-n", "a1", "-f", channel.conf)
    running.wait_for("agent a1 runs")
    result = channel.run()
    assert result.status == 3 and "or a channel of libflow's" in result.err
    running.stop()
    assert channel.run().status == 0


def test_libflows_channel_elsewhere_is_in_use(channel, agent, tmp_path):
    source = ("--flume-checkpoint-dir", channel.flume / "checkpoint",
              "--flume-data-dirs", ",".join(map(str, channel.data)))
    channel.conf.write_text(channel.conf.read_text().replace(str(channel.flume), f"{tmp_path}/new"))
    running = agent("-n", "a1", "-f", channel.conf)
    running.wait_for("agent a1 runs")
    result = channel.run(*source)
    assert result.status == 3 and "the directory is already locked" in result.err
    assert channel.logs()
    running.stop()
    assert channel.run(*source).status == 0
    assert channel.drain(agent, 12) == expected("1.11.0")


def test_a_damaged_log_is_refused_whole(channel, agent):
    before = channel.files()
    log = channel.data[0] / "log-1"
    content = bytearray(log.read_bytes())
    at = content.index(expected("1.11.0")[1][1]) + 5
    content[at] ^= 1
    log.write_bytes(content)
    damaged = channel.files()
    result = channel.run()
    assert result.status == 4
    assert re.search(rf"{log} is damaged at byte \d+: the body of the event there does not have "
                     "its checksum", result.err)
    assert channel.files() == damaged and damaged.keys() == before.keys()
    result = channel.run("--lenient")
    assert result.status == 0, result.err
    assert "c1: events in the channel: 11 (" in result.out
    assert "c1: left out, since they are damaged: 1\n" in result.out
    events = expected("1.11.0")
    assert channel.drain(agent, 11) == events[:1] + events[2:]


def test_a_log_that_is_missing(channel):
    (channel.data[0] / "log-1").unlink()
    result = channel.run()
    assert result.status == 3
    assert "refers to log-1, which is in none of the data directories given" in result.err


def test_wrong_command_lines(channel, tmp_path):
    for arguments, message in (
            ((), "say which channels"),
            (("--flume-data-dirs", "x"), "say which channels"),
            (("-f", channel.conf, "--flume-checkpoint-dir", "x"), "goes with --flume-data-dirs"),
            (("-f", channel.conf, "--key-store", "x"), "belong together"),
            (("-f", channel.conf, "--data-dirs", "x"), "belong together")):
        result = run_flow("log", "import-flume", *arguments)
        assert (result.status, message in result.err) == (1, True), result.err
    assert run_flow("log", "import-flume", "-f", tmp_path / "none").status == 2
    assert "--keep is for log" in run_flow("check", "--keep", channel.conf).err


def test_killed_at_many_moments(tmp_path, agent):
    """What it does meanwhile is on disk in order: the moments need not be the same everywhere."""
    killed = 0
    for turn in range(24):
        folder = tmp_path / str(turn)
        folder.mkdir()
        channel = Channel(folder, "1.11.0")
        process = subprocess.Popen([FLOW, "log", "import-flume", "-f", channel.conf],
                                   env=environment(), stdout=subprocess.DEVNULL)
        time.sleep(turn * 0.002)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        result = channel.run()
        assert result.status == 0, result.err
        assert not channel.logs()
        if turn % 4 == 0:
            assert channel.drain(agent, 12) == expected("1.11.0")
        else:
            assert "events      12, 12 of them" in run_flow("log", "stat", "-f", channel.conf).out
    assert killed > 0


def test_a_channel_that_cannot_be_opened(channel, tmp_path):
    before = channel.files()
    (tmp_path / "file").touch()
    result = channel.run("--checkpoint-dir", tmp_path / "file", "--data-dirs", tmp_path / "new")
    assert result.status == 3 and "channel c1: " in result.err and "/file" in result.err
    assert channel.files() == before
    assert channel.run().status == 0
