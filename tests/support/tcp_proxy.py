# SPDX-License-Identifier: Apache-2.0
"""A proxy for WebHDFS that slows connections down and cuts them.

It stands in front of a NameNode, and of every DataNode that one names: the address in a redirection
is replaced by the proxy's own.

    with Proxy(port) as proxy:
        proxy.cut_after = 100_000      # bytes of an upload, after which the connection breaks
        ... proxy.port
"""

import re
import socket
import threading
import time


class Proxy:
    def __init__(self, name_node: int):
        self.name_node = name_node
        self.cuts = 0  # uploads still to be cut
        self.cut_after = 0  # bytes
        self.lost_answers = 0  # answers of DataNodes still to be swallowed
        self.rate = 0.0  # bytes a second of an upload; 0: any
        self.uploaded = 0  # bytes
        self.targets: dict[int, int] = {}  # port of ours -> that of the DataNode
        self.sockets: list[socket.socket] = []
        self.lock = threading.Lock()
        self.port = self.listen(name_node, data=False)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for listener in self.sockets:
            listener.close()

    def listen(self, target: int, data: bool) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        self.sockets.append(listener)
        threading.Thread(target=self.accept, args=(listener, target, data), daemon=True).start()
        return listener.getsockname()[1]

    def accept(self, listener, target, data):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.forward, args=(client, target, data), daemon=True).start()

    def forward(self, client, target, data):
        try:
            server = socket.create_connection(("127.0.0.1", target))
        except OSError:
            client.close()
            return
        back = threading.Thread(target=self.answers, args=(server, client, data), daemon=True)
        back.start()
        self.requests(client, server, data)
        back.join()
        client.close()
        server.close()

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
        ours = self.listen(port, data=True)
        with self.lock:
            self.targets[ours] = port
        return ours
