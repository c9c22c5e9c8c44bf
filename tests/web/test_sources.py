"""Every vendor's webhook over HTTP: each payload gives its alert or nothing; what is not the vendor's is refused whole."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tocsin.sdk import Response
from tocsin.store.schema import alerts, changes, heard, outbox
from tocsin.usecases import configure
from tocsin.web.app import create_app

from ..integrations import certificates
from .conftest import EXAMPLE, HOST, KEY

PAYLOADS = Path(__file__).parents[1] / "payloads"
SECRET = "secret-of-the-tests"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:proofi-alarms"
# Each payload: the source, how many alerts fire after it, and how many changes it left.
EXPECTED = {
    "sentry/event_alert_triggered": ("sentry", 1, 0), "sentry/installation_created": ("sentry", 0, 0),
    "sentry/issue_created": ("sentry", 1, 0), "sentry/issue_resolved": ("sentry", 0, 0),
    "sentry/legacy_webhooks_plugin": ("sentry", 1, 0), "sentry/metric_alert_critical": ("sentry", 1, 0),
    "sentry/metric_alert_resolved": ("sentry", 0, 0),
    "vercel/deployment_canceled_preview": ("vercel", 0, 0), "vercel/deployment_created": ("vercel", 0, 1),
    "vercel/deployment_error": ("vercel", 1, 1), "vercel/deployment_promoted": ("vercel", 0, 1),
    "vercel/deployment_succeeded": ("vercel", 0, 1),
    "railway/deployment_crashed": ("railway", 1, 1), "railway/deployment_deployed": ("railway", 0, 1),
    "railway/deployment_failed": ("railway", 1, 1), "railway/monitor_triggered": ("railway", 1, 0),
    "railway/volume_alert_triggered": ("railway", 1, 0),
    "github/check_run_completed": ("github", 0, 0), "github/dependabot_alert_created": ("github", 0, 0),
    "github/deployment_status_failure": ("github", 1, 1), "github/issue_comment_created": ("github", 0, 0),
    "github/issues_closed": ("github", 0, 0), "github/issues_opened": ("github", 0, 0), "github/ping": ("github", 0, 0),
    "github/workflow_run_completed_failure": ("github", 1, 0),
    "grafana/legacy_alerting": ("grafana", 1, 0), "grafana/webhook_firing": ("grafana", 1, 0),
    "grafana/webhook_resolved": ("grafana", 0, 0),
    "datadog/webhook_default_payload_rendered": ("datadog", 1, 0), "datadog/webhook_template_recovered": ("datadog", 0, 0),
    "datadog/webhook_template_triggered": ("datadog", 1, 0),
    "uptime_kuma/down": ("uptime-kuma", 1, 0), "uptime_kuma/test": ("uptime-kuma", 0, 0), "uptime_kuma/up": ("uptime-kuma", 0, 0),
    "healthchecks/down_custom_template": ("healthchecks", 1, 0), "healthchecks/down_json_template": ("healthchecks", 1, 0),
    "healthchecks/up_custom_template": ("healthchecks", 0, 0),
    "email/alertmanager_firing_html_only": ("email", 1, 0), "email/plain_text_alert": ("email", 1, 0),
    "email/ses_inbound_sns": ("email", 1, 0),
    "aws_sns/notification_cloudwatch_alarm": ("sns", 1, 0), "aws_sns/notification_cloudwatch_ok": ("sns", 0, 0),
    "aws_sns/subscription_confirmation": ("sns", 0, 0),
}  # fmt: skip
PAIRS = [
    ("sentry/issue_created", "sentry/issue_resolved"), ("sentry/event_alert_triggered", "sentry/issue_resolved"),
    ("sentry/metric_alert_critical", "sentry/metric_alert_resolved"),
    ("vercel/deployment_error", "vercel/deployment_succeeded"), ("vercel/deployment_error", "vercel/deployment_promoted"),
    ("railway/deployment_failed", "railway/deployment_deployed"),
    ("railway/deployment_crashed", "railway/deployment_deployed"), ("grafana/webhook_firing", "grafana/webhook_resolved"),
    ("datadog/webhook_template_triggered", "datadog/webhook_template_recovered"), ("uptime_kuma/down", "uptime_kuma/up"),
    ("healthchecks/down_custom_template", "healthchecks/up_custom_template"),
    ("healthchecks/down_json_template", "healthchecks/up_custom_template"),
    ("aws_sns/notification_cloudwatch_alarm", "aws_sns/notification_cloudwatch_ok"),
]  # fmt: skip


def raw(name):
    return (PAYLOADS / f"{name}.json").read_bytes()


def adopt(site, *changes, **more):
    """Put the example in force with its lines changed, and with connections beside its own."""
    text = EXAMPLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    for name, said in more.items():
        text = text.replace("connections:\n", f"connections:\n  {name}: {said}\n")
    found = site.db.write_now(configure.adopt, site.setup, text)
    assert not found.errors, found.errors
    site.now += timedelta(seconds=2)


@pytest.fixture
def open_site(site):
    """The example, with SNS connected and no secret of its own."""
    certificates.write(site.setup.data / "sns.pem")
    adopt(site, sns=f"{{topics: ['{TOPIC}'], certificate_file: sns.pem}}")
    return site


@pytest.fixture
def signed_site(site):
    """The first user's own projects, and a secret for everybody who can sign."""
    site.setup.environment = dict.fromkeys(
        ("SENTRY_CLIENT_SECRET", "VERCEL_WEBHOOK_SECRET", "GITHUB_WEBHOOK_SECRET"), SECRET
    )
    adopt(
        site, ("project: proofi,", "project: wallet-ui,"), ("proofi/proofi-wallet", "example-org/proofi-wallet"),
        grafana=f"{{webhook_secret: {SECRET}}}",
    )  # fmt: skip
    return site


