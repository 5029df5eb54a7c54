# SPDX-License-Identifier: Apache-2.0
"""Compiles each public header alone: as strict C99 and as C++17, with every warning an error."""

import shutil
import subprocess
import sys
from pathlib import Path

STRICT = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
LANGUAGES = [("cc", "c", "-std=c99"), ("c++", "c++", "-std=c++17")]


def compile_one(compiler: str, language: str, standard: str, include: Path, header: str) -> str:
    """What the compiler says about a program that is nothing but this header, or ''."""
    command = [compiler, "-x", language, standard, *STRICT, "-I", str(include), "-"]
    done = subprocess.run(command, input=f"#include <{header}>\n", text=True, capture_output=True)
    return "" if done.returncode == 0 else f"{header} as {language}:\n{done.stderr}"


def main() -> int:
    include = Path(sys.argv[1])
    headers = ["flow.h"] + sorted(f"flow/{path.name}" for path in include.glob("flow/*.h"))
    faults = []
    for name, language, standard in LANGUAGES:
        compiler = shutil.which(name)
        if compiler is None:
            faults.append(f"there is no {name}")
            continue
        for header in headers:
            faults.append(compile_one(compiler, language, standard, include, header))
    faults = [fault for fault in faults if fault]
    print("\n".join(faults) or f"{len(headers)} headers compile alone, in C and in C++")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
