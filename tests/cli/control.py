# SPDX-License-Identifier: Apache-2.0
"""Agents with a file channel, and clients of control sockets that speak the protocol themselves."""

import json
import socket
import time

import pytest
from conftest import TIMEOUT, run_flow

RUNS = r"agent \S+ runs$"

# A sink of the consumer without a name, and one of the consumer `audit`.
LOG = """\
a1.sources = r1
a1.channels = c1
a1.sinks = k1 k2
a1.sources.r1.type = netcat
a1.sources.r1.bind = localhost
a1.sources.r1.port = {port}
a1.sources.r1.channels = c1
a1.channels.c1.type = file
a1.channels.c1.checkpointDir = {folder}/checkpoint
a1.channels.c1.dataDirs = {folder}/data
a1.channels.c1.minimumRequiredSpace = 1048576
a1.channels.c1.retentionTime = 3600
a1.sinks.k1.type = null
a1.sinks.k1.channel = c1
a1.sinks.k2.type = null
a1.sinks.k2.channel = c1
a1.sinks.k2.consumer = audit
"""


@pytest.fixture
def conf(tmp_path, port):
    path = tmp_path / "a.conf"
    path.write_text(LOG.format(port=port, folder=tmp_path))
    return path


@pytest.fixture
def running(agent, conf):
    one = agent("-n", "a1", "-f", conf, "-i", "1")
    one.wait_for(RUNS)
    return one


class Client:
    """One connection; what it asks is answered in order."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")
        self.greeting = json.loads(self.lines.readline())

    def say(self, data):
        self.socket.sendall(data)

    def hear(self):
        """The next answer; None at the end."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def ask(self, command, **members):
        self.say(json.dumps({"command": command, **members}).encode() + b"\n")
        return self.hear()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.lines.close()
        self.socket.close()


def consumer(*arguments):
    """Asks the agent a1, unless the arguments say another: there may be more below /tmp."""
    named = "-n" in arguments or "--control-socket" in arguments
    return run_flow("consumer", *arguments, *(() if named else ("-n", "a1")))


def consumers(*arguments):
    """The consumers as `flow consumer list` knows them, by name."""
    result = consumer("list", "--json", *arguments)
    assert result.status == 0, result.err
    return {one["consumer"]: one for one in json.loads(result.out)["consumers"]}


def wait_until(done):
    """Asks again and again; the limit is only for a broken build."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        found = consumers()
        if done(found):
            return found
    raise AssertionError(f"it did not come to that: {found}")
