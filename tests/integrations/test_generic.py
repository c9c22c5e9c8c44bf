"""Generic JSON: the shapes that others made known, forms, and any body with the runbook's own paths."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.integrations import generic
from tocsin.sdk import BadPayload, Inbound, Refusal

from .helpers import NOW, inbound, json_values, payload, texts_of

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def one(body, **changes):
    [signal] = generic.parse(inbound(json.dumps(body).encode(), **changes))
    return signal


def form(body, **changes):
    [signal] = generic.parse(Inbound(body, None, NOW, "test", headers=FORM, **changes))
    return signal


def test_a_formatted_webhook_is_read_whole():
    [signal] = generic.parse(inbound(payload("generic/formatted_alerting.json")))
    alert = signal.alert

    assert ("trigger", "08d6891a-835c-e661-39fa-96b6a9e26552") == (signal.action, alert.key)
    assert ("Wallet balance RPC returns errors", "GET /balance fails for 3 of 4 probes") == (alert.title, alert.text)
    assert (
        ("Details", "https://monitor.proofi.example/checks/rpc"),
        ("Image", "https://monitor.proofi.example/graphs/rpc.png"),
    ) == alert.links


def test_a_formatted_webhook_that_is_ok_resolves_the_same_alert():
    fired, ended = (generic.parse(inbound(payload(f"generic/formatted_{name}.json")))[0] for name in ("alerting", "ok"))

    assert ("resolve", fired.alert.key) == (ended.action, ended.alert.key)


def test_goalerts_shape_is_read_whole():
    [signal] = generic.parse(inbound(payload("generic/goalert_style.json")))

    assert ("trigger", "disk-api-1", "Disk almost full on api-1", "91% used on /data", "api-1") == (
        signal.action, signal.alert.key, signal.alert.title, signal.alert.text, signal.alert.labels["host"],
    )  # fmt: skip
    assert "resolve" == one({"summary": "x", "action": "close"}).action


def test_the_least_body_has_a_title_and_a_key_that_repeats():
    [first] = generic.parse(inbound(payload("generic/minimal.json")))
    again, other = one({"message": "something broke", "at": 5}), one({"message": "something else broke"})

    assert ("something broke", first.alert.key) == (first.alert.title, again.alert.key)
    assert first.alert.key != other.alert.key
    assert first.alert.key != one({"message": "something broke"}, source="another").alert.key


def test_goalerts_form_is_read_with_its_repeated_meta():
    signal = form(b"summary=Disk+full&details=91%25&dedup=d&meta=host%3Dapi-1&meta=path%3D%2Fdata%3D1")

    assert ("Disk full", "91%", "d") == (signal.alert.title, signal.alert.text, signal.alert.key)
    assert ("api-1", "/data=1") == (signal.alert.labels["host"], signal.alert.labels["path"])


def test_a_forms_fields_may_stand_in_the_address():
    signal = form(b"", query={"summary": "Disk full", "action": "close", "meta": "host=api-1"})

    assert ("resolve", "Disk full", "api-1") == (signal.action, signal.alert.title, signal.alert.labels["host"])


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a%d=1" % i for i in range(300)), b"", b"a=1"])
def test_a_form_that_names_nothing_is_refused(body):
    with pytest.raises(BadPayload):
        form(body)


def test_the_runbooks_paths_go_before_the_known_names():
    config = {
        "fields": {"key": "event.id", "title": "event.texts.0", "text": "event.texts.1", "severity": "event.level",
                   "service": "tags.service", "check": "tags.check", "state": "event.over", "link": "event.url"},
        "resolved_values": ["true", "Finished"],
    }  # fmt: skip
    event = {"id": 7, "texts": ["T", "X"], "level": "P1", "over": False, "url": "https://x.example/7"}
    body = {"id": "outer", "title": "outer", "tags": {"service": "api", "check": "http_5xx"}, "event": event}
    signal = one(body, config=config)
    alert = signal.alert

    assert ("trigger", "7", "T", "X", "critical", "api", "http_5xx", (("Details", "https://x.example/7"),)) == (
        signal.action, alert.key, alert.title, alert.text, alert.severity, alert.service, alert.check, alert.links,
    )  # fmt: skip
    for over in (True, "finished", "FINISHED "):
        assert "resolve" == one({**body, "event": {**event, "over": over}}, config=config).action
    assert "trigger" == one({**body, "event": {**event, "over": "ok"}}, config=config).action


@pytest.mark.parametrize(
    "path", ["", ".", "a.b.c", "a.0", "l.9", "l.-1", "l.x", "l.0.y", "l.99999999999999999999", "t.0"]
)
def test_a_path_that_leads_nowhere_finds_nothing(path):
    body = {"key": "k", "a": {}, "l": ["x"], "t": "text"}

    assert "k" == one(body, config={"fields": {"title": path}}).alert.title


@pytest.mark.parametrize("state", ["ok", "OK", " Resolved ", "closed", "close"])
def test_what_says_that_it_is_over_resolves(state):
    assert "resolve" == one({"title": "t", "state": state}).action


@pytest.mark.parametrize("state", ["alerting", "", None, 5, [], "okay", {"ok": 1}])
def test_anything_else_fires(state):
    assert "trigger" == one({"title": "t", "state": state}).action


def test_a_word_of_a_wrong_type_leaves_the_place_to_the_next():
    alert = one({"title": {}, "summary": " ", "message": "m", "id": [], "key": 5}).alert

    assert ("m", "5") == (alert.title, alert.key)


def test_the_start_is_read_where_it_is_given():
    assert (
        datetime(2026, 11, 23, 8, tzinfo=UTC)
        == one({"title": "t", "started_at": "2026-11-23T09:00:00+01:00"}).alert.started_at
    )
    assert NOW == one({"title": "t", "timestamp": "soon"}).alert.started_at


@pytest.mark.parametrize("body", [[], "x", 5, None, {}, {"title": "", "key": " "}, {"title": "\x00\u200b"}, {"x": "y"}])
def test_what_names_nothing_is_refused(body):
    with pytest.raises(BadPayload):
        one(body)


def test_a_label_over_8_kb_is_refused_and_a_long_text_is_clipped():
    with pytest.raises(BadPayload, match=r"labels.log is over 8192 bytes"):
        one({"title": "t", "labels": {"log": "x" * 8193}})
    alert = one({"title": "t" * 2000, "message": "m" * 50_000}).alert

    assert (1024, 10_000, 8192) == (len(alert.title), len(alert.text), len(alert.labels["message"]))


def test_the_answers_say_the_key_and_never_429():
    accepted = generic.accepted([one({"title": "t", "key": "k"})])
    busy = generic.refused(Refusal("rate", 429, ("slow down",), 5))
    wrong = generic.refused(Refusal("payload", 400, ("a", "b")))

    assert (202, {"status": "accepted", "key": "k"}) == (accepted.status, accepted.body)
    assert (503, "5") == (busy.status, busy.headers["Retry-After"])
    assert (400, {"status": "error", "errors": ["a", "b"]}) == (wrong.status, wrong.body)


NAMES = sorted({name for names in generic.PATHS.values() for name in names} | {"labels", "meta", "image_url"})


@given(
    json_values | st.dictionaries(st.sampled_from(NAMES) | st.text(), json_values, max_size=8),
    st.dictionaries(st.sampled_from(sorted(generic.PATHS)), st.text(alphabet="ab.01", max_size=6)),
)
def test_anything_is_read_or_refused_and_nothing_odd_gets_through(value, fields):
    taken = Inbound(b"", value, NOW, "test", config={"fields": fields})
    try:
        signals = generic.parse(taken)
    except BadPayload:
        return

    assert signals == generic.parse(taken)
    for signal in signals:
        assert 0 < len(signal.alert.key) <= 512 and signal.alert.title
        for text in texts_of(signal.alert):
            assert not {c for c in text if unicodedata.category(c) == "Cc"} - {"\n", "\t"}


@given(st.binary(max_size=200), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_any_form_is_read_or_refused(body, query):
    try:
        signals = form(body, query=query)
    except BadPayload:
        return
    assert signals and all(signal.alert.title for signal in signals)
