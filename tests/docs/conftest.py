# SPDX-License-Identifier: Apache-2.0
"""What the tests of the documentation read: pages, snippets, and what the command says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["FLOW_BUILD"])
FLOW = os.environ["FLOW_COMMAND"]
sys.path.insert(0, str(ROOT / "man"))
sys.dont_write_bytecode = True

WRITTEN = sorted((ROOT / "man").glob("man?/*"))
MADE = sorted((BUILD / "man").glob("man?/*"))
PAGES = {page.name: page for page in WRITTEN + MADE}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def flow(*arguments: object, **options) -> subprocess.CompletedProcess:
    """Runs the command, without the settings of whoever runs the tests."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("JAVA_OPTS", "FLUME_JAVA_OPTS", "FLUME_HOME")}
    return subprocess.run([FLOW, *map(str, arguments)], capture_output=True, text=True,
                          check=False, env=env, **options)


def described() -> list[dict]:
    """All component types."""
    done = flow("describe", "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def unescape(roff: str) -> str:
    """Roff as it is printed, fonts aside."""
    roff = re.sub(r"\\f[A-Z]", "", roff)
    for escape, text in (("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ha", "^"),
                         ("\\(ti", "~"), ("\\&", ""), ("\\e", "\\")):
        roff = roff.replace(escape, text)
    return roff


def text_of(page: str) -> str:
    """The source of a page."""
    return PAGES[page].read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """One section of a page."""
    found = re.search(rf"^\.SH {title}\n(.*?)(?=^\.SH |\Z)", text_of(page), re.M | re.S)
    assert found, f"{page} has no section {title}"
    return found.group(1)


def verbatim(roff: str) -> list[str]:
    """The texts between .nf and .fi."""
    return [unescape(text) for text in re.findall(r"^\.nf\n(.*?)^\.fi$", roff, re.M | re.S)]


def fenced(markdown: str, language: str) -> list[str]:
    """The code blocks of LANGUAGE."""
    return re.findall(rf"^```{language}\n(.*?)^```$", markdown, re.M | re.S)
