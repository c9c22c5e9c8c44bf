"""Datadog's webhook: the recommended template, the vendor's own, and what its words mean."""

from __future__ import annotations

import json

import pytest

from tocsin.integrations import datadog
from tocsin.sdk import BadPayload

from .helpers import inbound, payload


def event(name="webhook_template_triggered", **changes):
    body = json.loads(payload(f"datadog/{name}.json")) | changes
    return datadog.parse(inbound(json.dumps(body).encode(), config={"service": "the-default"}))


def test_the_recommended_template_is_read_whole():
    [signal] = event()
    alert = signal.alert

    assert ("trigger", "3981201223374650880", "error") == (signal.action, alert.key, alert.severity)
    assert ("DDC error rate", "DDC error rate is above 5%") == (alert.title, alert.text)
    assert ("proofi-api", "ddc.errors", "prod") == (alert.service, alert.check, alert.labels["env"])
    assert (
        ("Monitor", "https://app.datadoghq.eu/monitors/1234567?to_ts=1795423677000&from_ts=1795422477000"),
    ) == alert.links


@pytest.mark.parametrize(
    ("transition", "action"),
    [("Triggered", "trigger"), ("Re-Triggered", "trigger"), ("Warn", "trigger"), ("Re-Warn", "trigger"),
     ("No Data", "trigger"), ("Re-No Data", "trigger"), ("Renotify", "trigger"), ("Recovered", "resolve"), ("Muted", None)],
)  # fmt: skip
def test_what_the_transitions_mean(transition, action):
    assert [action] * bool(action) == [signal.action for signal in event(alert_transition=transition)]


@pytest.mark.parametrize(
    ("changes", "severity"),
    [({"alert_priority": "P1"}, "critical"), ({"alert_priority": "P3"}, "warning"), ({"alert_priority": "P5"}, "info"),
     ({"alert_priority": "", "title": "x"}, "critical"), ({"alert_priority": "null", "title": "x", "tags": "env:dev"}, "error"),
     ({"alert_priority": "", "title": "x", "alert_transition": "Warn"}, "warning")],
)  # fmt: skip
def test_the_priority_is_the_severity_and_else_production_counts(changes, severity):
    assert severity == event(**changes)[0].alert.severity


def test_the_vendors_own_template_ends_what_it_began():
    """It has no key: what its title says without the transition is one."""
    [begun] = event("webhook_default_payload_rendered")
    [ended] = event("webhook_default_payload_rendered", title="[Recovered on {service:proofi-api}] DDC error rate")

    assert ("trigger", "resolve") == (begun.action, ended.action)
    assert begun.alert.key == ended.alert.key
    assert ("proofi-api", "DDC error rate") == (begun.alert.service, begun.alert.title)


def test_without_a_tag_the_connections_service_counts():
    [signal] = event(tags="", alert_scope="host:a")
    assert "the-default" == signal.alert.service


def test_an_event_without_a_transition_opens_nothing():
    assert [] == datadog.parse(inbound(b'{"title": "Deployed", "event_type": "event"}'))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"title": ""}', b'{"alert_transition": "Triggered"}'])
def test_what_names_no_monitor_is_refused(body):
    with pytest.raises(BadPayload):
        datadog.parse(inbound(body))
