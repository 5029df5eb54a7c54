# SPDX-License-Identifier: Apache-2.0
"""Consumers of a channel that keeps a log: each reads all that was put, at its own pace."""

from __future__ import annotations

import contextlib
import ctypes
import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterator, Union

from . import _table as t
from ._errors import Closed, call, report, text
from ._events import Event, Room
from ._load import lib

if TYPE_CHECKING:
    from ._pipeline import Pipeline

# "earliest", "latest", an offset, a time, or a text that the command takes as well.
Place = Union[str, int, datetime.datetime]


@dataclass(frozen=True)
class ConsumerInfo:  # pylint: disable=too-many-instance-attributes
    """A consumer, and how far it is."""

    name: str
    paused: bool
    used: bool  # sinks or handles take through it
    blocks: bool  # it holds up the puts when it is behind; else it skips
    max_events: int
    max_bytes: int  # 0: any
    offset: int  # of the first event that it is not done with
    waiting: int  # events that nobody has taken through it
    held: int  # these, and those that were taken and are not committed
    bytes: int  # of the log from `offset` on
    skipped: int  # events that were given up for it
    letters: int  # dead ones


@dataclass(frozen=True)
class Letter:
    """An event that a consumer could not deliver, and was put aside."""

    offset: int
    deliveries: int  # that failed
    time: datetime.datetime
    reason: str
    event: Event


def _place(place: Place) -> t.flow_consumer_place:
    made = t.flow_consumer_place(struct_size=ctypes.sizeof(t.flow_consumer_place))
    if isinstance(place, datetime.datetime):
        made.start = t.FLOW_START_TIME
        made.time = int(place.timestamp() * 1000)
    else:
        call(lib.flow_consumer_place_read, str(place).encode(), ctypes.byref(made))
    return made


def _info(found: t.flow_consumer_info) -> ConsumerInfo:
    return ConsumerInfo(
        name=text(found.name),
        paused=bool(found.flags & t.FLOW_CONSUMER_PAUSED),
        used=bool(found.flags & t.FLOW_CONSUMER_USED),
        blocks=found.when_behind == t.FLOW_BEHIND_BLOCK,
        max_events=found.max_events,
        max_bytes=found.max_bytes,
        offset=found.offset,
        waiting=found.waiting,
        held=found.held,
        bytes=found.bytes,
        skipped=found.skipped,
        letters=found.letters,
    )


