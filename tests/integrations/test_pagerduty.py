"""PagerDuty's Events API v2, served: real events, what is refused, and the answers that clients know."""

from __future__ import annotations

import json
import unicodedata
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.integrations import pagerduty
from tocsin.sdk import BadPayload, Inbound, Refusal

from .helpers import NOW, inbound, json_values, payload, texts_of

CHANGE = "/v2/change/enqueue"
GOOD = {"routing_key": "k" * 32, "event_action": "trigger", "dedup_key": "disk",
        "payload": {"summary": "disk full", "source": "api-1", "severity": "critical"}}  # fmt: skip


def event(**changes):
    body = json.dumps({**GOOD, **changes}).encode()
    return inbound(body, path="/v2/enqueue")


def with_payload(**changes):
    return event(payload={**GOOD["payload"], **changes})


def one(inbound_):
    [signal] = pagerduty.parse(inbound_)
    return signal


# --------------------------------------------------------------------------------------------- real events


def test_a_full_trigger_is_read_whole():
    signal = one(inbound(payload("pagerduty/enqueue_trigger_full.json"), path="/v2/enqueue"))
    alert = signal.alert

    assert ("trigger", "proofi-api/ddc-write", "critical") == (signal.action, alert.key, alert.severity)
    assert "DDC writes failing on proofi-api: 14% of PutRequest return 5xx" == alert.title
    assert ("ddc-gateway", "storage") == (alert.service, alert.check)
    assert datetime(2026, 11, 23, 8, 42, 58, 315_000, tzinfo=UTC) == alert.started_at
    assert {
        "source": "proofi-api-production.up.railway.app", "component": "ddc-gateway", "group": "proofi-prod",
        "class": "storage", "bucket": "1229", "error rate": "14%", "p95 ms": "5310", "load avg": "0.75",
    } == alert.labels  # fmt: skip
    assert "bucket: 1229\nerror rate: 14%\np95 ms: 5310\nload avg: 0.75" == alert.text
    assert (
        ("Runbook: DDC", "https://docs.proofi.example/runbooks/ddc"),
        ("DDC write errors", "https://monitor.proofi.example/graphs/ddc.png"),
        ("DDC write errors", "https://monitor.proofi.example/graphs/ddc"),
        ("Synthetic monitor", "https://monitor.proofi.example/checks/ddc"),
    ) == alert.links


def test_the_least_trigger_gets_a_key_of_its_own():
    """The answer carries the minted key, and the same event read again has the same one; a later one another."""
    taken = inbound(payload("pagerduty/enqueue_trigger_minimal.json"), path="/v2/enqueue")
    signal = one(taken)
    later = inbound(taken.body, path="/v2/enqueue", received_at=NOW + timedelta(microseconds=1))

    assert uuid.UUID(signal.alert.key)
    assert signal == one(taken)
    assert signal.alert.key != one(later).alert.key
    assert signal.alert.key == pagerduty.accepted([signal]).body["dedup_key"]
    assert ("wallet-ui is not reachable", "error", "uptime") == (
        signal.alert.title, signal.alert.severity, signal.alert.service,
    )  # fmt: skip
    assert NOW == signal.alert.started_at


@pytest.mark.parametrize(
    ("name", "action", "key"),
    [
        ("enqueue_acknowledge", "acknowledge", "proofi-api/ddc-write"),
        ("enqueue_resolve", "resolve", "proofi-api/ddc-write"),
        ("enqueue_resolve_alertmanager", "resolve", "7b5a48297092fb0b2b1bffe232ea756cd2768f46815c2c20da2d2c7a9bdcd712"),
        ("enqueue_trigger_alertmanager", "trigger", "7b5a48297092fb0b2b1bffe232ea756cd2768f46815c2c20da2d2c7a9bdcd712"),
    ],
)
def test_every_action_names_its_alert(name, action, key):
    signal = one(inbound(payload(f"pagerduty/{name}.json"), path="/v2/enqueue"))

    assert (action, key) == (signal.action, signal.alert.key)


def test_what_alertmanager_sends_in_this_shape_keeps_its_details():
    alert = one(inbound(payload("pagerduty/enqueue_trigger_alertmanager.json"), path="/v2/enqueue")).alert

    assert ("2", "0") == (alert.labels["num_firing"], alert.labels["num_resolved"])
    assert "alertname = ApiHighErrorRate" in alert.text
    assert ("Alertmanager", "http://alertmanager.proofi.example:9093") in alert.links


