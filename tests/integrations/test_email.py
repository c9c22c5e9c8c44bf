"""E-mail: what a page looks like in a mail box, and what the server's answers mean."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from tests.fakes.smtp import FakeMail
from tocsin.calendar_out import Meeting, invitation
from tocsin.integrations import email as module
from tocsin.sdk import Delivered, Mailing, Reject, Response, Retry

from .helpers import feed, message, over_socket

CONFIG = {"host": "127.0.0.1", "port": 25, "from": "incidents@example.org", "security": "none"}


def composed(**changes):
    raw = module.compose(message(to="ana@example.org", **changes), "incidents@example.org")
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_a_page_says_what_and_how_to_answer_in_text_and_html():
    mail = composed()

    assert "Acknowledge: http://tocsin.example.org/ack/1/2" in mail.get_body(("plain",)).get_content()
    assert 'href="http://tocsin.example.org/ack/1/2"' in mail.get_body(("html",)).get_content()
    assert ("[P0] INC-1: down", "auto-generated") == (mail["Subject"], mail["Auto-Submitted"])


def test_mails_of_one_incident_stand_in_one_thread_and_copies_share_an_id():
    first, copy, other = composed(), composed(), composed(key="page:2:0")

    assert first["References"] == other["References"]
    assert first["Message-ID"] == copy["Message-ID"] != other["Message-ID"]


def test_a_mail_to_a_subscriber_ends_its_subscription_with_one_press():
    link = "https://tocsin.example.org/status/unsubscribe/1/2"
    mail = composed(acknowledge_link="", mailing=Mailing("Page <of> us\r\nBcc: x@y.org", "Open <it>", link))

    assert (f"<{link}>", "List-Unsubscribe=One-Click") == (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"])
    assert (None, "Page <of> us Bcc: x@y.org") == (mail["Bcc"], mail["From"].addresses[0].display_name)
    assert "Open &lt;it&gt;" in mail.get_body(("html",)).get_content()
    assert f"Unsubscribe: {link}" in mail.get_body(("plain",)).get_content()
    assert composed()["List-Unsubscribe"] is None


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_an_invitation_is_the_last_alternative_and_names_its_method(method):
    """What calendars want: RFC 6047, section 2.4."""
    meeting = Meeting(
        "uid-1@tocsin", 3, datetime(2026, 11, 25, 10, tzinfo=UTC), timedelta(hours=1), "Review; of, INC-1: é" * 9,
        "Line\nline", "http://tocsin.example.org/x", "t@example.org", (('An"a\r\n Cruz', "ana@example.org"),),
    )  # fmt: skip
    text = invitation(meeting, datetime(2026, 11, 23, 10, tzinfo=UTC), cancel=method == "CANCEL")
    assert text.replace("\r\n", "").count("\n") == 0 and all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    parts = list(composed(acknowledge_link="", invitation=text).iter_parts())
    assert ["text/plain", "text/html", "text/calendar"] == [part.get_content_type() for part in parts]
    assert (method, "utf-8") == (parts[2].get_param("method"), parts[2].get_content_charset())
    calendar = icalendar.Calendar.from_ical(parts[2].get_content())
    (event,) = calendar.walk("VEVENT")
    assert (method, 3, "uid-1@tocsin") == (str(calendar["METHOD"]), int(event["SEQUENCE"]), str(event["UID"]))
    assert meeting.title == str(event["SUMMARY"]) and "Ana Cruz" == event["ATTENDEE"].params["CN"]
    assert (meeting.start, meeting.start + meeting.length) == (event["DTSTART"].dt, event["DTEND"].dt)
    assert ("CANCELLED" if method == "CANCEL" else "CONFIRMED") == str(event["STATUS"])


def test_a_title_cannot_add_headers_or_mark_up():
    mail = composed(title="x\r\nBcc: all@example.org\r\n\r\n<b>", text="<script>")

    assert mail["Bcc"] is None
    assert "&lt;script&gt;" in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        (Response(250, body=b"queued"), Delivered("queued")),
        (Response(451, error="later"), Retry("451 later")),
        (Response(0, error="refused"), Retry("refused")),
        (Response(550, error="no such box"), Reject("550 no such box", broken=True)),
        (Response(554, error="spam"), Reject("554 spam")),
    ],
)
def test_each_answer_has_its_verdict(response, verdict):
    assert verdict == feed(module.send(message(to="ana@example.org"), CONFIG), response)[1]


def test_an_address_that_is_none_is_rejected_at_once():
    conversation = module.send(message(to="not an address"), CONFIG)
    with pytest.raises(StopIteration) as end:
        next(conversation)

    assert isinstance(end.value.value, Reject) and end.value.value.broken


def test_over_a_real_socket():
    with FakeMail() as server:
        verdict = over_socket(
            module.send(message(to="ana@example.org", text="é" * 5000), {**CONFIG, "port": server.port})
        )

    assert (Delivered, []) == (type(verdict), server.faults)
    assert ["ana@example.org"] == [mail["To"] for mail in server.messages]


def test_a_text_of_the_runbook_is_the_text_part_exactly():
    """The stars stay; only the line ends are those that mail asks for."""
    text = "📋 **INCIDENT UPDATE** [P0]\n\n- **Status:** Investigating\n\n  indented"
    mail = composed(plain=True, text=text)

    assert f"{text}\n" == mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "[P0] INC-1: down" not in mail.get_body(("html",)).get_content()


def test_the_thread_is_the_incident_and_says_so_twice():
    mail, other = composed(), composed(incident="INC-2")

    assert mail["References"] == mail["In-Reply-To"] != other["References"]
    assert composed(incident="")["References"] is None


def test_no_machine_answers_a_page():
    mail = composed()

    assert ("auto-generated", "All", "high") == (
        mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"], mail["Importance"],
    )  # fmt: skip


def test_a_page_ranks_high_and_what_is_none_can_be_sorted():
    """A mail with a List-Id gets no vacation reply; a page goes without, so that no box sorts it out of sight."""
    page, text = composed(), composed(urgent=False, acknowledge_link="")

    assert ("high", "1", None) == (page["Importance"], page["X-Priority"], page["List-Id"])
    assert (None, None, "Tocsin <tocsin.example.org>") == (text["Importance"], text["X-Priority"], text["List-Id"])
    assert page["Precedence"] is None is text["Precedence"]


def test_the_html_reads_on_a_phone_and_in_the_dark_and_loads_nothing():
    html = composed().get_body(("html",)).get_content()

    assert "width=device-width" in html and "prefers-color-scheme: dark" in html and "border-color:#b3261e" in html
    assert not re.search(r"<(img|script|link|iframe|form)|url\(|@import", html)


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("down", "[P0] down"),
        ("[P0] INC-1: down", "[P0] INC-1: down"),
        ("Störung 🚨", "[P0] Störung 🚨"),
        ("a\r\nBcc: x@example.org", "[P0] a Bcc: x@example.org"),
        ("x\u2028y\x85z\x00", "[P0] x y z"),
        ("n" * 500, "[P0] " + "n" * 194 + "…"),
    ],
)
def test_the_subject_names_the_severity_on_one_line(title, subject):
    assert subject == composed(title=title)["Subject"]


def test_lines_are_short_and_in_ascii_whatever_the_text():
    raw = module.compose(message(to="ana@example.org", text="é" * 20_000 + "\n" + "x" * 20_000), "t@example.org")

    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_addresses_of_links_cannot_leave_their_attribute():
    html = composed(acknowledge_link='http://x.example/"><script>').get_body(("html",)).get_content()

    assert "<script>" not in html


@pytest.mark.parametrize(
    "to", ["", "ana", "ana@", "@example.org", "a b@example.org", "ana@example.org\r\nBcc: x@example.org",
           "ana@example.org, bo@example.org", "josé@example.org", "Ana <ana@example.org>"],
)  # fmt: skip
def test_what_is_no_single_address_is_broken(to):
    with pytest.raises(StopIteration) as end:
        next(module.send(message(to=to), CONFIG))

    assert isinstance(end.value.value, Reject) and end.value.value.broken


@pytest.mark.parametrize("wrong", [{"security": "ssl"}, {"port": "smtp"}])
def test_a_setting_that_is_none_never_sends_in_the_clear(wrong):
    with pytest.raises(StopIteration) as end:
        next(module.send(message(to="ana@example.org"), {**CONFIG, **wrong}))

    assert isinstance(end.value.value, Reject) and not end.value.value.broken


def test_a_server_without_words_gives_the_message_id_as_receipt():
    verdict = feed(module.send(message(to="ana@example.org"), CONFIG), Response(250))[1]

    assert verdict.receipt.endswith("@example.org>")


def test_over_a_real_socket_each_answer_has_its_verdict():
    for said, kind, broken in [("451 4.7.1 later", Retry, None), ("550 5.1.1 no such box", Reject, True)]:
        with FakeMail() as server:
            server.answer = said
            verdict = over_socket(module.send(message(to="ana@example.org"), {**CONFIG, "port": server.port}))
        assert (kind, said) == (type(verdict), verdict.why)
        assert broken is getattr(verdict, "broken", None)
