# SPDX-License-Identifier: Apache-2.0
"""Configurations and what is wrong with them."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Iterator

from . import _table as t
from ._errors import call, text
from ._library import Library
from ._load import lib


@dataclass(frozen=True)
class Diagnostic:
    """One finding of a check."""

    severity: str  # "error" or "warning"
    message: str
    hint: str
    component: str
    key: str
    file: str
    line: int
    column: int

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        return f"{place}{self.severity}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class Config:
    """Keys and values as in Flume's files, of any number of agents."""

    def __init__(self, library: Library, path: str | os.PathLike[str] | None = None) -> None:
        self._handle = ctypes.c_void_p()
        self.library = library
        call(lib.flow_config_new, library.handle, ctypes.byref(self._handle))
        library.adopt(self)
        if path is not None:
            self.load(path)

    @property
    def handle(self) -> ctypes.c_void_p:
        return self._handle

    def load(self, path: str | os.PathLike[str]) -> None:
        """Reads a file: YAML by its name, else properties."""
        call(lib.flow_config_load, self._handle, os.fsencode(path))

    def parse(self, source: str, name: str = "text", yaml: bool = False) -> None:
        """Reads a text; NAME stands for the file in diagnostics."""
        data = source.encode()
        kind = t.FLOW_FORMAT_YAML if yaml else t.FLOW_FORMAT_PROPERTIES
        call(lib.flow_config_parse, self._handle, name.encode(), data, len(data), kind)

    def __setitem__(self, key: str, value: object) -> None:
        """Sets one key, for example config["a1.sources.r1.port"] = 4141."""
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        call(lib.flow_config_set, self._handle, key.encode(), shown.encode())

    def __getitem__(self, key: str) -> str:
        value = lib.flow_config_get(self._handle, key.encode())
        if value is None:
            raise KeyError(key)
        return text(value)

    def define(self, name: str, value: str) -> None:
        """Defines what ${sys:NAME} stands for."""
        call(lib.flow_config_define, self._handle, name.encode(), value.encode())

    def items(self) -> Iterator[tuple[str, str]]:
        """Every key with its value after substitution."""
        entry = t.flow_entry(struct_size=ctypes.sizeof(t.flow_entry))
        index = 0
        while lib.flow_config_entry(self._handle, index, ctypes.byref(entry)) == t.FLOW_OK:
            yield text(entry.key), text(entry.value)
            index += 1

    def agents(self) -> list[str]:
        """The names of the agents."""
        out: list[str] = []
        while (name := lib.flow_config_agent(self._handle, len(out))) is not None:
            out.append(text(name))
        return out

    def check(self, agent: str) -> list[Diagnostic]:
        """Everything that is wrong, without starting anything."""
        report = ctypes.c_void_p()
        call(lib.flow_config_check, self._handle, agent.encode(), ctypes.byref(report))
        found = t.flow_diagnostic(struct_size=ctypes.sizeof(t.flow_diagnostic))
        out: list[Diagnostic] = []
        while lib.flow_report_get(report, len(out), ctypes.byref(found)) == t.FLOW_OK:
            severity = "error" if found.severity == t.FLOW_SEVERITY_ERROR else "warning"
            out.append(Diagnostic(severity, text(found.message), text(found.hint),
                                  text(found.component), text(found.key), text(found.file),
                                  found.line, found.column))
        lib.flow_report_free(report)
        return out

    def close(self, _timeout_ms: int = 0) -> None:
        """Frees the configuration; pipelines made from it do not need it."""
        if self._handle:
            lib.flow_config_free(self._handle)
            self._handle = ctypes.c_void_p()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) and self.library.handle:
            self.close()
