# SPDX-License-Identifier: Apache-2.0
"""The control socket of an agent: where it is, who may use it, and what it puts up with."""

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from conftest import FLOW, TIMEOUT, environment, run_flow
from control import LOG, RUNS, Client, consumer, consumers
from control import conf, running  # noqa: F401 (fixtures)
from test_agent import replace

ROOM = 65536  # bytes of a request
PLACES = 64   # of clients


@pytest.fixture
def path(runtime):
    return runtime / "flow" / "a1.sock"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def start(agent, conf, *options, env=None, name="a1"):
    """An agent NAME with an own channel, whoever else runs."""
    folder = Path(tempfile.mkdtemp(dir=conf.parent))
    text = conf.read_text().replace(str(conf.parent), str(folder)).replace("a1.", f"{name}.")
    mine = folder / "a.conf"
    mine.write_text(text)
    one = agent("-n", name, "-f", mine, "--set", f"{name}.sources.r1.type=seq",
                "--set", f"{name}.sources.r1.totalEvents=3", *options, env=env)
    one.wait_for(RUNS)
    return one


# ---- where it is ----


@pytest.fixture
def any_umask():
    """Lets the agent make files for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_it_is_the_users_alone_from_the_first_moment(any_umask, agent, conf, path):
    modes = []

    def look():
        while not modes:
            try:
                modes.append(mode(path))
            except FileNotFoundError:
                pass

    looker = threading.Thread(target=look)
    looker.start()
    one = agent("-n", "a1", "-f", conf)
    one.wait_for(RUNS)
    looker.join()
    assert modes == [0o600]
    assert mode(path.parent) == 0o700
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert one.stop() == 143
    assert not path.exists()


def test_without_a_runtime_folder_it_is_below_tmp(agent, conf):
    env = environment()
    del env["XDG_RUNTIME_DIR"]
    name = f"tested-{os.getpid()}"
    one = start(agent, conf, env=env, name=name)
    path = f"/tmp/flow-{os.geteuid()}/{name}.sock"
    one.wait_for(f"control socket {path}$")
    # Looked for here too by who has the variable.
    assert consumer("list", "-n", name).status == 0
    assert one.stop() == 143
    assert not os.path.exists(path)


@pytest.mark.parametrize("value", ["run/user", "", "/none"])
def test_a_runtime_folder_that_is_none_is_not_used(agent, conf, value):
    name = f"tested-{os.getpid()}"
    one = start(agent, conf, env=environment(XDG_RUNTIME_DIR=value), name=name)
    one.wait_for(f"control socket /tmp/flow-{os.geteuid()}/{name}.sock$")
    assert one.stop() == 143  # which leaves nothing there


def test_a_path_of_ones_own(agent, conf, runtime, path):
    one = start(agent, conf, "--control-socket", runtime / "x")
    assert mode(runtime / "x") == 0o600
    assert not path.exists()
    assert consumer("list").status == 3
    assert consumer("list", "--control-socket", runtime / "x").status == 0
    assert one.stop() == 143
    assert list(runtime.iterdir()) == []


def test_none_at_all(agent, conf, runtime):
    one = start(agent, conf, "--no-control")
    assert list(runtime.iterdir()) == []
    assert one.stop() == 143
    assert run_flow("agent", "--dryrun", "-n", "a1", "-f", conf).status == 0
    assert list(runtime.iterdir()) == []


def test_names_that_are_no_file_names(agent, conf, runtime):
    one = start(agent, conf, name="up/%2F-é")
    assert (runtime / "flow" / "up%2F%252F-%C3%A9.sock").exists()
    assert set(consumers("-n", "up/%2F-é")) == {"", "audit"}
    assert one.stop() == 143


# ---- what makes it impossible, and lets the agent run all the same ----


def warned(one, why):
    one.wait_for(rf"WARN.*no control socket: {why}; `flow consumer` cannot reach this agent")
    one.wait_for(RUNS)


def test_a_folder_that_is_open_to_others(agent, conf, runtime):
    (runtime / "flow").mkdir(mode=0o755)
    warned(start(agent, conf), f"{runtime}/flow is open to others, with mode 0755")


def test_a_folder_that_is_a_link(agent, conf, runtime, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (runtime / "flow").symlink_to(tmp_path / "elsewhere")
    warned(start(agent, conf), f"{runtime}/flow is no folder")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else(agent, conf, runtime):
    (runtime / "flow").mkdir(mode=0o700)
    os.chown(runtime / "flow", 12345, 12345)
    warned(start(agent, conf), f"{runtime}/flow belongs to user 12345")


def test_a_file_that_is_no_socket_is_left_alone(agent, conf, runtime):
    (runtime / "x").write_text("precious")
    one = start(agent, conf, "--control-socket", runtime / "x")
    warned(one, f"{runtime}/x is there, and is no socket")
    assert one.stop() == 143
    assert (runtime / "x").read_text() == "precious"


def test_a_path_that_is_too_long(agent, conf, runtime):
    long = runtime / ("x" * 108)
    warned(start(agent, conf, "--control-socket", long), f"{long} is longer than the 107 bytes .*")


def test_a_folder_that_is_not_there(agent, conf, runtime):
    warned(start(agent, conf, "--control-socket", runtime / "none" / "x"),
           f"cannot lock the folder of {runtime}/none/x: No such file or directory")


def test_a_folder_that_somebody_else_has_locked(agent, conf, runtime, path):
    path.parent.mkdir(mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    warned(start(agent, conf), f"cannot lock the folder of {path}: Resource temporarily unavailable")
    os.close(folder)
    start(agent, conf).wait_for(f"control socket {path}$")


def test_the_socket_of_a_live_agent_stays_his(agent, conf, running, path):
    second = start(agent, conf)
    warned(second, f"process {running.process.pid} listens at {path}")
    with Client(path) as client:
        assert client.greeting["process"] == running.process.pid
        assert second.stop() == 143
        assert "result" in client.ask("consumer.list")
    assert path.exists()


def test_the_socket_of_a_dead_agent_is_replaced(agent, conf, running, path):
    running.process.kill()
    running.wait()
    assert path.exists()
    second = agent("-n", "a1", "-f", conf)
    second.wait_for(RUNS)
    with Client(path) as client:
        assert client.greeting["process"] == second.process.pid
    assert mode(path) == 0o600


def test_of_agents_that_start_at_once_one_has_it(agent, conf, path):
    """On the socket of a dead one, which each of them finds."""
    dead = socket.socket(socket.AF_UNIX)
    path.parent.mkdir(mode=0o700)
    dead.bind(str(path))
    dead.close()
    started = []
    makers = [threading.Thread(target=lambda: started.append(start(agent, conf))) for _ in range(6)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    has_it = [one for one in started if "control socket " + str(path) in one.log]
    assert len(has_it) == 1
    with Client(path) as client:
        assert client.greeting["process"] == has_it[0].process.pid


def test_a_socket_that_became_anothers_is_not_removed(running, path):
    path.rename(path.with_suffix(".old"))
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        assert running.stop() == 143
        assert path.exists()


# ---- who may use it ----

INTRUDER = """
import os, socket, sys
os.setgid(65534), os.setuid(65534)
with socket.socket(socket.AF_UNIX) as one:
    one.connect(sys.argv[1])
    print(one.makefile().readline())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_else_is_sent_away(running, runtime, path):
    def intrude():
        return subprocess.run([sys.executable, "-c", INTRUDER, path], capture_output=True,
                              text=True, timeout=TIMEOUT, check=False)

    runtime.chmod(0o755)
    assert "Permission denied" in intrude().stderr
    path.parent.chmod(0o755)
    path.chmod(0o666)
    told = json.loads(intrude().stdout)
    assert told["error"]["message"] == "the agent belongs to another user"
    running.wait_for("user 65534 may not use the control socket")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_elses_agent_is_not_talked_to(running, runtime, path):
    """He might have made his socket where one's own should be."""
    runtime.chmod(0o755)
    path.parent.chmod(0o755)
    path.chmod(0o666)
    try:
        done = subprocess.run([FLOW, "consumer", "list", "--control-socket", path], user=65534,
                              group=65534, extra_groups=[], capture_output=True, text=True,
                              env=environment(), timeout=TIMEOUT, check=False)
    except PermissionError:
        pytest.skip("the command is where only root can run it")
    assert done.returncode == 3
    assert f"{path} is the socket of another user" in done.stderr