def stored(site):
    def counts(tx):
        return [len(tx.all(select(table))) for table in (alerts, changes, heard, outbox)]

    return site.db.read_now(counts)


def firing(site):
    return site.api("GET", "/alerts?state=firing").json()["items"]


def post(site, name, body=None, **headers):
    source = EXPECTED[name][0]
    body = raw(name) if body is None else body
    if source == "sns":
        body = certificates.signed(body)
    return site.ask(
        "POST", f"/in/{source}/{KEY}", content=body, headers={"Content-Type": "application/json", **headers}
    )


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_payload_gives_its_alert_or_nothing(open_site, name):
    before = stored(open_site)[1]
    answer = post(open_site, name)

    assert 200 == answer.status_code, answer.text
    found = firing(open_site), stored(open_site)[1] - before
    assert EXPECTED[name][1:] == (len(found[0]), found[1])


def test_no_payload_is_forgotten():
    kept = {f"{path.parent.name}/{path.stem}" for path in PAYLOADS.glob("*/*.json")}
    others = ("alertmanager", "generic", "pagerduty", "slack", "statuspage", "telegram", "twilio")

    answers = {name for name in kept if name.endswith("_response")}  # of what Tocsin asks, not what comes in
    assert set(EXPECTED) == {name for name in kept - answers if name.partition("/")[0] not in others}


@pytest.mark.parametrize(("fires", "ends"), PAIRS)
def test_what_fires_is_ended_by_its_own_counterpart(open_site, fires, ends):
    post(open_site, fires)
    assert 1 == len(firing(open_site))

    open_site.now += timedelta(minutes=1)
    assert 200 == post(open_site, ends).status_code
    assert [] == firing(open_site)
    assert ["resolved"] == [alert["state"] for alert in open_site.api("GET", "/alerts").json()["items"]]


SIGNED = {
    "vercel/deployment_error": ("x-vercel-signature", "sha1", ""),
    "sentry/issue_created": ("sentry-hook-signature", "sha256", ""),
    "github/workflow_run_completed_failure": ("x-hub-signature-256", "sha256", "sha256="),
    "grafana/webhook_firing": ("x-grafana-alerting-signature", "sha256", ""),
}


