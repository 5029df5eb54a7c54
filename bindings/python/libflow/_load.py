# SPDX-License-Identifier: Apache-2.0
"""Finds the shared library and gives its functions their types."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from ._table import FLOW_ABI, FUNCTIONS

NAME = f"libflow.so.{FLOW_ABI}"


def candidates() -> list[str]:
    """Where the library may be: as told, beside this file (in a wheel), in the system."""
    told = os.environ.get("LIBFLOW_LIBRARY")
    if told:
        return [told]
    beside = Path(__file__).resolve().parent / "_lib" / NAME
    return [str(beside), NAME] if beside.exists() else [NAME]


def load() -> Any:
    """The library, every function of the table typed.  A missing one is an error at once."""
    tried = []
    for path in candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            tried.append(str(error))
            continue
        for name, (restype, argtypes) in FUNCTIONS.items():
            function = getattr(library, name)
            function.restype = restype
            function.argtypes = argtypes
        return library
    raise ImportError(f"cannot load {NAME}: {'; '.join(tried)}"
                      " (LIBFLOW_LIBRARY names it when it is elsewhere)")


lib: Any = load()
