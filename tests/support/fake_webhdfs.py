# SPDX-License-Identifier: Apache-2.0
"""A WebHDFS server that misbehaves on request: NameNode and DataNode in one, files in memory.

It follows what Hadoop 3.4 was seen to do: uploads are sent on to the DataNode by 307; a client that
dies in the middle leaves the file closed with what had arrived; a file that is being written cannot
be appended to, truncated or created; a rename moves a file that is being written, with its writer;
a rename that cannot be done is answered by 200 {"boolean":false}.

    with FakeHdfs() as hdfs:
        hdfs.fault("APPEND", "data", Drop(after=100), times=2)
        ... hdfs.url, hdfs.files, hdfs.log
"""

import base64
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Drop:
    """Cuts the connection: before anything is read, after so many bytes of the body were stored,
    or (None) when everything was carried out but not yet answered."""

    after: int | None = None
    before: bool = False


@dataclass
class Late:
    """Keeps the request unread for so many seconds and carries it out then, asked or not."""

    seconds: float


@dataclass
class Lease:
    """Cuts after so many bytes and keeps the file open for its dead writer, as HDFS does."""

    after: int
    seconds: float


@dataclass
class Answer:
    """Answers without doing anything; EXCEPTION is the simple name of a Java class."""

    status: int
    exception: str = ""
    text: str = ""


@dataclass
class Slow:
    """Reads the body in small pieces with pauses."""

    seconds: float


@dataclass
class Occupy:
    """Somebody else makes the file that a rename is to make, just before it, unless it is in use."""


@dataclass
class File:
    data: bytearray = field(default_factory=bytearray)
    writer: object = None  # whoever has it open
    released: float = 0.0  # when a dead writer's lease ends


class FakeHdfs:
    def __init__(self, host="127.0.0.1", certificate=None):
        """CERTIFICATE: a PEM file with certificate and key, for https."""
        self.files: dict[str, File] = {}
        self.log: list[str] = []  # "OP PATH", in order
        self.urls: list[str] = []  # of requests to the NameNode that were carried out
        self.lock = threading.RLock()
        self.faults: list[list] = []
        self.standby = False
        self.spnego = False  # NameNode requests need a ticket, or the cookie that one earned
        self.tickets: list[bytes] = []
        self.accepts = lambda: True  # whether a ticket earns anything
        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.server.hdfs = self
        self.port = self.server.server_address[1]
        self.scheme = "https" if certificate else "http"
        self.url = f"{'swebhdfs' if certificate else 'webhdfs'}://{host}:{self.port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def fault(self, op, leg, what, times=1, skip=0):
        """The next TIMES requests OP on LEG ("name" or "data"), after SKIP good ones, get WHAT."""
        with self.lock:
            self.faults.append([op, leg, what, times, skip])

    def next_fault(self, op, leg):
        with self.lock:
            for rule in self.faults:
                if rule[:2] == [op, leg] and rule[3] > 0:
                    if rule[4] > 0:
                        rule[4] -= 1
                        return None
                    rule[3] -= 1
                    return rule[2]
        return None

    def texts(self):
        """Name -> content of every file."""
        with self.lock:
            return {name: bytes(file.data) for name, file in self.files.items()}


class Failure(Exception):
    def __init__(self, status, exception, text=""):
        super().__init__(exception)
        self.status, self.exception, self.text = status, exception, text


