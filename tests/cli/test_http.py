# SPDX-License-Identifier: Apache-2.0
"""Configurations from a web server."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import NETCAT, run_flow, send

RUNS = "agent a1 runs$"
LOGIN = "Basic " + base64.b64encode(b"u:p w").decode()


class Site(ThreadingHTTPServer):
    """A server of one page, whose ways a test can change."""

    def __init__(self):
        super().__init__(("localhost", 0), Handler)
        self.text = ""
        self.headers = {}
        self.login = None
        self.status = 200
        self.asked = []
        self.answered = []
        self.hold = None  # an event that answers wait for
        self.news = threading.Condition()

    def url(self, name="a.conf"):
        return f"http://localhost:{self.server_address[1]}/{name}"

    def wait_for(self, status, count=1):
        with self.news:
            assert self.news.wait_for(lambda: self.answered.count(status) >= count, 60)


class Handler(BaseHTTPRequestHandler):
    def status(self):
        site = self.server
        if self.path.startswith("/moved"):
            return 302
        if site.login and self.headers["Authorization"] != site.login:
            return 401
        same = (site.headers.get("ETag", "") == self.headers["If-None-Match"] or
                site.headers.get("Last-Modified", "") == self.headers["If-Modified-Since"])
        return 304 if same and site.status == 200 else site.status

    def do_GET(self):
        site = self.server
        site.asked.append(self.path)
        if site.hold:
            site.hold.wait(60)
        status = self.status()
        body = site.text.encode() if status == 200 else b"a page that is no configuration"
        self.send_response(status)
        for name, value in site.headers.items():
            self.send_header(name, value)
        if status == 302:
            self.send_header("Location", "/a.conf")
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)
        with site.news:
            site.answered.append(status)
            site.news.notify_all()

    def log_message(self, *_):
        pass


@pytest.fixture
def site(port):
    server = Site()
    server.text = NETCAT.format(port=port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    if server.hold:
        server.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_page_is_a_configuration(site):
    result = run_flow("check", "-u", site.url())
    assert (result.status, result.out) == (0, "0 errors, 0 warnings\n")
    site.text = site.text.replace("memory", "memroy")
    result = run_flow("check", "-u", site.url())
    assert result.status == 2
    assert f"{site.url()}:8:23: error: channel c1: a1.channels.c1.type: unknown" in result.out


def test_a_page_and_a_file(site, tmp_path):
    (tmp_path / "b.conf").write_text("a1.sinks.k1.type = nothing\n")
    assert run_flow("check", "-u", site.url(), "-u", f"file:{tmp_path}/b.conf").status == 2


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "a.yaml?version=2"])
def test_yaml_is_told_by_the_end_of_its_name(site, name):
    site.text = "a1:\n  channels: {c1: {type: memory}}\n  sinks: {k1: {type: 'null', channel: c1}}\n"
    assert run_flow("check", "-u", site.url(name)).status == 0
    assert run_flow("check", "-u", site.url()).status == 2


def test_a_page_may_have_moved(site):
    assert run_flow("check", "-u", site.url("moved")).status == 0
    assert site.asked == ["/moved", "/a.conf"]


@pytest.mark.parametrize(("status", "message"), [(404, "the server answers 404"),
                                                 (500, "the server answers 500"),
                                                 (304, "the server answers 304")])
def test_a_page_that_is_not_to_be_had(site, status, message):
    site.status = status
    result = run_flow("agent", "-n", "a1", "-u", site.url())
    assert result.status == 2
    assert f"Error: {site.url()}: {message}" in result.err


def test_a_server_that_is_not_there(port):
    result = run_flow("check", "-u", f"http://localhost:{port}/a.conf")
    assert result.status == 2
    assert "onnect" in result.err


def test_login(site):
    site.login = LOGIN
    result = run_flow("check", "-u", site.url())
    assert result.status == 2
    assert "the server wants another --conf-user and --conf-password" in result.err
    assert run_flow("check", "-u", site.url(), "-user", "u", "-pwd", "p w").status == 0
    assert run_flow("check", "-u", site.url(), "--conf-user", "u", "--conf-password", "x").status == 2


@pytest.mark.parametrize("headers", [{}, {"ETag": '"1"'},
                                     {"Last-Modified": "Mon, 23 Nov 2026 07:00:01 GMT"}],
                         ids=["nothing", "etag", "time"])
def test_a_changed_page_is_taken_over(agent, site, port, headers):
    site.headers = headers
    one = agent("-n", "a1", "-u", site.url(), "-i", "1")
    one.wait_for(RUNS)
    # Asked again, and the same as before.
    site.wait_for(304 if headers else 200, 2 if headers else 4)
    assert "changed" not in one.log
    site.text += "a1.sinks.k1.maxBytesToLog = 3\n"
    site.headers = {name: value.replace("1", "2") for name, value in headers.items()}
    one.wait_for("agent a1 runs with the changed configuration")
    assert send(port, "x\n") == "OK\n"
    assert one.stop() == 143
    assert one.log.count("changed configuration") == 1


def test_a_server_that_fails_is_no_change(agent, site, port):
    one = agent("-n", "a1", "-u", site.url(), "-i", "1")
    one.wait_for(RUNS)
    site.status = 503
    one.wait_for(f"WARN.*cannot look whether the configuration changed: {site.url()}: .* 503")
    assert send(port, "x\n") == "OK\n"
    site.status = 200
    site.text += "\n"
    one.wait_for("agent a1 runs with the changed configuration")
    assert one.stop() == 143


def test_a_signal_does_not_wait_for_the_server(agent, site):
    one = agent("-n", "a1", "-u", site.url(), "-i", "1")
    one.wait_for(RUNS)
    asked = len(site.asked)
    site.hold = threading.Event()
    while len(site.asked) <= asked:
        assert one.process.poll() is None
    assert one.stop() == 143
    assert not site.hold.is_set()
    assert "cannot look" not in one.log


def test_a_copy_stands_in_for_a_page(agent, site, tmp_path, port):
    arguments = ("-n", "a1", "-u", site.url(), "-b", tmp_path)
    one = agent(*arguments)
    one.wait_for(RUNS)
    assert one.stop() == 143
    for site.status in (404, 500):
        two = agent(*arguments)
        two.wait_for(f"the server answers {site.status}; the copy in")
        two.wait_for(RUNS)
        assert send(port, "x\n") == "OK\n"
        assert two.stop() == 143
