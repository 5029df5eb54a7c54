# SPDX-License-Identifier: Apache-2.0
"""The hdfs sink against a real HDFS: every line is there, once, in order, under the right folder,
and in files with their final names, whatever happens to the servers meanwhile.

    DRIVE=build/tests/component/drive pytest tests/peers/test_hdfs.py
"""

import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from fake_webhdfs import FakeHdfs  # noqa: E402
from killed_agent import KilledAgent  # noqa: E402
from tcp_proxy import Proxy  # noqa: E402

AGENT = {
    "a.sources": "r1", "a.channels": "c1", "a.sinks": "k1",
    "a.sources.r1.type": "inlet", "a.sources.r1.channels": "c1",
    "a.channels.c1.type": "memory", "a.channels.c1.capacity": "100000",
    "a.channels.c1.transactionCapacity": "1000",
    "a.sinks.k1.type": "hdfs", "a.sinks.k1.channel": "c1",
    "a.sinks.k1.hdfs.fileType": "DataStream", "a.sinks.k1.hdfs.rollInterval": "0",
    "a.sinks.k1.hdfs.rollSize": "0", "a.sinks.k1.hdfs.rollCount": "0",
    "a.sinks.k1.hdfs.retryInterval": "1",
}


class Cluster:
    def __init__(self, folder: Path, *kdc: Path):
        self.folder = folder
        self.run("start", folder, *kdc)
        self.conf = self.run("get", "conf", folder).strip()
        self.http = int(self.run("get", "http", folder))
        self.rpc = int(self.run("get", "rpc", folder))
        self.settings = {"hdfs_confDir": self.conf}  # of a sink that writes to it
        self.environment = {}  # of an agent that does

    def run(self, *args) -> str:
        done = subprocess.run([HERE / "hdfs", *map(str, args)], capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode()

    def do(self, command, process):
        self.run(command, process, self.folder)

    def fs(self, *args) -> str:
        return self.run("fs", self.folder, *args)

    def admin(self, *args) -> str:
        return self.run("admin", self.folder, *args)

    def open(self, path: str, query: str) -> bytes:
        user = os.environ.get("USER", "root")
        url = f"http://127.0.0.1:{self.http}/webhdfs/v1{quote(path)}?{query}&user.name={user}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()

    def names(self, folder: str) -> list[str]:
        """Paths of all files below FOLDER."""
        found = []
        for status in json.loads(self.open(folder, "op=LISTSTATUS"))["FileStatuses"]["FileStatus"]:
            path = f"{folder}/{status['pathSuffix']}"
            found += self.names(path) if status["type"] == "DIRECTORY" else [path]
        return sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path)])

    def read(self, path: str) -> bytes:
        return self.open(path, "op=OPEN")


class Agent:
    """A running agent that is sent numbered lines."""

    def __init__(self, config: Path, settings: dict, headers=(), environment=None):
        lines = AGENT | {f"a.sinks.k1.{key}": value for key, value in settings.items()
                         if value is not None}
        config.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        self.log = config.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen([os.environ["DRIVE"], config, "a", *headers],
                                            stdin=subprocess.PIPE, stderr=log,
                                            env=os.environ | (environment or {}))
        self.sent = 0

    def send(self, count: int, pause: float = 0.0):
        """Sends COUNT lines in pieces of a transaction, with pauses."""
        for first in range(self.sent, self.sent + count, 100):
            lines = range(first, min(first + 100, self.sent + count))
            self.process.stdin.write(b"".join(b"%d\n" % number for number in lines))
            self.process.stdin.flush()
            time.sleep(pause)
        self.sent += count

    def finish(self):
        self.process.stdin.close()
        assert self.process.wait(300) == 0, self.log.read_text()

    def wait_for(self, words: str, meanwhile=lambda: time.sleep(0.05)):
        deadline = time.monotonic() + 120
        while words not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            meanwhile()


@pytest.fixture(scope="module")
def hdfs(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("hdfs") / "cluster")
    cluster.fs("-chmod", "777", "/")
    yield cluster
    cluster.run("stop", cluster.folder)


@pytest.fixture
def folder(request):
    """A folder of the test's own."""
    return "/" + re.sub(r"\W+", "-", request.node.name).strip("-")


@pytest.fixture
def agent(hdfs, tmp_path, folder):
    """Makes agents that write below the test's folder."""
    agents = []

    def make(below="", headers=(), user=None, **settings):
        path = f"hdfs://127.0.0.1:{hdfs.rpc}{folder}{below}"
        settings = {"hdfs_path": path} | hdfs.settings | settings
        settings = {key.replace("_", "."): value for key, value in settings.items()}
        environment = hdfs.environment | ({"HADOOP_USER_NAME": user} if user else {})
        agents.append(Agent(tmp_path / f"{len(agents)}.conf", settings, headers, environment))
        return agents[-1]

    yield make
    for one in agents:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def check(hdfs, folder):
    """Checks that exactly the lines from 0 up to COUNT arrived, in order, and how many files."""

    def whole(count, files=None):
        names = hdfs.names(folder)
        folders = {}
        for name in names:
            assert re.search(r"/FlumeData\.\d+$", name), names
            folders.setdefault(name.rsplit("/", 1)[0], []).extend(
                int(line) for line in hdfs.read(name).split())
        for numbers in folders.values():
            assert numbers == sorted(numbers)
        assert sorted(n for numbers in folders.values() for n in numbers) == list(range(count))
        assert files is None or len(names) == files
        return folders

    return whole


