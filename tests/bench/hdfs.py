# SPDX-License-Identifier: Apache-2.0
"""The hdfs sink against `curl -T` of the same bytes, both into one real HDFS."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator

PEER = Path(__file__).resolve().parents[1] / "peers/hdfs"
LINES = 1_000_000
LINE = b"x" * 499 + b"\n"


def peer(*words: str) -> str:
    return subprocess.run([str(PEER), *words], check=True, capture_output=True, text=True).stdout


def by_curl(http: str, source: Path, number: int) -> float:
    """Seconds that curl takes, from asking the NameNode to the DataNode's answer."""
    url = f"http://127.0.0.1:{http}/webhdfs/v1/bench/curl-{number}?op=CREATE&user.name=root"
    begin = time.monotonic()
    subprocess.run(["curl", "-sSfL", "-o", "/dev/null", "-T", str(source), url], check=True)
    return time.monotonic() - begin


def by_libflow(build: Path, rpc: str, conf: str, number: int) -> float:
    program = build / "tests/bench/hdfs_push"
    done = subprocess.run([str(program), f"hdfs://127.0.0.1:{rpc}/bench/flow-{number}", str(LINES),
                           f"hdfs.confDir={conf}"], check=True, capture_output=True, text=True)
    return float(done.stdout)


def contests(build: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """One contest; bytes a second."""
    with tempfile.TemporaryDirectory() as folder:
        cluster, source = f"{folder}/cluster", Path(folder) / "lines"
        source.write_bytes(LINE * LINES)
        peer("start", cluster)
        try:
            http, rpc, conf = (peer("get", key, cluster).strip() for key in ("http", "rpc", "conf"))
            peer("fs", cluster, "-mkdir", "/bench")
            peer("fs", cluster, "-chmod", "777", "/bench")
            by_curl(http, source, -1)  # the first uploads after a start are slow
            by_libflow(build, rpc, conf, -1)
            times = [(by_curl(http, source, n), by_libflow(build, rpc, conf, n))
                     for n in range(rounds)]
        finally:
            peer("stop", cluster)
    entries = []
    for index, name in enumerate(("curl -T", "libflow")):
        rates = [LINES * len(LINE) / pair[index] for pair in times]
        entries.append({"name": name, "median": statistics.median(rates), "min": min(rates),
                        "max": max(rates), "ratio": 1.0})
    entries[1]["ratio"] = statistics.median(pair[0] / pair[1] for pair in times)
    yield {"contest": "hdfs sink, DataStream", "unit": "B", "rounds": rounds,
           "goal": 0.8 * entries[0]["median"], "entries": entries}


if __name__ == "__main__":
    sys.exit("run tests/bench/run --hdfs")
