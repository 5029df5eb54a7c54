# SPDX-License-Identifier: Apache-2.0
"""Holds files and functions to a size and a shape that one can read.

    sizes.py ROOT
"""

import re
import sys
from pathlib import Path

FUNCTION_LINES = 80
FILE_LINES = 800
HEADER_LINES = 400
COMPLEXITY = 15
PARAMETERS = 6  # besides the place for an error, which is how a function answers

# What the text of a configuration goes through, with all that it is checked against.
MANY_PARAMETERS = {"fl_settings_make"}

FOLDERS = ("include", "lib", "bindings", "examples", "tests")

# A definition as clang-format lays it out: the name at the left, a brace on a line of its own.
DEFINITION = re.compile(r"^(?:[A-Za-z_][^;{}#]*?\b(?P<name>\w+)\([^;{}]*\))\n"
                        r"\{\n(?P<body>.*?)^\}", re.S | re.M)


# What is no code, and the labels of a switch that is a table: their cases only return.
TEXT = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])+'", re.S)
ROW = re.compile(r"(?:\b(?:case\b[^:;]+|default)\s*:\s*)+return\b")
BRANCH = re.compile(r"\b(?:if|for|while|case)\b|&&|\|\||\?")


def complexity(body: str) -> int:
    return 1 + len(BRANCH.findall(ROW.sub("", TEXT.sub("", body))))


def parameters(found: re.Match) -> int:
    head = TEXT.sub("", found.group(0)[:found.start("body") - found.start()])
    inner = head[head.index(found["name"] + "(") + len(found["name"]) + 1:head.rindex(")")].strip()
    if inner in ("", "void"):
        return 0
    inner = re.sub(r"\([^()]*\)", "", inner)  # of a pointer to a function
    return inner.count(",") + 1 - inner.endswith("flow_error **err")


def check_shape(path: Path, found: re.Match) -> list[str]:
    """Holds a function of the product to what one can keep in mind."""
    name = found["name"]
    faults = []
    branches = complexity(found["body"])
    if branches > COMPLEXITY:
        faults.append(f"{path}: {name} has {branches} ways through it, not {COMPLEXITY}")
    # The public functions are as they are for good, and a table's follow it.
    public = name.startswith("flow_")
    if not public and name not in MANY_PARAMETERS and parameters(found) > PARAMETERS:
        faults.append(f"{path}: {name} has {parameters(found)} parameters, not {PARAMETERS}")
    return faults


def check_functions(path: Path, text: str) -> list[str]:
    faults = []
    for found in DEFINITION.finditer(text):
        lines = found.group(0).count("\n") + 1
        if lines > FUNCTION_LINES:
            faults.append(f"{path}: {found['name']} has {lines} lines, not {FUNCTION_LINES}")
        if "tests" not in path.parts:
            faults += check_shape(path, found)
    return faults


def check_file(path: Path, public: bool) -> list[str]:
    text = path.read_text(encoding="utf-8")
    limit = HEADER_LINES if public else FILE_LINES
    lines = text.count("\n")
    made = "; do not edit." in text[:400]  # of the headers, which are as long as they are
    faults = [f"{path}: {lines} lines, not {limit}"] if lines > limit and not made else []
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