def signature(name, body, secret=SECRET):
    header, digest, prefix = SIGNED[name]
    return {header: prefix + hmac.new(secret.encode(), body, digest).hexdigest()}


@pytest.mark.parametrize("name", sorted(SIGNED))
def test_only_what_the_vendor_signed_is_taken(signed_site, name):
    """Unsigned, signed by another secret or for another body: 401, and nothing of it is kept anywhere."""
    body, before = raw(name), stored(signed_site)
    other = signature(name, body + b" ")
    for headers in (
        {},
        signature(name, body, "another"),
        other,
        {next(iter(other)): ""},
        {next(iter(other)): "sha256="},
    ):
        answer = post(signed_site, name, **headers)
        assert (401, "error") == (answer.status_code, answer.json()["status"])
    assert before == stored(signed_site)

    assert 200 == post(signed_site, name, **signature(name, body)).status_code
    assert 1 == len(firing(signed_site))


@pytest.mark.parametrize("name", sorted(SIGNED))
def test_a_signed_body_that_was_cut_is_refused(signed_site, name):
    body = raw(name)
    assert 401 == post(signed_site, name, body[:-20], **signature(name, body)).status_code

    cut = body[:-20]
    assert 400 == post(signed_site, name, cut, **signature(name, cut)).status_code
    assert [] == firing(signed_site)


@pytest.mark.parametrize("name", sorted(SIGNED))
def test_two_secrets_are_good_while_one_takes_the_others_place(site, name):
    site.setup.environment = dict.fromkeys(
        ("SENTRY_CLIENT_SECRET", "VERCEL_WEBHOOK_SECRET", "GITHUB_WEBHOOK_SECRET"), f"old-one,{SECRET}"
    )
    adopt(site, ("project: proofi,", "projects: [wallet-ui],"), ("proofi/proofi-wallet", "Example-Org/proofi-wallet"),
          grafana=f"{{webhook_secret: 'old-one,{SECRET}'}}")  # fmt: skip
    for secret in ("old-one", SECRET):
        assert 200 == post(site, name, **signature(name, raw(name), secret)).status_code
    assert 401 == post(site, name, **signature(name, raw(name), f"old-one,{SECRET}")).status_code


@pytest.mark.parametrize(
    ("name", "mine", "foreign"),
    [
        ("vercel/deployment_error", b"wallet-ui", b"other-app"),
        ("github/workflow_run_completed_failure", b"example-org/proofi-wallet", b"example-org/other"),
        ("sentry/issue_created", b"organizations/proofi/", b"organizations/other/"),
    ],
)
def test_what_belongs_to_another_project_is_refused_though_it_is_signed(signed_site, name, mine, foreign):
    body, before = raw(name).replace(mine, foreign), stored(signed_site)
    answer = post(signed_site, name, body, **signature(name, body))

    assert 403 == answer.status_code
    assert "not a project that the runbook's connection names" in answer.json()["errors"][0]
    assert before == stored(signed_site)


def test_railway_is_held_to_the_project_that_the_connection_names(site):
    adopt(
        site,
        ('railway: {token: "${RAILWAY_TOKEN}", project: ""', 'railway: {token: "${RAILWAY_TOKEN}", project: another'),
    )

    assert 403 == post(site, "railway/deployment_failed").status_code
    adopt(site, ('project: "", environment', "projects: [proofi], environment"))
    assert 200 == post(site, "railway/deployment_failed").status_code