# ---- what is written ----


def test_data_stream(agent, check):
    one = agent()
    one.send(5000)
    one.finish()
    check(5000, files=1)


def test_folders_by_header_and_rolling(agent, check, folder):
    one = agent("/%{group}", headers=["group=g%d"], hdfs_rollCount=100)
    one.send(3000)
    one.finish()
    folders = check(3000, files=30)
    for group in range(3):
        assert folders[f"{folder}/g{group}"][:2] == [group, group + 3]


@pytest.mark.parametrize("codec", ["gzip", "bzip2", "snappy", "lz4", "deflate"])
def test_compressed_stream_is_read_by_hadoop(hdfs, agent, folder, codec):
    one = agent(hdfs_fileType="CompressedStream", hdfs_codeC=codec, hdfs_rollCount=2000)
    one.send(3000)
    one.finish()
    text = hdfs.fs("-text", *hdfs.names(folder))
    assert [int(line) for line in text.split()] == list(range(3000))


def test_zstd_is_read_by_zstd(hdfs, agent, folder):
    """Hadoop reads it only with native code of its own."""
    one = agent(hdfs_fileType="CompressedStream", hdfs_codeC="zstd")
    one.send(3000)
    one.finish()
    (name,) = hdfs.names(folder)
    text = subprocess.run(["zstd", "-dc"], input=hdfs.read(name), capture_output=True, check=True)
    assert [int(line) for line in text.stdout.split()] == list(range(3000))


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy"])
def test_sequence_file_is_read_by_hadoop(hdfs, agent, folder, codec):
    one = agent(hdfs_fileType="SequenceFile", hdfs_writeFormat="Text", hdfs_codeC=codec,
                hdfs_rollCount=2000, headers=["timestamp=12345"])
    one.send(3000)
    one.finish()
    text = hdfs.fs("-text", *hdfs.names(folder))
    assert text == "".join(f"12345\t{number}\n" for number in range(3000))


def test_avro_is_read_by_hadoop(hdfs, agent, folder):
    one = agent(serializer="avro_event", headers=["k=v"], hdfs_fileSuffix=".avro")
    one.send(300)
    one.finish()
    (name,) = hdfs.names(folder)
    records = [json.loads(line) for line in hdfs.fs("-text", name).splitlines()]
    assert records == [{"headers": {"k": "v"}, "body": str(n)} for n in range(300)]


# ---- servers that fail ----


def test_data_node_killed_and_restarted(hdfs, agent, check):
    one = agent(hdfs_callTimeout=2000)
    one.send(2000, pause=0.02)
    hdfs.do("kill", "datanode")
    one.send(1000)
    one.wait_for("trying again")
    hdfs.do("run", "datanode")
    one.send(2000, pause=0.02)
    one.finish()
    check(5000)


def test_data_node_killed_in_the_middle_of_an_upload(hdfs, agent, check, folder):
    with Proxy(hdfs.http) as proxy:
        one = agent(hdfs_path=f"webhdfs://127.0.0.1:{proxy.port}{folder}",
                    hdfs_callTimeout=3000)
        proxy.rate = 20000
        one.send(10000)
        while proxy.uploaded < 5000:
            time.sleep(0.01)
        hdfs.do("kill", "datanode")
        proxy.rate = 0
        hdfs.do("run", "datanode")
        one.finish()
    check(10000)


def test_data_node_paused(hdfs, agent, check):
    one = agent(hdfs_callTimeout=2000)
    one.send(1000, pause=0.02)
    hdfs.do("pause", "datanode")
    one.send(1000)
    one.wait_for("in doubt")
    hdfs.do("resume", "datanode")
    one.send(1000, pause=0.02)
    one.finish()
    check(3000)


def test_name_node_killed_and_restarted(hdfs, agent, check):
    one = agent(hdfs_callTimeout=2000)
    one.send(1000, pause=0.02)
    hdfs.do("kill", "namenode")
    one.send(1000, pause=0.02)
    hdfs.do("run", "namenode")
    one.send(1000, pause=0.02)
    one.finish()
    check(3000)


def test_safe_mode(hdfs, agent, check):
    one = agent()
    one.send(1000, pause=0.02)
    hdfs.admin("-safemode", "enter")
    one.send(1000)
    one.wait_for("HDFS is in safe mode")
    hdfs.admin("-safemode", "leave")
    one.finish()
    check(2000)


