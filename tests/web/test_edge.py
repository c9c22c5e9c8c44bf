"""The edge over raw sockets, against a real server."""

from __future__ import annotations

import contextlib
import resource
import socket
import statistics
import threading
import time
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tocsin.web.edge import Edge, most_connections

from ..crash.harness import RUNBOOK
from ..fakes.web import FakeWebhook
from ..served import INGEST, ROOT, Served, until


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("edge"), ROOT / "examples/proofi/runbook.yaml") as served:
        yield served


def connect(server):
    host, port = server.url.removeprefix("http://").split(":")
    raw = socket.create_connection((host, int(port)), timeout=12)
    raw.settimeout(12)
    return raw


def answer(raw):
    """Everything that comes until the other side hangs up."""
    taken = b""
    try:
        while chunk := raw.recv(65_536):
            taken += chunk
    except ConnectionResetError:
        pass
    return taken


HEAD = b"POST /in/generic/%s HTTP/1.1\r\nhost: x\r\n" % INGEST.encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", b"414"),
        (HEAD + b"x-much: " + b"a" * 17_000 + b"\r\ncontent-length: 0\r\n\r\n", b"431"),
        (HEAD + b"".join(b"x-%d: y\r\n" % n for n in range(3_000)) + b"\r\n", b"431"),
        (b"rubbish\r\n\r\n", b"400"),
    ],
)
def test_a_head_over_the_limits_is_refused(server, request_, status):
    with connect(server) as raw:
        raw.sendall(request_)
        assert answer(raw).startswith(b"HTTP/1.1 " + status)


def test_a_request_for_which_no_memory_is_left_may_come_again(monkeypatch):
    """400 would say that it is wrong, and a sender would drop it."""

    def no_room(_self, _body):
        raise MemoryError

    monkeypatch.setattr(HttpToolsProtocol, "on_body", no_room)
    listener = socket.create_server(("127.0.0.1", 0))
    small = uvicorn.Server(uvicorn.Config(Starlette(), http=Edge, lifespan="off", log_config=None))
    thread = threading.Thread(target=small.run, args=([listener],))
    thread.start()
    try:
        until(lambda: small.started)
        with socket.create_connection(listener.getsockname(), timeout=12) as raw:
            raw.sendall(HEAD + b"content-length: 2\r\n\r\n{}")
            said = answer(raw)
    finally:
        small.should_exit = True
        thread.join(12)
    assert said.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 5" in said


def test_a_head_without_end_is_cut_off(server):
    """Memory stays where it is: reading stops."""
    with connect(server) as raw:
        raw.sendall(HEAD + b"x-endless: ")
        sent = 0
        try:
            for _ in range(400):
                raw.sendall(b"a" * 65_536)
                sent += 65_536
        except OSError:
            pass
        assert sent < 20_000_000


def test_a_slow_head_is_told_so_after_five_seconds(server):
    with connect(server) as raw:
        begun = time.monotonic()
        raw.sendall(b"GET / HT")
        assert answer(raw).startswith(b"HTTP/1.1 408")
        assert 4 < time.monotonic() - begun < 8


