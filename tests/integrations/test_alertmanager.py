"""Alertmanager's webhook, version 4: captured groups, odd ones, and the answers."""

from __future__ import annotations

import copy
import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.integrations import alertmanager
from tocsin.sdk import BadPayload, Inbound, Refusal

from .helpers import NOW, inbound, json_values, payload, texts_of

LABELS = {
    "alertname": "ApiHighErrorRate", "env": "production", "instance": "api-1", "service": "proofi-api",
    "severity": "critical",
}  # fmt: skip


def group(*alerts, **changes):
    body = {"version": "4", "status": "firing", "alerts": list(alerts), **changes}
    return inbound(json.dumps(body).encode())


def alert(**changes):
    return {"status": "firing", "labels": dict(LABELS), "fingerprint": "3b2cae1af68b8b96", **changes}


def one(**changes):
    [signal] = alertmanager.parse(group(alert(**changes)))
    return signal.alert


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("webhook_firing", ["trigger", "trigger"]),
        ("webhook_firing_v0_34", ["trigger", "trigger"]),
        ("webhook_partially_resolved", ["trigger", "resolve"]),
        ("webhook_resolved", ["resolve", "resolve"]),
    ],
)
def test_every_alert_of_a_group_is_a_signal_of_its_own(name, actions):
    signals = alertmanager.parse(inbound(payload(f"alertmanager/{name}.json")))

    assert actions == [signal.action for signal in signals]
    assert ["3b2cae1af68b8b96", "c826d302e27a0a1b"] == [signal.alert.key for signal in signals]


def test_an_alert_is_read_whole():
    first = alertmanager.parse(inbound(payload("alertmanager/webhook_firing.json")))[0].alert

    assert ("proofi-api 5xx ratio 12% over 5m", "HTTP 5xx ratio on /api/ddc is 12% (threshold 5%).") == (
        first.title, first.text,
    )  # fmt: skip
    assert ("proofi-api", "ApiHighErrorRate", "critical") == (first.service, first.check, first.severity)
    assert datetime(2026, 11, 23, 9, 3, 49, 107_662, tzinfo=UTC) == first.started_at
    assert LABELS == first.labels
    assert (
        ("Source", "http://prometheus.proofi.example:9090/graph?g0.expr=rate"),
        ("Runbook", "https://docs.proofi.example/runbooks/api-5xx"),
        ("Alertmanager", "http://alertmanager.proofi.example:9093"),
    ) == first.links


def test_without_a_fingerprint_it_is_computed_as_prometheus_does():
    """The same condition has the same key, whichever version sends it."""
    assert "3b2cae1af68b8b96" == alertmanager.fingerprint(LABELS)
    for none in (None, "", 5.5 > 6, " "):
        assert "3b2cae1af68b8b96" == one(fingerprint=none).key


@pytest.mark.parametrize(
    ("annotations", "labels", "title"),
    [
        ({"summary": "S", "title": "T"}, LABELS, "S"),
        ({"title": "T"}, LABELS, "T"),
        ({"summary": " "}, LABELS, "ApiHighErrorRate"),
        ({"summary": 5}, {"a": "x", "b": "y"}, "x, y"),
        ([], {}, "3b2cae1af68b8b96"),
        ({"summary": "two\nlines"}, {}, "two lines"),
        ({"summary": "s" * 2000}, {}, "s" * 1023 + "…"),
    ],
)
def test_the_title_is_the_best_that_there_is(annotations, labels, title):
    assert title == one(annotations=annotations, labels=labels).title


@pytest.mark.parametrize(
    ("labels", "read"),
    [
        ({"n": 5, "f": 0.5, "b": True, "l": [], "o": {}, "z": None, "s": "x"}, {"n": "5", "f": "0.5", "s": "x"}),
        ({"a\x00b": "c\u202ed\x9b"}, {"ab": "cd"}),
        (None, {}),
    ],
)
def test_labels_are_clean_texts(labels, read):
    assert read == one(labels=labels).labels


@pytest.mark.parametrize("started", [None, 5, "yesterday", "0001-01-01T00:00:00Z", "2026-11-23T09:00:00"])
def test_without_a_usable_start_an_alert_starts_when_it_comes(started):
    assert NOW == one(startsAt=started).started_at


