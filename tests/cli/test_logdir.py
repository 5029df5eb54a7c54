# SPDX-License-Identifier: Apache-2.0
"""`flow log`: looking at the log of a stopped file channel, and mending a damaged one."""

import json
import os
import subprocess

import pytest
from conftest import FLOW, environment, run_flow, send

CONF = """\
a1.sources = r1
a1.channels = c1 c2
a1.sources.r1.type = netcat
a1.sources.r1.bind = localhost
a1.sources.r1.port = {port}
a1.sources.r1.channels = c1
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = static
a1.sources.r1.interceptors.i1.key = where
a1.sources.r1.interceptors.i1.value = here
a1.channels.c1.type = file
a1.channels.c1.checkpointDir = {folder}/checkpoint
a1.channels.c1.dataDirs = {folder}/data
a1.channels.c2.type = memory
"""
LINES = [f"line {number}" for number in range(20)]


class Log:
    def __init__(self, folder, conf):
        self.conf = conf
        self.data = folder / "data"
        self.arguments = ["--checkpoint-dir", folder / "checkpoint", "--data-dirs", self.data]

    def run(self, action, *more):
        return run_flow("log", action, *self.arguments, *more)

    def files(self):
        """All files with their bytes, as what only reads must leave them."""
        return {path: path.read_bytes() for path in sorted(self.data.parent.rglob("*"))
                if path.is_file()}

    def frames(self, kind):
        """Where frames of that type are: the segment and the byte."""
        found, segment = [], None
        for line in self.run("dump").out.splitlines():
            if line.startswith("/"):
                segment = line
            elif line.split()[1].rstrip(",") == kind:
                found.append((segment, int(line.split()[0])))
        return found


def flip(path, byte):
    with open(path, "r+b") as file:
        file.seek(byte)
        old = file.read(1)[0]
        file.seek(byte)
        file.write(bytes([old ^ 1]))


@pytest.fixture
def conf(tmp_path, port):
    path = tmp_path / "a.conf"
    path.write_text(CONF.format(port=port, folder=tmp_path))
    return path


@pytest.fixture
def log(tmp_path, conf, agent, port):
    """A log with 20 events, put one by one, of which nothing was taken."""
    running = agent("--conf-file", conf, "--name", "a1", "--stop-timeout", "1")
    running.wait_for("agent a1 runs")
    for line in LINES:
        assert send(port, line + "\n") == "OK\n"
    running.stop()
    return Log(tmp_path, conf)


def test_stat(log):
    before = log.files()
    result = log.run("stat")
    assert result.status == 0, result.err
    assert "events      20, 20 of them waiting\noffsets     0 to 20\n" in result.out
    assert "checkpoint  number " in result.out
    assert "consumer    '': done with all below 0 and 0 above, 20 waiting\n" in result.out
    stat = json.loads(log.run("stat", "--json").out)
    assert (stat["events"], stat["waiting"], stat["lost"], stat["faults"]) == (20, 20, 0, 0)
    assert stat["checkpoint"] > 0 and isinstance(stat["clean"], bool)
    assert stat["consumers"] == [{"name": "", "watermark": 0, "doneAbove": 0, "backlog": 20,
                                  "skipped": 0, "letters": 0, "paused": False}]
    assert log.files() == before


def test_the_configuration_tells_where(log):
    result = run_flow("log", "stat", "--conf-file", log.conf, "--name", "a1", "--channel", "c1")
    assert "events      20," in result.out
    assert run_flow("log", "stat", "-f", log.conf).out == result.out
    result = run_flow("log", "stat", "-f", log.conf, "--channel", "c2")
    assert result.status == 2
    assert "agent a1 has no channel c2 of type file" in result.err


def test_dump(log):
    before = log.files()
    lines = log.run("dump").out.splitlines()
    assert lines[0] == str(next(log.data.glob("segment-*")))
    puts = [line for line in lines if " put, " in line]
    assert len(puts) == 20
    assert ", 1 events from offset 7, " in puts[7] and puts[7].endswith(", sound")
    assert not [line for line in lines if "line 7" in line]
    lines = log.run("dump", "--events").out.splitlines()
    assert '    7 {"where": "here"} "line 7"' in lines
    lines = log.run("dump", "--events", "--limit", "3").out.splitlines()
    assert '    2 {"where": "here"} "line 2"' in lines
    assert '    3 {"where": "here"} "line 3"' not in lines
    assert lines[-1].startswith("only 3 events were printed")
    assert log.files() == before


