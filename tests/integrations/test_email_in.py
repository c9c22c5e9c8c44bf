"""E-mail in: raw mail to an alert, whose subject is its name; machines that answer mail are not listened to."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.integrations import email, email_in
from tocsin.sdk import BadPayload, Inbound

from .helpers import NOW, message, payload


def mail(body="91%", /, **headers):
    given = {
        "From": "cron@api.example",
        "Subject": "Disk is full",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return "".join(f"{name}: {value}\r\n" for name, value in given.items()).encode() + b"\r\n" + body.encode()


def read(raw, **changes):
    return email_in.parse(Inbound(raw, None, NOW, "email", **changes))


def raw(name):
    return json.loads(payload(f"email/{name}.json"))["raw"].encode()


def test_a_plain_mail_is_read_whole():
    [signal] = read(raw("plain_text_alert"), config={"service": "api", "severity": "warning"})
    alert = signal.alert

    assert ("trigger", "cron <root@api-1> backup.sh failed", "warning") == (signal.action, alert.key, alert.severity)
    assert ("Cron <root@api-1> backup.sh failed", "api", "email") == (alert.title, alert.service, alert.check)
    assert "tar: /data: Cannot stat: No such file or directory\r\nexit 2".replace("\r", "") == alert.text.replace(
        "\r", ""
    )
    assert "cron@api-1.proofi.example" == alert.labels["from"]
    assert "2026-11-23T03:15:01+00:00" == alert.started_at.isoformat()


def test_a_mail_of_html_alone_is_read_as_its_words():
    [signal] = read(raw("alertmanager_firing_html_only"))

    assert "ApiHighErrorRate proofi-api (production critical)" == signal.alert.title
    assert "alertname=ApiHighErrorRate" in signal.alert.text
    assert "<" not in signal.alert.text
    assert "font-family" not in signal.alert.text


@pytest.mark.parametrize(
    ("subject", "action", "key"),
    [("[FIRING:2] Api errors", "trigger", "api errors"), ("[RESOLVED] Api errors", "resolve", "api errors"),
     ("Re: [RESOLVED] Api errors", "resolve", "api errors"), ("PROBLEM: Disk", "trigger", "disk"),
     ("OK: Disk", "resolve", "disk"), ("RECOVERY: Disk", "resolve", "disk"), ("Disk", "trigger", "disk"),
     ("=?utf-8?q?=C3=9Cberlast?=", "trigger", "überlast"), ("Okay: fine", "trigger", "okay: fine"), ("[OK]", "resolve", "[ok]")],
)  # fmt: skip
def test_the_subject_names_the_alert_and_says_whether_it_is_over(subject, action, key):
    [signal] = read(mail(Subject=subject))
    assert (action, key) == (signal.action, signal.alert.key)


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-notified"}, {"Return_Path": "<>"}, {"X_Autoreply": "yes"},
     {"Precedence": "bulk"}, {"Precedence": "auto_reply"}, {"Content_Type": 'multipart/report; boundary="x"'}],
)  # fmt: skip
def test_bounces_and_automatic_replies_open_nothing(headers):
    assert [] == read(mail(**headers))


@pytest.mark.parametrize("incident", ["INC-42", ""])
def test_a_mail_of_tocsins_own_that_comes_back_pages_nobody_again(incident):
    config = {
        "from": "incidents@proofi.ai",
        "host": "127.0.0.1",
        "port": 25,
        "security": "none",
        "username": "",
        "password": "",
    }
    sent = next(email.send(message(to="alerts+key@in.example", incident=incident, urgent=bool(incident)), config))

    assert [] == read(sent.message)


@pytest.mark.parametrize("headers", [{}, {"Auto_Submitted": "no"}, {"Auto_Submitted": "auto-generated; x=y"}])
def test_what_a_monitor_generates_by_itself_is_an_alert(headers):
    assert 1 == len(read(mail(**headers)))


@pytest.mark.parametrize(
    ("to", "key"),
    [("alerts+the-key@in.example", "the-key"), ("The-Key-Alone@in.example", "The-Key-Alone"),
     ('"x, y" <alerts+k@in.example>', "k"), ("nobody@in.example, alerts+k@in.example", "k")],
)  # fmt: skip
def test_the_key_stands_in_the_recipient(to, key):
    assert key == email_in.credential(Inbound(mail(To=to), None, NOW, "email"))


def test_the_envelope_counts_before_what_the_mail_says_of_itself():
    given = Inbound(
        mail(To="alerts+b@in.example"), None, NOW, "email", headers={"x-envelope-to": "alerts+a@in.example"}
    )
    assert "a" == email_in.credential(given)
    ses = Inbound(payload("email/ses_inbound_sns.json"), None, NOW, "email")
    assert "demo-token" == email_in.credential(ses)


def test_an_attachment_is_not_the_text():
    body = ('--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nlog\r\n'
            '--x\r\nContent-Type: text/plain; charset=nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\nOTEl\r\n--x--')  # fmt: skip
    [signal] = read(mail(body, Content_Type='multipart/mixed; boundary="x"'))
    assert "91%" == signal.alert.text


NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (i, i) for i in range(3000))


@pytest.mark.parametrize(
    "said",
    [b"To: " + b"(" * 30_000, b"To: " + b"a" * 30_000, b"From: " + b"(" * 100_000, b"Date: " + b"(" * 30_000,
     b"Subject: " + b"[ " * 50_000, b"Content-Type: message/rfc822\r\n\r\n" * 5_000, NESTED],
    ids=["comments", "long", "from", "date", "brackets", "messages", "parts"],
)  # fmt: skip
def test_a_mail_that_is_made_to_be_hard_to_read_is_no_fault(said):
    """The library reads comments, parts and messages by going one level deeper; that has an end, and it is ours."""
    for read_ in (email_in.parse, email_in.credential):
        try:
            read_(Inbound(b"Subject: x\r\n" + said + b"\r\n\r\n", None, NOW, "email"))
        except BadPayload:
            continue


def test_a_header_of_plain_utf8_is_read_too():
    assert "Überlast 🚨" == read("Subject: Überlast 🚨\r\nFrom: a@b.example\r\n\r\n".encode())[0].alert.title


def test_a_date_far_off_is_not_believed():
    assert NOW == read(mail(Date="Mon, 23 Nov 2009 03:15:01 +0000"))[0].alert.started_at
    assert NOW == read(mail(Date="yesterday"))[0].alert.started_at


@pytest.mark.parametrize("raw_", [b"", b"hello", b"{}", b'{"raw": 7}', b"{bad", b"\r\n\r\n"])
def test_what_is_no_mail_is_refused(raw_):
    with pytest.raises(BadPayload):
        read(raw_)


@given(st.binary(max_size=300), st.sampled_from(["Subject", "From", "To", "Date", "Content-Type", "Message-ID", "Auto-Submitted",
                                                 "Content-Transfer-Encoding"]))  # fmt: skip
def test_whatever_bytes_a_mail_is_made_of_it_is_read_or_refused(said, header):
    for raw_ in (said, f"Subject: x\r\n{header}: ".encode() + said, mail() + said):
        for read_ in (email_in.parse, email_in.credential):
            try:
                read_(Inbound(raw_, None, NOW, "email"))
            except BadPayload:
                continue
