# SPDX-License-Identifier: Apache-2.0
"""Flume's sample configurations of several agents, run as they are; only hosts, ports and files are
set from outside."""

import re
import signal
import socket
import time

import pytest
from conftest import DATA, send

CONFS = DATA / "confs"


def free_ports(count):
    """Ports that nobody has, each another one."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("localhost", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def bodies(agent):
    """The texts that a logger has printed, in order."""
    return re.findall(r"Event: \{ headers:\{.*?\} body: (?:[0-9A-F]{2} )+ *(\S.*?) \}", agent.log)


@pytest.fixture(name="run")
def fixture_run(agent):
    """Starts the agent NAME of a configuration with some of its settings changed."""
    def run(name, conf, settings):
        command = ["--name", name, "--conf-file", CONFS / conf]
        for key, value in settings.items():
            command += ["--set", f"{name}.{key}={value}"]
        return agent(*command)
    return run


# ---- group2: two consoles share the load ----


def start_console(run, name, number, port):
    started = run(name, f"group2/flume-flume-console{number}.conf",
                  {"sources.r1.bind": "localhost", "sources.r1.port": port})
    started.wait_for(f"{name} runs")
    return started


def wait_until_all_arrived(sent, *consoles):
    """Each line that was sent is on one of the consoles."""
    end = time.monotonic() + 60
    while not set(sent) <= {line for console in consoles for line in bodies(console)}:
        assert time.monotonic() < end, [console.log for console in consoles]
        time.sleep(0.01)


def test_a_console_that_is_killed_and_comes_back(run):
    port, first, second = free_ports(3)
    sender = run("a1", "group2/flume-netcat-flume.conf", {
        "sources.r1.port": port,
        "sinks.k1.hostname": "localhost", "sinks.k1.port": first,
        "sinks.k2.hostname": "localhost", "sinks.k2.port": second,
    })
    sender.wait_for("a1 runs")
    sent = []

    def push(count):
        for _ in range(count):
            sent.append(f"line {len(sent)}")
            assert send(port, f"{sent[-1]}\n") == "OK\n"

    one, two = start_console(run, "a2", 1, first), start_console(run, "a3", 2, second)
    while not (bodies(one) and bodies(two)):
        push(1)
    wait_until_all_arrived(sent, one, two)
    one.stop(signal.SIGKILL)
    push(20)
    wait_until_all_arrived(sent, one, two)

    again = start_console(run, "a2", 1, first)
    while not bodies(again):
        push(1)
    wait_until_all_arrived(sent, one, two, again)
    sender.wait_for("sink k1 works again")
    assert not re.search("ERROR", sender.log)


# ---- group3: a file and a port into one logger ----


def start_agents(run, tmp_path, order, push):
    """Starts the agents one after the other, and pushes as soon as both that send are there."""
    ports = free_ports(2)
    grown = tmp_path / "group.log"
    grown.touch()
    agents = {
        "a1": ("group3/flume1-logger-flume.conf", {
            "sources.r1.command": f"tail -n +1 -F {grown}",
            "sinks.k1.hostname": "localhost", "sinks.k1.port": ports[0]}),
        "a2": ("group3/flume2-netcat-flume.conf", {
            "sources.r1.bind": "localhost", "sources.r1.port": ports[1],
            "sinks.k1.hostname": "localhost", "sinks.k1.port": ports[0]}),
        "a3": ("group3/flume3-flume-logger.conf", {
            "sources.r1.bind": "localhost", "sources.r1.port": ports[0]}),
    }
    started = {}
    for name in order:
        started[name] = run(name, *agents[name])
        started[name].wait_for(f"{name} runs")
        if name != "a3" and {"a1", "a2"} <= set(started):
            push(grown, ports[1])
    return started


@pytest.mark.parametrize("order", [("a3", "a2", "a1"), ("a1", "a2", "a3")], ids="-".join)
def test_a_file_and_a_port_go_to_one_logger(run, tmp_path, order):
    """Where the receiver comes last, events wait for it."""
    def push(grown, port):
        with grown.open("a", encoding="utf-8") as out:
            out.writelines(f"file {i}\n" for i in range(300))
        assert send(port, "".join(f"port {i}\n" for i in range(300))) == "OK\n" * 300

    agents = start_agents(run, tmp_path, order, push)
    agents["a3"].wait_for("file 299")
    agents["a3"].wait_for("port 299")
    got = bodies(agents["a3"])
    for source in ("file", "port"):
        assert [body for body in got if body.startswith(source)] == \
            [f"{source} {i}" for i in range(300)]
    for name in reversed(order):
        assert agents[name].stop() == 128 + signal.SIGTERM
