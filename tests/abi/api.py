# SPDX-License-Identifier: Apache-2.0
"""The interface as the headers declare it, for the scripts in this folder."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "man"))

import headers  # noqa: E402  (the reader of the headers lives with the man pages)

VERSION = "LIBFLOW_1.0"
SONAME = "libflow.so.1"


def functions(include: Path) -> list[headers.Item]:
    """Everything that is marked FLOW_API, in the order of names."""
    items = [item for item in headers.read_all(include) if item.kind == "function"]
    return sorted(items, key=lambda item: item.name)


def symbol_map(include: Path) -> str:
    """The text of the symbol map that exports exactly these functions."""
    names = "".join(f"    {item.name};\n" for item in functions(include))
    return f"{VERSION} {{\n  global:\n{names}  local:\n    *;\n}};\n"