@pytest.mark.parametrize(
    ("name", "header"),
    [("github/deployment_status_failure", "x-github-delivery"), ("sentry/issue_created", "request-id"),
     ("vercel/deployment_error", "x-nothing"), ("aws_sns/notification_cloudwatch_alarm", "x-nothing")],
)  # fmt: skip
def test_a_delivery_that_comes_again_is_answered_and_changes_nothing(open_site, name, header):
    """Vendors try again when our answer was lost: they hear yes, and no alert counts twice."""
    headers = {header: "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
    assert 200 == post(open_site, name, **headers).status_code
    before = stored(open_site)

    open_site.now += timedelta(hours=23)
    assert 200 == post(open_site, name, **headers).status_code
    assert before == stored(open_site)
    assert [1] == [alert["count"] for alert in firing(open_site)]


def test_a_replayed_alarm_does_not_fire_again_what_was_resolved(open_site):
    post(open_site, "vercel/deployment_error")
    post(open_site, "vercel/deployment_succeeded")
    assert 200 == post(open_site, "vercel/deployment_error").status_code
    assert [] == firing(open_site)


@pytest.mark.parametrize(("late", "status"), [(0, 200), (299, 200), (301, 401), (-301, 401)])
def test_grafanas_signed_instant_is_good_for_five_minutes(signed_site, late, status):
    body, now = raw("grafana/webhook_firing"), signed_site.now
    made = str(int((now - timedelta(seconds=late)).timestamp()))
    mac = hmac.new(SECRET.encode(), f"{made}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Grafana-Alerting-Timestamp": made, "X-Grafana-Alerting-Signature": mac}

    assert status == post(signed_site, "grafana/webhook_firing", **headers).status_code


@pytest.mark.parametrize("source", ["datadog", "uptime_kuma", "healthchecks"])
def test_who_signs_nothing_may_be_asked_for_the_secret_itself(site, source):
    adopt(site, **{source: f"{{webhook_secret: {SECRET}}}"})
    name = {"datadog": "datadog/webhook_template_triggered", "uptime_kuma": "uptime_kuma/down",
            "healthchecks": "healthchecks/down_custom_template"}[source]  # fmt: skip
    wrong = ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic Om5v"}, {"Authorization": "Basic ü".encode()},
             {"X-Tocsin-Secret": ""})  # fmt: skip
    assert [401] * 5 == [post(site, name, **headers).status_code for headers in wrong]
    assert [] == firing(site)

    basic = base64.b64encode(f"tocsin:{SECRET}".encode()).decode()
    good = ({"Authorization": f"Bearer {SECRET}"}, {"Authorization": f"Basic {basic}"}, {"X-Tocsin-Secret": SECRET})
    assert [200] * 3 == [post(site, name, **headers).status_code for headers in good]
    assert [3] == [alert["count"] for alert in firing(site)]


# --------------------------------------------------------------------------------------------- Amazon SNS


def test_without_topics_in_the_runbook_nothing_of_sns_is_taken(site):
    answer = post(site, "aws_sns/notification_cloudwatch_alarm")
    assert (403, []) == (answer.status_code, firing(site))


def sns(site, body, network=None):
    """Post to an application with a network of its own."""
    app = create_app(site.db, site.setup, new_secret=lambda: "s" * 24, network=network)

    async def run():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
            return [await client.post(f"/in/sns/{KEY}", content=body) for _ in range(2)]

    return asyncio.run(run())


class Amazon:
    """Serves one certificate, and counts who asks."""

    def __init__(self, status, pem):
        self.status, self.pem, self.asked = status, pem, []

    async def send(self, request):
        self.asked.append(request.url)
        return Response(self.status, body=self.pem, error="" if self.status else "no answer within 5 s")


@pytest.mark.parametrize(
    ("status", "pem", "answers"),
    [(200, certificates.AMAZON, [200, 200]), (200, certificates.OTHER_ISSUER, [401, 401]),
     (200, certificates.EXPIRED, [401, 401]), (200, b"<html>", [401, 401]), (404, b"", [503, 503]), (0, b"", [503, 503])],
    ids=["amazon", "other", "expired", "html", "404", "away"],
)  # fmt: skip
def test_the_certificate_is_fetched_from_amazon_once_and_must_be_amazons(site, status, pem, answers):
    adopt(site, sns=f"{{topics: ['{TOPIC}']}}")
    network = Amazon(status, pem)
    found = sns(site, certificates.signed(raw("aws_sns/notification_cloudwatch_alarm")), network)

    assert answers == [answer.status_code for answer in found]
    assert (1 if status == 200 else 2) == len(network.asked)
    assert int(answers[0] == 200) == len(firing(site))


