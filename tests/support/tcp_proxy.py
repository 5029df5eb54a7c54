# SPDX-License-Identifier: Apache-2.0
"""Proxies that slow connections down, spoil and cut them.

    with Wire(port, lambda nth: Fault(cut_up=nth)) as wire:
        ... wire.port                      # the connection NTH breaks after so many bytes of requests

    with Proxy(port) as proxy:             # in front of WebHDFS
        proxy.cut_after = 100_000          # bytes of an upload, after which the connection breaks
        ... proxy.port
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, replace
from typing import Callable


class Relay:
    """Accepts connections and lets pairs of threads carry their bytes to TARGET and back."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for listener in self.sockets:
            listener.close()

    def listen(self, target: int, *more) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.sockets.append(listener)
        threading.Thread(target=self.accept, args=(listener, target, *more), daemon=True).start()
        return listener.getsockname()[1]

    def accept(self, listener, target, *more):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.forward, args=(client, target, *more), daemon=True).start()

    def forward(self, client, target, *more):
        try:
            server = socket.create_connection(("127.0.0.1", target))
        except OSError:
            client.close()
            return
        back = threading.Thread(target=self.answers, args=(server, client, *more), daemon=True)
        back.start()
        self.requests(client, server, *more)
        back.join()
        client.close()
        server.close()


@dataclass
class Fault:
    """What happens to one connection; bytes are counted from its begin, in each direction."""

    cut_up: int | None = None  # requests: it breaks after so many bytes
    cut_down: int | None = None  # answers: likewise
    reset: bool = False  # breaks by RST instead of FIN
    hold_up: int | None = None  # requests: what comes after so many bytes goes nowhere
    hold_down: int | None = None  # answers: likewise
    piece: int = 65536  # bytes that are sent at once
    delay: float = 0  # seconds before each piece
    repeat: tuple[int, int] | None = None  # requests: the bytes from..to are sent twice
    broken: bool = False  # it is


class Wire(Relay):
    """A proxy whose connections suffer what PLAN says of the first, the second... (from 0 on)."""

    def __init__(self, target: int, plan: Callable[[int], Fault] = lambda nth: Fault()):
        super().__init__()
        self.plan = plan
        self.connections: list[float] = []  # when each came
        self.up = self.down = 0  # bytes of all requests, and of all answers
        self.port = self.listen(target)

    def forward(self, client, target, *more):
        with self.lock:
            fault = replace(self.plan(len(self.connections)))
            self.connections.append(time.monotonic())
        super().forward(client, target, fault)

    def requests(self, client, server, fault):
        passed = self.carry(client, server, fault, fault.cut_up, fault.hold_up, fault.repeat)
        with self.lock:
            self.up += passed

    def answers(self, server, client, fault):
        passed = self.carry(server, client, fault, fault.cut_down, fault.hold_down, None)
        with self.lock:
            self.down += passed

    def carry(self, source, to, fault, cut, hold, repeat):
        passed = 0
        try:
            while (cut is None or passed < cut) and (part := source.recv(fault.piece)):
                part = part[:cut - passed] if cut is not None else part
                if fault.delay:
                    time.sleep(fault.delay)
                to.sendall(self.spoil(part, passed, hold, repeat))
                passed += len(part)
            if cut is not None and passed >= cut:
                self.break_off(fault, source, to)
            elif not fault.broken:
                to.shutdown(socket.SHUT_WR)
        except OSError:
            self.break_off(fault, source, to)
        return passed

    @staticmethod
    def spoil(part: bytes, passed: int, hold, repeat) -> bytes:
        if hold is not None:
            return part[:max(0, hold - passed)]
        if repeat and passed <= repeat[0] and repeat[1] <= passed + len(part):
            begin, end = (edge - passed for edge in repeat)
            return part[:end] + part[begin:end] + part[end:]
        return part

    @staticmethod
    def break_off(fault, *ends):
        """Ends both connections; a reset happens when both threads are through with them."""
        fault.broken = True
        for end in ends:
            try:
                if fault.reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RD if fault.reset else socket.SHUT_RDWR)
            except OSError:
                pass


class Proxy(Relay):
    """Stands in front of a NameNode, and of every DataNode that one names: the address in a
    redirection is replaced by the proxy's own."""

    def __init__(self, name_node: int):
        super().__init__()
        self.name_node = name_node
        self.cuts = 0  # uploads still to be cut
        self.cut_after = 0  # bytes
        self.lost_answers = 0  # answers of DataNodes still to be swallowed
        self.rate = 0.0  # bytes a second of an upload; 0: any
        self.uploaded = 0  # bytes
        self.targets: dict[int, int] = {}  # port of ours -> that of the DataNode
        self.port = self.listen(name_node, False)

    def take(self, what: str) -> bool:
        with self.lock:
            left = getattr(self, what)
            setattr(self, what, max(0, left - 1))
            return left > 0

    def requests(self, client, server, data):
        sent, limit = 0, self.cut_after if data and self.take("cuts") else None
        try:
            while part := client.recv(16384):
                if data and self.rate:
                    time.sleep(len(part) / self.rate)
                server.sendall(part[:limit - sent] if limit is not None else part)
                sent += len(part)
                self.uploaded += len(part) if data else 0
                if limit is not None and sent >= limit:
                    break
            server.shutdown(socket.SHUT_WR)
            if limit is not None and sent >= limit:
                client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answers(self, server, client, data):
        lose = data and self.take("lost_answers")
        try:
            while part := server.recv(65536):
                if lose:
                    break
                client.sendall(part if data else self.redirect(part))
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def redirect(self, part: bytes) -> bytes:
        return re.sub(rb"(Location: http://127\.0\.0\.1:)(\d+)",
                      lambda found: found[1] + str(self.stand_in(int(found[2]))).encode(), part)

    def stand_in(self, port: int) -> int:
        with self.lock:
            for ours, target in self.targets.items():
                if target == port:
                    return ours
        ours = self.listen(port, True)
        with self.lock:
            self.targets[ours] = port
        return ours
