"""Railway's webhooks: the type alone decides, whatever its case; what passes by weighs little."""

from __future__ import annotations

import json

import pytest

from tocsin.integrations import railway
from tocsin.sdk import BadPayload

from .helpers import inbound, payload

SERVICE, PRODUCTION = "aa11bb22-cc33-4d44-8e55-ff6677889900", "6c7d8e9f-1111-4222-8333-444455556666"


def event(name="deployment_failed", config=None, **changes):
    body = json.loads(payload(f"railway/{name}.json")) | changes
    return railway.parse(inbound(json.dumps(body).encode(), config=config or {}))


def test_a_crash_is_read_whole():
    alert, change = event("deployment_crashed", {"service": "api", "service_id": ""})

    assert ("trigger", f"{SERVICE}:{PRODUCTION}:deployment") == (alert.action, alert.alert.key)
    assert ("Deployment of proofi-api in production crashed", "critical") == (alert.alert.title, alert.alert.severity)
    assert ("api", "deployment", "fix: retry DDC writes") == (alert.alert.service, alert.alert.check, alert.alert.text)
    assert "Production deployment of proofi-api: crashed" == change.alert.title
    assert "8107edff-4b8e-44fc-b43a-04566e847a2a" == change.alert.labels["deployment"]
    assert alert.alert.links[0][1].startswith(
        "https://railway.com/project/0f2a7c11-9a3d-4b1e-8a53-7d0f2b6c9e10/service/"
    )


def test_a_monitor_says_what_it_measured():
    [signal] = event("monitor_triggered")
    assert ("Memory usage gb of proofi-api in production is over its limit", "0.93 is above 0.8", "warning") == (
        signal.alert.title, signal.alert.text, signal.alert.severity,
    )  # fmt: skip
    [ended] = event("monitor_triggered", type="Monitor.resolved")
    assert ("resolve", signal.alert.key) == (ended.action, ended.alert.key)


def test_a_volume_belongs_to_its_environment():
    [signal] = event("volume_alert_triggered")
    assert (f":{PRODUCTION}:volumealert", "volume") == (signal.alert.key, signal.alert.check)


@pytest.mark.parametrize(
    ("kind", "actions"),
    [("DEPLOYMENT.FAILED", ["trigger", "change"]), ("deployment.oomKilled", ["trigger", "change"]),
     ("Deployment.redeployed", ["resolve", "change"]), ("Deployment.resumed", ["resolve"]), ("Deployment.building", []),
     ("Deployment.restarted", ["change"]), ("VolumeAlert.resolved", ["resolve"]), ("Anything.else", [])],
)  # fmt: skip
def test_the_type_decides_in_any_case(kind, actions):
    """The status inside may read SUCCESS in an event that failed."""
    assert actions == [signal.action for signal in event("deployment_deployed", type=kind)]


def test_an_environment_that_passes_by_weighs_little_and_changes_nothing():
    body = json.loads(payload("railway/deployment_crashed.json"))
    body["resource"]["environment"]["isEphemeral"] = True
    [signal] = railway.parse(inbound(json.dumps(body).encode()))

    assert ("trigger", "info") == (signal.action, signal.alert.severity)


def test_the_connections_service_is_for_the_service_that_it_names():
    assert "proofi-api" == event(config={"service": "api", "service_id": "another"})[0].alert.service
    assert "api" == event(config={"service": "api", "service_id": SERVICE})[0].alert.service


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"type": "Deployment.failed"}', b'{"type": "Deployment.failed", "resource": []}']
)
def test_what_names_nothing_is_refused(body):
    with pytest.raises(BadPayload):
        railway.parse(inbound(body))
