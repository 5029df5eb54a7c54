# SPDX-License-Identifier: Apache-2.0
"""The hdfs sink against a WebHDFS server that breaks connections, answers late, or says no.

Whatever happens, in the end every line must be there once and in order, in files with their final
names, and nothing else.

    hdfs_webhdfs.py DRIVE
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from kdc import Kdc  # noqa: E402
from fake_webhdfs import Answer, Drop, FakeHdfs, Late, Lease, Occupy, Slow  # noqa: E402

DRIVE = sys.argv.pop(1) if __name__ == "__main__" else ""

AGENT = """
a.sources = r1
a.channels = c1
a.sinks = k1
a.sources.r1.type = inlet
a.sources.r1.channels = c1
a.channels.c1.type = memory
a.channels.c1.capacity = 100000
a.channels.c1.transactionCapacity = 1000
a.sinks.k1.type = hdfs
a.sinks.k1.channel = c1
a.sinks.k1.hdfs.fileType = DataStream
a.sinks.k1.hdfs.rollInterval = 0
a.sinks.k1.hdfs.rollSize = 0
a.sinks.k1.hdfs.rollCount = 0
a.sinks.k1.hdfs.retryInterval = 1
"""


class Case(unittest.TestCase):
    """A fake HDFS and a way to send lines to it."""

    def setUp(self):
        self.hdfs = self.enterContext(FakeHdfs())
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def configure(self, path="/logs", **settings):
        text = AGENT
        settings = {"hdfs.path": f"{self.hdfs.url}{path}"} | {
            key.replace("_", "."): value for key, value in settings.items()}
        for key, value in settings.items():
            text += f"a.sinks.k1.{key} = {value}\n"
        config = self.folder / "agent.conf"
        config.write_text(text)
        return config

    def drive(self, lines=1000, headers=(), environment=None, timeout=100, **settings):
        """Runs the agent until LINES numbered lines are delivered; returns what it logged."""
        source = "".join(f"{n}\n" for n in range(lines))
        run = subprocess.run([DRIVE, self.configure(**settings), "a", *headers], input=source,
                             timeout=timeout, capture_output=True, text=True,
                             env=os.environ | (environment or {}))
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stderr

    def assert_says(self, pattern, environment, **settings):
        """Runs the agent with a line to deliver until it logs what matches PATTERN."""
        with subprocess.Popen([DRIVE, self.configure(**settings), "a"], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True,
                              env=os.environ | environment) as run:
            run.stdin.write("0\n")
            run.stdin.close()
            limit = threading.Timer(60, run.kill)
            limit.start()
            said = []
            for line in run.stderr:
                said.append(line)
                if re.search(pattern, line):
                    break
            limit.cancel()
            run.kill()
        self.assertRegex("".join(said), pattern)

    def assert_whole(self, lines=1000):
        """Every line once; within a folder in order; no file with another name than its last."""
        folders = {}
        for name, data in sorted(self.hdfs.texts().items()):
            self.assertRegex(name, r"/FlumeData\.\d+$")
            folders.setdefault(name.rsplit("/", 1)[0], []).extend(data.decode().splitlines())
        for name, numbers in folders.items():
            numbers = [int(number) for number in numbers]
            self.assertEqual(numbers, sorted(numbers), name)
        every = sorted(int(number) for numbers in folders.values() for number in numbers)
        self.assertEqual(every, list(range(lines)))
        return folders


class Plain(Case):
    def test_writes_lines_and_gives_the_file_its_name(self):
        self.drive()
        self.assert_whole()
        self.assertEqual(len(self.hdfs.texts()), 1)

    def test_makes_folders_by_header(self):
        self.drive(headers=["group=g%d"], path="/logs/%{group}")
        self.assertEqual(set(self.assert_whole()), {"/logs/g0", "/logs/g1", "/logs/g2"})

    def test_rolls_by_count(self):
        self.drive(hdfs_rollCount=250)
        self.assert_whole()
        self.assertEqual([len(data.splitlines()) for data in self.hdfs.texts().values()], [250] * 4)

    def test_escapes_what_is_special_in_a_url(self):
        self.drive(lines=1, headers=["name=a b&c?d#e%%f+ü"], path="/logs/%{name}")
        self.assertEqual(list(self.assert_whole(1)), ["/logs/a b&c?d#e%f+ü"])

    def test_shares_uploads_between_transactions(self):
        self.hdfs.fault("CREATE", "data", Slow(0.3))
        self.drive(lines=5000)
        self.assert_whole(5000)
        uploads = [entry for entry in self.hdfs.log if entry.endswith(" data")]
        self.assertLess(len(uploads), 25, "50 transactions")

    def test_takes_another_number_when_a_name_is_taken(self):
        self.hdfs.fault("CREATE", "data", Answer(403, "FileAlreadyExistsException"), times=3)
        self.drive()
        self.assert_whole()

    def test_keeps_a_file_of_the_same_final_name(self):
        self.hdfs.fault("RENAME", "name", Occupy())
        self.drive(lines=1)
        self.assertEqual(sorted(self.hdfs.texts().values()), [b"0\n", b"other"])


class Broken(Case):
    """Connections that break, at every stage of every request."""

    def check(self, *faults, lines=1000, callTimeout=1000, **settings):
        for op, leg, what, *more in faults:
            self.hdfs.fault(op, leg, what, **(more[0] if more else {}))
        log = self.drive(lines=lines, hdfs_callTimeout=callTimeout, **settings)
        self.assert_whole(lines)
        return log

    def test_no_answer_of_the_name_node(self):
        self.check(("CREATE", "name", Drop(before=True)), ("APPEND", "name", Drop(before=True)),
                   ("RENAME", "name", Drop(before=True), {"times": 2}), lines=3000)

    def test_nothing_arrived(self):
        self.check(("CREATE", "data", Drop(before=True), {"times": 2}))

    def test_a_part_arrived(self):
        for count in (1, 7, 500):
            with self.subTest(count=count):
                self.hdfs.files.clear()
                self.check(("CREATE", "data", Drop(after=count)))

    def test_all_arrived_but_the_answer(self):
        log = self.check(("CREATE", "data", Drop()))
        self.assertIn("in doubt", log)
        self.assertIn("GETFILESTATUS", " ".join(self.hdfs.log))

    def test_an_append_without_an_answer(self):
        slow = ("CREATE", "data", Slow(0.2))
        for fault in (Drop(before=True), Drop(after=11), Drop()):
            with self.subTest(fault=fault):
                self.hdfs.files.clear()
                self.check(slow, ("APPEND", "data", fault, {"times": 3}), lines=5000)

    def test_a_renaming_without_an_answer(self):
        self.check(("RENAME", "name", Drop()), hdfs_rollCount=200)

    def test_a_dead_writer_that_keeps_the_file_open(self):
        log = self.check(("CREATE", "data", Lease(after=100, seconds=3)))
        self.assertIn("another writer has the file open", log)

    def test_a_request_that_is_carried_out_late(self):
        self.hdfs.fault("CREATE", "data", Slow(0.2))
        self.hdfs.fault("APPEND", "data", Late(3))
        self.drive(lines=5000, hdfs_callTimeout=1000)
        time.sleep(3)
        self.assert_whole(5000)

    def test_recovery_that_is_disturbed_itself(self):
        self.check(("CREATE", "data", Drop(after=100)), ("RENAME", "name", Drop()),
                   ("GETFILESTATUS", "name", Drop(before=True)),
                   ("TRUNCATE", "name", Answer(500)), ("TRUNCATE", "name", Drop()))

    def test_garbage_for_answers(self):
        self.check(("CREATE", "name", Answer(200)), ("CREATE", "data", Answer(502)),
                   ("GETFILESTATUS", "name", Answer(200)))

    def test_files_in_parallel(self):
        self.check(("CREATE", "data", Drop(after=50), {"times": 2}),
                   ("CREATE", "data", Drop()), headers=["group=g%d"], path="/logs/%{group}")


class Refused(Case):
    """Errors that are not worth a second try: everything is rolled back, and delivered later."""

    def check(self, exception, words):
        self.hdfs.fault("CREATE", "data", Answer(403, exception))
        log = self.drive(headers=["group=g%d"], path="/logs/%{group}")
        self.assertIn(words, log)
        self.assert_whole()

    def test_safe_mode(self):
        self.check("SafeModeException", "HDFS is in safe mode")

    def test_quota(self):
        self.check("DSQuotaExceededException", "the space quota is used up")

    def test_permission(self):
        self.check("AccessControlException", "permission denied")

    def test_a_failure_in_the_middle_of_a_file(self):
        self.hdfs.fault("CREATE", "data", Slow(0.2))
        self.hdfs.fault("APPEND", "data", Answer(403, "DSQuotaExceededException"))
        self.drive(lines=5000)
        self.assert_whole(5000)


class NameNodes(Case):
    """Several NameNodes of one name service."""

    def service(self, *ports):
        nodes = ",".join(f"n{port}" for port in ports)
        properties = {"dfs.nameservices": "ns", "dfs.ha.namenodes.ns": nodes}
        for port in ports:
            properties[f"dfs.namenode.http-address.ns.n{port}"] = f"127.0.0.1:{port}"
        (self.folder / "hdfs-site.xml").write_text("<configuration>" + "".join(
            f"<property><name>{name}</name><value>{value}</value></property>"
            for name, value in properties.items()) + "</configuration>")
        return {"hdfs_path": "hdfs://ns/logs", "hdfs_confDir": self.folder}

    def test_asks_the_next_when_one_is_dead(self):
        with FakeHdfs() as dead:
            port = dead.port
        self.drive(**self.service(port, self.hdfs.port))
        self.assert_whole()

    def test_asks_the_next_when_one_is_on_standby(self):
        with FakeHdfs() as standby:
            standby.standby = True
            self.drive(**self.service(standby.port, self.hdfs.port))
        self.assert_whole()


class Tls(Case):
    """swebhdfs://, that is https."""

    def setUp(self):
        super().setUp()
        self.pem = self.folder / "server.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                        "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", self.pem, "-out", self.folder / "ca.pem"],
                       check=True, capture_output=True)
        self.pem.write_text(self.pem.read_text() + (self.folder / "ca.pem").read_text())
        self.hdfs = self.enterContext(FakeHdfs(certificate=self.pem))

    def test_trusts_the_given_authority(self):
        self.drive(hdfs_caFile=self.folder / "ca.pem")
        self.assert_whole()

    def test_trusts_nobody_else(self):
        with self.assertRaises(subprocess.TimeoutExpired) as caught:
            self.drive(timeout=3, hdfs_callTimeout=1000)
        self.assertIn(b"certificate", caught.exception.stderr)
        self.assertEqual(self.hdfs.texts(), {})


