"""Alive, ready, and in numbers."""

from __future__ import annotations

from tocsin.store.db import Busy

from .conftest import KEY, TOKENS


def test_alive_and_ready(site):
    assert (200, "OK\n") == (site.ask("GET", "/-/healthy").status_code, site.ask("GET", "/-/healthy").text)
    assert {"ready": True, "warnings": []} == site.ask("GET", "/-/ready").json()


def test_not_ready_says_why(site, monkeypatch):
    async def busy(*args):
        raise Busy("database is locked")

    monkeypatch.setattr(site.db, "read", busy)
    answer = site.ask("GET", "/-/ready")

    assert (503, "database is locked") == (answer.status_code, answer.json()["why"])


def test_numbers_for_prometheus(site):
    site.declare()
    site.ask("POST", f"/in/generic/{KEY}", json={"title": "x", "severity": "info"})
    text = site.ask("GET", "/metrics", TOKENS["viewer"]).text

    for line in ('tocsin_incidents_open{severity="P0"} 1.0', "tocsin_incidents_unacknowledged 2.0",
                 'tocsin_pages{state="requested"} 2.0',
                 'tocsin_ingest_requests_total{outcome="accepted",source="generic"} 1.0'):  # fmt: skip
        assert line in text


def test_every_page_is_hardened(site):
    headers = site.ask("GET", "/sign-in").headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert ("nosniff", "DENY", "no-store") == (
        headers["x-content-type-options"], headers["x-frame-options"], headers["cache-control"]
    )  # fmt: skip


def test_a_fault_shows_nothing_of_the_inside(site, monkeypatch):
    async def broken(*args, **kwargs):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(site.db, "read", broken)
    answer = site.ask("GET", "/api/v1/incidents", TOKENS["admin"])

    assert 500 == answer.status_code
    assert "secret detail" not in answer.text
