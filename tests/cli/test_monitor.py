# SPDX-License-Identifier: Apache-2.0
"""Flume's monitoring of type http."""

import json
import re
import socket
from http.client import HTTPConnection

import pytest
from conftest import NETCAT, TIMEOUT, run_flow, send

RUNS = "agent a1 runs$"
HTTP = ["-Dflume.monitoring.type=http", "-Dflume.monitoring.port=0"]


@pytest.fixture
def monitored(agent, conf):
    one = agent("-n", "a1", "-f", conf, "-i", "1", *HTTP)
    one.wait_for(RUNS)
    return one


def port_of(one):
    return int(re.search(r"(\d+)$", one.wait_for(r"metrics at port \d+$")).group(1))


def ask(port, path="/metrics", method="GET", host="localhost"):
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def metrics(one):
    return json.loads(ask(port_of(one))[1])


def test_counters_are_told_as_flume_tells_them(monitored, port):
    assert send(port, "a\nb\nc\n") == "OK\n" * 3
    while metrics(monitored)["SINK.k1"]["EventDrainSuccessCount"] != "3":
        assert monitored.process.poll() is None
    answer, body = ask(port_of(monitored))
    assert answer.getheader("Content-Type") == "application/json;charset=utf-8"
    told = json.loads(body)
    assert set(told) == {"SOURCE.r1", "CHANNEL.c1", "SINK.k1"}
    assert told["SOURCE.r1"]["Type"] == "SOURCE"
    assert told["SOURCE.r1"]["EventAcceptedCount"] == "3"
    assert told["CHANNEL.c1"]["ChannelCapacity"] == "100"
    assert told["CHANNEL.c1"]["ChannelSize"] == "0"
    assert told["CHANNEL.c1"]["ChannelFillPercentage"] == "0.0"
    assert all(isinstance(value, str) for one in told.values() for value in one.values())
    assert monitored.stop() == 143


def test_how_full_a_channel_is(agent, conf, port):
    conf.write_text(conf.read_text().replace("a1.sinks = k1", "").replace("a1.sinks.k1", "#") +
                    "a1.channels.c1.capacity = 300\n")
    one = agent("-n", "a1", "-f", conf, *HTTP, "--stop-timeout", "1")
    one.wait_for(RUNS)
    assert send(port, "a\n") == "OK\n"
    assert metrics(one)["CHANNEL.c1"]["ChannelFillPercentage"].startswith("0.33333333333")
    assert send(port, "b\nc\n") == "OK\n" * 2
    assert metrics(one)["CHANNEL.c1"]["ChannelFillPercentage"] == "1.0"


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/", 200), ("GET", "/METRICS?x=1", 200), ("POST", "/metrics", 200),
    ("HEAD", "/metrics", 200), ("GET", "/metrics/x", 404), ("GET", "/x", 404),
    ("OPTIONS", "/metrics", 403), ("TRACE", "/metrics", 403),
])
def test_pages(monitored, method, path, status):
    answer, body = ask(port_of(monitored), path, method)
    assert answer.status == status
    assert (body == "") == (method == "HEAD")


def test_both_kinds_of_addresses(monitored):
    for host in ("127.0.0.1", "::1"):
        assert ask(port_of(monitored), host=host)[0].status == 200


@pytest.mark.parametrize("text", [b"", b"GET", b"GET /metrics HTTP/1.1\r\n", b"\r\n\r\n", b"x" * 9000,
                                  b"\0" * 100 + b"\n\n", b"GET metrics\n\n"])
def test_who_says_nothing_sensible_gets_no_answer_and_is_in_nobodys_way(monitored, text):
    with socket.create_connection(("localhost", port_of(monitored)), timeout=TIMEOUT) as other:
        other.sendall(text)
        assert "SOURCE.r1" in metrics(monitored)
        try:
            assert other.recv(100) == b""
        except ConnectionResetError:
            pass  # more was sent than was read


def both_are_answered(port):
    """Whether one who stops in his request, and one who comes meanwhile, get answers."""
    with socket.create_connection(("localhost", port), timeout=TIMEOUT) as slow:
        slow.sendall(b"GET /metr")
        assert ask(port)[0].status == 200
        try:
            slow.sendall(b"ics HTTP/1.1\r\n\r\n")
            return slow.recv(100).startswith(b"HTTP/1.1 200 OK")
        except (BrokenPipeError, ConnectionResetError):
            return False


def test_nobody_waits_for_a_slow_client(monitored):
    # Who is slow has two seconds: on a busy machine they may pass in between, but not each time.
    assert any(both_are_answered(port_of(monitored)) for _ in range(20))


def test_a_stop_does_not_wait_for_a_slow_client(monitored):
    with socket.create_connection(("localhost", port_of(monitored)), timeout=TIMEOUT) as other:
        other.sendall(b"GET /")
        assert monitored.stop() == 143


def test_a_changed_configuration_has_its_own_counters(monitored, conf, port):
    assert send(port, "a\n") == "OK\n"
    fresh = conf.with_suffix(".new")
    fresh.write_text(NETCAT.format(port=port).replace("k1", "k2"))
    fresh.rename(conf)
    monitored.wait_for("runs with the changed configuration")
    told = metrics(monitored)
    assert "SINK.k2" in told and "SINK.k1" not in told
    assert told["SOURCE.r1"]["EventAcceptedCount"] == "0"


def test_a_port_that_is_taken_is_logged(agent, conf):
    with socket.create_server(("", 0)) as other:
        number = other.getsockname()[1]
        one = agent("-n", "a1", "-f", conf, HTTP[0], f"-Dflume.monitoring.port={number}")
        one.wait_for(f"ERROR.*no metrics at port {number}: Address already in use")
        one.wait_for(RUNS)
        assert one.stop() == 143


def test_a_dry_run_serves_nothing(conf):
    result = run_flow("agent", "--dryrun", "-n", "a1", "-f", conf, *HTTP)
    assert result.status == 0
    assert "metrics" not in result.err
