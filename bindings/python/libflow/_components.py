# SPDX-License-Identifier: Apache-2.0
"""Components written in Python, registered like built-in ones."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import Any, Callable, Iterable, TypeVar

from . import _table as t
from ._errors import Closed, call, report, text
from ._events import Event, EventLike, Room, pack
from ._library import Library
from ._load import lib

Types = {str: t.FLOW_TYPE_STRING, int: t.FLOW_TYPE_INT, bool: t.FLOW_TYPE_BOOL}


@dataclass(frozen=True)
class Property:
    """A property that a component declares; KIND is str, int or bool."""

    name: str
    kind: type = str
    default: object = None
    required: bool = False
    help: str = ""
    unit: str | None = None


class Context:
    """What a component sees of its surroundings."""

    def __init__(self, handle: int, properties: Iterable[Property]) -> None:
        self._handle = ctypes.c_void_p(handle)
        self.name = text(lib.flow_context_name(self._handle))
        self.settings: dict[str, Any] = {p.name: self._read(p) for p in properties}

    def _read(self, declared: Property) -> object:
        name = declared.name.encode()
        if declared.kind is int:
            known = declared.default is not None or lib.flow_context_is_set(self._handle, name)
            return int(lib.flow_context_int(self._handle, name)) if known else None
        if declared.kind is bool:
            return bool(lib.flow_context_bool(self._handle, name))
        value = lib.flow_context_string(self._handle, name)
        return None if value is None else text(value)

    def log(self, message: str, level: int = t.FLOW_LOG_INFO) -> None:
        """Hands a message to the library's log."""
        lib.flow_context_log(self._handle, level, message.encode())

    def wait(self, seconds: float) -> None:
        """Sleeps; raises Closed as soon as the component is to stop."""
        if lib.flow_wait(self._handle, int(seconds * 1000)) != t.FLOW_OK:
            raise Closed("stopping")


class Component:
    """What components have in common."""

    properties: tuple[Property, ...] = ()

    def __init__(self, context: Context) -> None:
        self.context = context

    def start(self) -> None:
        """Called before the first event; what it raises is logged and it is tried again."""

    def stop(self) -> None:
        """Called behind the last event."""


class Sink(Component):
    """Delivers events.  What `process` raises rolls its transaction back."""

    batch_size = 100

    def process(self, events: list[Event]) -> object:
        """Delivers EVENTS; returning commits them."""
        raise NotImplementedError


class Source(Component):
    """Makes events."""

    def poll(self) -> Iterable[EventLike] | None:
        """The next events; None or none when there are none now.  Not called again before they
        were committed."""
        raise NotImplementedError


class Interceptor(Component):
    """Changes or drops events between a source and its channels."""

    def intercept(self, events: list[Event]) -> Iterable[EventLike]:
        """What is to go on in the place of EVENTS."""
        raise NotImplementedError


class Selector(Component):
    """Decides which channels of a source an event goes to."""

    channels: tuple[str, ...] = ()  # of the source; known before the first event

    def select(self, event: Event) -> Iterable[str]:
        """The channels that must take EVENT; with none of them it is dropped, and counted."""
        raise NotImplementedError


class Group(Component):
    """Decides which sink of a group gets the next transaction."""

    sinks: tuple[str, ...] = ()  # of the group; known before the first transaction
    _handle: int | None = None

    def process(self) -> bool:
        """Runs a transaction with a sink; True unless there was nothing to do.  What it raises
        leaves the events in their channel and is followed by a pause."""
        raise NotImplementedError

    def run(self, sink: str) -> bool:
        """Runs one transaction with SINK; True when it took events.  Raises when it failed: the
        events are then back in the channel, for another sink.  Only inside `process`."""
        return call(lib.flow_group_run, self._handle, self.sinks.index(sink)) == t.FLOW_READY

    def has_events(self, sink: str) -> bool:
        """Whether the channel of SINK has events for it.  Only inside `process`."""
        return bool(lib.flow_group_has_events(self._handle, self.sinks.index(sink)))