@pytest.mark.parametrize(("greeting", "why"), [
    ({"flow": "9.0.0", "protocol": 2, "agent": "a1", "process": 1},
     "speaks another version of the protocol, that of flow 9.0.0"),
    ({"error": {"message": "go away"}}, "go away"), ([], "another version"), (None, "no control")])
def test_one_that_is_not_what_it_should_be(runtime, greeting, why):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(runtime / "x"))
        other.listen()
        asking = subprocess.Popen([FLOW, "consumer", "list", "--control-socket", runtime / "x"],
                                  stderr=subprocess.PIPE, text=True)
        with other.accept()[0] as one:
            one.sendall(b"HTTP/1.1\n" if greeting is None else json.dumps(greeting).encode() + b"\n")
            assert why in asking.communicate(timeout=TIMEOUT)[1]
        assert asking.returncode == 3


# ---- the protocol ----


def test_a_greeting_has_a_version(running, path):
    with Client(path) as client:
        flow = run_flow("version").out.splitlines()[1].split()[1].rstrip(",")
        assert client.greeting == {"flow": flow, "protocol": 1, "agent": "a1",
                                   "process": running.process.pid}


def test_many_requests_of_one_client_are_answered_in_order(running, path):
    with Client(path) as client:
        client.say(b"".join(b'{"command":"consumer.seek","channel":"c1","consumer":"audit","to":"%d"}\n'
                            b'{"command":"consumer.list","channel":"x%d"}\n' % (i, i)
                            for i in range(100)))
        for i in range(100):
            assert "offset" in client.hear()["result"]
            assert f"'x{i}'" in client.hear()["error"]["message"]


