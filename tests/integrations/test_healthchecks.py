"""Healthchecks' webhook: any template that says which check, and whether it is down."""

from __future__ import annotations

import json

import pytest

from tocsin.integrations import healthchecks
from tocsin.sdk import BadPayload, Inbound

from .helpers import NOW, inbound, payload


def read(name, **changes):
    body = json.loads(payload(f"healthchecks/{name}.json")) | changes
    return healthchecks.parse(inbound(json.dumps(body).encode(), config={"severity": "warning"}))


def test_the_whole_check_is_read_whole():
    [signal] = read("down_json_template")
    alert = signal.alert

    assert ("trigger", "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278", "warning") == (signal.action, alert.key, alert.severity)
    assert ("DDC claims index sync is down", "heartbeat") == (alert.title, alert.check)
    assert "last heard of 2026-11-23T07:30:02+00:00" == alert.text
    assert (("Check", "https://healthchecks.io/checks/5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278/details/"),) == alert.links
    assert ("prod ddc", "true") == (alert.labels["tags"], alert.labels["prod"])


def test_two_templates_of_one_check_have_one_key():
    keys = {read(name)[0].alert.key for name in ("down_json_template", "down_custom_template", "up_custom_template")}
    assert 1 == len(keys)


@pytest.mark.parametrize(
    ("status", "actions"), [("down", ["trigger"]), ("UP", ["resolve"]), ("new", []), ("grace", []), ("paused", [])]
)
def test_only_down_and_up_tell_of_an_alert(status, actions):
    assert actions == [signal.action for signal in read("down_custom_template", status=status)]


def test_parameters_of_the_address_are_enough():
    query = {"name": "Backup", "status": "down", "service": "storage"}
    [signal] = healthchecks.parse(Inbound(b"", None, NOW, "t", query=query))
    assert ("Backup", "storage", "error") == (signal.alert.key, signal.alert.service, signal.alert.severity)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"name": "x"}', b'{"status": "down"}', b'{"status": "down", "check": {}}']
)
def test_what_says_not_which_check_or_how_it_is_is_refused(body):
    with pytest.raises(BadPayload):
        healthchecks.parse(inbound(body))
