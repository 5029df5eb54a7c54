# SPDX-License-Identifier: Apache-2.0
"""Pipelines, and the inlets and outlets by which Python takes part in them."""

from __future__ import annotations

import asyncio
import ctypes
import os
import weakref
from typing import Any, Callable, Iterable

from . import _table as t
from ._config import Config
from ._consumers import Consumer, Consumers
from ._errors import Closed, TimedOut, call, report, text
from ._events import Batch, Event, EventLike, Room
from ._library import Library, quietly
from ._load import lib

OutletFn = Callable[[list[Event]], object]


def _outlet_callback(function: OutletFn) -> Any:
    """A flow_outlet_fn around FUNCTION; what it raises rolls the transaction back."""
    room = Room()  # one call at a time

    def run(_self: int, events: Any, count: int, err: Any) -> int:
        try:
            function(room.unpack(events, count))
            return t.FLOW_OK
        except BaseException as fault:  # pylint: disable=broad-except
            return report(err, fault)

    return t.flow_outlet_fn(run)


class Inlet:
    """Where Python pushes events into a pipeline.  Any number of threads may push at once."""

    def __init__(self, pipeline: Pipeline, handle: ctypes.c_void_p) -> None:
        self._pipeline = pipeline
        self._handle = handle

    def push(self, body: EventLike, headers: dict[str, str] | None = None,
             timeout: float | None = None) -> None:
        """Pushes one event; returns when every required channel has committed it.

        TIMEOUT counts seconds (None: the channel's keep-alive).  Raises Full after it.
        """
        event = body if isinstance(body, Event) else Event(
            body.encode() if isinstance(body, str) else bytes(body), headers or {})
        self.push_many([event], timeout)

    def push_many(self, events: Iterable[EventLike], timeout: float | None = None) -> None:
        """Pushes events in a constant number of foreign calls, however many they are."""
        self.push_batch(Batch(self._pipeline.library, events), timeout)

    def push_batch(self, batch: Batch, timeout: float | None = None) -> None:
        """Pushes a batch.  After a failure the same batch can be pushed again."""
        self._pipeline.check_open()
        wait = -1 if timeout is None else max(0, int(timeout * 1000))
        call(lib.flow_inlet_push_batch, self._handle, batch.handle, wait)

    def position(self, key: bytes | str) -> bytes | None:
        """The value that Batch.set_position gave for KEY and every durable channel has, or None:
        from there on events are to be pushed again after a restart.
        """
        return self._read_position(lib.flow_inlet_position, key)

    def position_latest(self, key: bytes | str) -> bytes | None:
        """The largest value for KEY that one durable channel has, or None: up to there some may
        lack what others have, so events are pushed with a position behind each.
        """
        return self._read_position(lib.flow_inlet_position_latest, key)

    def _read_position(self, read: Any, key: bytes | str) -> bytes | None:
        self._pipeline.check_open()
        raw = key.encode() if isinstance(key, str) else key
        value = ctypes.create_string_buffer(t.FLOW_POSITION_MAX)
        size = ctypes.c_size_t()
        call(read, self._handle, raw, len(raw), value, len(value), ctypes.byref(size))
        return value.raw[:size.value] if size.value else None

    async def push_async(self, events: Iterable[EventLike],
                         timeout: float | None = None) -> None:
        """push_many on a thread of the event loop's executor."""
        batch = Batch(self._pipeline.library, events)
        await asyncio.get_running_loop().run_in_executor(None, self.push_batch, batch, timeout)


class Pipeline:
    """The sources, channels and sinks of one agent.

    As a context manager it starts, and at the end drains, stops and frees itself.
    """

    def __init__(self, config: Config, agent: str | None = None, lenient: bool = False) -> None:
        self.library: Library = config.library
        self._handle = ctypes.c_void_p()
        self._pid = os.getpid()
        self._keep: list[Any] = []
        self._consumers: weakref.WeakSet[Consumer] = weakref.WeakSet()
        flags = t.FLOW_PIPELINE_LENIENT if lenient else 0
        call(lib.flow_pipeline_new, self.library.handle, config.handle,
             agent.encode() if agent is not None else None, flags, ctypes.byref(self._handle))
        self.library.adopt(self)

    def check_open(self) -> None:
        """Raises Closed once the pipeline was freed."""
        if not self._handle:
            raise Closed("the pipeline was closed")

    def outlet(self, name: str, function: OutletFn) -> None:
        """Binds FUNCTION to the sink NAME, of type `outlet`, before the start."""
        self.check_open()
        callback = _outlet_callback(function)
        self._keep.append(callback)
        call(lib.flow_pipeline_bind, self._handle, name.encode(), callback, None, None)

    def inlet(self, name: str) -> Inlet:
        """The inlet of the source NAME, of type `inlet`."""
        self.check_open()
        handle = ctypes.c_void_p()
        call(lib.flow_pipeline_inlet, self._handle, name.encode(), ctypes.byref(handle))
        return Inlet(self, handle)

    def consumers(self, channel: str) -> Consumers:
        """The consumers of CHANNEL, which keeps a log."""
        self.check_open()
        handle = ctypes.c_void_p()
        call(lib.flow_pipeline_channel, self._handle, channel.encode(), ctypes.byref(handle))
        return Consumers(self, handle)

    def adopt(self, consumer: Consumer) -> None:
        """Closes CONSUMER together with the pipeline, unless it was closed before."""
        self._consumers.add(consumer)

    def start(self) -> None:
        """Starts channels, sinks and sources."""
        self.check_open()
        call(lib.flow_pipeline_start, self._handle)

    def drain(self, timeout: float = 30.0) -> None:
        """Stops the sources and waits until the sinks have emptied the channels."""
        self.check_open()
        call(lib.flow_pipeline_drain, self._handle, int(timeout * 1000))

    def stop(self, timeout: float = 30.0) -> None:
        """Stops everything.  What is in a memory channel is lost; drain first."""
        self.check_open()
        call(lib.flow_pipeline_stop, self._handle, int(timeout * 1000))

    def metrics(self) -> dict[str, dict[str, int]]:
        """The counters, by component and Flume's name."""
        self.check_open()
        reading = ctypes.c_void_p()
        call(lib.flow_pipeline_metrics, self._handle, ctypes.byref(reading))
        metric = t.flow_metric(struct_size=ctypes.sizeof(t.flow_metric))
        out: dict[str, dict[str, int]] = {}
        index = 0
        while lib.flow_metrics_at(reading, index, ctypes.byref(metric)) == t.FLOW_OK:
            out.setdefault(text(metric.component), {})[text(metric.name)] = metric.value
            index += 1
        lib.flow_metrics_free(reading)
        return out

    def close(self, timeout_ms: int = 5000) -> None:
        """Stops without draining, and frees."""
        if not self._handle or self._pid != os.getpid():
            return
        if lib.flow_pipeline_state(self._handle) != t.FLOW_PIPELINE_NEW:
            call(lib.flow_pipeline_stop, self._handle, timeout_ms)
        for consumer in list(self._consumers):
            consumer.close()
        call(lib.flow_pipeline_free, self._handle)
        self._handle = ctypes.c_void_p()
        self._keep.clear()

    def __enter__(self) -> Pipeline:
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self._handle:
                self.drain()
        except TimedOut:
            self.close()
            raise
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) and self.library.handle:
            quietly(self.close)
