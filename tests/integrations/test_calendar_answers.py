"""What calendars answer is read within limits, in each maker's shape; what is not an answer goes on being what it was."""

from __future__ import annotations

import base64
import contextlib
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.integrations import email_in
from tocsin.sdk import BadPayload, Inbound, read_answer

from ..calendars import NAMES, STAMP, answer
from .helpers import NOW

UID = "postmortem-01938a6e-0000-7000-8000-000000000000@tocsin"


def read(raw):
    return email_in.parse(Inbound(raw, None, NOW, "email"))


def labels(raw):
    (signal,) = read(raw)
    assert "attendance" == signal.action
    return signal.alert.labels


def event(*lines, method="REPLY", head=()):
    whole = ("BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", *head, "BEGIN:VEVENT", f"UID:{UID}", *lines,
             "END:VEVENT", "END:VCALENDAR", "")  # fmt: skip
    return "\r\n".join(whole).encode()


def said(*lines, sender="bo@proofi.ai", **more):
    return read_answer(event(*lines, **more), sender, NOW)


BO = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@proofi.ai"


@pytest.mark.parametrize("shape", NAMES)
@pytest.mark.parametrize(
    ("word", "meant"), [("ACCEPTED", "accepted"), ("DECLINED", "declined"), ("TENTATIVE", "tentative")]
)
def test_each_maker_s_answer_is_read_whole(shape, word, meant):
    found = labels(answer(shape, uid=UID, said=word, comment="On leave that day", sequence=3))
    assert {
        "uid": UID, "attendee": "backup1@proofi.ai", "answer": meant, "comment": "On leave that day", "sequence": "3",
        "stamp": STAMP.isoformat().replace("+00:00", "Z"), "sender": "backup1@proofi.ai",
    } == found  # fmt: skip


@pytest.mark.parametrize("shape", NAMES)
def test_another_time_is_read_in_the_maker_s_own_zone(shape):
    other = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    found = labels(answer(shape, uid=UID, said="TENTATIVE", method="COUNTER", start=other))
    assert ("2026-11-26T13:00:00Z", "tentative") == (found["proposed"], found["answer"])


def test_an_answer_of_a_machine_or_in_our_thread_is_an_answer_all_the_same():
    raw = answer("google", uid=UID)
    assert b"Auto-Submitted: auto-generated" in raw
    assert "declined" == labels(b"References: <" + b"0" * 32 + b".incident@proofi.ai>\r\n" + raw)["answer"]


@pytest.mark.parametrize("method", ["REFRESH", "DECLINECOUNTER"])
def test_what_asks_for_nothing_that_is_sent_here_is_passed_over(method):
    assert [] == read(answer("outlook", uid=UID, method=method))


@pytest.mark.parametrize("method", ["REQUEST", "PUBLISH", "CANCEL"])
def test_other_mail_with_a_calendar_in_it_is_an_alert_as_before(method):
    (signal,) = read(answer("google", uid=UID, method=method).replace(b"auto-generated", b"no"))
    assert "trigger" == signal.action


def test_a_mail_that_carries_an_answered_one_along_is_an_alert():
    inner = answer("apple", uid=UID)
    head = b"From: cron@api.example\r\nSubject: Disk is full\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    (signal,) = read(head + b"--b\r\n\r\n91%\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n")
    assert ("trigger", "disk is full") == (signal.action, signal.alert.key)


def test_an_answer_behind_a_large_picture_pages_nobody():
    picture = b"--_002_AM0PR01MB1234eurprd01prod_\r\nContent-Type: image/png\r\n\r\n" + b"A" * 300_000 + b"\r\n"
    head, mark, rest = answer("outlook", uid=UID).partition(b"--_002_AM0PR01MB1234eurprd01prod_\r\n")
    assert "declined" == labels(head + picture + mark + rest)["answer"]


def test_who_answers_for_another_is_named():
    found = labels(answer("google", uid=UID, sender="assistant@proofi.ai"))
    assert ("backup1@proofi.ai", "assistant@proofi.ai") == (found["attendee"], found["sender"])


def test_an_answer_that_cannot_be_read_is_kept_with_why_and_is_no_alert():
    found = labels(answer("google", uid=UID, said="DELEGATED"))
    assert "DELEGATED" in found["why"]
    (signal,) = read(answer("google", uid=UID, calendar="BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n"))
    assert "no REPLY or COUNTER with an event" in signal.alert.labels["why"]
    assert "METHOD:REPLY" in signal.alert.text


@pytest.mark.parametrize(
    ("charset", "damaged"), [("utf-16", False), ("iso-8859-1", False), ("no-such-charset", False), ("utf-8", True)]
)
def test_another_encoding_or_a_damaged_one_leaves_the_answer(charset, damaged):
    text = event(BO, "COMMENT:Z\u00fcrich").decode()
    body = b"\xff" + text.encode() if damaged else text.encode("utf-8" if charset.startswith("no") else charset)
    if damaged:
        body = text.encode().replace("\u00fc".encode(), b"\xfc")
    mail = b"From: bo@proofi.ai\r\nContent-Type: text/calendar; method=REPLY; charset=%s\r\n" % charset.encode()
    found = labels(mail + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(body))
    assert "accepted" == found["answer"]
    assert ("Z\ufffdrich" if damaged else "Z\u00fcrich") == found["comment"]


def test_a_part_that_names_no_method_in_its_text_is_what_its_type_says():
    body = event(BO).replace(b"METHOD:REPLY\r\n", b"")
    found = labels(b"From: bo@proofi.ai\r\nContent-Type: text/calendar; method=reply\r\n\r\n" + body)
    assert "no REPLY or COUNTER" in found["why"]


# --------------------------------------------------------------------------------------------- one calendar


