# SPDX-License-Identifier: Apache-2.0
"""Faults of the library as exceptions, a class for each code."""

from __future__ import annotations

import ctypes
from typing import Any, Callable

from . import _table as t
from ._load import lib


class FlowError(Exception):
    """A fault: what failed, why and where."""

    code: int = 0
    acknowledged: int = 0  # events that an agent has, when Client.append_batch fails

    def __init__(self, message: str, *, component: str = "", key: str = "", file: str = "",
                 line: int = 0, column: int = 0, retriable: bool = False) -> None:
        super().__init__(message)
        self.component = component
        self.key = key
        self.file = file
        self.line = line
        self.column = column
        self.retriable = retriable


class OutOfMemory(FlowError, MemoryError):
    code = t.FLOW_ENOMEM


class InvalidArgument(FlowError, ValueError):
    code = t.FLOW_EINVAL


class StateError(FlowError):
    code = t.FLOW_ESTATE


class Full(FlowError):
    """A channel had no room, and none came in the time given."""

    code = t.FLOW_EFULL


class TimedOut(FlowError, TimeoutError):
    code = t.FLOW_ETIMEDOUT


class Closed(FlowError):
    code = t.FLOW_ECLOSED


class Forked(FlowError):
    """The object belongs to the parent process."""

    code = t.FLOW_EFORKED


class AbiError(FlowError):
    code = t.FLOW_EABI


class AlreadyExists(FlowError):
    code = t.FLOW_EEXIST


class NotFound(FlowError, LookupError):
    code = t.FLOW_ENOENT


class ConfigError(FlowError):
    code = t.FLOW_ECONFIG


class ParseError(FlowError, ValueError):
    code = t.FLOW_EPARSE


class SystemFailure(FlowError, OSError):
    """The system or a peer failed."""

    code = t.FLOW_EIO


class DeliveryError(FlowError):
    code = t.FLOW_EDELIVERY


class PluginError(FlowError):
    code = t.FLOW_EPLUGIN


class CallbackError(FlowError):
    """Code of the host or of a plugin failed."""

    code = t.FLOW_ECALLBACK


class TooBig(FlowError, ValueError):
    code = t.FLOW_ETOOBIG


BY_CODE: dict[int, type[FlowError]] = {
    cls.code: cls
    for cls in (OutOfMemory, InvalidArgument, StateError, Full, TimedOut, Closed, Forked,
                AbiError, AlreadyExists, NotFound, ConfigError, ParseError, SystemFailure,
                DeliveryError, PluginError, CallbackError, TooBig)
}


def text(value: bytes | None) -> str:
    """Text of the library's, whatever bytes it holds."""
    return (value or b"").decode("utf-8", "replace")


def to_exception(code: int, err: ctypes.c_void_p) -> FlowError:
    """The exception for an error object, which is freed."""
    line, column = ctypes.c_uint32(), ctypes.c_uint32()
    if not err.value:
        return BY_CODE.get(code, FlowError)(text(lib.flow_error_name(code)))
    file = text(lib.flow_error_place(err, ctypes.byref(line), ctypes.byref(column)))
    fault = BY_CODE.get(code, FlowError)(
        text(lib.flow_error_message(err)),
        component=text(lib.flow_error_component(err)), key=text(lib.flow_error_key(err)),
        file=file, line=line.value, column=column.value,
        retriable=bool(lib.flow_error_retriable(err)))
    lib.flow_error_free(err)
    return fault


def call(function: Callable[..., int], *args: Any) -> int:
    """Calls what takes a `flow_error **` last; raises when it fails, else returns its answer."""
    err = ctypes.c_void_p()
    code = function(*args, ctypes.byref(err))
    if code < 0:
        raise to_exception(code, err)
    return code


def report(err: Any, fault: BaseException) -> int:
    """Hands an exception of a callback to the library, at the end of that callback."""
    code = fault.code if isinstance(fault, FlowError) and fault.code else t.FLOW_ECALLBACK
    message = f"{type(fault).__name__}: {fault}".encode("utf-8", "replace").replace(b"\0", b" ")
    lib.flow_error_set(err, code, message)
    return code