class Cut(Exception):
    """The connection is to be closed without an answer."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.serve()

    do_PUT = do_POST = do_DELETE = do_GET

    # ---- the request ----

    def serve(self):
        parts = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.leg = "data" if parts.path.startswith("/data") else "name"
        self.target = unquote(parts.path.removeprefix("/data").removeprefix("/webhdfs/v1"))
        self.op = self.query.get("op", "")
        try:
            if self.leg == "name" and self.server.hdfs.spnego and not self.is_known():
                return
            self.handle_fault(self.server.hdfs.next_fault(self.op, self.leg))
        except Failure as failure:
            self.drain()
            self.fail(failure)
        except (Cut, ConnectionError, socket.timeout):
            self.close_connection = True
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def is_known(self):
        """As Hadoop's AuthenticationFilter: a ticket, which it would check, earns a cookie."""
        self.cookie = None
        if "hadoop.auth=" in self.headers.get("Cookie", ""):
            return True
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind == "Negotiate":
            self.server.hdfs.tickets.append(base64.b64decode(token))
            if self.server.hdfs.accepts():
                self.cookie = "hadoop.auth=u; Path=/; HttpOnly"
                return True
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Negotiate")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def end_headers(self):
        if getattr(self, "cookie", None):
            self.send_header("Set-Cookie", self.cookie)
            self.cookie = None
        super().end_headers()

    def handle_fault(self, fault):
        self.piece = None
        self.cut_after = self.lease = None
        match fault:
            case Drop(before=True):
                raise Cut
            case Drop(after=None):
                self.answer_op(silent=True)
                raise Cut
            case Drop(after=count):
                self.cut_after = count
            case Lease(after=count, seconds=seconds):
                self.cut_after, self.lease = count, seconds
            case Occupy():
                if not self.query["destination"].endswith(".tmp"):
                    self.server.hdfs.files[self.query["destination"]] = File(bytearray(b"other"))
            case Late(seconds=seconds):
                time.sleep(seconds)
            case Slow(seconds=seconds):
                self.piece = seconds
            case Answer(status=status, exception=exception, text=text):
                raise Failure(status, exception, text)
        self.answer_op()

    def answer_op(self, silent=False):
        hdfs = self.server.hdfs
        with hdfs.lock:
            if self.leg == "name" and hdfs.standby:
                raise Failure(403, "StandbyException",
                              "Operation category WRITE is not supported in state standby")
            if self.leg == "name":
                hdfs.urls.append(self.path)
            hdfs.log.append(f"{self.op} {self.target}" + (" data" if self.leg == "data" else ""))
        self.silent = silent
        getattr(self, f"op_{self.op.lower()}")(hdfs)

    # ---- operations ----

    def op_getfilestatus(self, hdfs):
        with hdfs.lock:
            file = self.existing(hdfs)
            self.reply(200, {"FileStatus": {"length": len(file.data), "type": "FILE"}})

    def op_truncate(self, hdfs):
        with hdfs.lock:
            file = self.existing(hdfs)
            self.check_lease(file)
            length = int(self.query["newlength"])
            if length > len(file.data):
                raise Failure(400, "IllegalArgumentException", "Cannot truncate to a larger size")
            del file.data[length:]
            self.reply(200, {"boolean": True})

    def op_rename(self, hdfs):
        with hdfs.lock:
            to = self.query["destination"]
            done = self.target in hdfs.files and to not in hdfs.files
            if done:
                hdfs.files[to] = hdfs.files.pop(self.target)
            self.reply(200, {"boolean": done})

    def op_delete(self, hdfs):
        with hdfs.lock:
            self.reply(200, {"boolean": hdfs.files.pop(self.target, None) is not None})

    def op_create(self, hdfs):
        if self.leg == "name":
            return self.redirect()
        with hdfs.lock:
            if self.target in hdfs.files:
                self.check_lease(hdfs.files[self.target])
                raise Failure(403, "FileAlreadyExistsException", self.target)
            file = hdfs.files[self.target] = File(writer=self)
        return self.store(file, 201)

    def op_append(self, hdfs):
        with hdfs.lock:
            file = self.existing(hdfs)
            if self.leg == "name":
                return self.redirect()
            self.check_lease(file)
            file.writer = self
        return self.store(file, 200)

    def existing(self, hdfs):
        if self.target not in hdfs.files:
            raise Failure(404, "FileNotFoundException", f"File does not exist: {self.target}")
        return hdfs.files[self.target]

    def check_lease(self, file):
        if file.released and time.monotonic() > file.released:
            file.writer, file.released = None, 0.0
        if file.writer:
            raise Failure(403, "AlreadyBeingCreatedException", "another writer has the file open")

    def store(self, file, status):
        """Writes the body to FILE as it comes; whatever ends it, the file is closed."""
        stored = 0
        try:
            for data in self.body():
                room = len(data) if self.cut_after is None else self.cut_after - stored
                with self.server.hdfs.lock:
                    file.data += data[:room]
                stored += min(room, len(data))
                if stored == self.cut_after:
                    raise Cut
            self.close_file(file, bool(self.lease))
        except Exception:
            self.close_file(file, bool(self.lease))
            raise
        if not self.silent:
            self.reply(status, None)

    def close_file(self, file, keep_lease):
        with self.server.hdfs.lock:
            if keep_lease:
                file.released = time.monotonic() + self.lease
            else:
                file.writer = None

    # ---- HTTP ----

    def body(self):
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return
        while True:
            size = int(self.line() or b"0", 16)
            for data in self.pieces(size):
                yield data
            if self.line() != b"" or size == 0:
                return

    def line(self):
        line = self.rfile.readline(100)
        if not line.endswith(b"\n"):
            raise ConnectionError("the client is gone")
        return line.strip()

    def pieces(self, size):
        while size:
            if self.piece:
                time.sleep(self.piece)
            data = self.rfile.read1(min(size, 4096 if self.piece else 65536))
            if not data:
                raise ConnectionError("the client is gone")
            size -= len(data)
            yield data

    def drain(self):
        """Takes the rest of an upload, so that the answer is not lost in a reset."""
        if self.leg == "data":
            try:
                for _ in self.body():
                    pass
            except (ConnectionError, ValueError):
                pass

    def redirect(self):
        host, port = self.server.server_address[:2]
        self.send_response(307)
        self.send_header("Location", f"{self.server.hdfs.scheme}://{host}:{port}/data{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def reply(self, status, content):
        text = json.dumps(content).encode() if content is not None else b""
        if getattr(self, "silent", False):
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if self.leg == "data":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def fail(self, failure):
        self.silent = False
        content = {"RemoteException": {"exception": failure.exception,
                                       "javaClassName": f"org.apache.{failure.exception}",
                                       "message": failure.text}} if failure.exception else None
        self.reply(failure.status, content)
