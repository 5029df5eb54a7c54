# SPDX-License-Identifier: Apache-2.0
"""Flume's own sample configurations, run as they are against a real HDFS; only hosts and folders are
set from outside.  Every line is there, once, in order, under the folder of its hour."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from test_hdfs import Cluster  # noqa: E402

CONFS = HERE.parent / "data/confs"
FLOW = Path(os.environ["FLOW_BUILD"]) / "bindings/cli/flow"
STOPPED = 128 + signal.SIGTERM


@pytest.fixture(scope="module", name="hdfs")
def fixture_hdfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("hdfs") / "cluster")
    yield cluster
    cluster.run("stop", cluster.folder)


def wait_for(condition: Callable[[], bool], agent: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert agent.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def run_until(hdfs: Cluster, log: Path, name: str, conf: str, settings: dict[str, str],
              work: Callable[[subprocess.Popen[bytes]], None]) -> None:
    """Runs an agent, lets WORK use it, then stops it in order."""
    command = [str(FLOW), "agent", "--conf", hdfs.conf, "--name", name, "--conf-file",
               str(CONFS / conf), "-Dflume.root.logger=INFO,console"]
    for key, value in settings.items():
        command += ["--set", f"{name}.{key}={value}"]
    with log.open("wb") as out:
        agent = subprocess.Popen(command, stderr=out)
    try:
        work(agent)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(120) == STOPPED, log.read_text()
    finally:
        agent.kill()
        agent.wait()


def arrived(hdfs: Cluster, folder: str, prefix: str) -> list[str]:
    """All lines below FOLDER, file by file in the order of their numbers."""
    names = hdfs.names(folder)
    for name in names:
        assert re.fullmatch(rf"{folder}/\d{{8}}/\d\d/{prefix}\.\d+", name), names
    return [line for name in names for line in hdfs.read(name).decode().splitlines()]


def test_a_tailed_file_goes_to_hdfs(hdfs: Cluster, tmp_path: Path) -> None:
    grown = tmp_path / "hive.log"
    grown.write_text("")
    lines = [f"line {i} of hive" for i in range(5000)]

    def work(agent: subprocess.Popen[bytes]) -> None:
        wait_for(lambda: "a2 runs" in (tmp_path / "log").read_text(), agent, tmp_path / "log")
        for first in range(0, len(lines), 500):
            with grown.open("a") as out:
                out.write("".join(f"{line}\n" for line in lines[first:first + 500]))
            time.sleep(0.02)
        wait_for(lambda: bool(hdfs.names("/flume")) and sum(
            hdfs.read(name).count(b"\n") for name in hdfs.names("/flume")) >= len(lines),
            agent, tmp_path / "log")

    hdfs.fs("-mkdir", "-p", "/flume")
    run_until(hdfs, tmp_path / "log", "a2", "flume-file-hdfs.conf", {
        "sources.r2.command": f"tail -n +1 -F {grown}",
        "sinks.k2.hdfs.path": f"hdfs://127.0.0.1:{hdfs.rpc}/flume/%Y%m%d/%H",
    }, work)
    assert arrived(hdfs, "/flume", "logs-") == lines


def test_a_spool_folder_goes_to_hdfs(hdfs: Cluster, tmp_path: Path) -> None:
    spool = tmp_path / "upload"
    spool.mkdir()
    (spool / "left.tmp").write_text("not to be read\n")
    files = {f"f{n}.txt": [f"{n}-{i} größe" for i in range(1500)] for n in range(3)}

    def work(agent: subprocess.Popen[bytes]) -> None:
        for name, lines in files.items():
            (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
            (tmp_path / name).rename(spool / name)
        wait_for(lambda: len(list(spool.glob("*.COMPLETED"))) == 3, agent, tmp_path / "log")

    run_until(hdfs, tmp_path / "log", "a3", "flume-dir-hdfs.conf", {
        "sources.r3.spoolDir": str(spool),
        "sinks.k3.hdfs.path": f"hdfs://127.0.0.1:{hdfs.rpc}/upload/%Y%m%d/%H",
    }, work)
    got = arrived(hdfs, "/upload", "upload-")
    assert len(got) == 4500
    for number, lines in enumerate(files.values()):
        assert [line for line in got if line.startswith(f"{number}-")] == lines
    assert (spool / "left.tmp").exists()


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def test_a_tailed_file_goes_to_hdfs_and_to_a_folder(hdfs: Cluster, tmp_path: Path) -> None:
    """Three agents, of which the one that sends is there first."""
    grown, folder, logs = tmp_path / "hive.log", tmp_path / "flume3", tmp_path / "logs"
    for made in (folder, logs):
        made.mkdir()
    lines = [f"line {i} of hive" for i in range(2000)]
    grown.write_text("".join(f"{line}\n" for line in lines[:1000]))
    ports = free_ports(2)

    def in_folder() -> list[str]:
        names = sorted(folder.iterdir(), key=lambda file: int(file.name.split("-")[1]))
        return [line for name in names for line in name.read_text().splitlines()]

    def in_hdfs() -> int:
        return sum(hdfs.read(name).count(b"\n") for name in hdfs.names("/flume2"))

    def send(agent: subprocess.Popen[bytes]) -> None:
        with grown.open("a") as out:
            out.write("".join(f"{line}\n" for line in lines[1000:]))
        wait_for(lambda: len(in_folder()) >= 2000 and in_hdfs() >= 2000, agent, logs / "a1")

    def receive_in_folder(_: subprocess.Popen[bytes]) -> None:
        run_until(hdfs, logs / "a3", "a3", "group/flume-avro-dir.conf", {
            "sources.r1.bind": "localhost", "sources.r1.port": str(ports[1]),
            "sinks.k1.sink.directory": str(folder)}, send)

    def receive_in_hdfs(_: subprocess.Popen[bytes]) -> None:
        run_until(hdfs, logs / "a2", "a2", "group/flume-avro-hdfs.conf", {
            "sources.r1.bind": "localhost", "sources.r1.port": str(ports[0]),
            "sinks.k1.hdfs.path": f"hdfs://127.0.0.1:{hdfs.rpc}/flume2/%Y%m%d/%H",
        }, receive_in_folder)

    hdfs.fs("-mkdir", "-p", "/flume2")
    run_until(hdfs, logs / "a1", "a1", "group/flume-file-flume.conf", {
        "sources.r1.command": f"tail -n +1 -F {grown}",
        "sinks.k1.hostname": "localhost", "sinks.k1.port": str(ports[0]),
        "sinks.k2.hostname": "localhost", "sinks.k2.port": str(ports[1]),
    }, receive_in_hdfs)
    assert arrived(hdfs, "/flume2", "flume2-") == lines
    assert in_folder() == lines
