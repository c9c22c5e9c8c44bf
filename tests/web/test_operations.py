"""Alive, ready, and in numbers."""

from __future__ import annotations

import html

import pytest

from tocsin import zones
from tocsin.store import watch as store
from tocsin.store.db import Busy
from tocsin.store.reserve import FULL
from tocsin.usecases import watch

from .conftest import KEY, TOKENS


def test_alive_and_ready(site):
    assert (200, "OK\n") == (site.ask("GET", "/-/healthy").status_code, site.ask("GET", "/-/healthy").text)
    nothing = {"auditor": None, "probe": None, "cannot_page": None, "set_aside": []}
    assert {
        "ready": True,
        "warnings": [],
        "tzdata": zones.version(),
        "tzdata_of": f"{zones.dated():%Y-%m-%d}",
        **nothing,
    } == site.ask("GET", "/-/ready").json()


def blocked(site):
    kept = {"since": site.now.isoformat(), "ways": ["alerts"], "why": "alerts: <b>status 500</b>"}
    site.db.write_now(store.put_mark, store.BLOCKED, kept)


def test_that_nobody_can_be_paged_stands_on_every_page_in_the_warnings_and_in_the_numbers(site):
    name = site.declare()
    site.sign_in()
    assert "Tocsin cannot page" not in site.ask("GET", "/incidents").text
    blocked(site)
    said = "Tocsin cannot page: alerts: <b>status 500</b>, since 2026-11-23 09:02 UTC"

    for path in ("/incidents", f"/incidents/{name}", "/oncall"):
        page = site.ask("GET", path).text
        assert '<p class="banner banner-alarm" role="alert">Tocsin cannot page: alerts: &lt;b&gt;status 500' in page
    answer = site.ask("GET", "/-/ready").json()
    assert ([f"{said}."], said) == (answer["warnings"], answer["cannot_page"])
    assert "tocsin_cannot_page 1.0" in site.ask("GET", "/metrics", TOKENS["viewer"]).text
    site.cookies.clear()
    assert "Tocsin cannot page" not in site.ask("GET", "/sign-in").text
    site.db.write_now(store.put_mark, store.BLOCKED, None)
    site.sign_in("backup1")
    assert "Tocsin cannot page" not in site.ask("GET", "/incidents").text


def test_the_auditors_last_run_is_shown(site):
    site.declare()
    site.db.write_now(store.wake, 1, None)
    site.db.write_now(watch.audit, site.setup)
    at = "2026-11-23T09:02:00Z"

    expected = {"at": at, "verdict": "INC-1: it had no timer", "redriven": 1}
    assert expected == site.ask("GET", "/-/ready").json()["auditor"]
    text = site.ask("GET", "/metrics", TOKENS["viewer"]).text
    for line in ("# TYPE tocsin_auditor_redriven_total counter", "tocsin_auditor_redriven_total 1.0",
                 "tocsin_cannot_page 0.0", "tocsin_set_aside 0.0",
                 "tocsin_auditor_last_run_timestamp_seconds 1.79542"):  # fmt: skip
        assert line in text
    assert "The auditor found this incident silent" in str(site.api("GET", "/incidents/INC-1/timeline").json())


def test_not_ready_says_why(site, monkeypatch):
    async def busy(*args):
        raise Busy("database is locked")

    monkeypatch.setattr(site.db, "read", busy)
    answer = site.ask("GET", "/-/ready")

    assert (503, "the database does not answer: database is locked") == (answer.status_code, answer.json()["why"])


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


def test_a_full_storage_stands_on_every_page(site):
    site.sign_in()
    site.db.trouble = ("database or disk is full", site.now)
    said = (
        "Tocsin cannot store anything: the storage is full, since 2026-11-23 09:02 UTC. Senders are asked to come back."
    )

    assert said in site.ask("GET", "/incidents").text
    assert said in site.ask("GET", "/banners").text
    assert [said] == site.ask("GET", "/-/ready").json()["warnings"]
    site.cookies.clear()
    assert 303 == site.ask("GET", "/banners").status_code


@pytest.mark.parametrize(
    ("why", "log", "said"),
    [(FULL, 0, "The storage is full since 2026-11-23 09:02 UTC: no alerts are taken; pages and acknowledgements go on, "
               "from a reserve. Senders are asked to come back. Make room on the disk."),
     ("", 257 * 1024 * 1024, "The database's log is 257 MB long: something reads from it for very long, a backup or a "
                             "query.")],
)  # fmt: skip
def test_what_the_store_lacks_stands_on_every_page(site, monkeypatch, why, log, said):
    for module in ("operations", "render"):
        monkeypatch.setattr(f"tocsin.web.{module}.log_bytes", lambda url: log)
    site.sign_in()
    site.db.trouble = (why, site.now) if why else None

    assert [said] == site.ask("GET", "/-/ready").json()["warnings"]
    assert said in html.unescape(site.ask("GET", "/incidents").text)
    [line] = [
        x for x in site.ask("GET", "/metrics", TOKENS["viewer"]).text.splitlines() if x.startswith("tocsin_store")
    ]
    assert log == float(line.split()[1])