def test_an_alert_without_a_status_has_that_of_its_group():
    signals = alertmanager.parse(group({"labels": LABELS}, status="resolved"))

    assert ["resolve"] == [signal.action for signal in signals]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "httpx://y", "", 5, None, "http://x/" + "a" * 3000])
def test_only_web_addresses_become_links(link):
    [signal] = alertmanager.parse(group(alert(generatorURL=link, annotations={"runbook_url": link}), externalURL=link))

    assert () == signal.alert.links


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[]", "not a JSON object"),
        (b"{}", "'alerts' is missing"),
        (b'{"alerts": {}}', "'alerts' is missing"),
        (b'{"alerts": []}', "'alerts' is missing, empty"),
        (b'{"alerts": [5]}', r"alerts\[0\] is not an object"),
        (b'{"alerts": [{"status": "firing"}]}', r"alerts\[0\] has neither a fingerprint nor labels"),
        (b'{"alerts": [{"status": "firing", "labels": []}]}', r"alerts\[0\].labels is not an object"),
        (b'{"alerts": [{"status": "on", "fingerprint": "a"}]}', r"alerts\[0\].status is neither"),
        (b'{"alerts": [{"status": ["firing"], "fingerprint": "a"}]}', r"alerts\[0\].status is neither"),
    ],
)
def test_what_names_no_alert_is_refused(body, words):
    with pytest.raises(BadPayload, match=words):
        alertmanager.parse(inbound(body))


def test_one_bad_alert_refuses_the_group_and_is_named():
    """Nothing is half stored: the sender's next flush brings all of them again."""
    with pytest.raises(BadPayload, match=r"alerts\[2\]"):
        alertmanager.parse(group(alert(), alert(), "rubbish", alert()))


@pytest.mark.parametrize("value", ["x" * 8193, "é" * 4097])
def test_a_label_over_8_kb_is_refused(value):
    with pytest.raises(BadPayload, match=r"alerts\[0\].labels.log is over 8192 bytes"):
        one(labels={"log": value})


def test_a_label_of_8_kb_and_any_annotation_are_taken():
    read = one(labels={"log": "é" * 4096}, annotations={"description": "d" * 50_000})

    assert (4096, 10_000) == (len(read.labels["log"]), len(read.text))


def test_the_answers_are_short_and_never_429():
    """Alertmanager gives up on 429, and tries again on 503."""
    accepted = alertmanager.accepted(alertmanager.parse(group(alert())))
    busy = alertmanager.refused(Refusal("rate", 429, ("slow down",), 5))
    wrong = alertmanager.refused(Refusal("payload", 400, ("a", "b")))

    assert (200, {"status": "ok", "alerts": 1}) == (accepted.status, accepted.body)
    assert (503, "5") == (busy.status, busy.headers["Retry-After"])
    assert (400, {"status": "error", "error": "a; b"}) == (wrong.status, wrong.body)


def test_reading_changes_nothing_in_the_body():
    taken = inbound(payload("alertmanager/webhook_firing.json"))
    before = copy.deepcopy(taken.json)
    alertmanager.parse(taken)

    assert before == taken.json


ALMOST = st.fixed_dictionaries(
    {"alerts": st.lists(
        json_values | st.fixed_dictionaries(
            {"status": st.sampled_from(["firing", "resolved"]) | json_values},
            optional={"labels": st.dictionaries(st.text(), json_values, max_size=4), "annotations": json_values,
                      "fingerprint": json_values, "startsAt": json_values, "generatorURL": json_values}),
        max_size=3)},
    optional={"status": json_values, "externalURL": json_values},
)  # fmt: skip


@given(json_values | ALMOST)
def test_anything_is_read_or_refused_and_nothing_odd_gets_through(value):
    taken = Inbound(b"", value, NOW, "test")
    try:
        signals = alertmanager.parse(taken)
    except BadPayload:
        return

    assert signals == alertmanager.parse(taken)
    for signal in signals:
        assert 0 < len(signal.alert.key) <= 512 and signal.alert.title
        for text in texts_of(signal.alert):
            assert not {c for c in text if unicodedata.category(c) == "Cc"} - {"\n", "\t"}
