# SPDX-License-Identifier: Apache-2.0
"""Text and code as roff prints them: what both kinds of generated pages are written with."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

# In the corner of every page: when its text was last gone through.
DATE = "2026-11-23"

# Characters that roff would otherwise print as others, as it sets type and not code.
PLAIN = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def plain(text: str) -> str:
    """Text printed as it stands."""
    return "".join(PLAIN.get(character, character) for character in text)


def guard(text: str) -> str:
    """Text in which no line is taken for a request."""
    return re.sub(r"(?m)^\.", r"\\&.", text)


def fill(text: str) -> str:
    """Text in lines of at most 80 bytes, cut at blanks."""
    lines = textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)
    return guard("\n".join(lines))


def emphasize(text: str) -> str:
    """Text with `names` in italics and those of libflow in bold."""
    text = plain(text)
    text = re.sub(r"\b(flow_\w+)\b", r"\\fB\1\\fP", text)
    text = re.sub(r"\b(FLOW_[A-Z_]*[A-Z])\b", r"\\fB\1\\fP", text)
    return re.sub(r"\\\(ga(.+?)\\\(ga", r"\\fI\1\\fP", text)


def prose(text: str) -> str:
    """A paragraph."""
    return fill(emphasize(text))


def heading(title: str, section: int, version: str, summary: str) -> list[str]:
    """The beginning of a page.  Lines are not stretched: names are long here.  The summary has no
    fonts, as other programs read it too."""
    return [f'.TH {plain(title)} {section} "{DATE}" "libflow {version}" "libflow"', ".ad l",
            ".SH NAME", f"{plain(title)} \\- {plain(summary.replace('`', ''))}"]


def verbatim(code: str) -> str:
    """Code as it stands."""
    return f".nf\n{guard(plain(code))}\n.fi"


def paragraphs(texts: list[str]) -> list[str]:
    """Paragraphs with space between; those that begin with a blank are code."""
    out: list[str] = []
    for number, text in enumerate(texts):
        out += [".PP"] if number else []
        out.append(verbatim(text) if text.startswith("    ") else prose(text))
    return out


def references(names: list[str]) -> str:
    """The pages NAMES, each written as "name(section)"."""
    return ",\n".join(f"\\fB{plain(name.split('(')[0])}\\fP({name.split('(')[1]}"
                      for name in names)


def write_pages(folder: Path, pages: dict[str, str]) -> None:
    """Writes PAGES, by their file names, and removes what FOLDER has besides."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    os.utime(folder)  # the folder is what Ninja compares
