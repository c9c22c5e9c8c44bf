"""When somebody has it, what was sent to the others says so: without buttons, once, and never in the way of a page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.core.alert import Alert, Signal
from tocsin.core.events import Acknowledge, PassOn, Resolve
from tocsin.sdk import Response
from tocsin.store import queue
from tocsin.store.schema import outbox
from tocsin.usecases import edits, respond

from .conftest import _json
from .test_chat import BACKUP, MARTIJN, press
from .test_transports import WAYS, told

MARTIJNS, BACKUPS = 700000001, 700000002
FLOOD = _json(429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 20}})


def shown(kind, fake):
    """The first message as it looks now: its text, and its buttons."""
    if kind == "telegram":
        return fake.shown[1]["text"], fake.shown[1].get("reply_markup", {})
    if kind == "slack":
        first = fake.messages[next(m["ts"] for m in fake.posted if "blocks" in m)]
        return first["text"], [b for b in first.get("blocks", ()) if b["type"] == "actions"]
    return fake.taken[0]["embeds"][0]["description"], fake.taken[0]["components"]


@pytest.mark.parametrize("kind", ["telegram", "slack", "discord"])
def test_over_the_wire_the_buttons_go_and_the_message_says_who_has_it(tmp_path, kind):
    with WAYS[kind].fake() as fake:
        world = told(tmp_path, kind, fake)
        world.alert()
        assert shown(kind, fake)[1], "a page has buttons"
        world.act(1, Acknowledge("backup1"))
        world.wait(seconds=3)
        text, buttons = shown(kind, fake)

    assert not buttons
    assert "Acknowledged by Backup One (09:02 UTC)." in text.replace("\\", "")
    assert [] == fake.faults


@pytest.mark.parametrize("kind", ["mattermost", "teams", "ntfy", "twilio"])
def test_where_the_wire_lets_nothing_be_edited_nothing_is_tried(tmp_path, kind):
    with WAYS[kind].fake() as fake:
        world = told(tmp_path, kind, fake)
        world.alert()
        world.act(1, Acknowledge("martijn"))
        world.wait(seconds=3)

    assert [] == rows(world)


# --------------------------------------------------------------------------------------------- on a function as network


def rows(world):
    return world.db.read_now(lambda tx: tx.all(outbox.select().where(outbox.c.kind == "edit").order_by(outbox.c.id)))


def edited(world):
    """What was edited outside of replies: the chat, and the text."""
    return [
        (o.json["chat_id"], o.json["text"])
        for _, o in world.requests
        if getattr(o, "url", "").endswith("/editMessageText") and o.json["text"].startswith("[")
    ]


def test_whoever_pressed_is_answered_in_the_message_and_the_others_are_edited_once(world):
    world.alert()
    mine = next(page.id for page in world.pages() if page.person == "martijn")
    receipt = next(a.receipt for a in world.db.read_now(queue.attempts, [mine]) if a.via == "alerts")
    press(world, MARTIJN, page=mine, receipt=receipt)
    press(world, BACKUP, page=next(p.id for p in world.pages() if p.person == "backup1"))
    world.wait(minutes=1)

    assert [(BACKUPS, "Acknowledged by Martijn (09:02 UTC).")] == [(to, t.split("\n\n")[1]) for to, t in edited(world)]
    assert {"it is answered in the message itself"} == {row.why for row in rows(world) if row.state == "moot"}


@pytest.mark.parametrize(
    ("event", "words", "whom"),
    [
        (Acknowledge("martijn"), "Acknowledged by Martijn (09:02 UTC).", {MARTIJNS, BACKUPS}),
        (Resolve("backup1", "x", "y"), "Resolved by Backup One (09:02 UTC).", {MARTIJNS, BACKUPS}),
        (PassOn("martijn", "on a plane"), "Martijn cannot take it: on a plane (09:02 UTC).", {MARTIJNS}),
    ],
)
def test_however_a_page_ends_its_copies_say_how(world, event, words, whom):
    world.alert()
    world.act(1, event)
    world.wait(seconds=3)
    said = edited(world)

    assert whom == {to for to, _ in said}
    assert all(words in text and "[P0] INC-1: proofi.ai answers 503" in text for _, text in said)


def test_a_message_that_lists_another_open_page_keeps_its_buttons_until_that_is_answered_too(world):
    """Two incidents in one message: answering one leaves the other's buttons, answering both ends the message."""
    at = world.now
    alerts = [Alert("generic", f"k{n}", f"{n} is down", at, "", f"s{n}", "http_5xx", "critical", {}) for n in (1, 2)]
    world.signals([Signal("trigger", alert) for alert in alerts])
    mine = [p.id for number in (1, 2) for p in world.pages(number) if p.person == "martijn"]
    receipts = [a.receipt for a in world.db.read_now(queue.attempts, mine) if a.via == "alerts"]
    assert (2, 1) == (len(receipts), len(set(receipts)))

    world.act(1, Acknowledge("martijn"))
    world.wait(seconds=2)
    assert [] == edited(world)
    world.act(2, Acknowledge("martijn"))
    world.wait(seconds=2)
    assert [(MARTIJNS, True)] == [(to, "INC-2" in text) for to, text in edited(world)]