def test_quota(hdfs, agent, check, folder):
    hdfs.fs("-mkdir", folder)
    hdfs.admin("-setSpaceQuota", "1000", folder)
    one = agent()
    one.send(1000)
    one.wait_for("the space quota is used up")
    hdfs.admin("-clrSpaceQuota", folder)
    one.finish()
    check(1000)


def test_permission(hdfs, agent, check, folder):
    hdfs.fs("-mkdir", folder)
    hdfs.fs("-chmod", "700", folder)
    one = agent(user="ann")
    one.send(1000)
    one.wait_for("permission denied")
    hdfs.fs("-chown", "ann", folder)
    one.finish()
    hdfs.fs("-chmod", "777", folder)
    check(1000)


def test_proxy_user_owns_the_files(hdfs, agent, check, folder):
    one = agent(user="ann", hdfs_proxyUser="bob")
    one.send(100)
    one.finish()
    check(100, files=1)
    assert re.search(r"\sbob\s", hdfs.fs("-ls", *hdfs.names(folder)))


def test_standby_name_node_in_front(hdfs, agent, check, folder, tmp_path):
    with FakeHdfs() as standby:
        standby.standby = True
        properties = {
            "dfs.nameservices": "ns", "dfs.ha.namenodes.ns": "nn1,nn2",
            "dfs.namenode.http-address.ns.nn1": f"127.0.0.1:{standby.port}",
            "dfs.namenode.http-address.ns.nn2": f"127.0.0.1:{hdfs.http}"}
        (tmp_path / "hdfs-site.xml").write_text("<configuration>" + "".join(
            f"<property><name>{name}</name><value>{value}</value></property>"
            for name, value in properties.items()) + "</configuration>")
        one = agent(hdfs_path=f"hdfs://ns{folder}", hdfs_confDir=tmp_path)
        one.send(1000)
        one.finish()
    check(1000, files=1)


def test_slow_and_cut_connections(hdfs, agent, check, folder):
    with Proxy(hdfs.http) as proxy:
        one = agent(hdfs_path=f"webhdfs://127.0.0.1:{proxy.port}{folder}",
                    hdfs_callTimeout=3000)
        for after in (0, 400, 3000):
            proxy.cut_after, proxy.cuts = after, 2
            one.send(2000, pause=0.02)
        proxy.lost_answers = 3
        one.send(2000, pause=0.02)
        proxy.rate = 20000
        one.send(2000, pause=0.02)
        proxy.rate = 0
        one.finish()
    check(10000)


# ---- an agent that is killed ----


@pytest.fixture
def spool(hdfs, tmp_path, folder):
    """Makes an agent that reads from a spool folder into a file channel."""
    made = []

    def make(**settings):
        settings = {"type": "hdfs", "hdfs_path": f"hdfs://127.0.0.1:{hdfs.rpc}{folder}",
                    "hdfs_fileType": "DataStream", "hdfs_rollInterval": 0, "hdfs_rollSize": 0,
                    "hdfs_rollCount": 0, "hdfs_retryInterval": 1} | hdfs.settings | settings
        made.append(KilledAgent(os.environ["DRIVE"], tmp_path, settings, hdfs.environment))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def unfinished(hdfs, folder):
    return lambda: [name for name in hdfs.names(folder)
                    if not re.search(r"/FlumeData\.\d+(\.gz)?$", name)]


def test_agent_killed(spool, check, unfinished):
    one = spool(hdfs_rollCount=1500, hdfs_batchSize=70)
    for _ in range(8):
        one.add(5)
        one.start()
        time.sleep(random.uniform(0.2, 2))
        one.kill()
    one.start()
    one.finish(unfinished, 200)
    check(one.sent)


def test_agent_killed_that_compresses(hdfs, spool, folder, unfinished):
    one = spool(hdfs_fileType="CompressedStream", hdfs_codeC="gzip", hdfs_rollInterval=2)
    for _ in range(4):
        one.add(5)
        one.start()
        time.sleep(random.uniform(0.2, 2))
        one.kill()
    one.start()
    one.finish(unfinished, 200)
    text = hdfs.fs("-text", *hdfs.names(folder))
    assert [int(line) for line in text.split()] == list(range(one.sent))


def test_agent_and_data_node_killed(hdfs, spool, check, unfinished):
    """HDFS lets go of what they wrote after a minute, at the latest."""
    one = spool(hdfs_callTimeout=2000)
    for victims in ("agent", "both", "data node"):
        one.add(10)
        one.start()
        time.sleep(random.uniform(0.5, 2))
        if victims != "agent":
            hdfs.do("kill", "datanode")
        if victims == "data node":
            time.sleep(1)
        else:
            one.kill()
        if victims != "agent":
            hdfs.do("run", "datanode")
    one.finish(unfinished, 200)
    check(one.sent)
