# SPDX-License-Identifier: Apache-2.0
"""A real Flume that takes what the benchmark `rpc` sends to libflow's sources."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from pathlib import Path

FLUME = Path(__file__).resolve().parents[1] / "peers/flume"
JVM = "-Xmx1g"
SOURCES = ("avro", "thrift", "thrift\na1.sources.r{}.protocol = binary")
PIPE = """
a1.sources.r{0}.type = {1}
a1.sources.r{0}.bind = 127.0.0.1
a1.sources.r{0}.port = {2}
a1.sources.r{0}.channels = c{0}
a1.channels.c{0}.transactionCapacity = 5000
a1.sinks.k{0}.type = null
a1.sinks.k{0}.batchSize = 1000
a1.sinks.k{0}.channel = c{0}
"""
MEMORY = """a1.channels.c{0}.type = memory
a1.channels.c{0}.capacity = 20000
"""
FILE = """a1.channels.c{0}.type = file
a1.channels.c{0}.capacity = 1000000
a1.channels.c{0}.checkpointDir = {1}/{0}/control
a1.channels.c{0}.dataDirs = {1}/{0}/data
"""


class FlumeSources:
    """Its ports are those of each of SOURCES, to a memory channel and to a file channel."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("FLOW_BENCH_DIR"))
        self.ports = ""

    def __enter__(self) -> FlumeSources:
        probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(2 * len(SOURCES))]
        ports = [str(probe.getsockname()[1]) for probe in probes]
        for probe in probes:
            probe.close()
        names = range(len(ports))
        conf = ""
        for letter, kind in (("r", "sources"), ("c", "channels"), ("k", "sinks")):
            conf += f"a1.{kind} = {' '.join(f'{letter}{i}' for i in names)}\n"
        for i, port in enumerate(ports):
            conf += PIPE.format(i, SOURCES[i // 2].format(i), port)
            conf += (FILE if i % 2 else MEMORY).format(i, self.folder.name)
        path = Path(self.folder.name) / "a1.conf"
        path.write_text(conf, encoding="utf-8")
        subprocess.run([FLUME, "start", self.folder.name, path], check=True,
                       env=os.environ | {"FLUME_JVM": JVM})
        self.ports = ",".join(ports)
        return self

    def __exit__(self, *error: object) -> None:
        subprocess.run([FLUME, "kill", self.folder.name], check=True)
        self.folder.cleanup()