@pytest.mark.parametrize(("text", "code", "message"), [
    ('', "FLOW_EPARSE", "a value is missing"),
    ('hello', "FLOW_EPARSE", "byte 1: no value begins so"),
    ('{"command": "consumer.list"', "FLOW_EPARSE", "a comma or the closing bracket is missing"),
    ('{"command": "consumer.list"} x', "FLOW_EPARSE", "byte 30: there is more behind the value"),
    ('{"command" "x"}', "FLOW_EPARSE", "a colon is missing"),
    ('{command: 1}', "FLOW_EPARSE", "the name of a member is missing"),
    ('{"a": 1, "a": 2}', "FLOW_EPARSE", "a member comes twice"),
    ('{"a": "x', "FLOW_EPARSE", "a text has no end"),
    ('{"a": "\\', "FLOW_EPARSE", "a text has no end"),
    ('{"a": "\\x"}', "FLOW_EPARSE", "no such escape"),
    ('{"a": "\\u12"}', "FLOW_EPARSE", "\\u is followed by no character"),
    ('{"a": "\\ud800"}', "FLOW_EPARSE", "\\u is followed by no character"),
    ('{"a": "\\ud800\\u0041"}', "FLOW_EPARSE", "\\u is followed by no character"),
    ('{"a": "\\u0000"}', "FLOW_EPARSE", "a text cannot have a NUL"),
    ('{"a": "\x01"}', "FLOW_EPARSE", "a control character in a text"),
    ('{"a": 01}', "FLOW_EPARSE", "a number begins with 0"),
    ('{"a": 1.}', "FLOW_EPARSE", "a digit is missing in a number"),
    ('{"a": -}', "FLOW_EPARSE", "a digit is missing in a number"),
    ('[' * 17 + ']' * 17, "FLOW_EPARSE", "byte 18: values are nested too deeply"),
    ('[' * 60000, "FLOW_EPARSE", "values are nested too deeply"),
    ('{' + ','.join(f'"{i}":1' for i in range(65)) + '}', "FLOW_EPARSE", "too many members"),
    ('[]', "FLOW_EINVAL", "a request is an object with a text 'command'"),
    ('null', "FLOW_EINVAL", "a request is an object with a text 'command'"),
    ('{"command": 1}', "FLOW_EINVAL", "a request is an object with a text 'command'"),
    ('{"command": "consumer.lst"}', "FLOW_EINVAL",
     "there is no command 'consumer.lst' (did you mean 'consumer.list'?)"),
    ('{"command": "consumer.add", "channel": "c1"}', "FLOW_EINVAL",
     "the member 'consumer' is missing"),
    ('{"command": "consumer.add", "chanel": "c1"}', "FLOW_EINVAL",
     "consumer.add has no member 'chanel' (did you mean 'channel'?)"),
    ('{"command": "consumer.list", "channel": ["c1"]}', "FLOW_EINVAL", "'channel' has to be a text"),
    ('{"command": "consumer.seek", "channel": "c1", "consumer": "audit"}', "FLOW_EINVAL",
     "the member 'to' is missing"),
    ('{"command": "consumer.add", "channel": "c1", "consumer": "x", "maxEvents": -1}',
     "FLOW_EINVAL", "'maxEvents' has to be a whole number from 0 on"),
    ('{"command": "consumer.add", "channel": "c1", "consumer": "x", "maxBytes": 1e3}',
     "FLOW_EINVAL", "'maxBytes' has to be a whole number from 0 on"),
    ('{"command": "consumer.add", "channel": "c1", "consumer": "x", "maxBytes": 9223372036854775808}',
     "FLOW_EINVAL", "'maxBytes' has to be a whole number from 0 on"),
    ('{"command": "consumer.add", "channel": "c1", "consumer": "x", "whenBehind": "wait"}',
     "FLOW_EINVAL", "whenBehind is skip or block, not 'wait'"),
    ('{"command": "consumer.add", "channel": "c1", "consumer": "\\u00e4\\ud83d\\ude00"}',
     "FLOW_EINVAL", "'\u00e4\U0001f600' is no name of a consumer"),
])
def test_what_is_no_request_is_refused_and_the_next_one_answered(running, path, text, code, message):
    with Client(path) as client:
        client.say(text.encode() + b"\n")
        error = client.hear()["error"]
        assert message in error["message"]
        assert error["code"] == code
        assert error["retriable"] is False
        assert "result" in client.ask("consumer.list")


