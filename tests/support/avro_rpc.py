# SPDX-License-Identifier: Apache-2.0
"""Requests of Flume's Avro RPC as bytes, and a client that sends any bytes and reads the answers."""

from __future__ import annotations

import socket
import ssl
import struct
import zlib
from typing import Iterable

HASH = bytes.fromhex("86aadae2c45474c0fe93ffd0f2350a65")
BOTH, CLIENT, NONE = 0, 1, 2
OK, FAILED = 0, 1

Event = tuple[dict[bytes, bytes], bytes]


def number(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value: bytes) -> bytes:
    return number(len(value)) + value


def handshake(client: bytes = HASH, server: bytes = HASH, protocol: bytes | None = None) -> bytes:
    return client + (b"\0" if protocol is None else b"\2" + text(protocol)) + server + b"\2\0"


def event(headers: dict[bytes, bytes], body: bytes) -> bytes:
    pairs = b"".join(text(key) + text(value) for key, value in headers.items())
    return (number(len(headers)) + pairs if headers else b"") + b"\0" + text(body)


def append(headers: dict[bytes, bytes], body: bytes) -> bytes:
    return b"\0" + text(b"append") + event(headers, body)


def append_batch(events: Iterable[Event]) -> bytes:
    items = [event(headers, body) for headers, body in events]
    block = number(len(items)) + b"".join(items) if items else b""
    return b"\0" + text(b"appendBatch") + block + b"\0"


def frame(serial: int, *buffers: bytes) -> bytes:
    return struct.pack(">ii", serial, len(buffers)) + b"".join(
        struct.pack(">i", len(buffer)) + buffer for buffer in buffers)


class Connection:
    """One connection; what it sends need not make sense."""

    def __init__(self, port: int, seconds: float = 60, tls: ssl.SSLContext | None = None):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self.serial = 0

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def request(self, payload: bytes, shaken: bool = True) -> bytes:
        """Sends a request, the first one with a handshake before it, and returns the answer."""
        self.serial += 1
        first = handshake() if shaken and self.serial == 1 else b""
        self.send(frame(self.serial, first + payload))
        serial, answer = self.answer()
        assert serial == self.serial
        return answer[4:] if first else answer

    def take(self, size: int) -> bytes:
        """So many bytes; an EOFError when the other side ends the connection."""
        found = bytearray()
        while len(found) < size:
            part = self.socket.recv(size - len(found))
            if not part:
                raise EOFError
            found += part
        return bytes(found)

    def answer(self) -> tuple[int, bytes]:
        """The serial number of the next answer, and its payload."""
        serial, count = struct.unpack(">ii", self.take(8))
        assert 0 < count < 1000
        return serial, b"".join(self.take(*struct.unpack(">i", self.take(4)))
                                for _ in range(count))

    def status(self, payload: bytes) -> int:
        """What became of a request."""
        answer = self.request(payload)
        assert answer[:2] == b"\0\0" and len(answer) == 3, answer
        return answer[2] >> 1

    def ended(self) -> bool:
        """Waits until the other side ends the connection; false when it sends something."""
        try:
            return not self.socket.recv(1)
        except ConnectionError:
            return True


class Deflated(Connection):
    """One whose bytes are compressed, in either direction."""

    def __init__(self, port: int, level: int = 6):
        super().__init__(port)
        self.pack, self.unpack = zlib.compressobj(level), zlib.decompressobj()
        self.plain = bytearray()

    def send(self, data: bytes) -> None:
        super().send(self.pack.compress(data) + self.pack.flush(zlib.Z_SYNC_FLUSH))

    def take(self, size: int) -> bytes:
        while len(self.plain) < size:
            part = self.socket.recv(65536)
            if not part:
                raise EOFError
            self.plain += self.unpack.decompress(part)
        taken = bytes(self.plain[:size])
        del self.plain[:size]
        return taken