class Consumer:
    """A handle by which Python takes through a consumer, as a sink does.  Also a context manager.

    One thread at a time uses it; for several, open several.
    """

    def __init__(self, pipeline: Pipeline, channel: ctypes.c_void_p, name: str) -> None:
        self.name = name
        self._pipeline = pipeline
        self._handle = ctypes.c_void_p()
        self._room = Room()
        call(lib.flow_consumer_open, channel, name.encode(), ctypes.byref(self._handle))
        pipeline.adopt(self)

    @contextlib.contextmanager
    def take(self, count: int = 1000, timeout: float = 0.0) -> Iterator[list[Event]]:
        """Lends up to COUNT events, waiting TIMEOUT seconds for the first.

        They are gone when the block ends, and come again when it raises; as a delivery that
        failed, where the channel counts these.
        """
        if not self._handle:
            raise Closed("the consumer was closed")
        txn, got = ctypes.c_void_p(), ctypes.c_size_t()
        events = ctypes.POINTER(ctypes.c_void_p)()
        call(lib.flow_consumer_begin, self._handle, ctypes.byref(txn))
        try:
            call(lib.flow_txn_take, txn, count, int(timeout * 1000),
                 ctypes.cast(ctypes.byref(events), ctypes.POINTER(ctypes.c_void_p)),
                 ctypes.byref(got))
            yield self._room.unpack(events, got.value) if got.value else []
            call(lib.flow_txn_commit, txn)
        except BaseException as fault:
            cause = ctypes.c_void_p()
            report(ctypes.byref(cause), fault)
            lib.flow_txn_reject(txn, cause, None)
            lib.flow_error_free(cause)
            raise
        finally:
            lib.flow_txn_free(txn)

    def close(self) -> None:
        """Gives the handle up; the consumer stays."""
        if self._handle:
            lib.flow_consumer_close(self._handle)
            self._handle = ctypes.c_void_p()

    def __enter__(self) -> Consumer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Consumers:
    """The consumers of one channel of a pipeline that runs."""

    def __init__(self, pipeline: Pipeline, channel: ctypes.c_void_p) -> None:
        self._pipeline = pipeline
        self._channel = channel

    def _checked(self) -> ctypes.c_void_p:
        self._pipeline.check_open()
        return self._channel

    def __iter__(self) -> Iterator[ConsumerInfo]:
        found = t.flow_consumer_info(struct_size=ctypes.sizeof(t.flow_consumer_info))
        after: bytes | None = None
        while lib.flow_consumer_next(self._checked(), after, ctypes.byref(found), None) == t.FLOW_OK:
            info = _info(found)
            after = info.name.encode()
            yield info

    def __getitem__(self, name: str) -> ConsumerInfo:
        found = t.flow_consumer_info(struct_size=ctypes.sizeof(t.flow_consumer_info))
        call(lib.flow_consumer_get, self._checked(), name.encode(), ctypes.byref(found))
        return _info(found)

    def add(self, name: str, start: Place = "earliest", *, blocks: bool = False,
            max_events: int = 0, max_bytes: int = 0) -> None:
        """Makes a consumer.  When it is behind by more than it may be it skips, unless it BLOCKS."""
        where = _place(start)
        options = t.flow_consumer_options(
            struct_size=ctypes.sizeof(t.flow_consumer_options),
            when_behind=t.FLOW_BEHIND_BLOCK if blocks else t.FLOW_BEHIND_SKIP,
            max_events=max_events,
            max_bytes=max_bytes,
            place=ctypes.addressof(where),
        )
        call(lib.flow_consumer_add, self._checked(), name.encode(), ctypes.byref(options))

    def seek(self, name: str, to: Place) -> int:
        """Moves a consumer; returns the offset at which it is then."""
        offset = ctypes.c_uint64()
        call(lib.flow_consumer_seek, self._checked(), name.encode(), ctypes.byref(_place(to)),
             ctypes.byref(offset))
        return offset.value

    def pause(self, name: str) -> None:
        """Lets nothing be taken through a consumer until it is resumed, also after a restart."""
        call(lib.flow_consumer_pause, self._checked(), name.encode())

    def resume(self, name: str) -> None:
        """Lets a consumer go on."""
        call(lib.flow_consumer_resume, self._checked(), name.encode())

    def remove(self, name: str) -> None:
        """Removes a consumer that no sink or handle takes through."""
        call(lib.flow_consumer_remove, self._checked(), name.encode())

    def letters(self, name: str) -> list[Letter]:
        """The dead letters of a consumer, in the order of their offsets."""
        found: list[Letter] = []
        room = Room()

        def add(_self: int, lent: Any) -> int:
            one = ctypes.cast(lent, ctypes.POINTER(t.flow_letter)).contents
            events = ctypes.pointer(ctypes.c_void_p(one.event))
            when = datetime.datetime.fromtimestamp(one.time / 1000, datetime.timezone.utc)
            found.append(Letter(one.offset, one.deliveries, when, text(one.reason),
                                room.unpack(events, 1)[0]))
            return t.FLOW_OK

        call(lib.flow_consumer_letters, self._checked(), name.encode(), t.flow_letter_fn(add),
             None)
        return found

    def replay(self, name: str, offset: int | None = None) -> int:
        """Lets one dead letter, or all, be taken once more; returns how many there are."""
        count = ctypes.c_uint64()
        call(lib.flow_consumer_replay, self._checked(), name.encode(),
             (1 << 64) - 1 if offset is None else offset, ctypes.byref(count))
        return count.value

    def open(self, name: str) -> Consumer:
        """A handle to take through the consumer NAME."""
        return Consumer(self._pipeline, self._checked(), name)
