"""Probes on their pages and in the API, and the address where jobs call in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.probes import Look, Point
from tocsin.store import probes as store
from tocsin.usecases import configure, probes
from tocsin.web import probes as web

from .conftest import KEY

NOW = datetime(2026, 11, 23, 9, 2, tzinfo=UTC)


@pytest.fixture
def watched(site):
    """The example's probes, a quarter of an hour of looks: the website has failed for five minutes."""
    site.db.write_now(probes.follow, site.setup)
    for minute in range(15):
        bad = minute >= 10
        look = Look(site.now, "http_5xx" if bad else "", 20 + minute, "status 503, expected <500" if bad else "")
        site.db.write_now(probes.keep, site.setup, "a:1", [("website", look), ("api", Look(site.now, "", 1500))])
        site.now += timedelta(minutes=1)
    return site


def call(site, path, method="GET", **more):
    return site.ask(method, f"/in/heartbeat/{path}", **more)


def test_the_list_shows_what_fails_first(watched):
    watched.sign_in()
    page = watched.ask("GET", "/probes").text
    assert page.index("/probes/website") < page.index("/probes/nightly") < page.index("/probes/api")
    assert "1 of 5 failing" in page
    assert "More probes" not in page  # they are all here
    assert "Server error" in page and "status 503, expected &lt;500" in page
    assert 'role="img" aria-label="15 looks, 5 failed, 20 ms to 34 ms"' in page
    assert "66.66 %" in page  # never rounded up
    assert "Not looked yet" in page and "a job calls in" in page
    assert "https://proofi.ai" in page and "/health" not in page  # a path may be a secret


def test_one_probe_shows_its_history(watched):
    watched.sign_in()
    page = watched.ask("GET", "/probes/website").text
    for text in ("Server error", "Up in 24 hours", "every 30 seconds", "proofi.ai", "34 ms", "Changes", "Last looks"):
        assert text in page
    assert 404 == watched.ask("GET", "/probes/unknown").status_code
    assert "<script>alert" not in watched.ask("GET", "/probes/<script>alert(1)").text
    assert 200 == watched.ask("GET", "/probes/nightly").status_code


def test_pages_of_probes_are_for_people_signed_in(site):
    assert 303 == site.ask("GET", "/probes").status_code
    assert 401 == site.ask("GET", "/api/v1/probes").status_code


def test_a_runbook_without_probes_says_what_to_do(site):
    people, rest = "{ana: {name: Ana}}", "{title: x, respond_within: 1h, resolve_within: 1d, protocol: p}"
    text = f"version: 1\npeople: {people}\nseverities: {{P0: {rest}}}\nprotocols: {{p: {{duties: []}}}}\n"
    assert () == site.db.write_now(configure.adopt, site.setup, text).errors
    site.sign_in("admin")
    assert "No probe yet" in site.ask("GET", "/probes").text
    assert [] == site.api("GET", "/probes").json()["items"]


def test_an_incident_shows_the_probes_of_its_service_and_of_what_it_needs(watched):
    watched.sign_in()
    incident = watched.api("GET", "/incidents").json()["items"][0]
    assert ("proofi.ai", "P0") == (incident["service"], incident["severity"])
    page = watched.ask("GET", f"/incidents/{incident['id']}").text
    shown = page[page.index('id="probes"') : page.index('id="lead"')]
    assert ["website", "api", "nightly", "ddc-cdn", "cere-rpc"] == [
        part.split('"')[0] for part in shown.split('href="/probes/')[1:]
    ]
    assert "status 503" in shown
    live = watched.ask("GET", f"/incidents/{incident['id']}/fragment/live").text
    assert 'data-part="probes"' in live


def test_the_api_lists_and_shows_probes(watched):
    items = watched.api("GET", "/probes", role="viewer").json()["items"]
    assert ["api", "cere-rpc", "ddc-cdn", "nightly", "website"] == [item["name"] for item in items]
    site = items[-1]
    assert ("http", "https://proofi.ai", "failing", "http_5xx") == (
        site["kind"], site["target"], site["state"], site["check"],
    )  # fmt: skip
    assert site["uptime"]["24h"] == pytest.approx(2 / 3, abs=0.01)
    assert ("unknown", None, None) == (items[1]["state"], items[1]["at"], items[1]["uptime"]["30d"])

    one = watched.api("GET", "/probes/website").json()
    assert ["failing", "up"] == [change["state"] for change in one["changes"]]
    assert (15, "a:1", 34) == (len(one["curve"]), one["results"][0]["node"], one["results"][0]["milliseconds"])
    assert [False] == [node["ok"] for node in one["nodes"]]
    assert 404 == watched.api("GET", "/probes/unknown").status_code

    page = watched.api("GET", "/probes?limit=2").json()
    rest = watched.ask("GET", page["next"], "token-of-the-admin-1").json()
    assert ["ddc-cdn", "nightly"] == [item["name"] for item in rest["items"]]
    assert ["nightly", "api"][::-1] == [i["name"] for i in watched.api("GET", "/probes?service=api").json()["items"]]


