# SPDX-License-Identifier: Apache-2.0
"""`flow consumer`: the consumers of a running agent, as its user sees and changes them."""

import json
import os
import re
import time

import pytest
from conftest import run_flow, send
from control import LOG, RUNS, consumer, consumers, wait_until
from control import conf, running  # noqa: F401 (fixtures)
from test_agent import replace


def put(port, count, first=0):
    assert send(port, "".join(f"line {first + i}\n" for i in range(count))) == "OK\n" * count


def names(result):
    assert result.status == 0, result.err
    return [re.split("  +", line)[1] for line in result.out.splitlines()[1:]]


# ---- each of the actions ----


def test_a_list_is_a_table_for_people(running, port):
    put(port, 5)
    wait_until(lambda found: all(one["held"] == 0 for one in found.values()))
    head, first, second = consumer("list").out.splitlines()
    assert head.split("  ")[0] == "CHANNEL"
    assert re.split("  +", head) == ["CHANNEL", "CONSUMER", "STATE", "WHEN BEHIND", "OFFSET",
                                     "WAITING", "HELD", "BYTES", "SKIPPED", "DEAD"]
    assert re.split("  +", first) == ["c1", "''", "used", "block at 1000000", "5", "0", "0", "0",
                                      "0", "0"]
    assert re.split("  +", second)[:5] == ["c1", "audit", "used", "skip at 1000000", "5"]


def test_a_list_is_json_for_programs(running, port):
    consumer("pause", "c1", "audit")
    put(port, 3)
    found = wait_until(lambda found: found[""]["held"] == 0)["audit"]
    size = found.pop("bytes")
    assert 0 < size < 10000
    assert found == {"channel": "c1", "consumer": "audit", "paused": True, "used": True,
                     "whenBehind": "skip", "maxEvents": 1000000, "maxBytes": 0, "offset": 0,
                     "waiting": 3, "held": 3, "skipped": 0, "letters": 0}


def test_one_is_added_with_all_it_can_have(running):
    assert names(consumer("add", "c1", "slow", "--start", "latest", "--when-behind", "skip",
                          "--max-events", "12345678901", "--max-bytes", "70000000000")) == ["slow"]
    found = consumers()["slow"]
    assert (found["whenBehind"], found["maxEvents"], found["maxBytes"], found["used"]) == (
        "skip", 12345678901, 70000000000, False)
    assert "skip at 12345678901, 70000000000 bytes" in consumer("list").out
    consumer("add", "c1", "strict", "--when-behind", "block", "--max-events", "7")
    assert consumers()["strict"]["whenBehind"] == "block"
    running.wait_for("by the control socket: consumer.add, consumer 'strict' of c1")


def test_one_begins_at_a_place(running, port):
    put(port, 10)
    wait_until(lambda found: all(one["held"] == 0 for one in found.values()))
    places = {"earliest": 0, "latest": 10, "4": 4, "1970-01-01": 0, "2999-01-01T00:00:00Z": 10}
    for index, (place, offset) in enumerate(places.items()):
        result = consumer("add", "c1", f"at-{index}", "--start", place, "--json")
        assert json.loads(result.out)["consumers"][0]["offset"] == offset, place
        assert consumer("seek", "c1", "at-0", place).status == 0
        assert consumers()["at-0"]["offset"] == offset, place


def test_a_move_tells_where_to(running, port):
    put(port, 10)
    consumer("add", "c1", "late")
    told = json.loads(consumer("seek", "c1", "late", "2999-01-01", "--json").out)
    assert told["offset"] == 10
    assert [one["consumer"] for one in told["consumers"]] == ["late"]


def test_the_consumer_without_a_name_can_be_moved(running, port):
    put(port, 10)
    wait_until(lambda found: found[""]["held"] == 0)
    consumer("pause", "c1", "")
    assert consumer("seek", "c1", "", "3").status == 0
    assert consumers()[""]["waiting"] == 7
    consumer("resume", "c1", "")
    wait_until(lambda found: found[""]["held"] == 0)


def test_nothing_is_taken_through_a_paused_one(running, port):
    result = consumer("pause", "c1", "audit")
    assert "used, paused" in result.out
    put(port, 20)
    found = wait_until(lambda found: found[""]["held"] == 0)
    assert found["audit"]["waiting"] == 20
    assert "paused" not in consumer("resume", "c1", "audit").out
    wait_until(lambda found: found["audit"]["held"] == 0)


def test_one_that_nobody_uses_is_removed(running):
    consumer("add", "c1", "late")
    result = consumer("remove", "c1", "late")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert set(consumers()) == {"", "audit"}


