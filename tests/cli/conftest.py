# SPDX-License-Identifier: Apache-2.0
"""What every test of the command needs: running it, and agents that end with their test."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

FLOW = os.environ["FLOW_COMMAND"]
DATA = Path(__file__).resolve().parent.parent / "data"
TIMEOUT = 60

NETCAT = """\
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = netcat
a1.sources.r1.bind = localhost
a1.sources.r1.port = {port}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
"""


def environment(**variables):
    """The environment of the test without what would change the command."""
    left_out = ("JAVA_OPTS", "FLUME_JAVA_OPTS", "FLUME_HOME", "FLUME_CLASSPATH",
                "HADOOP_CONF_DIR", "HADOOP_HOME", "HADOOP_PREFIX")
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    env.update(variables)
    return env


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr


def run_flow(*arguments, cwd=None, env=None):
    done = subprocess.run([FLOW, *map(str, arguments)], capture_output=True, text=True, cwd=cwd,
                          env=env or environment(), timeout=TIMEOUT, check=False)
    return Result(done)


class Agent:
    """A running `flow agent`; its standard error is read all the time."""

    def __init__(self, arguments, cwd, env):
        self.process = subprocess.Popen([FLOW, "agent", *map(str, arguments)], text=True, cwd=cwd,
                                        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = []
        self.news = threading.Condition()
        self.ended = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def wait_for(self, pattern, count=1):
        """Waits until COUNT lines match; returns the last of them."""
        deadline = time.monotonic() + TIMEOUT
        with self.news:
            while True:
                found = [line for line in self.lines if re.search(pattern, line)]
                if len(found) >= count:
                    return found[count - 1]
                if self.ended or not self.news.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no '{pattern}' in:\n" + "".join(self.lines))

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        self.process.wait(TIMEOUT)
        self.reader.join(TIMEOUT)
        return self.process.returncode

    @property
    def log(self):
        return "".join(self.lines)


@pytest.fixture(autouse=True)
def runtime(monkeypatch):
    """A folder for control sockets of the test's own; its path is short, as theirs have to be."""
    with tempfile.TemporaryDirectory(prefix="flow-cli-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def agent(tmp_path, runtime):
    """Starts agents, in the test's own folder, and kills what is left of them."""
    started = []

    def start(*arguments, env=None):
        one = Agent(arguments, tmp_path, env or environment())
        started.append(one)
        return one

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.wait()
        one.process.stdout.close()
        one.process.stderr.close()


@pytest.fixture
def port():
    """A port that nobody has: the system gives each one out once before it begins anew."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


@pytest.fixture
def conf(tmp_path, port):
    """A configuration with a netcat source, a memory channel and a logger sink."""
    path = tmp_path / "a.conf"
    path.write_text(NETCAT.format(port=port))
    return path


def send(port, text):
    """Sends lines to a netcat source and returns what it answers."""
    with socket.create_connection(("localhost", port), timeout=TIMEOUT) as connection:
        connection.sendall(text.encode())
        wanted = text.count("\n") * len("OK\n")
        answer = b""
        while len(answer) < wanted:
            piece = connection.recv(4096)
            if not piece:
                break
            answer += piece
        return answer.decode()
