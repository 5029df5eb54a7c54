# SPDX-License-Identifier: Apache-2.0
"""Holds files and functions to a size that one can read.

    sizes.py ROOT
"""

import re
import sys
from pathlib import Path

FUNCTION_LINES = 80
FILE_LINES = 800
HEADER_LINES = 400

FOLDERS = ("include", "lib", "bindings", "examples", "tests")

# A definition as clang-format lays it out: the name at the left, a brace on a line of its own.
DEFINITION = re.compile(r"^(?:[A-Za-z_][^;{}#]*?\b(?P<name>\w+)\([^;{}]*\))\n"
                        r"\{\n(?P<body>.*?)^\}", re.S | re.M)


def check_functions(path: Path, text: str) -> list[str]:
    faults = []
    for found in DEFINITION.finditer(text):
        lines = found.group(0).count("\n") + 1
        if lines > FUNCTION_LINES:
            faults.append(f"{path}: {found['name']} has {lines} lines, not {FUNCTION_LINES}")
    return faults


def check_file(path: Path, public: bool) -> list[str]:
    text = path.read_text(encoding="utf-8")
    limit = HEADER_LINES if public else FILE_LINES
    lines = text.count("\n")
    faults = [f"{path}: {lines} lines, not {limit}"] if lines > limit else []
    if path.suffix == ".py":
        return faults
    if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n"):
        faults.append(f"{path}: the first line is not the licence")
    return faults + check_functions(path, text)


def main() -> int:
    root = Path(sys.argv[1])
    paths = [path for folder in FOLDERS for pattern in ("*.c", "*.h", "*.py")
             for path in sorted((root / folder).rglob(pattern))]
    faults = [fault for path in paths
              for fault in check_file(path, path.is_relative_to(root / "include"))]
    print("\n".join(faults) or f"{len(paths)} files and their functions are of readable size")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
