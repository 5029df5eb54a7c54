# SPDX-License-Identifier: Apache-2.0
"""The package in processes of its own: exit, fork, and its table held against the headers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

RUNNING = """
import os, sys, threading, libflow
library = libflow.Library()
config = libflow.Config(library)
config.parse('''
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = seq
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = outlet
a1.sinks.k1.channel = c1
''')
pipeline = libflow.Pipeline(config, "a1")
seen = threading.Event()
pipeline.outlet("k1", lambda events: seen.set())
pipeline.start()
seen.wait()
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", RUNNING + code], capture_output=True, text=True,
                          timeout=60, check=False)


def test_exit_with_a_running_pipeline_neither_hangs_nor_crashes() -> None:
    for _ in range(3):
        done = run("print('end')")
        assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def test_exit_by_an_exception_keeps_its_status() -> None:
    done = run("sys.exit(7)")
    assert (done.returncode, done.stderr) == (7, "")


def test_a_forked_child_gets_a_clear_error_and_exits() -> None:
    done = run("""
child = os.fork()
if child == 0:
    try:
        pipeline.metrics()
    except libflow.Forked:
        sys.exit(3)
    sys.exit(4)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
pipeline.stop()
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_the_table_equals_the_headers() -> None:
    made = subprocess.run([sys.executable, str(ROOT / "bindings/python/make-table")],
                          capture_output=True, text=True, check=True).stdout
    kept = (ROOT / "bindings/python/libflow/_table.py").read_text(encoding="utf-8")
    assert made == kept, "run bindings/python/make-table --write"


def test_types_are_strict() -> None:
    checked = subprocess.run([sys.executable, "-m", "mypy", "--strict", "libflow"],
                             cwd=ROOT / "bindings/python", capture_output=True, text=True,
                             check=False, env={**os.environ, "MYPY_CACHE_DIR": os.devnull})
    assert checked.returncode == 0, checked.stdout
