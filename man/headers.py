# SPDX-License-Identifier: Apache-2.0
"""Reads the public headers: the one description of the interface.

The man pages, the symbol map, the table of the Python bindings and the tests that hold them
together all start from what this module returns.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

TAGS = ("Thread", "Blocks", "Errors", "Returns", "Since")


@dataclass
class Item:
    """A function, table, callback type or constant with the comment in front of it."""

    kind: str  # "function", "struct", "callback", "constant"
    name: str
    code: str
    header: str  # "flow/event.h"
    comment: str = ""
    paragraphs: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first sentence, as the NAME line of a page wants it."""
        text = self.paragraphs[0] if self.paragraphs else ""
        text = re.split(r"(?<!\.\.\.)(?<=[.:;])\s", text + " ", maxsplit=1)[0].strip().rstrip(".:;")
        return text[:1].lower() + text[1:] if text else ""


COMMENT = re.compile(r"/\*(.*?)\*/\s*", re.S)
PATTERNS = (
    ("function", re.compile(r"FLOW_API\s+([^;{}()]*?\b(flow_\w+)\s*\([^;]*?\))\s*"
                            r"(?:FLOW_PRINTF\(\d+, \d+\))?;", re.S)),
    ("struct", re.compile(r"(typedef struct (\w+) \{.*?\n\} \w+;)", re.S)),
    ("callback", re.compile(r"(typedef [^;{}]*?\(\*(flow_\w+)\)\([^;]*?\);)", re.S)),
    ("opaque", re.compile(r"(typedef struct (\w+) \w+;)")),
    ("constant", re.compile(r"(#define (FLOW_\w+)(?: .*)?)")),
)


def clean(comment: str) -> str:
    """The text of a comment without its stars."""
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in comment.strip("\n").split("\n")]
    return "\n".join(lines).strip()


def describe(item: Item, comment: str) -> Item:
    """Splits a comment into paragraphs and tags."""
    item.comment = clean(comment)
    body: list[str] = []
    for block in re.split(r"\n\s*\n", item.comment):
        if re.match(rf"({'|'.join(TAGS)}):", block):
            text = " ".join(block.split())
            for tag, value in re.findall(
                    rf"({'|'.join(TAGS)}): (.*?)(?=\s+(?:{'|'.join(TAGS)}): |$)", text):
                item.tags[tag] = value.strip()
        elif block.startswith("    "):
            body.append(block)
        else:
            body.append(" ".join(block.split()))
    item.paragraphs = [block for block in body if block]
    return item


def read_header(path: Path, name: str) -> list[Item]:
    """All that one header declares, in order."""
    text = path.read_text(encoding="utf-8")
    items: list[Item] = []
    position, comment = 0, ""
    while position < len(text):
        found = COMMENT.match(text, position)
        if found:
            comment, position = found.group(1), found.end()
            continue
        for kind, pattern in PATTERNS:
            found = pattern.match(text, position)
            if found:
                items.append(describe(Item(kind, found.group(2), found.group(1), name), comment))
                position = found.end()
                comment = "" if kind != "opaque" else comment
                break
        else:
            end = text.find("\n", position)
            position = len(text) if end < 0 else end + 1
            if not text[position:position + 1].isspace():
                comment = comment if text[position:position + 3] == "#de" else ""
    return items


def read_all(include: Path) -> list[Item]:
    """All that the headers below INCLUDE/flow declare."""
    items: list[Item] = []
    for path in sorted((include / "flow").glob("*.h")):
        items += read_header(path, f"flow/{path.name}")
    return items
