# SPDX-License-Identifier: Apache-2.0
"""Pushing into pipelines and getting events back."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import libflow
import pytest
from conftest import Collected, settings, wait_for
from libflow._load import lib as real_lib


def test_pushed_events_arrive_with_their_headers(library: libflow.Library) -> None:
    got = Collected()
    pipeline = libflow.Pipeline(settings(libflow.Config(library), "inlet", "outlet"), "a1")
    pipeline.outlet("k1", got)
    with pipeline:
        inlet = pipeline.inlet("r1")
        inlet.push(b"\x00\xff", {"Übung": "größe", "a": ""})
        inlet.push("text")
        inlet.push_many([b"x", libflow.Event(b"", {"k": "v"})])
    assert got.bodies == [b"\x00\xff", b"text", b"x", b""]
    assert got.events[0].headers == {"Übung": "größe", "a": ""}
    assert list(got.events[0].headers) == ["Übung", "a"]
    assert got.events[3].headers == {"k": "v"}


def test_many_threads_push_and_nothing_is_lost(library: libflow.Library) -> None:
    got = Collected()
    pipeline = libflow.Pipeline(settings(libflow.Config(library), "inlet", "outlet"))
    pipeline.outlet("k1", got)
    with pipeline:
        inlet = pipeline.inlet("r1")

        def work(name: int) -> None:
            for number in range(50):
                inlet.push_many([f"{name}-{number}-{i}".encode() for i in range(20)])

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(got.bodies)) == len(got.bodies) == 4 * 50 * 20
    mine = [body for body in got.bodies if body.startswith(b"2-")]
    assert mine == [f"2-{n}-{i}".encode() for n in range(50) for i in range(20)]


def test_a_position_is_read_back_after_a_restart(library: libflow.Library,
                                                 tmp_path: Path) -> None:
    def start() -> tuple[libflow.Pipeline, libflow.Inlet]:
        config = settings(libflow.Config(library), "inlet", "outlet")
        config["a1.channels.c1.type"] = "file"
        config["a1.channels.c1.checkpointDir"] = str(tmp_path / "control")
        config["a1.channels.c1.dataDirs"] = str(tmp_path / "data")
        config["a1.channels.c1.minimumRequiredSpace"] = "1048576"
        pipeline = libflow.Pipeline(config)
        pipeline.outlet("k1", got)
        pipeline.start()
        return pipeline, pipeline.inlet("r1")

    got = Collected()
    pipeline, inlet = start()
    assert inlet.position("table") is None
    batch = libflow.Batch(library, [b"1", b"2"])
    batch.set_position("table", (2).to_bytes(8, "big"))
    batch.set_position(b"\x00other", b"x")
    inlet.push_batch(batch)
    pipeline.close()
    pipeline, inlet = start()
    assert inlet.position("table") == (2).to_bytes(8, "big")
    assert inlet.position_latest("table") == (2).to_bytes(8, "big")
    assert inlet.position_latest("row") is None
    batch.clear()
    batch.extend([b"2"])
    batch.set_position("table", (2).to_bytes(8, "big"))  # it is there
    batch.extend([b"3"])
    batch.set_position("table", (3).to_bytes(8, "big"))
    inlet.push_batch(batch)
    batch.clear()
    batch.forget_position(b"\x00other")
    inlet.push_batch(batch)
    assert inlet.position(b"\x00other") is None
    pipeline.drain()
    pipeline.close()
    assert got.bodies == [b"1", b"2", b"3"]


def test_an_exception_in_an_outlet_brings_the_events_again(library: libflow.Library) -> None:
    calls: list[list[bytes]] = []

    def fragile(events: list[libflow.Event]) -> None:
        calls.append([event.body for event in events])
        if len(calls) == 1:
            raise RuntimeError("first time")

    pipeline = libflow.Pipeline(settings(libflow.Config(library), "inlet", "outlet"), "a1")
    pipeline.outlet("k1", fragile)
    with pipeline:
        pipeline.inlet("r1").push(b"again")
        pipeline.drain(60)
    assert calls == [[b"again"], [b"again"]]


def test_a_full_channel_is_an_exception_and_loses_nothing(library: libflow.Library) -> None:
    config = settings(libflow.Config(library), "inlet", "outlet")
    config["a1.channels.c1.capacity"] = 2
    config["a1.channels.c1.transactionCapacity"] = 2
    gate = threading.Event()
    got = Collected()

    def slow(events: list[libflow.Event]) -> None:
        gate.wait()
        got(events)

    pipeline = libflow.Pipeline(config, "a1")
    pipeline.outlet("k1", slow)
    pushed = 0
    with pipeline:
        inlet = pipeline.inlet("r1")
        with pytest.raises(libflow.Full) as caught:
            for _ in range(10):
                inlet.push(str(pushed), timeout=0.0)
                pushed += 1
        gate.set()
    assert caught.value.retriable
    assert got.bodies == [str(i).encode() for i in range(pushed)]


def test_pushing_from_asyncio_does_not_block_the_loop(library: libflow.Library) -> None:
    got = Collected()
    pipeline = libflow.Pipeline(settings(libflow.Config(library), "inlet", "outlet"), "a1")
    pipeline.outlet("k1", got)

    async def main() -> None:
        inlet = pipeline.inlet("r1")
        await asyncio.gather(*(inlet.push_async([f"{i}"]) for i in range(10)))

    with pipeline:
        asyncio.run(main())
    assert sorted(got.bodies) == sorted(str(i).encode() for i in range(10))


class CountingCalls:
    """The library with a count of the foreign calls that go through it."""

    def __init__(self) -> None:
        self.calls = 0

    def __getattr__(self, name: str) -> object:
        function = getattr(real_lib, name)

        def counted(*args: object) -> object:
            self.calls += 1
            return function(*args)

        return counted


def test_a_batch_crosses_in_a_constant_number_of_calls(
        library: libflow.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    config = settings(libflow.Config(library), "inlet", "outlet")
    config["a1.sinks.k1.batchSize"] = 10000
    got = Collected()
    pipeline = libflow.Pipeline(config, "a1")
    pipeline.outlet("k1", got)
    counts: list[int] = []
    with pipeline:
        inlet = pipeline.inlet("r1")
        inlet.push_many([b"x" * 100] * 5000)  # so that all room is there
        wait_for(lambda: len(got.bodies) == 5000)
        for size in (10, 5000):
            counting = CountingCalls()
            for module in ("_events", "_errors"):
                monkeypatch.setattr(f"libflow.{module}.lib", counting)
            monkeypatch.setattr("libflow._pipeline.lib", counting)
            before = len(got.bodies)
            inlet.push_many([libflow.Event(b"x" * 100, {"k": "v"})] * size)
            wait_for(lambda b=before, s=size: len(got.bodies) == b + s)  # type: ignore[misc]
            monkeypatch.undo()
            counts.append(counting.calls)
    assert max(counts) < 10, "two more when the room for packed texts had to grow"


def test_metrics_count_what_went_through(library: libflow.Library) -> None:
    pipeline = libflow.Pipeline(settings(libflow.Config(library), "inlet", "null"), "a1")
    pipeline.start()
    pipeline.inlet("r1").push_many([b"x"] * 7)
    pipeline.drain()
    metrics = pipeline.metrics()
    assert metrics["r1"]["EventAcceptedCount"] == 7
    assert metrics["k1"]["EventDrainSuccessCount"] == 7
    assert metrics["c1"]["EventPutSuccessCount"] == metrics["c1"]["EventTakeSuccessCount"] == 7
    pipeline.close()


def test_a_closed_pipeline_says_so(library: libflow.Library) -> None:
    pipeline = libflow.Pipeline(settings(libflow.Config(library), "inlet", "null"), "a1")
    inlet = pipeline.inlet("r1")
    pipeline.close()
    with pytest.raises(libflow.Closed):
        inlet.push(b"x")


def test_faults_of_a_configuration_have_places(library: libflow.Library, tmp_path: Path) -> None:
    path = tmp_path / "bad.conf"
    path.write_text("a1.sources = r1\na1.channels = c1\na1.sinks = k1\n"
                    "a1.sources.r1.type = netcta\na1.sources.r1.channels = c1\n"
                    "a1.channels.c1.type = memory\na1.channels.c1.capacity = many\n"
                    "a1.sinks.k1.type = null\na1.sinks.k1.channel = c1\n", encoding="utf-8")
    config = libflow.Config(library, path)
    found = [d for d in config.check("a1") if d.severity == "error"]
    assert [(d.line, d.file) for d in found] == [(4, str(path))]
    assert "netcat" in found[0].hint
    with pytest.raises(libflow.ConfigError) as caught:
        libflow.Pipeline(config, "a1")
    assert caught.value.line == 4


def test_the_log_reaches_logging(caplog: pytest.LogCaptureFixture) -> None:
    with libflow.Library(log=logging.getLogger("flow")) as library:
        with caplog.at_level(logging.INFO, logger="flow"):
            pipeline = libflow.Pipeline(settings(libflow.Config(library), "inlet", "logger"), "a1")
            with pipeline:
                pipeline.inlet("r1").push(b"hello")
    lines = [record for record in caplog.records if "Event: { headers:{}" in record.message]
    assert len(lines) == 1 and lines[0].levelno == logging.INFO
    assert "68 65 6C 6C 6F" in lines[0].message