def test_a_page_goes_before_an_edit(world):
    world.alert()
    world.act(1, Acknowledge("martijn"))
    world.network = lambda outgoing: Response(502)
    order = world.db.read_now(lambda tx: [row.kind for row in queue.due(tx, 50)])
    assert order == sorted(order, key=lambda kind: (kind != "page", kind == "edit"))


def test_an_edit_that_cannot_be_made_is_given_up_after_ten_minutes_and_is_no_trouble(world):
    world.alert()
    world.network = lambda o: FLOOD if getattr(o, "url", "").endswith("/editMessageText") else world.everything_works(o)
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=11)
    tries = [at for at, o in world.requests if getattr(o, "url", "").endswith("/editMessageText")]

    assert {"moot"} == {row.state for row in rows(world)}
    assert 2 <= len(tries) <= 2 * 10 * 60 / 20, "as often as the vendor lets it, and no more"
    assert [] == world.db.read_now(queue.troubles, 1)


def test_an_edit_that_waited_too_long_is_not_made(world):
    world.alert()
    world.db.write_now(respond.act, world.setup, 1, Acknowledge("martijn"))
    world.now += edits.LIFE + timedelta(seconds=1)
    world.work()

    assert [] == edited(world)
    assert {("moot", "too late to be of use")} == {(row.state, row.why) for row in rows(world)}


def test_what_the_vendor_refuses_to_edit_stays_and_no_way_is_broken(world):
    world.alert()
    gone = _json(403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"})
    world.network = lambda o: gone if getattr(o, "url", "").endswith("/editMessageText") else world.everything_works(o)
    world.act(1, Acknowledge("martijn"))
    world.wait(minutes=1)

    from tocsin.store import people

    assert {"moot"} == {row.state for row in rows(world)}
    assert not [c for c in world.db.read_now(people.health).values() if c.broken_at]


def test_what_was_being_sent_when_somebody_took_it_is_edited_as_soon_as_it_is_there(world):
    """The vendor takes the two pages a moment after the acknowledgement: their buttons go all the same."""

    def acknowledged_meanwhile(outgoing):
        world.network = world.everything_works
        world.db.write_now(respond.act, world.setup, 1, Acknowledge("backup1"))
        return world.everything_works(outgoing)

    world.network = acknowledged_meanwhile
    world.alert()
    world.wait(seconds=3)

    assert {MARTIJNS, BACKUPS} == {to for to, _ in edited(world)}
    assert {"Acknowledged by Backup One (09:02 UTC)."} == {text.split("\n\n")[1] for _, text in edited(world)}


def test_a_storm_of_copies_is_edited_no_further_than_the_newest_fifty(world, monkeypatch):
    monkeypatch.setattr(edits, "MOST", 1)
    world.alert()
    world.act(1, Acknowledge("martijn"))

    assert 1 == len(rows(world))
