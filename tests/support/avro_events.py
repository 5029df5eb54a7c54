# SPDX-License-Identifier: Apache-2.0
"""Reads what sinks write with the serializer AVRO_EVENT, without a library."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

SYNC = 16


class Reader:
    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            raise EOFError
        return self.data[self.at - size:self.at]

    def number(self) -> int:
        value, shift, byte = 0, 0, 128
        while byte >= 128:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
        return (value >> 1) ^ -(value & 1)

    def text(self) -> bytes:
        return self.take(self.number())

    def pairs(self) -> dict[bytes, bytes]:
        found = {}
        while count := self.number():
            for _ in range(count):
                name = self.text()
                found[name] = self.text()
        return found


def read_events(data: bytes) -> Iterator[tuple[dict[bytes, bytes], bytes]]:
    """Headers and body of each event of a container file."""
    reader = Reader(data)
    assert reader.take(4) == b"Obj\x01"
    assert reader.pairs()[b"avro.codec"] == b"null"
    reader.take(SYNC)
    while reader.at < len(data):
        count = reader.number()
        reader.number()
        for _ in range(count):
            yield reader.pairs(), reader.text()
        reader.take(SYNC)


def read_folder(folder: Path) -> Iterator[tuple[dict[bytes, bytes], bytes]]:
    """The same of all files in a folder, the oldest first.  One that was just made when its writer
    was killed may be empty."""
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        if data := path.read_bytes():
            yield from read_events(data)
