"""Vercel's webhooks: what fails is an alert of its project and target, what reaches production a change."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tocsin.integrations import vercel
from tocsin.sdk import BadPayload, Inbound, Untrusted

from .helpers import NOW, inbound, payload


def event(name="deployment_error", config=None, **changes):
    body = json.loads(payload(f"vercel/{name}.json"))
    for key, value in changes.items():
        (body["payload"] if key == "target" else body)[key] = value
    return vercel.parse(inbound(json.dumps(body).encode(), config=config or {}))


def test_a_production_deployment_that_failed_is_read_whole():
    alert, change = event(config={"service": "proofi.ai", "project": "another"})

    assert ("trigger", "change") == (alert.action, change.action)
    assert ("prj_8sK2dQ:production", "Production deployment of wallet-ui failed") == (
        alert.alert.key,
        alert.alert.title,
    )
    assert ("warning", "deployment", "proofi.ai") == (alert.alert.severity, alert.alert.check, alert.alert.service)
    assert datetime(2026, 11, 23, 8, 42, 57, tzinfo=UTC) == alert.alert.started_at
    assert "fix: retry DDC writes" == alert.alert.text
    assert {
        "project": "wallet-ui", "project_id": "prj_8sK2dQ", "target": "production", "event": "deployment.error",
        "deployment": "dpl_5WJWYSyB7BpgTj3EuwF37WMRBXBtPQ2i", "branch": "main",
        "commit": "a8923d9c3afcc5b29d55ce531c76658bfd840808", "author": "dev",
    } == alert.alert.labels  # fmt: skip
    assert ("Address", "https://wallet-ui-4k2j9x-proofi.vercel.app") == alert.alert.links[-1]
    assert "Production deployment of wallet-ui: failed" == change.alert.title


@pytest.mark.parametrize(
    ("target", "severity"), [("production", "warning"), ("staging", "info"), (None, "info"), (7, "info")]
)
def test_production_weighs_more_than_a_preview(target, severity):
    assert severity == event(target=target)[0].alert.severity


def test_a_preview_is_an_alert_of_its_own_and_no_change_of_production():
    [signal] = event(target=None)
    assert ("prj_8sK2dQ:preview", "trigger") == (signal.alert.key, signal.action)
    [ended] = event("deployment_succeeded", target=None)
    assert ("prj_8sK2dQ:preview", "resolve") == (ended.alert.key, ended.action)


@pytest.mark.parametrize(
    ("kind", "actions"),
    [("deployment.created", ["change"]), ("deployment.ready", ["resolve", "change"]), ("deployment.rollback", ["change"]),
     ("deployment-error", ["trigger", "change"]), ("deployment.checks.failed", ["trigger", "change"]),
     ("deployment.cleanup", []), ("test-webhook", []), ("budget.reached", []), ("deployment", [])],
)  # fmt: skip
def test_what_the_events_mean(kind, actions):
    assert actions == [signal.action for signal in event(type=kind) if kind != "deployment"]
    assert "deployment" != kind or [] == vercel.parse(inbound(json.dumps({"type": kind, "payload": {}}).encode()))


def test_the_signature_is_the_vendors_own_vector():
    [vector] = [v for v in json.loads(payload("signatures.json"))["vectors"] if v["system"] == "vercel"]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    given = Inbound(
        vector["body"].encode(), None, NOW, "vercel", headers=headers, config={"webhook_secret": vector["secret"]}
    )

    vercel.verify(given)
    with pytest.raises(Untrusted):
        vercel.verify(Inbound(given.body + b" ", None, NOW, "vercel", headers=headers, config=given.config))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"type": 1}', b'{"type": "deployment.error", "payload": {}}'])
def test_what_names_no_project_is_refused(body):
    with pytest.raises(BadPayload):
        vercel.parse(inbound(body))