class Kerberos(Case):
    """Authentication by SPNEGO, with tickets from a real KDC."""

    def setUp(self):
        super().setUp()
        self.kdc = self.enterContext(Kdc(self.folder / "kdc", ["ann", "HTTP/127.0.0.1"]))
        self.hdfs.spnego = True

    def run_as(self, principal, keytab, run=None, **more):
        run = run or partial(self.drive, lines=100)
        return run(environment=self.kdc.environment, hdfs_kerberosPrincipal=principal,
                   hdfs_kerberosKeytab=keytab, **more)

    def test_shows_a_ticket_from_the_keytab_once(self):
        self.run_as("ann@FLOW.TEST", self.kdc.keytab("ann"))
        self.assert_whole(100)
        self.assertEqual(len(self.hdfs.tickets), 1, "the rest by the cookie")
        self.assertIn(b"\x2b\x06\x01\x05\x05\x02", self.hdfs.tickets[0])  # SPNEGO
        self.assertIn(b"FLOW.TEST", self.hdfs.tickets[0])

    def test_acts_for_another_user(self):
        self.run_as("ann@FLOW.TEST", self.kdc.keytab("ann"), hdfs_proxyUser="bob")
        self.assert_whole(100)
        self.assertTrue(all("doas=bob" in url and "user.name" not in url
                            for url in self.hdfs.urls), self.hdfs.urls)

    def test_gets_a_new_ticket_when_one_is_not_accepted(self):
        """A server that changed its key accepts no ticket from before."""
        self.hdfs.accepts = lambda: self.kdc.tickets("ann", "HTTP/127.0.0.1") > 1
        log = self.run_as("ann@FLOW.TEST", self.kdc.keytab("ann"))
        self.assert_whole(100)
        self.assertIn("not authenticated: the NameNode does not accept the ticket", log)

    def test_says_why_there_is_no_ticket_for_a_server(self):
        path = f"webhdfs://localhost:{self.hdfs.port}/logs"
        says = partial(self.assert_says, "not authenticated: .*Server HTTP/localhost@FLOW.TEST not "
                       r"found in Kerberos database.* \(status 401\)")
        self.run_as("ann@FLOW.TEST", self.kdc.keytab("ann"), run=says, hdfs_path=path)


if __name__ == "__main__":
    unittest.main()