def test_one_that_is_added_live_gets_all_after_a_change_of_the_configuration(
        running, conf, port, tmp_path):
    put(port, 50)
    wait_until(lambda found: all(one["held"] == 0 for one in found.values()))
    assert names(consumer("add", "c1", "again", "--start", "earliest")) == ["again"]
    put(port, 50, first=50)
    assert consumers()["again"]["waiting"] == 100
    (tmp_path / "out").mkdir()
    replace(conf, conf.read_text().replace("k1 k2", "k1 k2 k3") +
            "a1.sinks.k3.type = file_roll\na1.sinks.k3.channel = c1\n"
            "a1.sinks.k3.consumer = again\na1.sinks.k3.sink.rollInterval = 0\n"
            f"a1.sinks.k3.sink.directory = {tmp_path}/out\n")
    running.wait_for("runs with the changed configuration")
    wait_until(lambda found: found["again"]["held"] == 0)
    assert running.stop() == 143
    lines = [line for path in (tmp_path / "out").iterdir()
             for line in path.read_text().splitlines()]
    assert lines == [f"line {i}" for i in range(100)]


def test_what_was_changed_is_still_so_after_a_kill(agent, running, conf, port):
    consumer("add", "c1", "late", "--max-events", "9")
    consumer("pause", "c1", "audit")
    put(port, 5)
    running.process.kill()
    running.wait()
    again = agent("-n", "a1", "-f", conf)
    again.wait_for(RUNS)
    found = consumers()
    assert found["late"]["maxEvents"] == 9
    assert found["late"]["waiting"] == 5
    assert found["audit"]["paused"]


def test_what_one_that_is_behind_skips_is_seen(agent, conf, port):
    one = agent("-n", "a1", "-f", conf, "--set", "a1.channels.c1.checkpointInterval=1000")
    one.wait_for(RUNS)
    consumer("add", "c1", "late", "--max-events", "4")
    put(port, 10)
    found = wait_until(lambda found: found["late"]["skipped"] > 0)["late"]
    assert found["skipped"] + found["held"] == 10
    assert consumer("list").out.splitlines()[-1].split()[-2] == str(found["skipped"])


# ---- what is refused ----


@pytest.mark.parametrize(("arguments", "status", "message"), [
    (["list", "c2"], 3, "the agent has no channel 'c2' (did you mean 'c1'?) (FLOW_ENOENT)"),
    (["list", "zzz"], 3, "the agent has no channel 'zzz' (FLOW_ENOENT)"),
    (["add", "c1", "audit"], 3, "(FLOW_EEXIST)"),
    (["add", "c1", "a b"], 1, "'a b' is no name of a consumer"),
    (["add", "c1", "x", "--when-behind", "block", "--max-bytes", "1"], 1, "leave max_bytes out"),
    (["seek", "c1", "audti", "0"], 3,
     "there is no consumer 'audti' (did you mean 'audit'?) (FLOW_ENOENT)"),
    (["pause", "c1", "none"], 3, "channel c1: there is no consumer 'none' (FLOW_ENOENT)"),
    (["resume", "c1", "none"], 3, "channel c1: there is no consumer 'none' (FLOW_ENOENT)"),
    (["remove", "c1", "none"], 3, "channel c1: there is no consumer 'none' (FLOW_ENOENT)"),
    (["remove", "c1", "audit"], 3, "sinks or handles take through consumer 'audit'"),
])
def test_what_the_library_refuses_comes_with_its_text_and_code(running, arguments, status, message):
    result = consumer(*arguments)
    assert message in result.err
    assert (result.status, result.out) == (status, "")
    assert "FLOW_E" in result.err
    assert running.process.poll() is None


def test_a_channel_that_keeps_no_log_has_no_consumers(agent, conf):
    one = agent("-n", "a1", "-f", conf, "--set", "a1.channels.c1.type=memory", "--lenient")
    one.wait_for(RUNS)
    result = consumer("list", "c1")
    assert result.status == 3
    assert "channel c1: a channel of type memory has no consumers (FLOW_ENOENT)" in result.err
    assert (consumer("list").status, consumer("list").out) == (0, "")