def test_export(log, tmp_path):
    before = log.files()
    text = "".join(line + "\n" for line in LINES)
    result = log.run("export")
    assert (result.status, result.out, result.err) == (0, text, "20 events\n")
    out = tmp_path / "out.txt"
    assert log.run("export", "--output", out).status == 0
    assert out.read_text() == text
    assert log.run("export", "--output", out).status == 3
    avro = tmp_path / "out.avro"
    assert log.run("export", "--format", "avro", "-o", avro).status == 0
    data = avro.read_bytes()
    assert data.startswith(b"Obj\x01") and data.count(b"where") == 20
    out.unlink()
    after = log.files()
    del after[avro]
    assert after == {path: content for path, content in before.items() if path != avro}


def test_a_sound_log_is_verified_and_not_repaired(log):
    before = log.files()
    result = log.run("verify")
    assert (result.status, result.out) == (0, "0 faults, 0 events lost\n")
    assert log.run("repair").status == 0
    assert log.files() == before


def test_a_damaged_event_is_told_and_repaired(log, agent, tmp_path):
    segment, byte = log.frames("put")[7]
    flip(segment, byte + 80)
    damaged = log.files()
    result = log.run("verify")
    assert result.status == 4
    assert f"{segment}: byte {byte} to " in result.out
    assert result.out.endswith("lost: offsets 7 to 7\n1 fault, 1 event lost\n")
    result = log.run("repair")
    assert result.status == 4 and "--yes" in result.out
    assert log.files() == damaged
    result = log.run("repair", "--yes")
    assert result.status == 0, result.err
    assert "(repaired)" in result.out and "lost: offsets 7 to 7\n" in result.out
    name = os.path.basename(segment)
    assert (log.data / f"damaged-{name}-{byte}").exists()
    assert log.run("verify").out == "0 faults, 0 events lost\n"
    stat = json.loads(log.run("stat", "--json").out)
    assert (stat["events"], stat["lost"]) == (19, 1)
    kept = [line for line in LINES if line != "line 7"]
    assert log.run("export").out.splitlines() == kept
    roll = tmp_path / "roll"
    roll.mkdir()
    log.conf.write_text(log.conf.read_text() +
                        "a1.sinks = k1\na1.sinks.k1.type = file_roll\na1.sinks.k1.channel = c1\n"
                        f"a1.sinks.k1.sink.directory = {roll}\n")
    running = agent("--conf-file", log.conf, "--name", "a1")
    running.wait_for("1 events from offset 7 on were lost before a repair")
    running.stop()
    assert "".join(path.read_text() for path in roll.iterdir()).splitlines() == kept
    assert log.run("export").out == ""


def test_a_damaged_front_is_made_anew(log):
    segment, _ = log.frames("put")[0]
    flip(segment, 50)
    result = log.run("verify")
    assert result.status == 4
    assert f"{segment}: byte 0 to 4096: its front is damaged\n" in result.out
    assert log.run("repair", "--yes").status == 0
    assert log.run("export").out.splitlines() == LINES


def test_a_running_channel_is_refused(log, agent):
    running = agent("--conf-file", log.conf, "--name", "a1", "--stop-timeout", "1")
    running.wait_for("agent a1 runs")
    for action in ("stat", "dump", "verify", "export"):
        result = log.run(action)
        assert result.status == 3
        assert "the directory is already locked" in result.err
    assert log.run("repair", "--yes").status == 3
    running.stop()
    assert log.run("verify").status == 0


def test_wrong_command_lines(log, tmp_path):
    assert run_flow("log").status == 1
    assert run_flow("log", "look").status == 1
    assert "say which log" in run_flow("log", "stat").err
    assert "belong together" in run_flow("log", "stat", "--data-dirs", log.data).err
    assert log.run("export", "--format", "xml").status == 1
    result = run_flow("log", "stat", "--checkpoint-dir", tmp_path / "no", "--data-dirs", log.data)
    assert result.status == 3 and str(tmp_path / "no") in result.err
    result = run_flow("log", "stat", *log.arguments[:3], f"{log.data},{tmp_path}")
    assert result.status == 3 and "in their order" in result.err


def test_a_closed_output(log):
    done = subprocess.run(["sh", "-c", '"$0" log export "$@" | head -n 1', FLOW,
                           *map(str, log.arguments)], capture_output=True, text=True,
                          env=environment(), timeout=60, check=False)
    assert done.stdout == "line 0\n"
