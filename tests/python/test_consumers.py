# SPDX-License-Identifier: Apache-2.0
"""Consumers of a file channel from Python."""

from __future__ import annotations

import datetime
from pathlib import Path

import libflow
import pytest
from conftest import Collected, settings, wait_for


def make(library: libflow.Library, folder: Path, got: Collected) -> libflow.Pipeline:
    config = settings(libflow.Config(library), "inlet", "outlet")
    config["a1.channels.c1.type"] = "file"
    config["a1.channels.c1.checkpointDir"] = str(folder / "control")
    config["a1.channels.c1.dataDirs"] = str(folder / "data")
    config["a1.channels.c1.minimumRequiredSpace"] = "1048576"
    config["a1.channels.c1.retentionTime"] = "3600"
    pipeline = libflow.Pipeline(config)
    pipeline.outlet("k1", got)
    return pipeline


def bodies(events: list[libflow.Event]) -> list[bytes]:
    return [event.body for event in events]


def test_a_program_reads_through_a_consumer_of_its_own(library: libflow.Library,
                                                       tmp_path: Path) -> None:
    got = Collected()
    with make(library, tmp_path, got) as pipeline:
        consumers = pipeline.consumers("c1")
        consumers.add("audit", "latest", max_events=500)
        pipeline.inlet("r1").push_many(f"{i}" for i in range(100))
        with consumers.open("audit") as audit:
            with audit.take(10) as events:
                assert bodies(events) == [b"%d" % i for i in range(10)]
            with pytest.raises(RuntimeError):
                with audit.take(10) as events:
                    raise RuntimeError("what was taken comes again")
            with audit.take() as events:
                assert bodies(events) == [b"%d" % i for i in range(10, 100)]
            with audit.take() as events:
                assert not events
        with pytest.raises(libflow.Closed):
            with audit.take():
                pass
        info = consumers["audit"]
        assert (info.offset, info.held, info.max_events, info.blocks) == (100, 0, 500, False)
        wait_for(lambda: len(got.bodies) == 100)


def test_consumers_are_listed_moved_paused_and_removed(library: libflow.Library,
                                                       tmp_path: Path) -> None:
    got = Collected()
    with make(library, tmp_path, got) as pipeline:
        before = datetime.datetime.now(datetime.timezone.utc)
        consumers = pipeline.consumers("c1")
        pipeline.inlet("r1").push_many(f"{i}" for i in range(100))
        wait_for(lambda: len(got.bodies) == 100)
        consumers.add("one", before)
        consumers.add("two", 40, blocks=True)
        assert [(info.name, info.offset) for info in consumers] == [("", 100), ("one", 0),
                                                                     ("two", 40)]
        assert [info.name for info in consumers if info.used] == [""]
        assert consumers["two"].blocks
        assert consumers.seek("two", "latest") == 100
        assert consumers.seek("two", 7) == 7
        consumers.pause("two")
        assert consumers["two"].paused
        with consumers.open("two") as two:
            with two.take() as events:
                assert not events
            consumers.resume("two")
            with two.take(1) as events:
                assert bodies(events) == [b"7"]
            with pytest.raises(libflow.StateError):
                consumers.remove("two")
        consumers.remove("two")
        with pytest.raises(libflow.NotFound):
            _ = consumers["two"]
        with pytest.raises(libflow.AlreadyExists):
            consumers.add("one")
        with pytest.raises(libflow.InvalidArgument, match="earliest, latest, an offset"):
            consumers.seek("one", "yesterday")


def test_a_handle_is_closed_with_its_pipeline(library: libflow.Library, tmp_path: Path) -> None:
    with make(library, tmp_path, Collected()) as pipeline:
        consumers = pipeline.consumers("c1")
        consumers.add("audit")
        audit = consumers.open("audit")
    with pytest.raises(libflow.Closed):
        with audit.take():
            pass
    with pytest.raises(libflow.Closed):
        list(consumers)


def test_dead_letters_are_listed_and_replayed(library: libflow.Library, tmp_path: Path) -> None:
    pipeline = make(library, tmp_path, Collected())
    with pipeline:
        consumers = pipeline.consumers("c1")
        consumers.add("audit")
    pipeline.close()

    config = settings(libflow.Config(library), "inlet", "outlet")
    config["a1.channels.c1.type"] = "file"
    config["a1.channels.c1.checkpointDir"] = str(tmp_path / "control")
    config["a1.channels.c1.dataDirs"] = str(tmp_path / "data")
    config["a1.channels.c1.minimumRequiredSpace"] = "1048576"
    config["a1.channels.c1.maxDeliveries"] = "1"
    pipeline = libflow.Pipeline(config)
    pipeline.outlet("k1", Collected())
    with pipeline:
        consumers = pipeline.consumers("c1")
        pipeline.inlet("r1").push(b"poison", {"a": "b"})
        with consumers.open("audit") as audit:
            with pytest.raises(ValueError):
                with audit.take() as events:
                    raise ValueError(f"cannot read {bodies(events)}")
            letters = consumers.letters("audit")
            assert [(letter.offset, letter.deliveries) for letter in letters] == [(0, 1)]
            assert letters[0].event == libflow.Event(b"poison", {"a": "b"})
            assert "cannot read" in letters[0].reason
            assert consumers["audit"].letters == 1
            assert consumers.replay("audit") == 1
            with audit.take() as events:
                assert bodies(events) == [b"poison"]
        assert not consumers.letters("audit")
