# SPDX-License-Identifier: Apache-2.0
"""Reads who includes whom and refuses every arrow that the architecture does not have.

    layers.py ROOT
"""

import re
import sys
from pathlib import Path

COMPONENTS = ("channels", "sources", "sinks", "interceptors", "selectors", "groups")

# What each folder below lib/ may include, besides itself and the public headers.
ALLOWED = {
    "base": set(),
    "io": {"base"},
    "core": {"base", "io"},
    "config": {"base", "io", "core"},
    "codec": {"base", "io", "core"},
    "wire": {"base", "codec"},
    "net": {"base", "io", "core", "codec", "wire"},
    "store": {"base", "io", "core", "codec", "wire"},
    "clients": {"base", "io", "core", "codec", "wire", "net"},
    "runtime": {"base", "io", "core", "config", "codec", "wire", "net", "store", "clients", *COMPONENTS},
    **{name: {"base", "io", "codec", "wire", "net", "store", "clients"} for name in COMPONENTS},
}

# Folders that are programs and plugins like anybody's.
STRANGERS = ("bindings", "examples", "plugins")

# Headers of the libraries underneath, and the only folders that may know them.
FOREIGN = {
    "uv.h": {"net", "runtime"},
    "yaml.h": {"config"},
    "pcre2.h": {"base"},
    "zlib.h": {"codec"},
    "zstd.h": {"codec"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.M)


def includes(path: Path) -> list[tuple[bool, str]]:
    """What a file includes: whether in quotes, and what."""
    text = path.read_text(encoding="utf-8")
    return [(quote == '"', name) for quote, name in INCLUDE.findall(text)]


def sources(folder: Path) -> list[Path]:
    return sorted([*folder.rglob("*.c"), *folder.rglob("*.h")])


def fault_in_layer(layer: str, quoted: bool, name: str) -> str:
    if not quoted:
        known_to = FOREIGN.get(name)
        return f"<{name}> belongs to {sorted(known_to)}" if known_to and layer not in known_to else ""
    target = name.split("/")[0] if "/" in name else ""
    if target == layer or target in ALLOWED[layer]:
        return ""
    return f'"{name}" is not for {layer}' if target else f'"{name}" lacks its folder'


def check_lib(root: Path) -> list[str]:
    faults = []
    for path in sources(root / "lib"):
        layer = path.relative_to(root / "lib").parts[0]
        if layer == "modules":
            continue
        if layer not in ALLOWED:
            faults.append(f"{path}: {layer} is no layer of the architecture")
            continue
        faults += [f"{path}: {fault}" for quoted, name in includes(path)
                   if (fault := fault_in_layer(layer, quoted, name))]
    return faults


def check_strangers(root: Path) -> list[str]:
    """Those outside see <flow.h> and the files beside them."""
    faults = []
    for path in [path for name in STRANGERS for path in sources(root / name)]:
        for quoted, name in includes(path):
            beside = (path.parent / name).exists()
            if quoted and not beside or not quoted and name.startswith("flow/"):
                faults.append(f"{path}: {name}: include <flow.h> alone")
    return faults


def check_headers(root: Path) -> list[str]:
    """Public headers know the C library and one another."""
    allowed = re.compile(r"flow/\w+\.h|stddef\.h|stdint\.h")
    return [f"{path}: {name} is not for a public header"
            for path in sources(root / "include") for quoted, name in includes(path)
            if quoted or not allowed.fullmatch(name)]


def main() -> int:
    root = Path(sys.argv[1])
    faults = check_headers(root) + check_lib(root) + check_strangers(root)
    print("\n".join(faults) or "all arrows point down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