@pytest.mark.parametrize(("arguments", "message"), [
    ([], "flow consumer is followed by one of list, add, seek, pause, resume, remove, "
         "dead and replay"),
    (["lst"], "flow consumer cannot 'lst' (did you mean 'list'?)"),
    (["Remove", "c1", "x"], "(did you mean 'remove'?)"),
    (["nonsense"], "flow consumer cannot 'nonsense'\n"),
    (["list", "c1", "c2"], "it is flow consumer list [CHANNEL]"),
    (["add", "c1"], "it is flow consumer add CHANNEL NAME"),
    (["seek", "c1", "audit"], "it is flow consumer seek CHANNEL NAME PLACE"),
    (["seek", "c1", "audit", "first"], "'first' is not earliest, latest, an offset, or a time"),
    (["add", "c1", "x", "--start", "-1"], "'-1' is not earliest, latest, an offset, or a time"),
    (["add", "c1", "x", "--when-behind", "wait"], "--when-behind is skip or block, not 'wait'"),
    (["add", "c1", "x", "--max-events", "0"], "--max-events takes a number of events, not '0'"),
    (["add", "c1", "x", "--max-bytes", "1G"], "--max-bytes takes a number of bytes, not '1G'"),
    (["seek", "c1", "x", "0", "--start", "0"], "--start is for flow consumer add"),
    (["list", "--max-events", "1"], "--max-events is for flow consumer add"),
    (["list", "--channel", "c1"], "--channel is for log"),
    (["list", "--no-control"], "--no-control is for agent"),
    (["list", "--format", "json"], "--format is for check, describe, graph and log"),
])
def test_a_wrong_command_line_is_refused_without_an_agent(arguments, message):
    result = run_flow("consumer", *arguments)
    assert message in result.err
    assert (result.status, result.out) == (1, "")


@pytest.mark.parametrize(("command", "options", "message"), [
    ("agent", ["--start", "0"], "--start is for consumer"),
    ("agent", ["--json"], "--json is for consumer and log"),
    ("check", ["--control-socket", "x"], "--control-socket is for agent and consumer"),
])
def test_its_options_are_not_for_others(command, options, message):
    result = run_flow(command, *options)
    assert (result.status, message in result.err) == (1, True)


@pytest.mark.parametrize("arguments", [["help", "consumer"], ["consumer", "--help"],
                                       ["consumer", "add", "-h"]])
def test_help(arguments):
    result = run_flow(*arguments)
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("Usage: flow consumer ACTION")
    for action in ("list", "add", "seek", "pause", "resume", "remove", "dead", "replay"):
        assert f"\n  {action} " in result.out
    assert "consumer list|add|seek|pause|resume|remove|dead|replay" in run_flow("help").out


# ---- which agent ----


def test_an_agent_that_does_not_run(runtime):
    name = f"nobody{os.getpid()}"  # somebody else may have left a socket of a1 below /tmp
    result = consumer("list", "-n", name)
    assert result.status == 3
    assert (f"agent {name} does not run, or has no control socket where it is looked for:"
            in result.err)
    assert f"{runtime}/flow/{name}.sock: No such file or directory" in result.err
    assert re.search(rf"/tmp/flow-\d+/{name}.sock: ", result.err)


def test_an_agent_that_was_killed(running, runtime):
    running.process.kill()
    running.wait()
    result = consumer("list", "-n", "a1")
    assert result.status == 3
    assert f"nobody listens at {runtime}/flow/a1.sock any more" in result.err


def test_of_two_agents_one_has_to_be_named(agent, running, port, tmp_path):
    other = tmp_path / "b.conf"
    other.write_text(LOG.format(port=port, folder=tmp_path / "other").replace("a1.", "b.")
                     .replace("localhost", "127.0.0.2"))
    two = agent("-n", "b", "-f", other)
    two.wait_for(RUNS)
    result = run_flow("consumer", "list")
    assert result.status == 1
    assert re.search("say which agent is meant, with --name: there is (.*, )?(a1|b)[,\n]", result.err)
    assert consumer("add", "c1", "mine", "-n", "b").status == 0
    assert "mine" in consumers("-n", "b")
    assert "mine" not in consumers("-n", "a1")
    assert two.stop() == 143
    assert set(consumers()) == {"", "audit"}


def test_the_only_agent_need_not_be_named(running):
    result = run_flow("consumer", "list", "c1")
    if result.status == 0:
        assert result.out == consumer("list", "c1").out
    else:  # somebody else's, which is none of this test's
        assert re.search("say which agent is meant, with --name: there is .*a1", result.err)


def test_no_agent_at_all(runtime):
    (runtime / "flow").mkdir(mode=0o700)
    result = consumer("list", "--control-socket", runtime / "none.sock")
    assert result.status == 3
    assert f"no agent can be reached: {runtime}/none.sock: No such file or directory" in result.err


def test_a_change_of_the_configuration_refuses_nobody(running, conf):
    """Requests that come while nothing runs wait for what runs next."""
    for change in range(2):
        replace(conf, conf.read_text() + "\n")
        deadline = time.monotonic() + 60
        while running.log.count("runs with the changed configuration") <= change:
            result = consumer("list")
            assert (result.status, result.err) == (0, "")
            assert time.monotonic() < deadline
