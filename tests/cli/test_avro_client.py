# SPDX-License-Identifier: Apache-2.0
"""`flow avro-client`: what it sends, how it ends, and what a terminal shows meanwhile."""

import os
import pty
import select
import subprocess

import pytest
from conftest import FLOW, TIMEOUT, environment, run_flow

AGENT = """\
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = avro
a1.sources.r1.bind = 127.0.0.1
a1.sources.r1.port = {port}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.channels.c1.capacity = 100000
a1.sinks.k1.type = file_roll
a1.sinks.k1.sink.directory = {folder}
a1.sinks.k1.sink.rollInterval = 0
a1.sinks.k1.sink.serializer = HEADER_AND_TEXT
a1.sinks.k1.channel = c1
"""


@pytest.fixture(name="receiver")
def _receiver(agent, port, tmp_path):
    """A running agent; `received` stops it and returns what it got."""
    folder = tmp_path / "received"
    folder.mkdir()
    (tmp_path / "a.conf").write_text(AGENT.format(port=port, folder=folder))
    running = agent("--name", "a1", "--conf-file", "a.conf")
    running.wait_for("listening on")
    running.address = ("--host", "127.0.0.1", "--port", str(port))

    def received(count):
        while sum(file.read_bytes().count(b"\n") for file in folder.iterdir()) < count:
            assert running.process.poll() is None
        assert running.stop() == 143
        return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))

    running.received = received
    return running


def send(data, *arguments):
    return subprocess.run([FLOW, "avro-client", *map(str, arguments)], input=data,
                          capture_output=True, env=environment(), timeout=TIMEOUT, check=False)


def test_each_line_of_the_input_is_an_event(receiver):
    done = send(b"one\n\ntwo\r\nthree\rlast", *receiver.address)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert receiver.received(5) == b"{} one\n{} \n{} two\n{} three\n{} last\n"


def test_a_file_with_headers_from_another(receiver, tmp_path):
    (tmp_path / "lines").write_bytes(b"".join(b"%d\n" % n for n in range(10000)))
    (tmp_path / "headers").write_text("# for all\nhost = web1\n")
    done = send(b"", *receiver.address, "-F", tmp_path / "lines", "-R", tmp_path / "headers")
    assert done.returncode == 0
    assert receiver.received(10000) == b"".join(b"{host=web1} %d\n" % n for n in range(10000))


def test_a_folder_is_sent_oldest_first_and_once(receiver, tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    for age, name in ((1, "c"), (3, "a"), (2, "b")):
        (folder / name).write_text(f"{name}\n")
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    (folder / ".hidden").write_text("no\n")
    for _ in range(2):
        assert send(b"", *receiver.address, "--dirname", folder).returncode == 0
    assert {file.name for file in folder.iterdir()} == {
        "afileSuffix", "bfileSuffix", "cfileSuffix", ".hidden"}
    assert receiver.received(3) == b"{} a\n{} b\n{} c\n"


def test_a_file_that_is_not_sent_keeps_its_name(tmp_path, port):
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "a").write_text("x\n")
    done = send(b"", "-H", "localhost", "-p", port, "--dirname", tmp_path / "spool")
    assert done.returncode == 3
    assert (tmp_path / "spool" / "a").exists()


def test_properties_of_a_client(receiver, tmp_path, port):
    (tmp_path / "rpc").write_text(f"client.type = default_failover\nhosts = a b\n"
                                  f"hosts.a = 127.0.0.1:1\nhosts.b = 127.0.0.1:{port}\n")
    assert send(b"x\n", "--rpcProps", tmp_path / "rpc").returncode == 0
    assert receiver.received(1) == b"{} x\n"


def test_what_is_there_goes_out_while_more_may_come(receiver):
    process = subprocess.Popen([FLOW, "avro-client", *receiver.address], stdin=subprocess.PIPE,
                               env=environment())
    process.stdin.write(b"now\n")
    process.stdin.flush()
    assert receiver.received(1) == b"{} now\n"
    process.stdin.close()
    assert process.wait(TIMEOUT) == 0


def test_a_terminal_shows_how_far_it_is(receiver, tmp_path):
    (tmp_path / "lines").write_text("x\n" * 1000)
    master, slave = pty.openpty()
    process = subprocess.Popen([FLOW, "avro-client", *receiver.address, "-F", tmp_path / "lines"],
                               stderr=slave, env=environment())
    assert process.wait(TIMEOUT) == 0
    shown = ""
    while "100% 1000 events" not in shown:  # a terminal hands on in parts what was written at once
        assert select.select([master], [], [], TIMEOUT)[0], shown
        shown += os.read(master, 65536).decode()
    os.close(slave)
    os.close(master)
    assert "[" + "#" * 30 + "]" in shown


@pytest.mark.parametrize("arguments, status, says", [
    ((), 1, "Either --rpcProps or both --host and --port must be specified."),
    (("-H", "a"), 1, "You must specify a port to connect to with --port"),
    (("-p", "1"), 1, "You must specify a hostname to connect to with --host"),
    (("-H", "a", "-p", "x"), 1, "--port takes a number"),
    (("-F", "a", "--dirname", "b"), 1, "cannot be used simultaneously"),
    (("-H", "a", "-p", "1", "more"), 1, "unexpected argument 'more'"),
    (("--rpcProps", "/nowhere"), 2, "/nowhere"),
    (("-H", "127.0.0.1", "-p", "1"), 3, "cannot connect to 127.0.0.1:1"),
])
def test_what_is_wrong_is_said(arguments, status, says):
    done = run_flow("avro-client", *arguments)
    assert done.status == status
    assert says in done.err


def test_definitions_reach_the_client(tmp_path):
    props = tmp_path / "client.properties"
    props.write_text("hosts = h1\nhosts.h1 = 127.0.0.1:1\nssl = true\n")
    done = run_flow("avro-client", "--rpcProps", props, "-Djavax.net.ssl.trustStore=/nowhere/store")
    assert done.status == 2
    assert "/nowhere/store" in done.err
    assert run_flow("avro-client", "-D=x").status == 1


def test_headers_that_cannot_be_read_are_left_out(receiver, tmp_path):
    done = send(b"x\n", *receiver.address, "-R", tmp_path / "none")
    assert done.returncode == 0
    assert b"there is no file" in done.stderr
    assert receiver.received(1) == b"{} x\n"


def test_help():
    done = run_flow("help", "avro-client")
    assert done.out == run_flow("avro-client", "--help").out
    assert "--rpcProps" in done.out
