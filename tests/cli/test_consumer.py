# SPDX-License-Identifier: Apache-2.0
"""`flow consumer`: asking a running agent about the consumers of its file channel."""

import json
import os
import socket
import stat as modes
import time

import pytest
from conftest import FLOW, run_flow, send

CONF = """\
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = netcat
a1.sources.r1.bind = localhost
a1.sources.r1.port = {port}
a1.sources.r1.channels = c1
a1.channels.c1.type = file
a1.channels.c1.checkpointDir = {folder}/checkpoint
a1.channels.c1.dataDirs = {folder}/data
a1.channels.c1.minimumRequiredSpace = 1048576
a1.channels.c1.retentionTime = 3600
a1.channels.c1.maxDeliveries = 1
a1.sinks.k1.type = picky
a1.sinks.k1.channel = c1
a1.sinks.k1.antidote = {folder}/antidote
"""


class Control:
    def __init__(self, path):
        self.path = path

    def __call__(self, *words):
        return run_flow("consumer", *words, "--control-socket", self.path)

    def done(self, *words):
        result = self(*words)
        assert (result.status, result.err) == (0, "")
        return result.out

    def list(self):
        return {one["name"]: one for one in json.loads(self.done("list", "--json"))}

    def wait_for(self, condition):
        """Waits until CONDITION holds for what is listed; a limit only for a broken build."""
        end = time.monotonic() + 60
        while not condition(self.list()):
            assert time.monotonic() < end, self.list()
            time.sleep(0.02)


@pytest.fixture
def conf(tmp_path, port):
    path = tmp_path / "a.conf"
    path.write_text(CONF.format(port=port, folder=tmp_path))
    return path


@pytest.fixture
def running(tmp_path, conf, agent):
    one = agent("--conf-file", conf, "--plugins-path", os.environ["FLOW_TEST_PICKY"],
                "--control-socket", tmp_path / "control", "--stop-timeout", "1")
    one.wait_for("agent a1 runs")
    return one


@pytest.fixture
def control(tmp_path, running):
    return Control(tmp_path / "control")


def test_the_socket_is_for_its_owner_alone_and_goes_with_the_agent(control, running):
    assert modes.S_IMODE(control.path.stat().st_mode) == 0o600
    running.stop()
    assert not control.path.exists()
    result = control("list")
    assert result.status == 3 and "No such file" in result.err


def test_consumers_are_made_moved_paused_and_removed(control, port):
    send(port, "".join(f"{i}\n" for i in range(20)))
    control.wait_for(lambda found: found[""]["held"] == 0)
    control.done("add", "audit", "start=5", "maxEvents=100", "maxBytes=1000000")
    control.done("add", "late", "start=latest", "whenBehind=block")
    found = control.list()
    assert [name for name, one in found.items() if one["used"]] == [""]
    assert (found["audit"]["offset"], found["audit"]["held"]) == (5, 15)
    assert (found["audit"]["maxEvents"], found["audit"]["whenBehind"]) == (100, "skip")
    assert (found["late"]["offset"], found["late"]["whenBehind"]) == (20, "block")
    assert control.done("seek", "late", "earliest") == "at offset 0\n"
    assert control.done("seek", "late", "2026-11-26T10:00:00Z").startswith("at offset ")
    control.done("pause", "audit")
    text = control.done("list").splitlines()
    assert text[0].split() == ["consumer", "offset", "behind", "bytes", "skipped", "dead"]
    assert [line.split()[0] for line in text[1:]] == ["''", "audit", "late"]
    assert "skip, paused, unused" in text[2]
    control.done("resume", "audit")
    assert not control.list()["audit"]["paused"]
    control.done("remove", "audit")
    assert sorted(control.list()) == ["", "late"]


def test_a_paused_consumer_is_paused_for_its_sinks(control, port):
    control.done("pause", "")
    send(port, "one\n")
    assert control.list()[""]["waiting"] == 1
    control.done("resume", "")
    control.wait_for(lambda found: found[""]["held"] == 0)


def test_dead_letters_are_listed_and_replayed(control, port, tmp_path, running):
    send(port, "good\npoison\ngood\n")
    control.wait_for(lambda found: found[""]["letters"] == 1 and found[""]["held"] == 0)
    running.wait_for("event 1 is a dead letter of consumer ''")
    (letter,) = json.loads(control.done("dead", "", "--json"))
    assert (letter["offset"], letter["deliveries"], letter["bytes"]) == (1, 1, 6)
    assert "this is poison" in letter["reason"]
    assert control.done("dead", "").startswith("1  20")
    (tmp_path / "antidote").write_text("")
    assert control.done("replay", "", "1") == "1 dead letters are delivered again\n"
    control.wait_for(lambda found: found[""]["letters"] == 0)
    assert control.done("dead", "") == ""
    assert control.done("replay", "") == "0 dead letters are delivered again\n"


