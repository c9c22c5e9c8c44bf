"""Uptime Kuma's webhook: down, up, and all that is neither."""

from __future__ import annotations

import json

import pytest

from tocsin.integrations import uptime_kuma
from tocsin.sdk import BadPayload, Inbound

from .helpers import NOW, inbound, payload


def beat(name="down", config=None, monitor=(), **heartbeat):
    body = json.loads(payload(f"uptime_kuma/{name}.json"))
    body["monitor"] |= dict(monitor)
    body["heartbeat"] |= heartbeat
    return uptime_kuma.parse(inbound(json.dumps(body).encode(), config=config or {}))


def test_a_monitor_that_is_down_is_read_whole():
    [signal] = beat()
    alert = signal.alert

    assert ("trigger", "3", "critical", "http_5xx") == (signal.action, alert.key, alert.severity, alert.check)
    assert ("proofi-api /health is down", "Request failed with status code 503") == (alert.title, alert.text)
    assert "2026-11-23T08:43:01.112000+00:00" == alert.started_at.isoformat()
    assert (("Monitored", "https://proofi-api-production.up.railway.app/health"),) == alert.links
    assert {"env": "prod", "monitor": "Production / proofi-api /health", "type": "http"} == alert.labels


def test_tags_of_the_monitor_name_service_check_and_severity():
    tags = [
        {"name": "service", "value": "api"},
        {"name": "severity", "value": "warning"},
        {"name": "check", "value": "slow"},
    ]
    [signal] = beat(monitor={"tags": tags})
    assert ("api", "warning", "slow") == (signal.alert.service, signal.alert.severity, signal.alert.check)

    assert "web" == beat(config={"service": "web"})[0].alert.service
    assert "proofi-api /health" == beat()[0].alert.service


@pytest.mark.parametrize(
    ("message", "check"),
    [
        ("connect ECONNREFUSED", "unreachable"),
        ("Request failed with status code 404", "unreachable"),
        ("500 - Internal Server Error", "http_5xx"),
    ],
)
def test_what_it_answered_says_which_check(message, check):
    assert check == beat(msg=message)[0].alert.check


@pytest.mark.parametrize("status", [2, 3, "x", None, True])
def test_pending_maintenance_and_oddities_open_nothing(status):
    assert [] == beat(status=status)


def test_a_notice_of_expiry_has_no_heartbeat_and_opens_nothing():
    assert [] == uptime_kuma.parse(inbound(b'{"msg": "[x] certificate expires in 7 days"}'))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"heartbeat": {"status": 0}}'])
def test_what_names_no_monitor_is_refused(body):
    with pytest.raises(BadPayload):
        uptime_kuma.parse(inbound(body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 3000,
        b"--x\r\n\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n{}\r\n--x--',
    ],
)
def test_a_form_without_the_field_is_refused(body):
    with pytest.raises(BadPayload):
        uptime_kuma.parse(Inbound(body, None, NOW, "t", headers={"content-type": "multipart/form-data; boundary=x"}))
