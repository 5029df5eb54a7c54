# SPDX-License-Identifier: Apache-2.0
"""An agent that is killed while it writes to a WebHDFS server that breaks connections or answers
late: in the end every line is there once, in files with their final names.

    hdfs_webhdfs_kill.py DRIVE
"""

import random
import re
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from fake_webhdfs import Drop, FakeHdfs, Late, Lease, Occupy, Slow  # noqa: E402
from killed_agent import KilledAgent  # noqa: E402

DRIVE = sys.argv.pop(1) if __name__ == "__main__" else ""


class Killed(unittest.TestCase):
    def setUp(self):
        self.hdfs = self.enterContext(FakeHdfs())
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.agent = None
        seed = random.randrange(1 << 30)
        random.seed(seed)
        print("seed", seed, file=sys.stderr)

    def make(self, **settings):
        settings = {"type": "hdfs", "hdfs_path": f"{self.hdfs.url}/logs",
                    "hdfs_fileType": "DataStream", "hdfs_rollInterval": 0, "hdfs_rollSize": 0,
                    "hdfs_rollCount": 0, "hdfs_retryInterval": 1, "hdfs_batchSize": 70,
                    "hdfs_callTimeout": 1000} | settings
        self.agent = KilledAgent(DRIVE, self.folder, settings)
        self.addCleanup(self.agent.kill)
        return self.agent

    def unfinished(self):
        return [name for name in self.hdfs.texts() if not re.search(r"/FlumeData\.\d+$", name)]

    def finish(self, ordered=True):
        self.agent.finish(self.unfinished, 100)
        lines = []
        texts = {name: data for name, data in self.hdfs.texts().items() if data != b"other"}
        for name in sorted(texts, key=lambda name: int(name.rsplit(".", 1)[1])):
            lines.append([int(line) for line in texts[name].decode().split("\n")[:-1]])
            self.assertEqual(lines[-1], sorted(lines[-1]), name)
        lines = sum(lines, [])
        self.assertEqual(lines if ordered else sorted(lines), list(range(self.agent.sent)))

    def kill_with(self, op, leg, fault, wait=0.5, ordered=True, **settings):
        """An agent has delivered something, then meets FAULT, and is killed."""
        one = self.make(**settings)
        one.add(3)
        one.start()
        time.sleep(0.5)
        self.hdfs.fault(op, leg, fault)
        one.add(3)
        time.sleep(wait)
        one.kill()
        one.add(1)
        one.start()
        self.finish(ordered)

    def test_while_a_file_is_made(self):
        for after in (None, 0, 100):
            with self.subTest(after=after):
                self.kill_with("CREATE", "data", Drop(after=after), hdfs_rollCount=500)
                self.doCleanups()
                self.setUp()

    def test_in_the_middle_of_an_upload(self):
        self.kill_with("APPEND", "data", Slow(0.2), wait=0.3)

    def test_by_whom_hdfs_waits_for(self):
        self.kill_with("APPEND", "data", Lease(after=100, seconds=3), wait=0.2)
        self.assertIn("TRUNCATE", " ".join(self.hdfs.log))

    def test_behind_a_fence(self):
        """A request that is carried out late finds nothing under the name that it has."""
        self.kill_with("APPEND", "data", Late(3), wait=2.5)
        time.sleep(1.5)
        self.assertRegex(" ".join(self.hdfs.log), r"RENAME \S+\.1\.tmp")

    def test_while_it_moves_a_file(self):
        self.hdfs.fault("RENAME", "name", Drop(), times=2)
        self.kill_with("APPEND", "data", Drop(), wait=0.4)

    def test_while_a_file_gets_its_name(self):
        self.kill_with("RENAME", "name", Drop(), hdfs_rollCount=500)

    def test_while_a_file_finds_its_name_taken(self):
        """It gets another, behind files that are later."""
        self.kill_with("RENAME", "name", Occupy(), ordered=False, hdfs_rollCount=500)

    def test_at_random(self):
        """Files are sent side by side; what comes again of one goes behind all others."""
        one = self.make(hdfs_rollCount=300)
        faults = [("CREATE", "data", Drop()), ("CREATE", "data", Drop(after=50)),
                  ("CREATE", "data", Late(1)), ("APPEND", "data", Drop()),
                  ("APPEND", "data", Drop(after=7)), ("APPEND", "data", Late(1)),
                  ("APPEND", "data", Lease(after=99, seconds=1)), ("RENAME", "name", Drop()),
                  ("RENAME", "name", Drop(before=True)), ("TRUNCATE", "name", Drop()),
                  ("GETFILESTATUS", "name", Drop(before=True)), ("DELETE", "name", Drop())]
        for _ in range(12):
            one.add(2)
            self.hdfs.fault(*random.choice(faults), skip=random.randrange(3))
            self.hdfs.fault(*random.choice(faults))
            one.start()
            time.sleep(random.uniform(0.1, 1))
            one.kill()
        self.hdfs.faults.clear()
        one.start()
        self.finish(ordered=False)


if __name__ == "__main__":
    unittest.main()