def test_names_in_any_script_and_folded_lines_are_read():
    line = 'ATTENDEE;CN="Zo\u00eb \U0001f600 \u5f20\u4f1f, of the database people of Amsterdam";PARTSTAT=ACCEPTED:mailto:BO@proofi.ai'
    octets = line.encode()
    folded = octets[:60] + b"\r\n " + octets[60:100] + b"\r\n\t" + octets[100:]
    body = event("X").replace(b"X\r\n", folded + b"\r\n", 1)
    found = read_answer(body, "", NOW)
    assert ("bo@proofi.ai", "accepted", 0, None) == (found.attendee, found.answer, found.sequence, found.stamp)


def test_of_several_attendees_it_speaks_for_the_one_who_sent_it():
    ana = "ATTENDEE;PARTSTAT=DECLINED:mailto:ana@proofi.ai"
    assert "accepted" == said(ana, BO).answer
    with pytest.raises(BadPayload, match="names 2 attendees"):
        said(ana, BO, sender="cy@proofi.ai")
    with pytest.raises(BadPayload, match="names 0 attendees"):
        said("SUMMARY:x")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([BO.replace("ACCEPTED", "NEEDS-ACTION")], "neither yes"),
        (["ATTENDEE:mailto:bo@proofi.ai"], "neither yes"),
        (["ATTENDEE;PARTSTAT=ACCEPTED:javascript:alert(1)"], "names 1 attendees"),
        ([BO, "SEQUENCE:many"], "cannot be read"),
        (["ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@proofi.ai\u202e"], "names 1 attendees"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(lines, why):
    with pytest.raises(BadPayload, match=why):
        said(*lines)


@pytest.mark.parametrize(("given_", "kept"), [("-4", 0), ("99999999999999999999", 2**31 - 1), ("7", 7)])
def test_a_sequence_stays_a_number_that_is_stored(given_, kept):
    assert kept == said(BO, f"SEQUENCE:{given_}").sequence


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["DTSTART;VALUE=DATE:20261126"], "no hour"),
        ([], "no hour"),
        (["DTSTART:20261126T130000"], "no known time zone ''"),
        (["DTSTART;TZID=Mars/Olympus:20261126T130000"], "no known time zone 'Mars/Olympus'"),
        (["DTSTART:20991126T130000Z"], "over a year away"),
        (["DTSTART:00010101T000000Z"], "over a year away"),
    ],
)
def test_another_time_that_says_no_instant_is_refused_in_words(lines, why):
    with pytest.raises(BadPayload, match=why):
        said(BO, *lines, method="COUNTER")


def zone(rule="RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", name="Our Own Time", offset="+0300"):
    return ("BEGIN:VTIMEZONE", f"TZID:{name}", "BEGIN:STANDARD", "DTSTART:19700101T000000", f"TZOFFSETFROM:{offset}",
            f"TZOFFSETTO:{offset}", rule, "END:STANDARD", "END:VTIMEZONE")  # fmt: skip


def test_a_zone_that_only_the_calendar_knows_is_read_from_it_and_forgotten():
    for offset, hour in (("+0300", 10), ("+0500", 8)):  # another sender's zone of the same name is another zone
        found = said(BO, "DTSTART;TZID=Our Own Time:20261126T130000", method="COUNTER", head=zone(offset=offset))
        assert datetime(2026, 11, 26, hour, 0, tzinfo=UTC) == found.proposed


@pytest.mark.parametrize(
    "rule", ["RRULE:FREQ=SECONDLY", "RRULE:FREQ=YEARLY;BYSECOND=0,1,2", "RRULE:FREQ=DAILY;COUNT=9"]
)
def test_a_zone_whose_rules_go_on_for_ever_is_refused_at_once(rule):
    begun = time.monotonic()
    with pytest.raises(BadPayload, match="not yearly"):
        said(BO, "DTSTART;TZID=Our Own Time:20261126T130000", method="COUNTER", head=zone(rule))
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"METHOD:REPLY\r\n" + b"X" * 70_000, "over 64000 bytes"),
        (b"METHOD:REPLY\r\n" + b"\r\n" * 3_000, "over 2000 lines"),
        (b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n" + b"BEGIN:VEVENT\r\n" * 30 + b"END:VEVENT\r\n" * 30, "too many parts"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VALARM\r\nEND:VALARM\r\n" * 60 + b"END:VCALENDAR\r\n", "too many parts"),
        (b"", "cannot be read"), (b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n", "REPLY|cannot be read"),
        (b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_too_large_too_deep_or_damaged_is_refused_in_words(body, why):
    with pytest.raises(BadPayload, match=why):
        read_answer(body, "", NOW)


def test_a_comment_is_one_line_without_control_characters_and_cut():
    found = said(BO, "COMMENT:a\x07\\nb <script>alert(1)</script> \u202e" + "y" * 900)
    assert found.comment.startswith("a b <script>") and len(found.comment) <= 500
    assert found.comment.isprintable()


@settings(max_examples=150, deadline=timedelta(seconds=2))
@given(st.binary(max_size=400), st.integers(0, 900), st.integers(0, 60))
def test_a_damaged_answer_is_read_or_refused_and_never_raises_otherwise(noise, place, cut):
    whole = answer("outlook", uid=UID)
    text = event(BO, "DTSTART;TZID=Our Own Time:20261126T130000", method="COUNTER", head=zone())
    for body in (text[:place] + noise + text[place + cut :], noise):
        with contextlib.suppress(BadPayload):
            read_answer(body, "bo@proofi.ai", NOW)
    with contextlib.suppress(BadPayload):
        for signal in read(whole[:place] + noise + whole[place + cut :]):
            assert signal.action in ("attendance", "trigger", "resolve")
