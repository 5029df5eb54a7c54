# SPDX-License-Identifier: Apache-2.0
"""`flow consumer dead` and `replay`: what a consumer could not deliver."""

import json
import os

import pytest
from conftest import run_flow, send
from control import RUNS, Client, consumer, consumers, wait_until

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


@pytest.fixture
def running(agent, tmp_path, port):
    conf = tmp_path / "a.conf"
    conf.write_text(CONF.format(port=port, folder=tmp_path))
    one = agent("-f", conf, "--plugins-path", os.environ["FLOW_TEST_PICKY"], "--stop-timeout", "1")
    one.wait_for(RUNS)
    return one


def put_aside(count):
    """Waits until there are COUNT dead letters and nothing else."""
    wait_until(lambda found: found[""]["letters"] == count and found[""]["held"] == 0)


def test_dead_letters_are_listed_and_delivered_again(running, port, tmp_path):
    send(port, "good\npoison\ngood\n")
    put_aside(1)
    running.wait_for("event 1 is a dead letter of consumer ''")
    assert consumer("list").out.splitlines()[1].split()[-1] == "1"
    (letter,) = json.loads(consumer("dead", "c1", "", "--json").out)["letters"]
    assert (letter["offset"], letter["deliveries"], letter["bytes"]) == (1, 1, 6)
    assert "this is poison" in letter["reason"]
    head, row = consumer("dead", "c1", "").out.splitlines()
    assert head.split() == ["OFFSET", "TIME", "BYTES", "DELIVERIES", "REASON"]
    assert row.split()[0] == "1" and row.endswith("this is poison")
    (tmp_path / "antidote").write_text("")
    result = consumer("replay", "c1", "", "1")
    assert result.out.startswith("1 dead letter is to be delivered again\n")
    running.wait_for("by the control socket: consumer.replay, consumer '' of c1")
    put_aside(0)
    assert (consumer("dead", "c1", "").status, consumer("dead", "c1", "").out) == (0, "")
    assert consumer("replay", "c1", "").out.startswith("0 dead letters are to be delivered again\n")


def test_letters_from_an_offset_on(running, port, runtime):
    send(port, "poison\ngood\npoison\n")
    put_aside(2)
    with Client(runtime / "flow" / "a1.sock") as client:
        for start, offsets in ((0, [0, 2]), (1, [2]), (3, [])):
            result = client.ask("consumer.dead", channel="c1", consumer="", **{"from": start})
            assert [one["offset"] for one in result["result"]["letters"]] == offsets


def test_a_dump_of_the_log_shows_dead_letters(running, port, tmp_path):
    send(port, "poison\n")
    put_aside(1)
    running.stop()
    dump = run_flow("log", "dump", "--events", "--checkpoint-dir", tmp_path / "checkpoint",
                    "--data-dirs", tmp_path / "data").out
    stat = run_flow("log", "stat", "--json", "--checkpoint-dir", tmp_path / "checkpoint",
                    "--data-dirs", tmp_path / "data").out
    (one,) = json.loads(stat)["consumers"]
    assert (one["name"], one["letters"], one["paused"]) == ("", 1, False)
    dead = dump.index(" dead, ")
    assert "event 0 after 1 deliveries: sink k1: this is poison" in dump[dead:]
    assert '"poison"' in dump[dead:]


@pytest.mark.parametrize(("arguments", "status", "message"), [
    (["dead", "c1", "none"], 3, "there is no consumer 'none' (FLOW_ENOENT)"),
    (["replay", "c1", "none"], 3, "there is no consumer 'none' (FLOW_ENOENT)"),
    (["replay", "c1", "", "7"], 3, "no dead letter of event 7"),
    (["replay", "c1", "", "latest"], 1, "'latest' is no offset"),
    (["replay", "c1", "", "-1"], 1, "unrecognized option '-1'"),
    (["replay", "c1", "", "01"], 1, "'01' is no offset"),
    (["replay", "c1"], 1, "it is flow consumer replay CHANNEL NAME [OFFSET]"),
    (["dead", "c1", "", "1"], 1, "it is flow consumer dead CHANNEL NAME"),
])
def test_what_is_refused(running, arguments, status, message):
    result = consumer(*arguments)
    assert (result.status, result.out) == (status, "")
    assert message in result.err
    assert set(consumers()) == {""}
