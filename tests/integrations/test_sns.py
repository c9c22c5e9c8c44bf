"""Amazon SNS: CloudWatch's alarms, other notifications, and how a subscription is confirmed."""

from __future__ import annotations

import json

import pytest

from tocsin.integrations import sns
from tocsin.sdk import BadPayload, Delivered, Reject, Response, Retry, Untrusted

from .helpers import feed, inbound, payload

ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:proofi-api-5xx"


def alarm(config=None, message=None, **changes):
    body = json.loads(payload("aws_sns/notification_cloudwatch_alarm.json"))
    said = json.loads(body["Message"]) | changes
    body["Message"] = json.dumps(said) if message is None else message
    return sns.parse(inbound(json.dumps(body).encode(), config=config or {}))


def test_an_alarm_is_read_whole():
    [signal] = alarm({"service": "api", "severity": "critical"})
    alert = signal.alert

    assert ("trigger", ARN, "critical") == (signal.action, alert.key, alert.severity)
    assert ("proofi-api-5xx", "api", "HTTPCode_Target_5XX_Count") == (alert.title, alert.service, alert.check)
    assert alert.text.startswith("HTTP 5xx above 5% on the public load balancer\nThreshold Crossed")
    assert ("eu-central-1", "25.0", "app/proofi/50dc6c495c0c9188") == tuple(
        alert.labels[k] for k in ("region", "threshold", "LoadBalancer")
    )
    assert "2026-11-23T08:45:51.730000+00:00" == alert.started_at.isoformat()
    assert alert.links[0][1].endswith("#alarmsV2:alarm/proofi-api-5xx")


@pytest.mark.parametrize(
    ("state", "actions"), [("ALARM", ["trigger"]), ("OK", ["resolve"]), ("INSUFFICIENT_DATA", []), (None, [])]
)
def test_what_the_states_mean(state, actions):
    assert actions == [signal.action for signal in alarm(NewStateValue=state)]


def test_without_its_arn_an_alarm_is_known_by_account_region_and_name():
    assert "123456789012:EU (Frankfurt):proofi-api-5xx" == alarm(AlarmArn=None)[0].alert.key


def test_a_composite_alarm_has_no_trigger():
    assert "alarm" == alarm(Trigger=None, AlarmRule="ALARM(a)")[0].alert.check


def test_any_other_notification_is_an_alert_by_its_subject():
    [signal] = alarm(message="The budget is used up")
    assert ("trigger", 'ALARM: "proofi-api-5xx" in EU (Frankfurt)', "The budget is used up", "error") == (
        signal.action, signal.alert.title, signal.alert.text, signal.alert.severity,
    )  # fmt: skip


def test_mail_that_amazon_took_in_is_an_alert_by_its_own_subject():
    body = {"Type": "Notification", "MessageId": "1", "Message": payload("email/ses_inbound_sns.json").decode()}
    [signal] = sns.parse(inbound(json.dumps(body).encode()))
    assert "DDC probe failed" == signal.alert.title


def test_the_end_of_a_subscription_is_no_alert():
    body = json.loads(payload("aws_sns/subscription_confirmation.json")) | {"Type": "UnsubscribeConfirmation"}
    assert [] == sns.parse(inbound(json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, Delivered), (403, Reject), (404, Reject), (500, Retry), (0, Retry), (302, Reject)]
)
def test_a_subscription_is_confirmed_by_one_get(status, verdict):
    sent, said = feed(
        sns.confirm("https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription"), Response(status)
    )
    assert ("GET", "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription") == (
        sent[0].method,
        sent[0].url,
    )
    assert isinstance(said, verdict)


def test_another_topic_is_refused_before_anything_is_asked():
    given = inbound(
        payload("aws_sns/notification_cloudwatch_alarm.json"), config={"topics": ("arn:aws:sns:eu-central-1:1:other",)}
    )
    with pytest.raises(Untrusted, match="not among the runbook's"):
        sns.needs(given)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"Type": "Notification"}', b'{"Type": "Notification", "MessageId": "1", "Message": {}}']
)
def test_raw_delivery_and_rubbish_are_refused(body):
    with pytest.raises(BadPayload):
        sns.parse(inbound(body))