def test_a_change_is_kept_as_a_change():
    signal = one(inbound(payload("pagerduty/change_enqueue.json"), path=CHANGE))

    assert ("change", "Deployed proofi-api 0.3.2 to production") == (signal.action, signal.alert.title)
    assert {"commit": "a8923d9", "environment": "production", "run_time": "96s", "source": "railway"} == (
        signal.alert.labels
    )
    assert "dedup_key" not in pagerduty.accepted([signal]).body


# --------------------------------------------------------------------------------------------- odd, and taken


@pytest.mark.parametrize(
    ("details", "service", "check"),
    [
        ({"service": "api", "job": "x"}, "api", None),
        ({"job": "batch", "alertname": "Slow"}, "batch", "Slow"),
        ({"source": "of the details"}, "api-1", None),
        ("service: api", "api-1", None),
        ({"check": "http_5xx"}, "api-1", "http_5xx"),
    ],
)
def test_the_service_and_check_come_from_the_details_first(details, service, check):
    alert = one(with_payload(custom_details=details)).alert

    assert (service, check) == (alert.service, alert.check)


def test_nested_details_become_flat_labels():
    alert = one(with_payload(custom_details={"a": {"b": [1, {"c": True}]}, "d": None, "e": ""})).alert

    assert {"a.b.0": "1", "a.b.1.c": "true", "source": "api-1"} == alert.labels


def test_details_that_are_a_text_are_the_text():
    assert "91% used\non /data" == one(with_payload(custom_details="91% used\non /data")).alert.text


@pytest.mark.parametrize(
    "changes",
    [
        {"links": "x", "images": 3, "client": [], "client_url": {}},
        {"links": [1, {"href": 2}, {"href": "javascript:alert(1)"}, {"text": "no address"}]},
        {"links": [{"href": "https://x.example/" + "a" * 3000}]},
        {"images": [{"src": "ftp://x"}]},
    ],
)
def test_optional_fields_of_a_wrong_type_are_ignored(changes):
    assert () == one(event(**changes)).alert.links


def test_what_is_too_long_is_clipped():
    alert = one(with_payload(summary="s" * 5000, custom_details={"log": "l" * 100_000, "more": "m" * 9000})).alert

    assert (1024, "…") == (len(alert.title), alert.title[-1])
    assert (8192, 10_000) == (len(alert.labels["log"]), len(alert.text))


def test_two_long_keys_that_begin_alike_stay_two():
    one_, other = (one(event(dedup_key="k" * 300 + end)).alert.key for end in "ab")

    assert one_ != other
    assert {255} == {len(one_), len(other)}


@pytest.mark.parametrize(
    ("key", "read"), [(42, "42"), (" disk ", "disk"), ("d\x00i\u202esk", "disk"), ("d\u00e9", "d\u00e9")]
)
def test_a_key_is_read_as_a_clean_text(key, read):
    assert read == one(event(dedup_key=key)).alert.key


def test_a_severity_is_read_in_any_case():
    assert "critical" == one(with_payload(severity=" Critical ")).alert.severity


def test_a_title_is_one_line():
    assert "disk full on api-1" == one(with_payload(summary="disk full\r\n  on api-1\n")).alert.title


# --------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ([], ("the event is not a JSON object",)),
        ({"event_action": None}, ("'event_action' is missing or blank",)),
        ({"event_action": "fire"}, ("'event_action' must be trigger, acknowledge or resolve, not fire",)),
        ({"event_action": ["trigger"]}, ("'event_action' is missing or blank",)),
        ({"event_action": "resolve", "dedup_key": ""}, ("'dedup_key' is missing or blank",)),
        ({"event_action": "acknowledge", "dedup_key": " \u200b"}, ("'dedup_key' is missing or blank",)),
        ({"payload": {"summary": " ", "source": "x", "severity": "info"}}, ("'payload.summary' is missing or blank",)),
        ({"payload": {"summary": "s", "source": "x", "severity": "P1"}},
         ("'payload.severity' must be critical, error, warning or info, not P1",)),
        ({"payload": "x"}, ("'payload.summary' is missing or blank", "'payload.source' is missing or blank",
                            "'payload.severity' is missing or blank")),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_sentence_by_sentence(body, errors):
    given_ = event(**body) if isinstance(body, dict) else inbound(json.dumps(body).encode(), path="/v2/enqueue")
    with pytest.raises(BadPayload) as refused:
        pagerduty.parse(given_)

    assert (errors, 400) == (refused.value.errors, refused.value.status)