def test_idle_sockets_do_not_keep_alerts_waiting(server):
    """Two thousand connections that say nothing, and an alert is taken as before."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
    with httpx.Client(trust_env=False, timeout=30, headers={"connection": "close"}) as client:

        def seconds(key):
            begun = time.monotonic()
            taken = client.post(f"{server.url}/in/generic/{INGEST}", json={"key": key, "title": "t"})
            assert 202 == taken.status_code
            return time.monotonic() - begun

        alone = statistics.median(seconds(f"alone{n}") for n in range(9))
        before = resident_mb(server.process.pid)
        idle = [connect(server) for _ in range(2_000)]
        try:
            beside = statistics.median(seconds(f"beside{n}") for n in range(9))
            grown = resident_mb(server.process.pid) - before
            print(
                f"beside 2,000 idle sockets an alert is answered in {beside * 1e3:.1f} ms, alone in {alone * 1e3:.1f} ms "
                f"(medians of 9); {grown:.1f} MB more than {before:.1f} MB"
            )
            assert beside < 1 + 5 * alone
            assert grown < 60
        finally:
            for raw in idle:
                raw.close()


def test_a_connection_is_kept_for_many_requests(server):
    with httpx.Client(trust_env=False) as client:
        for n in range(50):
            assert (
                202 == client.post(f"{server.url}/in/generic/{INGEST}", json={"key": f"k{n}", "title": "t"}).status_code
            )


@pytest.mark.parametrize(("handles", "connections"), [(64, 16), (1_024, 976), (20, 8)])
def test_some_handles_are_kept_for_paging(handles, connections):
    assert connections == most_connections(handles)


class Handles(Served):
    """A server that may open 64 files and sockets."""

    program = ("tests.web.handles",)


def test_with_64_handles_alerts_are_shed_and_pages_go_out(tmp_path):
    """Connections over the limit hear 503 with Retry-After, and the page of an alert before them goes out meanwhile."""
    book = tmp_path / "runbook.yaml"
    with FakeWebhook() as hook:
        book.write_text(RUNBOOK.format(hook=hook.url))
        with Handles(tmp_path, book) as server, httpx.Client(trust_env=False) as client:
            body = {"key": "k", "title": "t", "severity": "critical"}
            client.get(f"{server.url}/-/healthy")
            many = [connect(server) for _ in range(120)]
            assert any(raw.recv(100).startswith(b"HTTP/1.1 503") for raw in many[-20:])
            assert 202 == client.post(f"{server.url}/in/generic/{INGEST}", json=body).status_code
            until(lambda: {"page"} <= {m["kind"] for m in hook.received}, 30)
            for raw in many:
                raw.close()


def sent_mb(raw, most=1_000):
    """Send megabytes until the other side ends the connection; returns how many it took."""
    for n in range(most):
        try:
            raw.sendall(b"a" * 1_000_000)
        except OSError:
            return n
    return most


@pytest.mark.parametrize(
    "head",
    [HEAD, b"POST /in/generic/no-such-key-at-all HTTP/1.1\r\nhost: x\r\n", b"POST /in/telegram HTTP/1.1\r\nhost: x\r\n",
     b"POST /api/v1/incidents HTTP/1.1\r\nhost: x\r\n", b"POST /status HTTP/1.1\r\nhost: x\r\n",
     b"GET /-/healthy HTTP/1.1\r\nhost: x\r\n"],
    ids=["ingest", "no key", "chat", "api", "status", "get"],
)  # fmt: skip
def test_a_body_without_end_is_not_read(server, head):
    """A gigabyte is offered: reading stops a little after the answer, and memory stays where it was."""
    before, begun = resident_mb(server.process.pid), time.monotonic()
    with connect(server) as raw:
        raw.sendall(head + b"content-length: 1000000000\r\n\r\n")
        taken = sent_mb(raw)
    took, grown = time.monotonic() - begun, resident_mb(server.process.pid) - before
    print(
        f"of 1,000 MB offered {taken} MB left the sender, over after {took:.2f} s; {grown:.1f} MB more than {before:.1f} MB"
    )
    assert taken < 50, "what the sockets hold, and a little"
    assert grown < 30
    assert 202 == server.send(f"/in/generic/{INGEST}", {"key": "after", "title": "t"}).status_code


def test_who_sends_too_much_hears_so_even_when_it_sends_all_first(server):
    """Five megabytes: the answer is there to be read when they are out, and the connection is good for the next."""
    with connect(server) as raw:
        raw.sendall(HEAD + b"content-length: 5000000\r\n\r\n" + b"a" * 5_000_000)
        assert raw.recv(65_536).startswith(b"HTTP/1.1 413")
        raw.sendall(b"GET /-/healthy HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in answer(raw)


@pytest.mark.parametrize(
    ("path", "size", "status", "least", "most"),
    [(b"/in/generic/" + INGEST.encode(), 900, b"408", 18, 24), (b"/sign-in", 900, b"408", 14, 21),
     (b"/in/generic/" + INGEST.encode(), 9_000_000, b"413", 4, 9)],
)  # fmt: skip
def test_a_body_that_drips_is_cut_off(server, path, size, status, least, most):
    """Fifteen seconds for a body, wherever it goes; five for what is left of one that was answered, with 408 or 413."""
    with connect(server) as raw:
        begun = time.monotonic()
        raw.sendall(b"POST %s HTTP/1.1\r\nhost: x\r\n" % path)
        raw.sendall(b"content-type: application/x-www-form-urlencoded\r\ncontent-length: %d\r\n\r\n" % size)
        raw.sendall(b"a" * (2_000_000 if size > 2_000_000 else 1))
        raw.settimeout(0.5)
        taken = b""
        with contextlib.suppress(OSError):
            while time.monotonic() - begun < 25:
                raw.sendall(b"a")
                try:
                    if not (chunk := raw.recv(65_536)):
                        break
                    taken += chunk
                except TimeoutError:
                    continue
        took = time.monotonic() - begun
    assert taken.startswith(b"HTTP/1.1 " + status)
    assert least < took < most


def resident_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