@pytest.mark.parametrize(
    "address",
    ["http://sns.eu-central-1.amazonaws.com/a.pem", "https://evil.example/a.pem", "https://sns.eu-central-1.amazonaws.com",
     "https://sns.eu-central-1.amazonaws.com@evil.example/a.pem", "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem",
     "https://sns.eu-central-1.amazonaws.com:444/a.pem", "https://evil.example/sns.eu-central-1.amazonaws.com/a.pem",
     "https://169.254.169.254/a.pem", "https://s3.amazonaws.com/a.pem", "https://x.sns.eu-central-1.amazonaws.com/a.pem",
     "https://sns.eu-central-1.amazonaws.com\\@evil.example/a.pem", "", None, 7],
)  # fmt: skip
def test_no_certificate_is_ever_asked_of_anybody_else(site, address):
    adopt(site, sns=f"{{topics: ['{TOPIC}']}}")
    network = Amazon(200, certificates.AMAZON)
    body = certificates.signed(raw("aws_sns/notification_cloudwatch_alarm"), SigningCertURL=address)
    found = sns(site, body, network)

    assert ([401, 401], []) == ([answer.status_code for answer in found], network.asked)


def test_a_message_that_was_changed_after_it_was_signed_is_refused(open_site):
    body = certificates.signed(raw("aws_sns/notification_cloudwatch_alarm")).replace(b"ALARM", b"OK")

    assert 401 == open_site.ask("POST", f"/in/sns/{KEY}", content=body).status_code
    assert [0, 0, 0] == stored(open_site)[:3]


@pytest.mark.parametrize("version", ["1", "2", "3"])
def test_both_versions_of_the_signature_are_known_and_no_other(open_site, version):
    body = certificates.signed(raw("aws_sns/notification_cloudwatch_alarm"), version)
    answer = open_site.ask("POST", f"/in/sns/{KEY}", content=body)

    assert (401 if version == "3" else 200) == answer.status_code


def test_a_subscription_is_confirmed_by_the_outbox_once(open_site):
    """The answer to Amazon waits for the commit, and goes nowhere but to Amazon."""
    for _ in range(2):
        assert 200 == post(open_site, "aws_sns/subscription_confirmation").status_code
    rows = open_site.db.read_now(lambda tx: tx.all(select(outbox).where(outbox.c.kind == "confirm")))

    assert ["pending"] == [row.state for row in rows]
    assert rows[0].payload["url"].startswith("https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription")
    assert [] == open_site.api("GET", "/incidents").json()["items"]


def test_a_subscription_that_leads_elsewhere_is_not_confirmed(open_site):
    body = json.loads(raw("aws_sns/subscription_confirmation"))
    bad = certificates.signed(json.dumps(body | {"SubscribeURL": "https://evil.example/"}).encode())

    assert 401 == open_site.ask("POST", f"/in/sns/{KEY}", content=bad).status_code
    assert 0 == len(open_site.db.read_now(lambda tx: tx.all(select(outbox).where(outbox.c.kind == "confirm"))))


# --------------------------------------------------------------------------------------------- other ways in


def test_railways_test_button_posts_from_a_browser(site):
    asked = site.ask("OPTIONS", f"/in/railway/{KEY}", headers={"Origin": "https://railway.com"})
    assert (204, "*") == (asked.status_code, asked.headers["access-control-allow-origin"])

    answer = post(site, "railway/deployment_failed", Origin="https://railway.com")
    assert (200, "*") == (answer.status_code, answer.headers["access-control-allow-origin"])
    assert 405 == site.ask("OPTIONS", f"/in/vercel/{KEY}").status_code