def test_the_meters_count_probes_by_how_they_stand(watched):
    text = watched.ask("GET", "/metrics").text
    for line in (
        'tocsin_probes{state="failing"} 1.0',
        'tocsin_probes{state="up"} 1.0',
        'tocsin_probes{state="unknown"} 3.0',
    ):
        assert line in text


# --------------------------------------------------------------------------------------------- jobs


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_job_calls_in(site, method):
    answer = call(site, f"{KEY}/nightly", method, content=b"done in 3 s" if method == "POST" else None)
    assert 200 == answer.status_code
    assert site.db.read_now(store.seen, "nightly").ok


def test_a_job_calls_in_to_say_that_it_failed(site):
    answer = call(site, f"{KEY}/nightly/fail", "POST", content=b"disk full")
    assert {"status": "ok", "probe": "nightly", "failed": True} == answer.json()
    seen = site.db.read_now(store.seen, "nightly")
    assert (False, "heartbeat", "the job says that it failed: disk full") == (seen.ok, seen.check, seen.why)
    alert = site.api("GET", "/alerts").json()["items"][0]
    assert ("probe", "nightly", "firing") == (alert["source"], alert["key"], alert["state"])

    call(site, f"{KEY}/nightly")
    assert "resolved" == site.api("GET", "/alerts").json()["items"][0]["state"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("wrong-key-of-the-tests/nightly", "POST", 401),
        (f"{KEY}/unknown", "POST", 404),
        (f"{KEY}/website", "POST", 404),  # it is looked at, it does not call
        (f"{KEY}/", "POST", 404),
        (KEY, "POST", 404),
        (f"{KEY}/nightly", "PUT", 405),
    ],
)
def test_a_call_that_cannot_be_taken_is_refused_and_leaves_nothing(site, path, method, status):
    answer = call(site, path, method)
    assert status == answer.status_code
    assert "error" == answer.json()["status"] and answer.json()["errors"]
    assert site.db.read_now(store.seen, "nightly") is None


def test_a_key_of_another_source_is_no_key_for_jobs(site):
    from tocsin.usecases import access

    site.db.write_now(access.make_ingest_key, site.setup, "a-key-for-grafana", "g", "grafana")
    site.db.write_now(access.make_ingest_key, site.setup, "a-key-for-jobs-01", "h", "heartbeat")
    assert 401 == call(site, "a-key-for-grafana/nightly").status_code
    assert 200 == call(site, "a-key-for-jobs-01/nightly").status_code


def test_a_long_word_of_a_job_is_cut_and_a_longer_one_refused(site):
    assert 200 == call(site, f"{KEY}/nightly/fail", "POST", content=b"\xff" * 60_000).status_code
    assert len(site.db.read_now(store.seen, "nightly").why) < 200
    assert 413 == call(site, f"{KEY}/nightly", "POST", content=b"x" * 70_000).status_code


# --------------------------------------------------------------------------------------------- drawings


def test_a_line_breaks_where_nothing_answered():
    points = [Point(NOW, True, 10), Point(NOW, True, 20), Point(NOW, False, None), Point(NOW, True, 10)]
    drawing = web.draw(points, 122, 24)
    assert ("1.0,14.0 41.0,6.0", "121.0,14.0 121.0,14.0") == drawing.lines
    assert ("81.0",) == drawing.bad
    assert "4 looks, 1 failed, 10 ms to 20 ms" == drawing.text


def test_a_curve_without_an_answer_is_drawn_too():
    assert ((), ("1.0",), "1 look, 1 failed") == (
        (d := web.draw([Point(NOW, False, None)], 120, 28)).lines, d.bad, d.text,
    )  # fmt: skip
    assert "no look yet" == web.draw([], 120, 28).text


@pytest.mark.parametrize(
    ("share", "text"), [(None, "–"), (1.0, "100 %"), (0.99999, "99.99 %"), (0.0, "0.00 %"), (0.5, "50.00 %")]
)
def test_uptime_is_never_rounded_up(share, text):
    assert text == web.percent(share)
