# SPDX-License-Identifier: Apache-2.0
"""Events, and how many of them cross to C and back in one call."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass, field
from typing import Any, Iterable, Union

from . import _table as t
from ._errors import Closed, TooBig, call
from ._load import lib

PAIR = struct.Struct("<II")


@dataclass
class Event:
    """A body of bytes with headers."""

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


EventLike = Union[Event, bytes, str]


def as_event(value: EventLike) -> Event:
    """An event of what a caller may hand in: bytes and text are bodies."""
    if isinstance(value, Event):
        return value
    return Event(value.encode() if isinstance(value, str) else bytes(value))


def pack(events: Iterable[EventLike]) -> bytes:
    """The packed text of flow_batch_add_packed(3)."""
    out: list[bytes] = []
    for value in events:
        event = as_event(value)
        if len(event.body) > t.FLOW_EVENT_BODY_MAX:
            raise TooBig(f"a body of {len(event.body)} bytes")
        out.append(PAIR.pack(len(event.headers), len(event.body)))
        texts: list[bytes] = []
        for name, text in event.headers.items():
            raw_name, raw_text = name.encode(), text.encode()
            out.append(PAIR.pack(len(raw_name), len(raw_text)))
            texts += (raw_name, raw_text)
        out += texts
        out.append(event.body)
    return b"".join(out)


def unpack(data: bytes) -> list[Event]:
    """The events of a packed text that the library made."""
    events: list[Event] = []
    position = 0
    while position < len(data):
        count, size = PAIR.unpack_from(data, position)
        position += PAIR.size
        sizes = [PAIR.unpack_from(data, position + PAIR.size * i) for i in range(count)]
        position += PAIR.size * count
        headers: dict[str, str] = {}
        for name_size, text_size in sizes:
            middle = position + name_size
            end = middle + text_size
            headers[data[position:middle].decode("utf-8", "replace")] = \
                data[middle:end].decode("utf-8", "replace")
            position = end
        events.append(Event(data[position:position + size], headers))
        position += size
    return events


class Room:
    """Memory for packed texts, used again and again by one thread."""

    def __init__(self) -> None:
        self.buffer = ctypes.create_string_buffer(64 * 1024)

    def unpack(self, events: Any, count: int) -> list[Event]:
        """COUNT lent events as Python's; one foreign call, two when the room has to grow."""
        size = ctypes.c_size_t()
        err = ctypes.c_void_p()
        code = lib.flow_events_pack(events, count, self.buffer, len(self.buffer),
                                    ctypes.byref(size), ctypes.byref(err))
        if code == t.FLOW_ETOOBIG and size.value > len(self.buffer):
            lib.flow_error_free(err)
            self.buffer = ctypes.create_string_buffer(size.value)
            call(lib.flow_events_pack, events, count, self.buffer, len(self.buffer),
                 ctypes.byref(size))
        elif code < 0:
            lib.flow_error_free(err)
            raise TooBig("the events do not fit into memory")
        return unpack(ctypes.string_at(self.buffer, size.value))


class Batch:
    """Events in order, made in one piece of memory.  Used by one thread at a time."""

    def __init__(self, library: Any, events: Iterable[EventLike] = ()) -> None:
        self._handle = ctypes.c_void_p()
        self._library = library  # which frees what is left of it when it is closed
        call(lib.flow_batch_new, library.handle, ctypes.byref(self._handle))
        library.batches.add(self._handle.value)
        self.extend(events)

    @property
    def handle(self) -> ctypes.c_void_p:
        if not self._library.handle:
            raise Closed("the batch was freed with its library")
        return self._handle

    def __len__(self) -> int:
        return int(lib.flow_batch_count(self.handle))

    def add(self, body: bytes | str, headers: dict[str, str] | None = None) -> None:
        """Adds one event."""
        self.extend([Event(body.encode() if isinstance(body, str) else body, headers or {})])

    def extend(self, events: Iterable[EventLike]) -> None:
        """Adds events, all or none, in one foreign call."""
        data = pack(events)
        if data:
            call(lib.flow_batch_add_packed, self.handle, data, len(data))

    def set_position(self, key: bytes | str, value: bytes) -> None:
        """Says that the events added since the last position were read from KEY, which goes on
        behind them at VALUE; see flow_batch_set_position(3).  A later value is larger, byte by
        byte: of a number, number.to_bytes(8, "big").
        """
        raw = key.encode() if isinstance(key, str) else key
        call(lib.flow_batch_set_position, self._handle, raw, len(raw), value, len(value))

    def forget_position(self, key: bytes | str) -> None:
        """Says that KEY is at its end; see flow_batch_forget_position(3)."""
        raw = key.encode() if isinstance(key, str) else key
        call(lib.flow_batch_forget_position, self._handle, raw, len(raw))

    def clear(self) -> None:
        """Empties the batch, for the next events."""
        lib.flow_batch_clear(self.handle)

    def __del__(self) -> None:
        # Garbage may be collected in any order, so the library may be gone, and the batch with it.
        if getattr(self, "_handle", None) and self._handle.value in self._library.batches:
            self._library.batches.remove(self._handle.value)
            lib.flow_batch_free(self._handle)
