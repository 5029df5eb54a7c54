# SPDX-License-Identifier: Apache-2.0
"""The root object: logger, registry, plugins."""

from __future__ import annotations

import atexit
import ctypes
import logging
import os
import weakref
from typing import Any, Callable

from . import _table as t
from ._errors import FlowError, call, text
from ._load import lib

LEVELS = {t.FLOW_LOG_TRACE: 5, t.FLOW_LOG_DEBUG: logging.DEBUG, t.FLOW_LOG_INFO: logging.INFO,
          t.FLOW_LOG_WARN: logging.WARNING, t.FLOW_LOG_ERROR: logging.ERROR}
EXIT_TIMEOUT_MS = 5000

_live: weakref.WeakSet[Library] = weakref.WeakSet()


def _log_bridge(logger: logging.Logger) -> Any:
    """A flow_log_fn that writes to LOGGER, one child a component."""

    def log(_self: int, record: int) -> None:
        entry = ctypes.cast(record, ctypes.POINTER(t.flow_log_record)).contents
        component = text(entry.component)
        target = logger.getChild(component.replace(" ", ".")) if component else logger
        target.log(LEVELS.get(entry.level, logging.INFO), "%s", text(entry.message))

    return t.flow_log_fn(log)


class Library:
    """The root of everything.  A process may hold as many as it likes.

    LOG is a logger of Python's (messages go nowhere without one), MODULE_PATH the folder of the
    modules that belong to the library.
    """

    def __init__(self, log: logging.Logger | None = None, level: int = t.FLOW_LOG_INFO,
                 module_path: str | os.PathLike[str] | None = None) -> None:
        self.handle = ctypes.c_void_p()
        self._pid = os.getpid()
        self._keep: list[Any] = []  # what C holds pointers to
        self._children: weakref.WeakSet[Any] = weakref.WeakSet()
        self.batches: set[int] = set()  # handles of those that were not freed
        options = t.flow_library_options(struct_size=ctypes.sizeof(t.flow_library_options),
                                         log_level=level)
        if log is not None:
            bridge = _log_bridge(log)
            self._keep.append(bridge)
            options.log = bridge
        if module_path is not None:
            options.module_path = os.fsencode(module_path)
        call(lib.flow_library_new, ctypes.byref(options), ctypes.byref(self.handle))
        _live.add(self)

    @property
    def registry(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(lib.flow_library_registry(self.handle))

    def keep(self, *things: Any) -> None:
        """Keeps what C points to as long as the library."""
        self._keep += things

    def adopt(self, child: Any) -> None:
        """Closes CHILD together with the library, unless it was closed before."""
        self._children.add(child)

    def set_log_level(self, level: int) -> None:
        """Changes what the logger gets to see."""
        lib.flow_library_set_log_level(self.handle, level)

    def load_plugin(self, path: str | os.PathLike[str]) -> None:
        """Loads one plugin."""
        call(lib.flow_plugin_load, self.handle, os.fsencode(path))

    def load_plugins(self, folder: str | os.PathLike[str]) -> None:
        """Loads every plugin of a folder."""
        call(lib.flow_plugin_load_folder, self.handle, os.fsencode(folder))

    def types(self) -> list[tuple[int, str]]:
        """Kind and name of every type of component."""
        info = t.flow_type_info(struct_size=ctypes.sizeof(t.flow_type_info))
        out: list[tuple[int, str]] = []
        while lib.flow_registry_at(self.registry, len(out), ctypes.byref(info)) == t.FLOW_OK:
            out.append((info.kind, text(info.type)))
        return out

    def close(self, timeout_ms: int = EXIT_TIMEOUT_MS) -> None:
        """Stops and frees what was made from the library, then the library."""
        if not self.handle:
            return
        for child in list(self._children):
            child.close(timeout_ms)
        while self.batches:
            lib.flow_batch_free(ctypes.c_void_p(self.batches.pop()))
        call(lib.flow_library_free, self.handle)
        self.handle = ctypes.c_void_p()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "handle", None) and self._pid == os.getpid():
            quietly(self.close)


def quietly(function: Callable[[], None]) -> None:
    """Calls what may fail where nobody could be told."""
    try:
        function()
    except FlowError:
        pass


@atexit.register
def _close_all() -> None:
    """Stops what still runs while callbacks can still run; a forked child leaves it alone."""
    for library in list(_live):
        if library._pid == os.getpid():  # pylint: disable=protected-access
            quietly(library.close)
