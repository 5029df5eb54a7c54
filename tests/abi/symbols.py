# SPDX-License-Identifier: Apache-2.0
"""Holds the headers, the symbol map and the built library together.

    symbols.py map INCLUDE MAP       the map lists exactly what the headers declare
    symbols.py exports INCLUDE LIB   the library exports exactly that, as LIBFLOW_1.0
    symbols.py write INCLUDE MAP     makes the map anew
"""

import subprocess
import sys
from pathlib import Path

import api


def exported(library: str) -> dict[str, str]:
    """The functions and data that a shared library defines, each with its version."""
    listing = subprocess.run(["nm", "-D", "--defined-only", library], text=True,
                             capture_output=True, check=True).stdout
    found = {}
    for line in listing.splitlines():
        kind, symbol = line.split()[-2:]
        name, _, version = symbol.partition("@@")
        if kind != "A":
            found[name] = version
    return found


def soname(library: str) -> str:
    dynamic = subprocess.run(["readelf", "-dW", library], text=True, capture_output=True,
                             check=True).stdout
    for line in dynamic.splitlines():
        if "(SONAME)" in line:
            return line.split("[")[1].rstrip("]")
    return ""


def check_exports(include: Path, library: str) -> list[str]:
    declared = {item.name for item in api.functions(include)}
    found = exported(library)
    faults = [f"declared but not exported: {name}" for name in sorted(declared - set(found))]
    faults += [f"exported but not declared: {name}" for name in sorted(set(found) - declared)]
    faults += [f"{name} has the version '{version}', not {api.VERSION}"
               for name, version in sorted(found.items()) if version != api.VERSION]
    if soname(library) != api.SONAME:
        faults.append(f"the SONAME is '{soname(library)}', not {api.SONAME}")
    return faults


def check_map(include: Path, path: Path) -> list[str]:
    if path.read_text(encoding="utf-8") == api.symbol_map(include):
        return []
    return [f"{path} does not list what the headers declare: run tests/abi/update map"]


def main() -> int:
    what, include, target = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if what == "write":
        Path(target).write_text(api.symbol_map(include), encoding="utf-8")
        return 0
    faults = check_map(include, Path(target)) if what == "map" else check_exports(include, target)
    print("\n".join(faults) or f"{len(api.functions(include))} functions agree")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
