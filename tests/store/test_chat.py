"""What was heard, and who asks, on each database."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.events import Declared
from tocsin.sdk import Command, Press, Said
from tocsin.store import chat as store
from tocsin.store import incidents, queue
from tocsin.usecases import chat, respond


def test_an_id_is_taken_once_and_forgotten_after_a_day(db, time):
    assert [True, False, True] == [db.write_now(store.first_time, key) for key in ("a:1", "a:1", "a:2")]
    time.now += timedelta(hours=24)

    assert db.write_now(store.first_time, "a:1")


def test_a_lease_is_held_renewed_and_runs_out(db, time):
    def lease(owner):
        return db.write_now(lambda tx: store.lease(tx, "telegram:1", owner, tx.now + timedelta(seconds=60)))

    assert ["", None, ""] == [lease(owner) for owner in ("one", "two", "one")]
    assert [True, False] == [db.write_now(store.advance, "telegram:1", owner, "7") for owner in ("one", "two")]
    time.now += timedelta(seconds=60)
    assert ["7", None] == [lease(owner) for owner in ("two", "one")]
    db.write_now(store.give_back, "two")
    assert "7" == lease("one")


def test_what_is_heard_is_kept_with_what_it_did(house, setup):
    """Presses, commands and talk in one transaction, on either database."""
    number = house.write_now(respond.declare, setup, Declared("down", "P1", "ops", service="proofi.ai"))
    [line] = house.read_now(chat.lines, setup)
    page = next(page.id for page in house.read_now(queue.pages))
    person = house.read_now(queue.page, page).person
    account = {"martijn": "700000001", "backup1": "700000002"}[person]
    heard = [
        Press("1", account, "acknowledge", page, back={"query": "q"}), Press("1", account, "escalate", page),
        Command("2", account, "incidents"), Said("3", account, "x", "hm", "-1", "77"), Press("4", "5", "escalate", page),
    ]  # fmt: skip
    replies = [reply for _, reply in house.write_now(chat.take_polled, setup, line, "node", heard, "5")]
    assert [] == replies  # without the lease nothing is done

    assert "" == house.write_now(chat.begin_poll, line, "node")
    replies = [reply for _, reply in house.write_now(chat.take_polled, setup, line, "node", heard, "5")]
    assert [False, True, False, False, True] == [reply.refused for reply in replies]
    assert person == house.read_now(incidents.load, number).state.acknowledged_by
    rows = [row for row in house.read_now(queue.due, 100) if row.kind == "reply"]
    assert [("telegram:reply:" + account, {"query": "q"})] == [(row.destination, row.payload["back"]) for row in rows]


def test_pages_and_rooms_are_found(house, setup):
    number = house.write_now(respond.declare, setup, Declared("down", "P1", "ops", service="proofi.ai"))
    person = house.read_now(queue.pages)[0].person

    assert [number] == [page.incident for page in house.read_now(store.open_pages_of, person)][:1]
    assert number == house.read_now(store.last_page_of, person, number).incident
    assert None is house.read_now(store.last_page_of, "nobody", number)
    assert None is house.read_now(store.page_of_receipt, "SM-unknown")
    assert [] == house.read_now(store.in_room, "77")
