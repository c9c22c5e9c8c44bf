"""Sentry's webhooks: issue alerts, metric alerts and issues, and what of them is no alert."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tocsin.integrations import sentry
from tocsin.sdk import BadPayload, Untrusted

from .helpers import inbound, payload

CONFIG = {"organization": "proofi", "project": "wallet-ui", "service": "proofi.ai", "client_secret": ""}


def one(name, **changes):
    [signal] = sentry.parse(inbound(payload(f"sentry/{name}.json"), **changes))
    return signal


def changed(name, **data):
    body = json.loads(payload(f"sentry/{name}.json"))
    for key, value in data.items():
        body[key] = value
    return json.dumps(body).encode()


def test_an_issue_alert_is_read_whole():
    signal = one("event_alert_triggered", config=CONFIG)
    alert = signal.alert

    assert ("trigger", "1117540176", "error", "error") == (signal.action, alert.key, alert.severity, alert.check)
    assert "DdcTimeoutError: putPiece timed out after 30000ms" == alert.title
    assert "DdcTimeoutError: putPiece timed out after 30000ms\nputPiece(app/ddc/client)" == alert.text
    assert datetime(2026, 11, 23, 8, 42, 57, 677_000, tzinfo=UTC) == alert.started_at
    assert ("proofi.ai", "wallet-ui", "production") == (
        alert.service,
        alert.labels["project"],
        alert.labels["environment"],
    )
    assert [
        ("Sentry", "https://sentry.io/organizations/proofi/issues/1117540176/events/e4874d664c3540c1a32eab185f12c5ab/")
    ] == [*alert.links]


def test_an_issue_and_the_alert_about_it_are_one_alert():
    """The alert rule never says that it is over; the issue that is resolved does."""
    assert one("event_alert_triggered").alert.key == one("issue_created").alert.key == one("issue_resolved").alert.key


def test_a_metric_alert_rises_and_ends_under_one_key_that_is_no_issues():
    begun, ended = one("metric_alert_critical"), one("metric_alert_resolved")

    assert ("trigger", "resolve") == (begun.action, ended.action)
    assert "metric:11" == begun.alert.key == ended.alert.key
    assert ("critical", "metric", "proofi-api", "Too many errors") == (
        begun.alert.severity, begun.alert.check, begun.alert.service, begun.alert.title,
    )  # fmt: skip
    [warned] = sentry.parse(inbound(changed("metric_alert_critical", action="warning")))
    assert "warning" == warned.alert.severity


@pytest.mark.parametrize(
    ("action", "wanted"),
    [("created", "trigger"), ("unresolved", "trigger"), ("resolved", "resolve"), ("archived", "resolve"),
     ("ignored", "resolve"), ("assigned", None), ("seer", None), (None, None)],
)  # fmt: skip
def test_what_the_actions_of_an_issue_mean(action, wanted):
    found = sentry.parse(inbound(changed("issue_created", action=action)))
    assert [wanted] * bool(wanted) == [signal.action for signal in found]


@pytest.mark.parametrize("resource", ["installation", "comment", "error", "seer"])
def test_other_resources_tell_of_no_alert(resource):
    assert [] == sentry.parse(inbound(payload("sentry/issue_created.json"), headers={"sentry-hook-resource": resource}))


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        ("fatal", "critical"),
        ("error", "error"),
        ("warning", "warning"),
        ("info", "info"),
        ("debug", "info"),
        (7, "info"),
    ],
)
def test_the_level_is_the_severity(level, severity):
    body = json.loads(payload("sentry/issue_created.json"))
    body["data"]["issue"]["level"] = level
    [signal] = sentry.parse(inbound(json.dumps(body).encode()))

    assert severity == signal.alert.severity


def test_another_project_of_the_organization_keeps_its_own_name():
    assert "proofi-api" == one("metric_alert_critical", config=CONFIG).alert.service


def test_only_the_projects_that_are_named_are_taken():
    with pytest.raises(Untrusted, match="wallet-ui is not a project"):
        one("issue_created", config={**CONFIG, "projects": ("proofi-api",)})
    assert one("metric_alert_critical", config={**CONFIG, "projects": ("Proofi-API",)})


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"data": {}}', b'{"data": {"issue": 1}}', b'{"action": "created", "data": {"issue": {}}}']
)
def test_what_identifies_nothing_is_refused(body):
    with pytest.raises(BadPayload):
        assert sentry.parse(inbound(body)) == "refused"