C = TypeVar("C", bound=Component)


def _schema(cls: type[Component], keep: list[Any]) -> Any:
    """The declared properties as the library reads them."""
    rows = (t.flow_property * max(1, len(cls.properties)))()
    for row, declared in zip(rows, cls.properties):
        row.name = declared.name.encode()
        row.type = Types[declared.kind]
        row.flags = t.FLOW_PROPERTY_REQUIRED if declared.required else 0
        row.help = (declared.help or declared.name).encode()
        row.unit = declared.unit.encode() if declared.unit else None
        if declared.default is not None:
            shown = declared.default
            row.default_value = (str(shown).lower() if isinstance(shown, bool)
                                 else str(shown)).encode()
    schema = t.flow_schema(struct_size=ctypes.sizeof(t.flow_schema),
                           property_size=ctypes.sizeof(t.flow_property),
                           count=len(cls.properties),
                           properties=ctypes.cast(rows, ctypes.c_void_p),
                           summary=((cls.__doc__ or cls.__name__).strip().split("\n")[0]).encode())
    keep += [rows, schema]
    return schema


class _Table:
    """The table of one type: C's view of a Python class.  Instances are known by number."""

    def __init__(self, cls: type[Component], table: Any, name: str) -> None:
        self.cls = cls
        self.keep: list[Any] = []
        self.instances: dict[int, Any] = {}
        self.rooms: dict[int, Any] = {}
        self.ops = table(struct_size=ctypes.sizeof(table), type=name.encode())
        self.ops.schema = ctypes.cast(ctypes.pointer(_schema(cls, self.keep)), ctypes.c_void_p)
        self.numbers = itertools.count(1)
        self.bind("create", self.create)
        self.ops.destroy = dict(self.ops._fields_)["destroy"](self.destroy)

    def bind(self, member: str, function: Callable[..., Any]) -> None:
        """Sets a member whose last parameter takes an error; an exception becomes one."""
        kind = dict(self.ops._fields_)[member]

        def guarded(*args: Any) -> Any:
            try:
                return function(*args) or 0
            except BaseException as fault:  # pylint: disable=broad-except
                return report(args[-1], fault)

        setattr(self.ops, member, kind(guarded))

    def create(self, ctx: int, *rest: Any) -> int:
        number = next(self.numbers)
        self.instances[number] = self.cls(Context(ctx, self.cls.properties))
        self.rooms[number] = Room()
        self.introduce(self.instances[number], *rest[:-2])
        rest[-2][0] = number
        return t.FLOW_OK

    def introduce(self, instance: Any, *known: Any) -> None:
        """Tells a new instance what only its kind knows."""

    def destroy(self, number: int) -> None:
        self.instances.pop(number, None)
        self.rooms.pop(number, None)

    def lifecycle(self) -> None:
        """Sets start and stop."""
        self.bind("start", lambda number, *_: self.instances[number].start())
        self.bind("stop", lambda number, *_: self.instances[number].stop())


class _SinkTable(_Table):
    def __init__(self, cls: type[Component], name: str) -> None:
        super().__init__(cls, t.flow_sink_ops, name)
        self.lifecycle()
        self.bind("process", self.process)

    def process(self, number: int, txn: int, _err: Any) -> int:
        sink = self.instances[number]
        events, count = ctypes.POINTER(ctypes.c_void_p)(), ctypes.c_size_t()
        call(lib.flow_txn_take, txn, sink.batch_size, 0,
             ctypes.cast(ctypes.byref(events), ctypes.POINTER(ctypes.c_void_p)),
             ctypes.byref(count))
        if count.value:
            sink.process(self.rooms[number].unpack(events, count.value))
        return t.FLOW_READY


