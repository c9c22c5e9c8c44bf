"""What calendars answer, on both databases: kept by address, in order, and found by the id of the review."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import yaml
from sqlalchemy import select

from tocsin.core import review
from tocsin.core.events import Acknowledge, Declared, Resolve
from tocsin.integrations import email_in
from tocsin.sdk import Inbound
from tocsin.store import attendance, incidents, reviews
from tocsin.store.db import Database
from tocsin.store.schema import alerts
from tocsin.usecases import configure, ingest
from tocsin.usecases import looks as all_looks

from ..calendars import answer
from .conftest import EXAMPLE

TO = "reviews@in.proofi.example"


@pytest.fixture
def asked(house, setup):
    """A P0 that is over, its guests asked by mail to answer."""
    book = yaml.load(EXAMPLE, yaml.BaseLoader)
    book["version"] = 1
    book["postmortems"]["meeting"]["replies_to"] = TO
    assert not house.write_now(configure.adopt, setup, yaml.dump(book, allow_unicode=True)).errors
    number = house.write_now(respond_declared, setup)
    house.write_now(all_looks.run, setup, house.read_now(all_looks.gather, setup))
    return number


def respond_declared(tx, setup):
    from tocsin.usecases import respond

    number = respond.declare(tx, setup, Declared("Down", "P0", "martijn", service="api"))
    for event in (Acknowledge("martijn"), Resolve("martijn", "A limit that nothing checks", "Raised")):
        respond.act(tx, setup, number, event)
    return number


def uid_of(db, number):
    return review.uid(db.read_now(incidents.load, number).state)


def send(db, setup, raw, at):
    signals = email_in.parse(Inbound(raw, None, at, "email"))
    db.write_now(ingest.ingest, setup, [signals])


def kept(db, number):
    return [(one.attendee, one.person, one.answer, one.sequence) for one in db.read_now(attendance.of, number)]


def unread(db):
    return [
        row.text for row in db.read_now(lambda tx: tx.all(select(alerts).where(alerts.c.disposition == "quarantined")))
    ]


def test_the_invited_are_asked_and_their_answers_are_kept_by_address(house, setup, asked, time):
    plan = house.read_now(reviews.get, asked)
    assert plan.invited == plan.asked == ("martijn",) and plan.asked_at == time.now
    uid = uid_of(house, asked)
    for shape, who, said in (
        ("google", "martijn@proofi.ai", "ACCEPTED"),
        ("apple", "Stranger@example.org", "DECLINED"),
    ):
        time.now += timedelta(seconds=1)
        send(house, setup, answer(shape, uid=uid, attendee=who, said=said), time.now)
    assert [("martijn@proofi.ai", "martijn", "accepted", 0), ("stranger@example.org", None, "declined", 0)] == kept(
        house, asked
    )
    said = [e.data["text"] for e in house.read_now(incidents.timeline, asked) if e.kind == "note"]
    assert ["Martijn accepts the review of"] == [text[:29] for text in said]
    assert [] == unread(house)


def test_an_answer_comes_twice_or_late_and_the_newest_stays(house, setup, asked, time):
    uid, stamp = uid_of(house, asked), time.now - timedelta(minutes=10)
    mails = [answer("outlook", uid=uid, attendee="martijn@proofi.ai", said=said, stamp=stamp + timedelta(minutes=n))
             for n, said in enumerate(("ACCEPTED", "DECLINED", "TENTATIVE"))]  # fmt: skip
    for raw in (mails[2], mails[0], mails[1], mails[2]):
        send(house, setup, raw, time.now)
    assert [("martijn@proofi.ai", "martijn", "tentative", 0)] == kept(house, asked)
    notes = [e for e in house.read_now(incidents.timeline, asked) if e.kind == "note"]
    assert 1 == len(notes)


def test_two_nodes_that_hear_two_answers_keep_the_newer(house, setup, asked, time):
    other = Database(house.url, time) if house.url.startswith("postgresql") else house
    uid, stamp = uid_of(house, asked), time.now - timedelta(minutes=10)
    mails = [answer("google", uid=uid, attendee="martijn@proofi.ai", said=said, stamp=stamp + timedelta(minutes=n))
             for n, said in enumerate(("ACCEPTED", "DECLINED"))]  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: send(one[0], setup, one[1], time.now), ((house, mails[1]), (other, mails[0]))))
    assert [("martijn@proofi.ai", "martijn", "declined", 0)] == kept(house, asked)
    if other is not house:
        other.close()


def test_an_unknown_review_is_kept_unread_in_words_and_is_no_incident(house, setup, asked, time):
    foreign = "postmortem-01938a6e-0000-7000-8000-000000000000@tocsin"
    for uid in ("someone-else@google.com", foreign, uid_of(house, asked)[:-8] + "0@tocsin"):
        send(house, setup, answer("google", uid=uid), time.now)
    texts = unread(house)
    assert 3 == len(texts) and all("about no review that is known here" in text for text in texts)
    assert any(foreign in text for text in texts)
    assert [] == kept(house, asked)
    assert None is house.read_now(incidents.brief, {asked + 1}).get(asked + 1)


def test_strangers_fill_no_table(house, setup, asked, time, monkeypatch):
    monkeypatch.setattr("tocsin.core.attendance.KEPT", 3)
    uid = uid_of(house, asked)
    for n in range(5):
        send(house, setup, answer("google", uid=uid, attendee=f"stranger{n}@example.org"), time.now)
    assert 3 == len(kept(house, asked)) and 2 == len(unread(house))
    send(house, setup, answer("google", uid=uid, attendee="stranger0@example.org", said="ACCEPTED",
                              stamp=time.now), time.now)  # fmt: skip
    assert 3 == len(kept(house, asked))


def test_an_answer_that_raises_is_kept_and_the_alert_beside_it_is_taken(house, setup, asked, time, monkeypatch):
    def raises(*_):
        raise ZeroDivisionError("as a bug would")

    monkeypatch.setattr("tocsin.core.attendance.take", raises)
    heard = email_in.parse(Inbound(answer("google", uid=uid_of(house, asked)), None, time.now, "email"))
    alert = email_in.parse(Inbound(b"From: a@b.example\r\nSubject: Disk is full\r\n\r\n91%", None, time.now, "email"))
    house.write_now(ingest.ingest, setup, [heard, alert])
    assert ["taking a calendar's answer raised ZeroDivisionError"] == unread(house)
    firing = house.read_now(lambda tx: tx.all(select(alerts.c.title).where(alerts.c.state == "firing")))
    assert ["Disk is full"] == [row.title for row in firing]


def test_an_end_that_nobody_planned_yet_has_no_review(house, setup, time):
    number = house.write_now(respond_declared, setup)  # the look has not come
    send(house, setup, answer("google", uid=uid_of(house, number)), time.now)
    assert ["no review that is known here" in text for text in unread(house)] == [True]
