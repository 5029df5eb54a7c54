# SPDX-License-Identifier: Apache-2.0
"""Agents on a machine whose only name server hears and never answers, in namespaces of their own.

resolv.conf gives that server 5 tries of a minute each.  An agent must not wait for it so long:
two tries are all it gets.

    dead_name_server.py DRIVE [CLASS...]
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

DRIVE = sys.argv.pop(1) if __name__ == "__main__" else ""
INSIDE = "FLOW_TEST_NAMESPACE"  # set where the namespaces are made
SKIPPED = 77

FILES = {
    "resolv.conf": "nameserver 127.0.0.1\noptions attempts:5 timeout:60\n",
    "nsswitch.conf": "hosts: files dns\n",
    "hosts": "127.0.0.1 localhost\n",
}

AGENT = """
a.sources = r1
a.channels = c1
a.sinks = k1
a.sources.r1.type = inlet
a.sources.r1.channels = c1
a.channels.c1.type = memory
a.sinks.k1.channel = c1
"""


def bring_up_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS


def replace_files(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text)
        subprocess.run(["mount", "--bind", folder / name, os.path.realpath(f"/etc/{name}")],
                       check=True)


class NameServer:
    def __init__(self):
        self.asked: list[bytes] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            self.asked.append(self.socket.recv(512)[12:])


class Case(unittest.TestCase):
    server: NameServer

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.server.asked.clear()

    def run_agent(self, more: str):
        config = self.folder / "agent.conf"
        config.write_text(AGENT + more)
        run = subprocess.run([DRIVE, config, "a"], input="line\n", text=True, capture_output=True)
        return run.returncode, run.stderr

    def assert_asked_twice(self):
        """Each question, which are those for the two kinds of address."""
        asked = self.server.asked
        self.assertEqual([asked.count(question) for question in set(asked)], [2, 2], asked)


class Interceptor(Case):
    def test_lets_events_pass(self):
        status, log = self.run_agent("a.sources.r1.interceptors = i\n"
                                     "a.sources.r1.interceptors.i.type = host\n"
                                     "a.sinks.k1.type = null\n")
        self.assertEqual(status, 0, log)
        self.assertIn("events get no header host: cannot resolve the machine's name nowhere: the "
                      "name server does not answer", log)
        self.assert_asked_twice()


class Hdfs(Case):
    def test_names_the_setting(self):
        status, log = self.run_agent("a.sinks.k1.type = hdfs\n"
                                     f"a.sinks.k1.hdfs.path = file://{self.folder}/%[ip]\n"
                                     "a.sinks.k1.hdfs.fileType = DataStream\n")
        self.assertEqual(status, 1, log)
        self.assertIn("a.sinks.k1.hdfs.path: cannot resolve the machine's name nowhere: the name "
                      "server does not answer", log)
        self.assert_asked_twice()


def enter_namespaces() -> int:
    """Runs this program again with mounts, a name and a network of its own."""
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]),
               "--mount", "--uts", "--net", "--"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode:
        print("namespaces are not allowed here")
        return SKIPPED
    command = [*unshare, sys.executable, __file__, DRIVE, *sys.argv[1:]]
    return subprocess.run(command, env=os.environ | {INSIDE: "1"}).returncode


if __name__ == "__main__":
    if INSIDE not in os.environ:
        sys.exit(enter_namespaces())
    with tempfile.TemporaryDirectory() as home:
        bring_up_loopback()
        replace_files(Path(home))
        socket.sethostname("nowhere")
        Case.server = NameServer()
        unittest.main()
