"""A COMMIT went through and its answer did not: the outcome is looked up, and nothing is missing or doubled."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter

import httpx
import pytest
from examples.cluster.postgres import free_port

from ..served import until
from .test_nodes import alert, pages


class Proxy:
    """
    Hands bytes to a PostgreSQL and back. Armed, it cuts a connection at COMMIT: after it went through, its answer
    unread, or (`delivered` false) before it.
    """

    def __init__(self, port, *, delivered=True):
        self.target, self.delivered, self.armed, self.cuts = port, delivered, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
                there = socket.create_connection(("127.0.0.1", self.target))
            except ConnectionRefusedError:
                here.close()
                continue
            except OSError:
                return
            cut, answer = threading.Event(), threading.Event()
            for source, sink, forward in ((here, there, True), (there, here, False)):
                threading.Thread(target=self._pump, args=(source, sink, forward, cut, answer), daemon=True).start()

    def _pump(self, source, sink, forward, cut, answer):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if forward and self.armed > 0 and b"COMMIT" in data:
                    self.armed -= 1
                    self.cuts += 1
                    cut.set()
                    if self.delivered:
                        sink.sendall(data)
                        answer.wait(5)  # the server has done it, and said so
                    break
                if not forward and cut.is_set():
                    answer.set()
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.mark.parametrize("delivered", [True, False], ids=["stored", "not stored"])
def test_a_commit_whose_answer_is_lost_is_looked_up(alone, database, nodes, hook, delivered):
    """The connection is cut as COMMIT goes: the sender is answered 2xx, and each message comes once."""
    with Proxy(alone.port, delivered=delivered) as proxy:
        node = nodes.start("one", database.replace(str(alone.port), str(proxy.port)))
        for n in range(5):
            proxy.armed = 1
            assert 202 == alert(node, f"k{n}")
            until(lambda n=n: pages(hook, f"k{n}"))
            name = node.api("GET", "/incidents")["items"][0]["id"]
            node.api("POST", f"/incidents/{name}/acknowledge", {"by": "ana"})
        assert 5 == proxy.cuts
        until(lambda: not alone.execute("SELECT 1 FROM outbox WHERE state IN ('pending', 'leased') AND kind <> 'test'"))
        node.stop(15)
    assert [(5, 5)] == alone.execute("SELECT count(*), sum(count) FROM alerts")
    assert [(5,)] == alone.execute("SELECT count(*) FROM incidents")
    assert {1} == set(Counter(m["id"] for m in hook.received).values())
    doubled = "SELECT outbox FROM attempts GROUP BY outbox HAVING count(*) > 1"
    assert [] == alone.execute(doubled)


def test_while_the_database_is_away_senders_are_told_to_come_back(alone, database, nodes, hook):
    """Nothing listens where the database was: 503 with Retry-After, and what is sent again is stored."""
    with Proxy(alone.port) as proxy:
        node = nodes.start("one", database.replace(str(alone.port), str(proxy.port)))
        assert 202 == alert(node, "k1")
        proxy.target = free_port()
        alone.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                      " AND application_name LIKE 'tocsin%'")  # fmt: skip
        body = {"key": "k2", "title": "k2", "severity": "critical", "service": "api", "check": "k2"}
        answer = node.send("/in/generic/ingest-key-of-the-tests", body)
        assert (503, "5") == (answer.status_code, answer.headers["retry-after"])
        assert 200 == httpx.get(f"{node.url}/-/healthy", trust_env=False).status_code
        proxy.target = alone.port
        until(lambda: alert(node, "k2") == 202)
        until(lambda: pages(hook, "k2"))
        node.stop(15)
