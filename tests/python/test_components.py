# SPDX-License-Identifier: Apache-2.0
"""Components written in Python."""

from __future__ import annotations

import gc
from typing import Iterable

import libflow
import pytest
from conftest import Collected, settings, wait_for


class Numbers(libflow.Source):
    """Makes numbers, a few at a time."""

    properties = (libflow.Property("limit", int, default=10), libflow.Property("word", default="n"))

    def __init__(self, context: libflow.Context) -> None:
        super().__init__(context)
        self.next = 0

    def poll(self) -> Iterable[libflow.Event] | None:
        if self.next >= self.context.settings["limit"]:
            return None
        first, self.next = self.next, min(self.next + 4, self.context.settings["limit"])
        word = self.context.settings["word"]
        return [libflow.Event(f"{word}{i}".encode()) for i in range(first, self.next)]


def test_a_source_emits_in_order(library: libflow.Library) -> None:
    libflow.register(library, "numbers", Numbers)
    config = settings(libflow.Config(library), "numbers", "outlet")
    config["a1.sources.r1.limit"] = 11
    got = Collected()
    pipeline = libflow.Pipeline(config, "a1")
    pipeline.outlet("k1", got)
    with pipeline:
        wait_for(lambda: len(got.bodies) >= 11)
    assert got.bodies == [f"n{i}".encode() for i in range(11)]


def test_a_sink_has_settings_and_gets_failed_events_again(library: libflow.Library) -> None:
    got: list[bytes] = []

    class Fragile(libflow.Sink):
        """Fails once."""

        properties = (libflow.Property("prefix", required=True),
                      libflow.Property("loud", bool, default=False))
        batch_size = 3

        def process(self, events: list[libflow.Event]) -> None:
            if not got:
                got.append(b"failed")
                raise OSError("no disk")
            assert len(events) <= 3 and self.context.settings["loud"] is True
            got.extend(self.context.settings["prefix"].encode() + e.body for e in events)

    libflow.register(library, "fragile", Fragile)
    config = settings(libflow.Config(library), "inlet", "fragile")
    with pytest.raises(libflow.ConfigError, match="prefix"):
        libflow.Pipeline(config, "a1")
    config["a1.sinks.k1.prefix"] = ">"
    config["a1.sinks.k1.loud"] = True
    with libflow.Pipeline(config, "a1") as pipeline:
        pipeline.inlet("r1").push_many([b"1", b"2", b"3", b"4"])
    assert got == [b"failed", b">1", b">2", b">3", b">4"]


def test_an_interceptor_changes_and_drops(library: libflow.Library) -> None:
    class Shout(libflow.Interceptor):
        """Raises voices, drops whispers."""

        def intercept(self, events: list[libflow.Event]) -> Iterable[libflow.Event]:
            return [libflow.Event(e.body.upper(), {**e.headers, "loud": "yes"})
                    for e in events if e.body != b"psst"]

    libflow.register(library, "shout", Shout)
    config = settings(libflow.Config(library), "inlet", "outlet")
    config["a1.sources.r1.interceptors"] = "i1"
    config["a1.sources.r1.interceptors.i1.type"] = "shout"
    got = Collected()
    pipeline = libflow.Pipeline(config, "a1")
    pipeline.outlet("k1", got)
    with pipeline:
        pipeline.inlet("r1").push_many([b"a", b"psst", libflow.Event(b"b", {"k": "v"})])
    assert got.bodies == [b"A", b"B"]
    assert got.events[1].headers == {"k": "v", "loud": "yes"}


class ByLength(libflow.Selector):
    """Sends short bodies to the first channel and long ones to the others."""

    properties = (libflow.Property("short", int, default=3),)

    def select(self, event: libflow.Event) -> Iterable[str]:
        if event.body == b"nowhere":
            return ()
        if len(event.body) <= self.context.settings["short"]:
            return self.channels[:1]
        return self.channels[1:]


