"""Grafana's webhook: each alert of the group, rules whose data is missing, the test, and the legacy shape."""

from __future__ import annotations

import json

import pytest

from tocsin.integrations import grafana
from tocsin.sdk import BadPayload, Inbound, Untrusted

from .helpers import NOW, inbound, payload

CONFIG = {"timestamp_header": "X-Grafana-Alerting-Timestamp"}


def group(*alerts, **more):
    return grafana.parse(inbound(json.dumps({"status": "firing", "alerts": alerts, **more}).encode()))


def test_an_alert_is_read_whole():
    [signal] = grafana.parse(inbound(payload("grafana/webhook_firing.json")))
    alert = signal.alert

    assert ("trigger", "c4c7f4a8d1b2e301", "critical") == (signal.action, alert.key, alert.severity)
    assert ("p95 DDC write latency is above 5s", "proofi-api", "DDC write latency") == (
        alert.title,
        alert.service,
        alert.check,
    )
    assert ["Rule", "Dashboard", "Panel", "Silence", "Runbook", "Grafana"] == [text for text, _ in alert.links]


def test_the_alerts_of_a_group_are_told_one_by_one():
    found = group({"status": "resolved", "labels": {"alertname": "a"}}, {"labels": {"alertname": "b"}})

    assert ["resolve", "trigger"] == [signal.action for signal in found]
    assert 2 == len({signal.alert.key for signal in found})


def test_a_rule_without_data_is_named_by_its_rule():
    [signal] = group({"labels": {"alertname": "DatasourceNoData", "rulename": "DDC write latency"}})
    assert "DDC write latency" == signal.alert.title


def test_the_contact_points_test_opens_nothing():
    assert [] == group({"labels": {"alertname": "TestAlert", "instance": "Grafana"}})


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("alerting", "trigger"),
        ("no_data", "trigger"),
        ("ok", "resolve"),
        ("paused", None),
        ("pending", None),
        (7, None),
    ],
)
def test_legacy_alerting_is_understood(state, action):
    body = json.loads(payload("grafana/legacy_alerting.json")) | {"state": state}
    found = grafana.parse(inbound(json.dumps(body).encode()))

    assert [(action, "rule:1:7", "DDC write latency", "proofi-api")] * bool(action) == [
        (signal.action, signal.alert.key, signal.alert.title, signal.alert.service) for signal in found
    ]


def test_the_signatures_are_the_vendors_own_vectors():
    for vector in json.loads(payload("signatures.json"))["vectors"]:
        if vector["system"] != "grafana":
            continue
        headers = {name.lower(): value for name, value in vector["headers"].items()}
        config = {**CONFIG, "signing_secret": vector["secret"]}
        at = NOW.fromtimestamp(1795423377, NOW.tzinfo)
        grafana.verify(Inbound(vector["body"].encode(), None, at, "grafana", headers=headers, config=config))
        without = {name: value for name, value in headers.items() if "timestamp" not in name} | {"x-other": "1"}
        if len(without) == len(headers):  # taking the instant away takes nothing of the check away
            with pytest.raises(Untrusted):
                grafana.verify(Inbound(vector["body"].encode(), None, at, "grafana", headers=without, config=config))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"alerts": []}', b'{"alerts": [1]}', b'{"alerts": [{"status": "firing"}]}',
                                  b'{"alerts": [{"status": 1, "labels": {"a": "b"}}]}', b'{"ruleName": "", "state": "ok"}'])  # fmt: skip
def test_what_names_no_alert_is_refused(body):
    with pytest.raises(BadPayload):
        grafana.parse(inbound(body))