def test_a_change_needs_a_summary_only():
    with pytest.raises(BadPayload, match=r"'payload.summary' is missing or blank"):
        pagerduty.parse(inbound(b'{"routing_key": "k"}', path=CHANGE))


def test_a_missing_routing_key_is_told_with_all_else():
    """The answer is the one that the vendor documents, word by word."""
    said = {key: value for key, value in GOOD.items() if key != "routing_key"}
    said["payload"] = {"summary": "s", "source": "x"}
    with pytest.raises(BadPayload) as refused:
        pagerduty.credential(inbound(json.dumps(said).encode(), path="/v2/enqueue"))
    answer = pagerduty.refused(Refusal("payload", 400, refused.value.errors))

    assert {
        "status": "invalid event", "message": "Event object is invalid",
        "errors": ["'routing_key' is missing or blank", "'payload.severity' is missing or blank"],
    } == answer.body  # fmt: skip


@pytest.mark.parametrize("key", [None, "", " ", 5, [], {}])
def test_a_routing_key_is_a_text(key):
    with pytest.raises(BadPayload):
        pagerduty.credential(event(routing_key=key))
    assert "abc" == pagerduty.credential(event(routing_key="abc"))


# --------------------------------------------------------------------------------------------- answers


def test_a_taken_event_is_answered_as_the_vendor_does():
    answer = pagerduty.accepted(pagerduty.parse(event()))

    assert (202, {"status": "success", "message": "Event processed", "dedup_key": "disk"}) == (
        answer.status, answer.body,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("refusal", "status", "headers", "message"),
    [
        (Refusal("key", 400, ("the routing key is not known",)), "invalid event", {},
         "Event object is invalid: unknown routing key"),
        (Refusal("overload", 503, ("later",), 5), "overload", {"Retry-After": "5"}, "later"),
        (Refusal("rate", 429, ("over 120 in a minute",), 30), "throttle exceeded", {"Retry-After": "30"},
         "Request Limit Exceeded"),
        (Refusal("too_large", 413, ("the body is over 524288 bytes",)), "too large", {},
         "the body is over 524288 bytes"),
    ],
)  # fmt: skip
def test_every_refusal_has_the_vendors_shape(refusal, status, headers, message):
    answer = pagerduty.refused(refusal)

    assert {"status": status, "message": message, "errors": list(refusal.errors)} == answer.body
    assert (refusal.status, headers) == (answer.status, headers | answer.headers)


def test_the_body_limit_is_the_vendors():
    assert 524_288 == pagerduty.SOURCE.body_limit
    assert ("/v2/enqueue", CHANGE) == pagerduty.SOURCE.paths


# --------------------------------------------------------------------------------------------- anything at all

ALMOST = st.fixed_dictionaries(
    {"event_action": st.sampled_from(["trigger", "resolve", "acknowledge"]) | json_values},
    optional={"dedup_key": json_values, "links": json_values, "images": json_values, "client": json_values,
              "client_url": json_values,
              "payload": json_values | st.fixed_dictionaries(
                  {"summary": json_values, "source": json_values,
                   "severity": st.sampled_from(["critical", "info"]) | json_values},
                  optional={"timestamp": json_values, "custom_details": json_values, "component": json_values})},
)  # fmt: skip


@given(json_values | ALMOST, st.sampled_from(["/v2/enqueue", CHANGE]))
def test_anything_is_read_or_refused_and_nothing_odd_gets_through(value, path):
    taken = Inbound(json.dumps(value).encode(), value, NOW, "test", path=path)
    try:
        signals = pagerduty.parse(taken)
    except BadPayload:
        return

    assert signals == pagerduty.parse(taken)
    for signal in signals:
        assert 0 < len(signal.alert.key) <= 255 and signal.alert.title
        for text in texts_of(signal.alert):
            assert not {c for c in text if unicodedata.category(c) == "Cc"} - {"\n", "\t"}