def test_a_selector_chooses_channels(library: libflow.Library) -> None:
    libflow.register(library, "by_length", ByLength)
    config = settings(libflow.Config(library), "inlet", "outlet")
    config["a1.channels"] = "c1 c2"
    config["a1.channels.c2.type"] = "memory"
    config["a1.sinks"] = "k1 k2"
    config["a1.sinks.k2.type"] = "outlet"
    config["a1.sinks.k2.channel"] = "c2"
    config["a1.sources.r1.channels"] = "c1 c2"
    config["a1.sources.r1.selector.type"] = "by_length"
    config["a1.sources.r1.selector.short"] = 2
    short, long = Collected(), Collected()
    pipeline = libflow.Pipeline(config, "a1")
    pipeline.outlet("k1", short)
    pipeline.outlet("k2", long)
    with pipeline:
        pipeline.inlet("r1").push_many([b"a", b"abc", b"nowhere", b"ab", b"abcd"])
        wait_for(lambda: len(short.bodies) == 2 and len(long.bodies) == 2)
        assert pipeline.metrics()["r1"]["EventUnroutedCount"] == 1
    assert (short.bodies, long.bodies) == ([b"a", b"ab"], [b"abc", b"abcd"])


def test_a_selector_that_names_no_channel_refuses_the_batch(library: libflow.Library) -> None:
    class Lost(libflow.Selector):
        """Names a channel that is not there."""

        def select(self, event: libflow.Event) -> Iterable[str]:
            return ["c9"]

    libflow.register(library, "lost", Lost)
    config = settings(libflow.Config(library), "inlet", "null")
    config["a1.sources.r1.selector.type"] = "lost"
    with libflow.Pipeline(config, "a1") as pipeline:
        with pytest.raises(libflow.FlowError, match="tuple.index"):
            pipeline.inlet("r1").push(b"x")


class LastFirst(libflow.Group):
    """Tries the sinks from the last to the first."""

    failed: list[str] = []

    def process(self) -> bool:
        for sink in reversed(self.sinks):
            try:
                return self.has_events(sink) and self.run(sink)
            except libflow.FlowError as fault:
                self.failed.append(f"{sink}: {fault}")
        raise RuntimeError("nobody wants them")


def test_a_group_chooses_sinks(library: libflow.Library) -> None:
    class Refuses(libflow.Sink):
        """Fails always."""

        def process(self, events: list[libflow.Event]) -> None:
            raise OSError("no disk")

    libflow.register(library, "refuses", Refuses)
    libflow.register(library, "last_first", LastFirst)
    config = settings(libflow.Config(library), "inlet", "outlet")
    config["a1.sinks"] = "k1 k2"
    config["a1.sinks.k2.type"] = "refuses"
    config["a1.sinks.k2.channel"] = "c1"
    config["a1.sinkgroups"] = "g1"
    config["a1.sinkgroups.g1.sinks"] = "k1 k2"
    config["a1.sinkgroups.g1.processor.type"] = "last_first"
    got = Collected()
    pipeline = libflow.Pipeline(config, "a1")
    pipeline.outlet("k1", got)
    with pipeline:
        pipeline.inlet("r1").push_many([b"a", b"b"])
        wait_for(lambda: len(got.bodies) == 2)
        assert pipeline.metrics()["g1"]["FailoverCount"] == 1
    assert got.bodies == [b"a", b"b"]
    assert "no disk" in LastFirst.failed[0]


def test_a_name_that_is_taken_is_refused(library: libflow.Library) -> None:
    with pytest.raises(libflow.AlreadyExists, match="netcat"):
        libflow.register(library, "NetCat", Numbers)


def test_what_a_constructor_raises_is_reported(library: libflow.Library) -> None:
    class Broken(libflow.Sink):
        """Cannot be made."""

        def __init__(self, context: libflow.Context) -> None:
            super().__init__(context)
            raise ValueError("no such thing")

    libflow.register(library, "broken", Broken)
    with pytest.raises(libflow.FlowError, match="no such thing"):
        libflow.Pipeline(settings(libflow.Config(library), "inlet", "broken"), "a1")


def test_a_batch_ends_with_its_library():
    library = libflow.Library()
    batch = libflow.Batch(library, [b"x"])
    library.close()
    with pytest.raises(libflow.Closed):
        len(batch)
    del batch
    gc.collect()


def test_garbage_is_collected_in_any_order():
    for _ in range(50):
        library = libflow.Library()
        ring = [library, libflow.Batch(library, [b"x"] * 10)]
        ring.append(ring)
        del library, ring
    gc.collect()