def test_a_dump_of_the_log_shows_dead_letters(control, port, tmp_path, running):
    send(port, "poison\n")
    control.wait_for(lambda found: found[""]["letters"] == 1)
    running.stop()
    dump = run_flow("log", "dump", "--events", "--checkpoint-dir", tmp_path / "checkpoint",
                    "--data-dirs", tmp_path / "data").out
    stat = run_flow("log", "stat", "--json", "--checkpoint-dir", tmp_path / "checkpoint",
                    "--data-dirs", tmp_path / "data").out
    (consumer,) = json.loads(stat)["consumers"]
    assert (consumer["name"], consumer["letters"], consumer["paused"]) == ("", 1, False)
    dead = dump.index(" dead, ")
    assert "event 0 after 1 deliveries: sink k1: this is poison" in dump[dead:]
    assert '"poison"' in dump[dead:]


@pytest.mark.parametrize("words, status, message", [
    (["add", ""], 3, "has a name"),
    (["add", "a b"], 3, "is no name of a consumer"),
    (["add", "x", "start=sometimes"], 1, "is not earliest, latest"),
    (["add", "x", "maxEvents=0"], 1, "a whole number from 1 on"),
    (["add", "x", "colour=red"], 1, "is not understood"),
    (["add", "x", "whenBehind=block", "maxBytes=1"], 3, "bounded in events"),
    (["seek", "nobody", "latest"], 3, "there is no consumer 'nobody'"),
    (["seek", "", "never"], 1, "is not earliest"),
    (["remove", ""], 3, "take through consumer ''"),
    (["replay", "", "latest"], 1, "is no offset"),
    (["replay", "", "7"], 3, "no dead letter of event 7"),
    (["seek", ""], 1, "not a request"),
    (["dance"], 1, "not a request"),
    (["list", "--channel", "c9"], 3, "there is no channel 'c9'"),
    (["list", "x" * 5000], 1, "say what to do"),
])
def test_what_cannot_be_is_refused(control, words, status, message):
    result = control(*words)
    assert result.status == status and message in result.err
    assert result.out == ""


def test_what_is_no_request_harms_nobody(control):
    for sent in (b"", b"list", b"\0", b"\0" * 4096, b"a" * 5000, b"\0text\0list\0" + b"x\0" * 30):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(control.path))
            try:
                peer.sendall(sent)
                peer.shutdown(socket.SHUT_WR)
                peer.recv(100)
            except OSError:
                pass  # the agent hangs up on what is too long
    assert list(control.list()) == [""]


def test_a_socket_that_is_used_is_left_alone(control, conf, agent, tmp_path):
    other = agent("--conf-file", conf, "--plugins-path", os.environ["FLOW_TEST_PICKY"],
                  "--control-socket", control.path)
    assert other.wait() == 3
    assert "cannot open the control socket" in other.log
    assert list(control.list()) == [""]
    plain = tmp_path / "plain"
    plain.write_text("mine")
    other = agent("--conf-file", conf, "--plugins-path", os.environ["FLOW_TEST_PICKY"],
                  "--control-socket", plain)
    assert other.wait() == 3
    assert plain.read_text() == "mine"


def test_a_socket_that_a_killed_agent_left_is_taken_over(control, running, conf, agent):
    running.process.kill()
    running.wait()
    assert control.path.exists()
    other = agent("--conf-file", conf, "--plugins-path", os.environ["FLOW_TEST_PICKY"],
                  "--control-socket", control.path, "--stop-timeout", "1")
    other.wait_for("agent a1 runs")
    assert list(control.list()) == [""]


def test_the_command_line_is_checked(tmp_path):
    result = run_flow("consumer", "list")
    assert result.status == 1 and "--control-socket" in result.err
    result = run_flow("consumer", "--control-socket", tmp_path / "none")
    assert result.status == 1 and "say what to do" in result.err
    result = run_flow("consumer", "list", "--control-socket", tmp_path / "none", "--events")
    assert result.status == 1 and "--events is for log" in result.err
    result = run_flow("check", "--control-socket", tmp_path / "none")
    assert result.status == 1 and "is for agent and consumer" in result.err
    result = run_flow("consumer", "list", "--control-socket", tmp_path / ("x" * 200))
    assert result.status == 3 and "too long" in result.err.lower()
    assert FLOW
