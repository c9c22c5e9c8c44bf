"""Every inbound path over HTTP: keys, shapes of refusal, rubbish, quarantine."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.store.db import Busy
from tocsin.usecases import access

from .conftest import KEY

PAYLOADS = Path(__file__).parents[1] / "payloads"
AM = f"/in/alertmanager/{KEY}"


def payload(name):
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))


def trigger(**changes):
    given = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k",
             "payload": {"summary": "down", "source": "s", "severity": "critical"}}  # fmt: skip
    return {**given, **changes}


@pytest.mark.parametrize("name", sorted(path.name for path in (PAYLOADS / "alertmanager").glob("*.json")))
def test_every_alertmanager_payload_is_taken(site, name):
    answer = site.ask("POST", AM, json=payload(f"alertmanager/{name}"))

    assert 200 == answer.status_code
    firing = sum(alert["status"] == "firing" for alert in payload(f"alertmanager/{name}")["alerts"])
    assert firing == len(site.api("GET", "/alerts?state=firing").json()["items"])


@pytest.mark.parametrize("name", sorted(path.name for path in (PAYLOADS / "pagerduty").glob("*.json")))
def test_every_pagerduty_payload_is_taken(site, name):
    path = "/v2/change/enqueue" if name.startswith("change") else "/v2/enqueue"
    answer = site.ask("POST", path, json={**payload(f"pagerduty/{name}"), "routing_key": KEY})

    assert (202, "success") == (answer.status_code, answer.json()["status"])
    assert int("trigger" in name) == len(site.api("GET", "/alerts").json()["items"])


@pytest.mark.parametrize("name", sorted(path.name for path in (PAYLOADS / "generic").glob("*.json")))
def test_every_generic_payload_is_taken(site, name):
    answer = site.ask("POST", f"/in/generic/{KEY}", json=payload(f"generic/{name}"))

    assert 2 == answer.status_code // 100
    assert int("ok" not in name) == len(site.api("GET", "/alerts").json()["items"])


def test_the_runbook_says_where_a_free_body_keeps_its_words(site):
    """Dotted paths of `connections.generic` find key, title, severity and state in a body of any shape."""
    from tocsin.usecases import configure

    from .conftest import EXAMPLE

    mapping = (
        "connections:\n  generic:\n    fields: {key: data.uid, title: data.what, severity: level, state: now.is}\n"
        "    resolved_values: [fine]\n"
    )
    assert not site.db.write_now(configure.adopt, site.setup, EXAMPLE.replace("connections:\n", mapping)).errors
    body = {"data": {"uid": "u1", "what": "The queue is full"}, "level": "critical", "now": {"is": "bad"}}
    site.ask("POST", f"/in/generic/{KEY}", json=body)
    [alert] = site.api("GET", "/alerts").json()["items"]
    assert ("u1", "The queue is full", "critical", "firing") == tuple(
        alert[key] for key in ("key", "title", "severity", "state")
    )
    site.ask("POST", f"/in/generic/{KEY}", json={**body, "now": {"is": "fine"}})
    assert "resolved" == site.api("GET", "/alerts").json()["items"][0]["state"]


def test_a_pagerduty_key_comes_back_and_resolves(site):
    key = site.ask("POST", "/v2/enqueue", json=trigger(dedup_key=None)).json()["dedup_key"]
    site.ask("POST", "/v2/enqueue", json=trigger(event_action="resolve", dedup_key=key))

    assert ["resolved"] == [alert["state"] for alert in site.api("GET", "/alerts").json()["items"]]


def test_two_triggers_without_a_key_are_two_alerts(site):
    from datetime import timedelta

    keys = set()
    for _ in range(2):
        site.now += timedelta(milliseconds=5)
        keys.add(site.ask("POST", "/v2/enqueue", json=trigger(dedup_key=None)).json()["dedup_key"])

    assert 2 == len(keys)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/in/alertmanager/wrong-key-of-somebody", 401), ("/in/generic/wrong-key-of-somebody", 401),
     (f"/in/nothing/{KEY}", 404), (f"/in/pagerduty/{KEY}", 404), ("/in/alertmanager/", 404), (f"{AM}/more", 404)],
)  # fmt: skip
def test_unknown_keys_and_sources(site, path, status):
    assert status == site.ask("POST", path, json=payload("alertmanager/webhook_firing.json")).status_code
    assert [] == site.api("GET", "/alerts").json()["items"]


def test_an_unknown_routing_key_is_refused_in_that_shape(site):
    answer = site.ask("POST", "/v2/enqueue", json=trigger(routing_key="0" * 32))

    assert (400, {"status", "message", "errors"}) == (answer.status_code, set(answer.json()))


def test_a_key_is_good_for_its_own_source_alone(site):
    site.db.write_now(access.make_ingest_key, site.setup, "only-for-generic-json", "g", "generic")

    assert 202 == site.ask("POST", "/in/generic/only-for-generic-json", json={"title": "x"}).status_code
    assert 401 == site.ask("POST", "/in/alertmanager/only-for-generic-json", json={"alerts": []}).status_code


def test_only_post(site):
    answer = site.ask("GET", AM)
    assert (405, "POST") == (answer.status_code, answer.headers["allow"])


DEEP = '{"alerts":' + "[" * 40 + "]" * 40 + "}"
RUBBISH = [
    b"", b"{bad", b"null", b"7", b'"text"', b"[]", b"NaN", b'{"alerts": NaN}', b'{"alerts": 1e999}', b"\xff\xfe{\x00}\x00",
    b'{"alerts": [{"labels": {"a": "\\ud800"}}]}', DEEP.encode(), b'{"alerts": {}}', b'{"alerts": [1]}',
    b'{"alerts": [{"status": "odd", "labels": {"a": "b"}}]}', b'{"alerts": [{"status": "firing"}]}',
    b'{"alerts": [{"status": "firing", "labels": {"a": "' + b"x" * 9000 + b'"}}]}',
    json.dumps({f"k{i}": 1 for i in range(1001)}).encode(), b"9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("body", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_refused_kept_for_admins_and_pages_nobody(site, body):
    answer = site.ask("POST", AM, content=body, headers={"Content-Type": "application/json"})

    assert (400, "error") == (answer.status_code, answer.json()["status"])
    [kept] = site.api("GET", "/alerts").json()["items"]
    assert ("quarantined", None) == (kept["disposition"], kept["incident"])
    assert [] == site.api("GET", "/pages").json()["items"]
    if body:
        assert "raw" in kept
    assert "raw" not in site.api("GET", "/alerts", role="viewer").json()["items"][0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payload": {"summary": "x", "source": "s"}}, "'payload.severity' is missing or blank"),
        ({"payload": "text"}, "'payload.summary' is missing or blank"),
        ({"event_action": "explode"}, "event_action"),
        ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is missing or blank"),
        ({"payload": {"summary": "x", "source": "s", "severity": "awful"}}, "critical, error, warning or info"),
    ],
)
def test_a_pagerduty_event_that_lacks_something_is_told_what(site, changes, words):
    answer = site.ask("POST", "/v2/enqueue", json=trigger(**changes))

    assert 400 == answer.status_code
    assert words in " ".join(answer.json()["errors"])


def test_bodies_over_the_limit_are_refused_in_the_senders_shape(site):
    big = trigger(payload={"summary": "x" * 600_000, "source": "s", "severity": "info"})

    assert {"status", "message", "errors"} == set(site.ask("POST", "/v2/enqueue", json=big).json())
    assert 413 == site.ask("POST", "/v2/enqueue", json=big).status_code
    assert 413 == site.ask("POST", AM, content=b" " * 1_000_001).status_code


def test_long_texts_are_clipped_and_hostile_ones_cleaned(site):
    labels = {"service": "proofi.ai", "severity": "critical", "x": "<img onerror=x>{{7*7}}\u0000\u202e"}
    alert = {"status": "firing", "labels": labels, "annotations": {"summary": "s" * 5000, "description": "d" * 50_000}}
    assert 200 == site.ask("POST", AM, json={"alerts": [alert]}).status_code
    [kept] = site.api("GET", "/alerts").json()["items"]

    assert (1024, True) == (len(kept["title"]), len(kept["text"]) <= 10_000)
    assert "<img onerror=x>{{7*7}}" == kept["labels"]["x"]


def test_overload_is_503_with_retry_after_and_nothing_stored(site, monkeypatch):
    async def busy(*args):
        raise Busy("locked")

    monkeypatch.setattr(site.db, "write_batched", busy)
    for path, body in ((AM, payload("alertmanager/webhook_firing.json")), ("/v2/enqueue", trigger())):
        answer = site.ask("POST", path, json=body)
        assert (503, "5") == (answer.status_code, answer.headers["retry-after"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["alerts", "labels", "status", "payload", "summary", "title", "links", "severity", "x"]), inner,
        max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON)
def test_whatever_json_comes_the_answer_is_yes_or_no_and_never_a_fault(site, body):
    for path in (AM, f"/in/generic/{KEY}"):
        assert site.ask("POST", path, json=body).status_code in (200, 202, 400)
    event = {**body, "routing_key": KEY} if isinstance(body, dict) else body
    assert site.ask("POST", "/v2/enqueue", json=event).status_code in (202, 400)


def test_a_packed_body_is_unpacked(site):
    """As some senders and proxies send it."""
    body = gzip.compress(json.dumps({"key": "packed", "title": "down"}).encode())
    for headers in ({"Content-Encoding": "gzip"}, {"Content-Encoding": "x-gzip"}):
        answer = site.ask("POST", f"/in/generic/{KEY}", content=body, headers=headers)
        assert 202 == answer.status_code
    deflated = zlib.compress(json.dumps({"key": "packed", "title": "down"}).encode())
    answer = site.ask("POST", f"/in/generic/{KEY}", content=deflated, headers={"Content-Encoding": "deflate"})
    assert 202 == answer.status_code
    assert [3] == [alert["count"] for alert in site.api("GET", "/alerts").json()["items"]]


@pytest.mark.parametrize(
    ("body", "packing", "status"),
    [
        (gzip.compress(b"a" * 50_000_000, mtime=0), "gzip", 413),  # 49 KB that unfold into 50 MB
        (gzip.compress(b'{"title": "x"}', mtime=0)[:-9], "gzip", 400),
        (b"no gzip at all", "gzip", 400),
        (b"{}", "br", 415),
    ],
)
def test_a_packed_body_that_cannot_be_used_is_refused(site, body, packing, status):
    answer = site.ask("POST", f"/in/generic/{KEY}", content=body, headers={"Content-Encoding": packing})
    assert status == answer.status_code
    assert [] == site.api("GET", "/alerts").json()["items"]
