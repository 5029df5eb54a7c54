# SPDX-License-Identifier: Apache-2.0
"""What the documentation shows works: configurations, commands, C and Python."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import libflow
from conftest import (BUILD, FLOW, PAGES, README, ROOT, described, fenced, flow, section, text_of,
                      verbatim)

AGENT = verbatim(section("flow.conf.5", "SYNOPSIS"))[0]
INLET = """
app.sources = in
app.channels = c1
app.sinks = out
app.sources.in.type = inlet
app.sources.in.channels = c1
app.channels.c1.type = memory
app.sinks.out.channel = c1
app.sinks.out.type = """


def assert_sound(folder: Path, text: str, suffix: str = "conf") -> None:
    """Checks the configuration TEXT, in which nothing may be amiss."""
    path = folder / f"a.{suffix}"
    path.write_text(text, encoding="utf-8")
    done = flow("check", path)
    assert (done.stdout, done.returncode) == ("0 errors, 0 warnings\n", 0), f"{text}\n{done}"


def assert_makes_a_client(text: str) -> None:
    with libflow.Library() as library:
        config = libflow.Config(library)
        config.parse(text)
        libflow.Client(library, config)


# ---- configurations ----


@pytest.mark.parametrize("info", described(), ids=lambda info: f"{info['kind']}-{info['type']}")
def test_the_synopsis_of_a_type(info: dict, tmp_path: Path) -> None:
    page = f"flow-{info['kind']}-{info['type'].lower()}.5"
    text = verbatim(section(page, "SYNOPSIS"))[0]
    assert info["type"] in text
    if info["kind"] == "client":
        assert_makes_a_client(text)
    else:
        assert_sound(tmp_path, text)


def test_configurations_of_the_readme(tmp_path: Path) -> None:
    texts = fenced(README, "properties")
    assert texts
    for text in texts:
        assert_sound(tmp_path, text)


def test_both_forms_are_the_same_configuration(tmp_path: Path) -> None:
    yaml = verbatim(section("flow.conf.5", "YAML"))[0]
    assert_sound(tmp_path, yaml, "yaml")
    assert_sound(tmp_path, AGENT)
    graphs = [flow("graph", tmp_path / name).stdout for name in ("a.yaml", "a.conf")]
    assert graphs[0] == graphs[1]


def test_the_config_filter_gets_its_value(tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTNAME", "localhost")
    lines = verbatim(section("flow.conf.5", "SUBSTITUTION"))[0]
    assert_sound(tmp_path, AGENT.replace("a1.sources.r1.bind = localhost\n", "") + lines)
    monkeypatch.delenv("HOSTNAME")
    assert "the environment has no variable 'HOSTNAME'" in flow("check", tmp_path / "a.conf").stdout


def test_findings_read_as_shown(tmp_path: Path) -> None:
    text = ("#\na1.sources = r1\na1.channels = c1\na1.sinks = k1\na1.sources.r1.type = netcat\n"
            "a1.sources.r1.bind = localhost\n\na1.sources.r1.port =  4444x\n"
            "a1.sources.r1.channels = c1\na1.channels.c1.type = memory\n"
            "a1.channels.c1.capcity = 5\na1.sinks.k1.type = logger\na1.sinks.k1.channel = c1\n")
    (tmp_path / "a1.conf").write_text(text, encoding="utf-8")
    shown = verbatim(section("flow.conf.5", "FINDINGS"))[0]
    assert flow("check", "a1.conf", cwd=tmp_path).stdout == shown + "1 error, 1 warning\n"


def test_findings_for_programs_have_the_members_shown(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(AGENT + "a1.sinks.k1.no = such\n", encoding="utf-8")
    findings = json.loads(flow("check", "--format", "json", tmp_path / "a.conf").stdout)
    assert len(findings) == 1
    assert ", ".join(findings[0]).replace(", hint", " and hint") in \
        " ".join(section("flow.1", "OPTIONS").split())


# ---- commands ----


def commands() -> list[str]:
    """Every call of the command in README and the pages; `flow consumer`, which needs an agent that
    runs, is tested with one in tests/cli."""
    texts = fenced(README, "sh") + [text for page in PAGES for text in verbatim(text_of(page))]
    lines = [line.strip() for text in texts for line in text.replace("\\\n", " ").split("\n")]
    return [line for line in lines if re.match(r"(flow|flume-ng) (?!consumer )[a-z]", line)]


# An agent whose channel is read by the consumer `audit`.
READ = """
a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = seq
a1.sources.r1.totalEvents = 10
a1.sources.r1.channels = c1
a1.channels.c1.type = file
a1.channels.c1.checkpointDir = checkpoint
a1.channels.c1.dataDirs = data
a1.sinks.k1.type = null
a1.sinks.k1.channel = c1
a1.sinks.k1.consumer = audit
"""


@contextlib.contextmanager
def running_agent(folder: Path, conf: str = READ) -> Iterator[str]:
    """Yields the path of its control socket, which has to be a short one."""
    (folder / "read.conf").write_text(conf, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="flow-docs-") as short:
        path = f"{short}/a1"
        with subprocess.Popen([FLOW, "agent", "-f", "read.conf", "--control-socket", path],
                              cwd=folder, stderr=subprocess.PIPE, text=True) as agent:
            try:
                assert any(line.endswith("agent a1 runs\n") for line in agent.stderr)
                yield path
            finally:
                agent.kill()


@pytest.mark.parametrize("line", [line for line in sorted(set(commands()))
                                  if line.startswith("flow consumer")])
def test_a_command_works_on_a_running_agent(line: str, tmp_path: Path) -> None:
    with running_agent(tmp_path) as path:
        done = flow(*shlex.split(line, comments=True)[1:], "--control-socket", path)
    assert (done.returncode, done.stderr) == (0, ""), line
    assert "audit" in done.stdout


@pytest.mark.parametrize("line", [line for line in sorted(set(commands()))
                                  if not line.startswith("flow consumer")])
def test_a_command_works(line: str, tmp_path: Path) -> None:
    words = shlex.split(line, comments=True)[1:]
    for word in words:
        if word.endswith(".conf"):
            (tmp_path / word).parent.mkdir(exist_ok=True)
            (tmp_path / word).write_text(AGENT, encoding="utf-8")
    if words[0] == "agent":
        words.append("--dryrun")
    done = flow(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), line
    assert done.stdout


# ---- C ----


def compile_c(text: str, folder: Path) -> Path:
    (folder / "snippet.c").write_text(text, encoding="utf-8")
    library = BUILD / "lib"
    done = subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
         f"-I{ROOT / 'include'}", str(folder / "snippet.c"), f"-L{library}",
         f"-Wl,-rpath,{library}", "-lflow", "-o", str(folder / "snippet")],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "snippet"


# What the plugin of the README leaves to examples/mysink.c.
PLUGIN = """#include <flow.h>
static const flow_schema schema = {.struct_size = sizeof schema};
static int create(flow_context *ctx, void **self, flow_error **err)
{
    *self = ctx;
    return FLOW_OK;
}
static void destroy(void *self)
{
}
static int process(void *self, flow_txn *txn, flow_error **err)
{
    return FLOW_BACKOFF;
}
"""


def test_c_of_the_readme(tmp_path: Path) -> None:
    texts = fenced(README, "c")
    programs = [text for text in texts if "main(" in text]
    assert len(programs) == 1 and len(texts) == 2
    program = compile_c(programs[0], tmp_path)
    (tmp_path / "app.conf").write_text(INLET + "null\n", encoding="utf-8")
    done = subprocess.run([program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    plugin = next(text for text in texts if "main(" not in text)
    compile_c(PLUGIN + plugin + "int main(void)\n{\n    return 0;\n}\n", tmp_path)


def test_the_plugin_is_as_short_as_the_readme_says() -> None:
    assert "under a hundred lines" in README
    assert len((ROOT / "examples/mysink.c").read_text(encoding="utf-8").split("\n")) < 100


# ---- Python ----


def run_python(text: str, folder: Path, *arguments: str) -> str:
    (folder / "snippet.py").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "snippet.py", *arguments], cwd=folder, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_of_the_readme(tmp_path: Path) -> None:
    (tmp_path / "app.conf").write_text(INLET + "outlet\n", encoding="utf-8")
    texts = fenced(README, "python")
    assert texts
    for text in texts:
        assert "b'hello'" in run_python(text, tmp_path)


def test_python_of_its_own_readme(tmp_path: Path) -> None:
    text = (ROOT / "bindings/python/README.md").read_text(encoding="utf-8")
    whole, rest = fenced(text, "python")
    conf = INLET.replace("app", "a1") + "null\n"
    (tmp_path / "pipeline.conf").write_text(conf, encoding="utf-8")
    run_python(whole, tmp_path)
    run_python("import libflow\nlibrary = libflow.Library()\n" + rest, tmp_path)


def test_python_of_the_ipc_protocol(tmp_path: Path) -> None:
    text, = verbatim(section("flow-ipc.5", "EXAMPLES"))
    with tempfile.TemporaryDirectory(prefix="flow-docs-") as short:
        conf = INLET.replace("app", "a1").replace("inlet", "ipc") + "null\n"
        with running_agent(tmp_path, f"{conf}a1.sources.in.path = {short}/socket\n"):
            assert run_python(text, tmp_path, f"{short}/socket") == "1 0 \n"


# ---- figures ----


def test_figures_come_with_their_command() -> None:
    for text in re.split(r"^## ", README, flags=re.M):
        if re.search(r"\d\s*(events/s|[kM]/s|[MG]i?B/s|ns|µs|us)\b", text):
            assert "tests/bench/run" in text, text
