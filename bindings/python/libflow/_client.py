# SPDX-License-Identifier: Apache-2.0
"""Clients: what an application sends events to an agent with, without a pipeline."""

from __future__ import annotations

import ctypes
import os
from typing import Iterable, Mapping, Union

from . import _table as t
from ._config import Config
from ._errors import Closed, call, to_exception
from ._events import Batch, Event, EventLike
from ._library import Library, quietly
from ._load import lib

# A configuration, the path of a file, or keys with values.
Properties = Union[Config, str, "os.PathLike[str]", Mapping[str, object]]


class Client:
    """Sends events to an agent, libflow's or Flume's.

    PROPERTIES are those of Flume's clients, such as {"hosts": "h1", "hosts.h1": "agent:4141"}.  Any
    number of threads may use a client at once.
    """

    def __init__(self, library: Library, properties: Properties) -> None:
        self.library = library
        self._handle = ctypes.c_void_p()
        self._pid = os.getpid()
        config = _config(library, properties)
        try:
            call(lib.flow_client_new, library.handle, config.handle, ctypes.byref(self._handle))
        finally:
            if config is not properties:
                config.close()
        library.adopt(self)

    def _open(self) -> ctypes.c_void_p:
        if not self._handle:
            raise Closed("the client was closed")
        return self._handle

    @property
    def batch_size(self) -> int:
        """How many events go to the agent in one call."""
        return int(lib.flow_client_batch_size(self._open()))

    def connect(self) -> None:
        """Connects, unless it is connected; nothing needs this call."""
        call(lib.flow_client_connect, self._open())

    def append(self, body: EventLike, headers: Mapping[str, str] | None = None) -> None:
        """Sends one event; returns when the agent has it."""
        if not isinstance(body, Event):
            data = body.encode() if isinstance(body, str) else bytes(body)
            body = Event(data, dict(headers or {}))
        pairs = [(name.encode(), value.encode()) for name, value in body.headers.items()]
        array = (t.flow_header * len(pairs))(*(
            t.flow_header(name, value, len(name), len(value)) for name, value in pairs))
        call(lib.flow_client_append, self._open(), body.body, len(body.body), array, len(pairs),
             ctypes.sizeof(t.flow_header))

    def append_batch(self, events: Iterable[EventLike] | Batch) -> None:
        """Sends events, up to batch_size in a call; returns when the agent has them all.

        When that fails the exception's `acknowledged` tells how many, from the first on, it has.
        """
        batch = events if isinstance(events, Batch) else Batch(self.library, events)
        acknowledged = ctypes.c_size_t()
        err = ctypes.c_void_p()
        code = lib.flow_client_append_batch(self._open(), batch.handle,
                                            ctypes.byref(acknowledged), ctypes.byref(err))
        if code < 0:
            fault = to_exception(code, err)
            fault.acknowledged = acknowledged.value
            raise fault

    def close(self, _timeout_ms: int = 0) -> None:
        """Ends all connections and frees.  No other thread may be in a call."""
        if not self._handle or self._pid != os.getpid():
            return
        lib.flow_client_free(self._handle)
        self._handle = ctypes.c_void_p()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) and self.library.handle:
            quietly(self.close)


def _config(library: Library, properties: Properties) -> Config:
    if isinstance(properties, Config):
        return properties
    if not isinstance(properties, Mapping):
        return Config(library, properties)
    config = Config(library)
    for key, value in properties.items():
        config[key] = value
    return config