class _SourceTable(_Table):
    def __init__(self, cls: type[Component], library: Library, name: str) -> None:
        super().__init__(cls, t.flow_source_ops, name)
        self.library = library
        self.batches: dict[int, ctypes.c_void_p] = {}
        self.lifecycle()
        self.bind("poll", self.poll)

    def batch(self, number: int) -> ctypes.c_void_p:
        if number not in self.batches:
            batch = ctypes.c_void_p()
            call(lib.flow_batch_new, self.library.handle, ctypes.byref(batch))
            self.batches[number] = batch
        return self.batches[number]

    def poll(self, number: int, emitter: int, _err: Any) -> int:
        batch = self.batch(number)
        if lib.flow_batch_count(batch) == 0:
            data = pack(self.instances[number].poll() or ())
            if not data:
                return t.FLOW_BACKOFF
            call(lib.flow_batch_set_packed, batch, data, len(data))
        call(lib.flow_emitter_emit, emitter, batch)
        lib.flow_batch_clear(batch)
        return t.FLOW_READY

    def destroy(self, number: int) -> None:
        super().destroy(number)
        lib.flow_batch_free(self.batches.pop(number, None))


class _InterceptorTable(_Table):
    def __init__(self, cls: type[Component], name: str) -> None:
        super().__init__(cls, t.flow_interceptor_ops, name)
        self.bind("intercept", self.intercept)

    def intercept(self, number: int, batch: int, _err: Any) -> int:
        events, count = lib.flow_batch_events(batch), lib.flow_batch_count(batch)
        data = pack(self.instances[number].intercept(self.rooms[number].unpack(events, count)))
        call(lib.flow_batch_set_packed, batch, data, len(data))
        return t.FLOW_OK


class _SelectorTable(_Table):
    def __init__(self, cls: type[Component], name: str) -> None:
        super().__init__(cls, t.flow_selector_ops, name)
        self.bind("select", self.select)

    def introduce(self, instance: Any, *known: Any) -> None:
        names, count = known
        instance.channels = tuple(text(names[i]) for i in range(count))

    def select(self, number: int, event: int, route: int, _err: Any) -> int:
        selector = self.instances[number]
        [seen] = self.rooms[number].unpack((ctypes.c_void_p * 1)(event), 1)
        for channel in selector.select(seen):
            lib.flow_route_require(route, selector.channels.index(channel))
        return t.FLOW_OK


class _GroupTable(_Table):
    def __init__(self, cls: type[Component], name: str) -> None:
        super().__init__(cls, t.flow_group_ops, name)
        self.bind("process", self.process)

    def introduce(self, instance: Any, *known: Any) -> None:
        [group] = known
        instance._handle = group
        instance.sinks = tuple(text(lib.flow_group_name(group, i))
                               for i in range(lib.flow_group_count(group)))

    def process(self, number: int, _err: Any) -> int:
        return t.FLOW_READY if self.instances[number].process() else t.FLOW_BACKOFF


def register(library: Library, name: str, cls: type[C]) -> type[C]:
    """Registers a class as the type NAME of its kind of component."""
    add: Any
    table: _Table
    if issubclass(cls, Sink):
        add, table = lib.flow_registry_add_sink, _SinkTable(cls, name)
    elif issubclass(cls, Source):
        add, table = lib.flow_registry_add_source, _SourceTable(cls, library, name)
    elif issubclass(cls, Interceptor):
        add, table = lib.flow_registry_add_interceptor, _InterceptorTable(cls, name)
    elif issubclass(cls, Selector):
        add, table = lib.flow_registry_add_selector, _SelectorTable(cls, name)
    elif issubclass(cls, Group):
        add, table = lib.flow_registry_add_group, _GroupTable(cls, name)
    else:
        raise TypeError(f"{cls.__name__} is no Source, Sink, Interceptor, Selector or Group")
    library.keep(table)
    call(add, library.registry, ctypes.byref(table.ops), None, None)
    return cls
