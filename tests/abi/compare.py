# SPDX-License-Identifier: Apache-2.0
"""Compares the interface with the baseline, and makes sure that the comparison can fail.

    compare.py headers INCLUDE BASELINE   the headers keep what the baseline promises, and headers
                                          broken on purpose are caught
    compare.py library INCLUDE LIB        the built library is what the headers say
    compare.py write INCLUDE BASELINE     makes the baseline anew

The baseline comes from a library made of the headers alone, every function with an empty body, so
that it holds no type of the library's own.  More such libraries are made for the first check: one
from the headers as they are, which must pass, and one for each way to break them, which must not.
A comparison that forgives too much, or a baseline without types, would let them through.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import api

WRONG_USE = 1 | 2  # of the bits of abidiff's exit code

# Go in arrays: their size is told beside them.
SIZE_BESIDE = {"flow_property", "flow_header"}

# File, text, and what stands there instead.
BREAKS = {
    "a member in the middle of a table": (
        "flow/sink.h", "    int64_t (*deadline)(void *self);",
        "    int64_t (*early)(void *self);\n    int64_t (*deadline)(void *self);"),
    "a member in the middle of a struct": (
        "flow/schema.h", "    const char *unit; ", "    int64_t step;\n    const char *unit; "),
    "a member in the middle of a struct that goes in arrays": (
        "flow/event.h", "    uint32_t name_size;\n",
        "    uint32_t later;\n    uint32_t name_size;\n"),
    "a wider member": (
        "flow/metrics.h", "    uint32_t kind; ", "    uint64_t kind; "),
    "a member less": (
        "flow/library.h", "    void *log_self; ", "    "),
    "another argument": (
        "flow/error.h", "flow_error_set(flow_error **err, int code,",
        "flow_error_set(flow_error **err, long where, int code,"),
    "a function less": (
        "flow/version.h", "FLOW_API const char *flow_version_string(void);", ""),
}

# What a later version may do.
ADDITIONS = {
    "a member at the end of a table": (
        "flow/sink.h", "    void (*ended)(void *self, const flow_txn *txn, int result);",
        "    void (*ended)(void *self, const flow_txn *txn, int result);\n"
        "    void (*later)(void *self);"),
    "a member at the end of a struct that goes in arrays": (
        "flow/event.h", "    uint32_t value_size;\n",
        "    uint32_t value_size;\n    uint64_t later;\n"),
    "a new function": (
        "flow/version.h", "FLOW_API uint32_t flow_version(void);",
        "FLOW_API uint32_t flow_version(void);\nFLOW_API uint32_t flow_version_later(void);"),
}


def skeleton(include: Path) -> str:
    """A program text that defines every declared function with an empty body."""
    bodies = [f"{item.code}\n{{\n    __builtin_trap();\n}}\n" for item in api.functions(include)]
    return "#include <flow.h>\n\n" + "\n".join(bodies)


def build(include: Path, folder: Path) -> Path:
    """Makes a library from headers alone."""
    source, library, symbols = folder / "flow.c", folder / api.SONAME, folder / "flow.map"
    source.write_text(skeleton(include), encoding="utf-8")
    symbols.write_text(api.symbol_map(include), encoding="utf-8")
    subprocess.run(["cc", "-g", "-w", "-shared", "-fPIC", "-fvisibility=hidden",
                    f"-ffile-prefix-map={folder}=.",
                    f"-Wl,-soname,{api.SONAME}", f"-Wl,--version-script={symbols}",
                    "-I", str(include), str(source), "-o", str(library)], check=True)
    return library


def represent(library: Path, include: Path, out: Path) -> None:
    """Writes what LIBRARY's interface is."""
    subprocess.run(["abidw", "--headers-dir", str(include), "--drop-private-types",
                    "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed",
                    "--out-file", str(out), str(library)], check=True)


def sized_structs(tree: ElementTree.ElementTree) -> dict[str, int]:
    """The structs that may grow, with their size in bits: whoever hands one over tells its size."""
    found = {}
    for struct in tree.iter("class-decl"):
        members = [member.get("name") for member in struct.iter("var-decl")]
        if members and (members[0] == "struct_size" or struct.get("name") in SIZE_BESIDE):
            found[struct.get("name")] = int(struct.get("size-in-bits"))
    return found


def forget_growth(baseline: Path, current: Path) -> None:
    """Takes out of CURRENT what was appended to a struct since BASELINE.

    abidiff's own way to allow that, a suppression with has_data_member_inserted_at = end, hides
    every other change of a struct's members as well (2.2).
    """
    tree = ElementTree.parse(current)
    old = sized_structs(ElementTree.parse(baseline))
    for struct in tree.iter("class-decl"):
        size = old.get(struct.get("name"))
        if size is None or int(struct.get("size-in-bits", 0)) <= size:
            continue
        for member in struct.findall("data-member"):
            if int(member.get("layout-offset-in-bits")) >= size:
                struct.remove(member)
        struct.set("size-in-bits", str(size))
    tree.write(current)


def abidiff(old: Path, new: Path) -> str:
    """What abidiff has against NEW, or ''."""
    done = subprocess.run(["abidiff", "--no-added-syms", str(old), str(new)], text=True,
                          capture_output=True)
    if done.returncode & WRONG_USE:
        raise SystemExit(f"abidiff failed:\n{done.stdout}{done.stderr}")
    return done.stdout if done.returncode else ""


def patched(include: Path, folder: Path, change: tuple[str, str, str]) -> Path:
    """A copy of the headers with one change."""
    copy = folder / "include"
    for path in include.rglob("*.h"):
        target = copy / path.relative_to(include)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    name, old, new = change
    text = (copy / name).read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SystemExit(f"{name}: '{old}' is there {text.count(old)} times, not once")
    (copy / name).write_text(text.replace(old, new), encoding="utf-8")
    return copy


def try_headers(include: Path, baseline: Path, change: tuple[str, str, str] | None) -> str:
    """What abidiff has against the headers with CHANGE made to them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        headers = patched(include, folder, change) if change else include
        current = folder / "current.abi"
        represent(build(headers, folder), headers, current)
        forget_growth(baseline, current)
        return abidiff(baseline, current)


def check_headers(include: Path, baseline: Path) -> list[str]:
    report = try_headers(include, baseline, None)
    faults = [f"the headers break the baseline:\n{report}"] if report else []
    for name, change in ADDITIONS.items():
        if try_headers(include, baseline, change):
            faults.append(f"{name} is allowed, but refused")
    for name, change in BREAKS.items():
        if not try_headers(include, baseline, change):
            faults.append(f"{name} is not caught")
    return faults


def check_library(include: Path, library: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        declared = Path(name) / "declared.abi"
        represent(build(include, Path(name)), include, declared)
        report = abidiff(declared, library)
    return [report] if report else []


def write(include: Path, baseline: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        represent(build(include, Path(name)), include, baseline)
    return []


CHECKS = {"headers": check_headers, "library": check_library, "write": write}


def main() -> int:
    faults = CHECKS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    print("\n".join(faults) or "the interface keeps its promises")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
