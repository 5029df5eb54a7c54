# SPDX-License-Identifier: Apache-2.0
"""The wheel: carries the library, installs with pip, loads plugins and modules from there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["FLOW_BUILD"])


def sh(*command: str, **env: str) -> str:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LIBFLOW_LIBRARY")}
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**clean, **env})
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", name="python")
def fixture_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An environment of its own with the wheel installed."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = sh(str(ROOT / "bindings/python/build-wheel"), str(BUILD), str(folder)).strip()
    assert "-py3-none-linux" in wheel
    sh(sys.executable, "-m", "venv", str(folder / "venv"))
    python = str(folder / "venv/bin/python")
    sh(python, "-m", "pip", "install", "-q", "--no-index", wheel)
    return python


def test_it_uses_the_library_it_carries(python: str) -> None:
    out = sh(python, "-c", "import libflow, libflow._load as l; print(l.lib._name)")
    assert "site-packages/libflow/_lib/libflow.so.1" in out


def test_the_examples_run_from_it(python: str, tmp_path: Path) -> None:
    out = sh(python, str(ROOT / "examples/push.py"), str(tmp_path))
    assert out == "5001 events accepted\n"
    lines = [line for path in sorted(tmp_path.iterdir()) for line in path.read_text().split("\n")]
    assert lines[:3] == ["one at a time", "event 0", "event 1"] and len(lines) == 5002
    out = sh(python, str(ROOT / "examples/sink.py"))
    assert "2 be\n" in out and "2 to\n" in out and "1 a\n" not in out


def test_it_finds_its_modules_and_loads_plugins(python: str) -> None:
    out = sh(python, "-c", f"""
import libflow
with libflow.Library() as library:
    library.load_plugin({str(BUILD / "examples/mysink.so")!r})
    names = [name for kind, name in library.types()]
    print("hdfs" in names, "mysink" in names)
""", LD_LIBRARY_PATH="")
    assert out == "True True\n"