def test_uptime_kuma_may_ask_with_parameters_or_a_form(site):
    body = json.loads(raw("uptime_kuma/down"))
    query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
    assert 200 == site.ask("GET", f"/in/uptime-kuma/{KEY}", params=query).status_code
    assert 1 == len(firing(site))

    up = raw("uptime_kuma/up").decode()
    assert 200 == site.ask("POST", f"/in/uptime-kuma/{KEY}", files={"data": (None, up)}).status_code
    assert [] == firing(site)


def test_healthchecks_may_call_an_address_alone(site):
    for status, count in (("down", 1), ("up", 0)):
        asked = site.ask("GET", f"/in/healthchecks/{KEY}?check=5bf66975&name=Backup&status={status}")
        assert (200, count) == (asked.status_code, len(firing(site)))


def test_github_may_post_a_form(signed_site):
    name = "github/workflow_run_completed_failure"
    body = httpx.Request("POST", HOST, data={"payload": raw(name).decode()}).content
    headers = {"Content-Type": "application/x-www-form-urlencoded", **signature(name, body)}

    assert 200 == signed_site.ask("POST", f"/in/github/{KEY}", content=body, headers=headers).status_code
    assert 1 == len(firing(signed_site))


def mail(to, subject="Disk is full"):
    return (
        f"From: cron@api.example\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@x>\r\n\r\n91%\r\n".encode()
    )


def test_a_mail_finds_its_key_behind_the_plus_of_the_recipient(site):
    assert 200 == site.ask("POST", "/in/email", content=mail(f"alerts+{KEY}@in.example")).status_code
    assert ["Disk is full"] == [alert["title"] for alert in firing(site)]
    assert 401 == site.ask("POST", "/in/email", content=mail("alerts+another@in.example")).status_code
    assert 400 == site.ask("POST", "/in/email", content=b"Subject: x\r\n\r\n").status_code

    envelope = {"X-Envelope-To": f"alerts+{KEY}@in.example"}
    hidden = mail("alerts+another@in.example", "[RESOLVED] Disk is full")
    assert 200 == site.ask("POST", "/in/email", content=hidden, headers=envelope).status_code
    assert [] == firing(site)


def test_a_mail_provider_may_look_before_it_posts(site):
    assert 200 == site.ask("HEAD", "/in/email").status_code
    assert 405 == site.ask("HEAD", f"/in/sentry/{KEY}").status_code


@pytest.mark.parametrize("source", sorted({source for source, _, _ in EXPECTED.values()}))
def test_an_unknown_key_is_told_so_in_a_shape_that_can_be_read(site, source):
    answer = site.ask("POST", f"/in/{source}/not-a-key-of-anybody", content=b"{}")

    assert (401, "error") == (answer.status_code, answer.json()["status"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw):
    """A vendor's payload of which one value, anywhere, is something else; or of which the end is missing."""
    name = draw(st.sampled_from(sorted(EXPECTED)))
    if draw(st.booleans()):
        body = raw(name)
        return name, body[: draw(st.integers(0, len(body) - 1))]
    whole = json.loads(raw(name))
    place = whole
    for _ in range(draw(st.integers(0, 5))):
        inner = [key for key, value in place.items() if isinstance(value, dict) and value]
        if not inner:
            break
        place = place[draw(st.sampled_from(inner))]
    place[draw(st.sampled_from(sorted(place)))] = draw(JSON)
    return name, json.dumps(whole).encode()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(damaged())
def test_whatever_is_wrong_with_a_payload_the_answer_is_yes_or_no_and_never_a_fault(open_site, case):
    name, body = case
    source = EXPECTED[name][0]
    if source == "sns":
        body = certificates.signed(body)
    open_site.now += timedelta(milliseconds=1)
    assert open_site.ask("POST", f"/in/{source}/{KEY}", content=body).status_code in (200, 400, 401, 403)