def test_bytes_that_are_no_text(running, path):
    with Client(path) as client:
        for data in (b"\0\n", b"\xff\xfe\n", b'{"command":"consumer\0list"}\n', b"\r\n"):
            client.say(data)
            assert client.hear()["error"]["code"] == "FLOW_EPARSE"
        assert "result" in client.ask("consumer.list")


def test_a_request_may_be_as_long_as_there_is_room(running, path):
    request = b'{"command":"consumer.list"}'
    with Client(path) as client:
        client.say(request + b" " * (ROOM - len(request) - 1) + b"\n")
        assert "result" in client.hear()


@pytest.mark.parametrize("size", [ROOM, ROOM + 1, 20 * ROOM])
def test_a_longer_one_is_refused_and_the_connection_ended(running, path, size):
    with Client(path) as client:
        client.say(b"x" * size)
        assert client.hear()["error"]["code"] == "FLOW_ETOOBIG"
        assert client.hear() is None
    assert set(consumers()) == {"", "audit"}


# ---- many clients ----


def test_many_clients_at_once(running, path):
    wrong = []

    def ask_often(number):
        with Client(path) as client:
            for _ in range(30):
                client.ask("consumer.add", channel="c1", consumer=f"n{number}")
                listed = client.ask("consumer.list")["result"]["consumers"]
                if f"n{number}" not in [one["consumer"] for one in listed]:
                    wrong.append(listed)
                client.ask("consumer.remove", channel="c1", consumer=f"n{number}")

    askers = [threading.Thread(target=ask_often, args=(i,)) for i in range(20)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert not wrong
    assert set(consumers()) == {"", "audit"}


def test_idle_clients_keep_nobody_out(running, path):
    idle = [Client(path) for _ in range(PLACES + 20)]
    assert set(consumers()) == {"", "audit"}
    assert idle[0].hear() is None
    assert "result" in idle[-1].ask("consumer.list")
    for client in idle:
        client.__exit__()


def test_one_who_takes_no_answers_is_in_nobodys_way(running, path):
    """He is served again once he reads, and has no more than an answer in the agent's memory."""
    request = b'{"command":"consumer.list"}\n'
    with Client(path) as slow, Client(path) as other:
        slow.socket.setblocking(False)
        sent = 0
        try:
            while True:
                sent += slow.socket.send((request * 100)[sent % len(request):])
        except BlockingIOError:
            pass
        for _ in range(1000):  # of his the system keeps some hundred answers
            assert "result" in other.ask("consumer.list")
        slow.socket.settimeout(TIMEOUT)
        for _ in range(sent // len(request)):
            assert "result" in slow.hear()


def test_one_who_stops_in_a_request_is_in_nobodys_way(running, path):
    with Client(path) as slow, Client(path) as other:
        slow.say(b'{"command":')
        for _ in range(100):
            assert "result" in other.ask("consumer.list")
        slow.say(b'"consumer.list"}\n')
        assert "result" in slow.hear()


# ---- the life of the agent ----


def test_a_connection_outlives_a_change_of_the_configuration(running, conf, path):
    with Client(path) as client:
        assert client.ask("consumer.add", channel="c1", consumer="late")["result"]
        replace(conf, conf.read_text() + "a1.channels.c1.capacity = 500\n"
                                         "a1.channels.c1.transactionCapacity = 100\n")
        running.wait_for("runs with the changed configuration")
        found = client.ask("consumer.list", channel="c1")["result"]["consumers"]
        assert [one["consumer"] for one in found] == ["", "audit", "late"]
        assert found[0]["maxEvents"] == 500


def test_requests_in_the_middle_of_a_change_are_answered_after_it(running, conf, path):
    with Client(path) as client:
        replace(conf, conf.read_text() + "\n")
        asked = 0
        while "runs with the changed configuration" not in running.log:
            assert "result" in client.ask("consumer.list")
            asked += 1
        assert asked > 0


def test_a_request_is_answered_while_the_channels_are_emptied(agent, conf, path):
    # Nobody takes from the channel, so that takes for ever.
    one = start(agent, conf, "--set", "a1.sinks=", "--set", "a1.channels.c1.type=memory",
                "--lenient", "--stop-timeout", "1000")
    with Client(path) as client:
        one.process.send_signal(signal.SIGTERM)
        one.wait_for("stopping on SIGTERM")
        assert client.ask("consumer.list")["result"] == {"consumers": []}
        assert one.stop() == 143
        assert client.hear() is None


def test_the_end_of_an_agent_ends_connections(running, path):
    with Client(path) as client, Client(path) as other:
        other.say(b'{"command":')
        assert running.stop() == 143
        assert client.hear() is None
    assert not path.exists()
