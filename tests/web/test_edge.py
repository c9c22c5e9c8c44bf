"""The edge over raw sockets, against a real server."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from pathlib import Path

import httpx
import pytest

from tocsin.web.edge import most_connections

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

        alone = seconds("alone")
        idle = [connect(server) for _ in range(2_000)]
        try:
            assert seconds("beside") < 1 + 5 * alone
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


def test_a_body_without_end_is_not_kept(server):
    """A gigabyte is offered: reading stops at the limit, and memory stays where it was."""
    before = resident_mb(server.process.pid)
    with connect(server) as raw:
        raw.sendall(HEAD + b"content-length: 1000000000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(1_000):
                raw.sendall(b"a" * 1_000_000)
    assert resident_mb(server.process.pid) - before < 30
    assert 202 == server.send(f"/in/generic/{INGEST}", {"key": "after", "title": "t"}).status_code


def resident_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
