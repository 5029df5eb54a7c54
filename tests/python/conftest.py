# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Python package share."""

from __future__ import annotations

import threading
import time
from typing import Callable, Iterator

import libflow
import pytest


@pytest.fixture(name="library")
def fixture_library() -> Iterator[libflow.Library]:
    with libflow.Library() as library:
        yield library


def settings(config: libflow.Config, source: str, sink: str) -> libflow.Config:
    """One agent a1 with a source r1, a memory channel c1 and a sink k1."""
    config.parse(f"""
        a1.sources = r1
        a1.channels = c1
        a1.sinks = k1
        a1.sources.r1.type = {source}
        a1.sources.r1.channels = c1
        a1.channels.c1.type = memory
        a1.channels.c1.capacity = 10000
        a1.channels.c1.transactionCapacity = 10000
        a1.sinks.k1.type = {sink}
        a1.sinks.k1.channel = c1
    """)
    return config


class Collected:
    """Bodies that arrived, from whatever thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.events: list[libflow.Event] = []

    def __call__(self, events: list[libflow.Event]) -> None:
        with self.lock:
            self.events += events

    @property
    def bodies(self) -> list[bytes]:
        with self.lock:
            return [event.body for event in self.events]


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until CONDITION holds; a limit only for a broken build."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)
