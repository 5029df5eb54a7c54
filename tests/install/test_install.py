# SPDX-License-Identifier: Apache-2.0
"""What a distribution and a stranger do: install into a folder, then build against it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["FLOW_BUILD"])


def sh(*command: str, cwd: Path | None = None, **env: str) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False,
                          env={**os.environ, **env})
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module", name="prefix")
def fixture_prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed tree; DESTDIR in front of the prefix it was configured with."""
    destination = tmp_path_factory.mktemp("destination")
    sh("meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(destination))
    header = next(destination.rglob("flow.h"))
    return header.parents[1]


def folder_of(prefix: Path, name: str) -> Path:
    return next(prefix.rglob(name)).parent


def run_embed(program: Path, prefix: Path) -> None:
    out = sh(str(program), LD_LIBRARY_PATH=str(folder_of(prefix, "libflow.so.1")))
    assert out.splitlines() == [f"event {i} (from embed)" for i in (1, 2, 3)]


def test_what_is_installed(prefix: Path) -> None:
    for name in ("flow", "flume-ng", "libflow.so.1", "libflow.so", "libflow.a", "libflow.pc",
                 "libflowConfig.cmake", "hdfs.so", "flow_txn_put.3", "flow-architecture.7",
                 "flow.1", "flow.conf.5"):
        assert list(prefix.rglob(name)), name
    assert (prefix / "bin/flume-ng").resolve() == (prefix / "bin/flow").resolve()


def test_the_installed_command_finds_its_library(prefix: Path) -> None:
    out = sh(str(prefix / "bin/flow"), "version",
             LD_LIBRARY_PATH=str(folder_of(prefix, "libflow.so.1")))
    assert out.startswith("flow 0.9.0")


def test_pkg_config(prefix: Path, tmp_path: Path) -> None:
    pc = folder_of(prefix, "libflow.pc")
    flags = sh("pkg-config", "--define-prefix", "--cflags", "--libs", "libflow",
               PKG_CONFIG_PATH=str(pc)).split()
    program = tmp_path / "embed"
    sh("cc", str(ROOT / "examples/embed.c"), f"-I{prefix}/include",
       f"-L{folder_of(prefix, 'libflow.so')}", *flags, "-o", str(program))
    run_embed(program, prefix)


def test_static(prefix: Path, tmp_path: Path) -> None:
    program = tmp_path / "embed"
    sh("cc", str(ROOT / "examples/embed.c"), f"-I{prefix}/include",
       str(folder_of(prefix, "libflow.a") / "libflow.a"), "-luv", "-lyaml", "-lzstd", "-lz",
       "-lpcre2-8", "-lpthread", "-ldl", "-o", str(program))
    run_embed(program, prefix)
    assert "libflow.so" not in sh("ldd", str(program))


def test_cmake(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(stranger C)\n"
        "find_package(libflow 0.9 REQUIRED)\nadd_executable(embed embed.c)\n"
        "target_link_libraries(embed libflow::flow)\n", encoding="utf-8")
    shutil.copy(ROOT / "examples/embed.c", tmp_path)
    sh("cmake", "-S", ".", "-B", "out", f"-DCMAKE_PREFIX_PATH={prefix}", cwd=tmp_path)
    sh("cmake", "--build", "out", cwd=tmp_path)
    run_embed(tmp_path / "out/embed", prefix)


def test_meson_subproject(tmp_path: Path) -> None:
    (tmp_path / "subprojects").mkdir()
    (tmp_path / "subprojects/libflow").symlink_to(ROOT)
    shutil.copy(ROOT / "examples/embed.c", tmp_path)
    (tmp_path / "meson.build").write_text(
        "project('stranger', 'c')\n"
        "flow = dependency('libflow', fallback: 'libflow',\n"
        "  default_options: ['tests=false', 'examples=false', 'docs=disabled'])\n"
        "executable('embed', 'embed.c', dependencies: flow)\n", encoding="utf-8")
    sh("meson", "setup", "out", "--wrap-mode=forcefallback", cwd=tmp_path)
    sh("ninja", "-C", "out", "embed", cwd=tmp_path)
    out = sh(str(tmp_path / "out/embed"))
    assert out.splitlines() == [f"event {i} (from embed)" for i in (1, 2, 3)]
