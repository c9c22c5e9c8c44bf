"""The edge over raw sockets, against a real server."""

from __future__ import annotations

import socket
import time

import httpx
import pytest

from ..served import INGEST, ROOT, Served


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
    """A thousand connections that say nothing, and an alert is taken as before."""
    idle = [connect(server) for _ in range(1_000)]
    try:
        begun = time.monotonic()
        taken = httpx.post(f"{server.url}/in/generic/{INGEST}", json={"key": "k", "title": "t"}, trust_env=False)
        assert 202 == taken.status_code
        assert time.monotonic() - begun < 1
    finally:
        for raw in idle:
            raw.close()


def test_a_connection_is_kept_for_many_requests(server):
    with httpx.Client(trust_env=False) as client:
        for n in range(50):
            assert (
                202 == client.post(f"{server.url}/in/generic/{INGEST}", json={"key": f"k{n}", "title": "t"}).status_code
            )
