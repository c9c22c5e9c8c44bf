"""The week after an incident and its document on both databases: kept, told once by two nodes, saved by one of two."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tocsin.core import review
from tocsin.core.events import Acknowledge, Declared, Reopen, Resolve
from tocsin.core.types import Refused
from tocsin.store import incidents, looks, postmortems, reviews
from tocsin.store.db import Database
from tocsin.store.schema import outbox, postmortem_versions
from tocsin.usecases import deliver, publish, respond
from tocsin.usecases import looks as all_looks
from tocsin.usecases import postmortems as documents
from tocsin.usecases import reviews as weeks


@pytest.fixture
def ended(house, setup):
    """A P0 that is over, its week planned and its draft written."""
    number = house.write_now(respond.declare, setup, Declared("Down", "P0", "martijn", service="api"))
    for event in (Acknowledge("martijn"), Resolve("martijn", "A limit that nothing checks", "Raised")):
        house.write_now(respond.act, setup, number, event)
    look(house, setup)
    write(house, setup)
    return number


def look(db, setup):
    db.write_now(all_looks.run, setup, db.read_now(all_looks.gather, setup))


def write(db, setup):
    for job in db.write_now(deliver.claim, setup, "test"):
        if job.draft:
            verdict = publish.save_file(setup.data, job.draft, publish.write_whole)
            db.write_now(deliver.settle, setup, job, verdict)


def told(db):
    """How many rows of each word are in the outbox."""
    keys = select(outbox.c.key).where(outbox.c.key.startswith("alarm:review:")).order_by(outbox.c.key)
    return [row.key for row in db.read_now(lambda tx: tx.all(keys))]


def test_the_end_asks_for_a_plan_in_its_own_transaction_and_the_look_makes_it(house, setup):
    number = house.write_now(respond.declare, setup, Declared("Down", "P0", "martijn", service="api"))
    house.write_now(respond.act, setup, number, Resolve("martijn", "x", "y"))
    assert None is house.read_now(reviews.get, number)
    assert [number] == house.read_now(reviews.due, 10)
    look(house, setup)
    plan = house.read_now(reviews.get, number)
    assert plan and plan.told == plan.sequence == 0
    assert plan == review.from_json(review.to_json(plan))
    assert [] == house.read_now(reviews.due, 10)


def test_two_nodes_plan_invite_and_tell_each_once(house, setup, ended, time):
    other = Database(house.url, time) if house.url.startswith("postgresql") else house
    time.now += timedelta(days=4)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda db: look(db, setup), (house, other)))
    keys = told(house)
    assert len(keys) == len(set(keys)) and any(":late:" in key for key in keys)
    facts = [
        e.data["duty"]
        for e in house.read_now(incidents.timeline, ended)
        if e.kind == "duty_missed" and "postmortem" in e.data["duty"]
    ]
    assert sorted(set(facts)) == sorted(facts)
    if other is not house:
        other.close()


def test_evidence_is_kept_and_read_back_as_the_same_bytes(house, setup, ended, time):
    time.now += timedelta(days=1, seconds=1)
    look(house, setup)
    row = house.read_now(reviews.body, ended)
    known = house.read_now(reviews.evidence_of, ended)
    assert hashlib.sha256(row.body).hexdigest() == row.sha256 == known.sha256
    assert len(row.body) == known.size and {"name", "items", "left_out", "sha256"} == set(known.parts[0])


def test_a_look_that_raises_is_put_off_and_holds_back_no_other(house, setup, ended, time, monkeypatch):
    second = house.write_now(respond.declare, setup, Declared("Down too", "P0", "martijn", service="api"))
    house.write_now(respond.act, setup, second, Resolve("martijn", "x", "y"))
    right = weeks._current

    def raises(plan, state, runbook):
        if state.number == ended:
            raise ValueError("broken")
        return right(plan, state, runbook)

    house.write_now(reviews.wake, ended)
    monkeypatch.setattr(weeks, "_current", raises)
    look(house, setup)
    assert house.read_now(reviews.get, second)
    monkeypatch.undo()
    assert [] == house.read_now(reviews.due, 10)
    time.now += weeks.PUT_OFF
    assert [ended] == house.read_now(reviews.due, 10)


def test_evidence_that_cannot_be_packed_is_tried_again_later(house, setup, ended, time, monkeypatch):
    def raises(*_):
        raise ValueError("broken")

    time.now += timedelta(days=4)
    monkeypatch.setattr(weeks.evidence, "bundle", raises)
    look(house, setup)
    assert None is house.read_now(reviews.body, ended) and any(":late:" in key for key in told(house))
    assert [] == house.read_now(reviews.due, 10)
    monkeypatch.undo()
    time.now += weeks.PUT_OFF
    look(house, setup)
    assert house.read_now(reviews.body, ended)


def test_a_reopened_incident_wakes_its_week_and_one_without_is_left_alone(house, setup, ended):
    house.write_now(respond.act, setup, ended, Reopen("martijn", "It is back"))
    assert [ended] == house.read_now(reviews.due, 10)
    look(house, setup)
    assert "reopened" in house.read_now(reviews.get, ended).over
    assert None is house.read_now(looks.get, reviews.LOOK)
    house.write_now(reviews.wake, 99)
    assert None is house.read_now(looks.get, reviews.LOOK)


def test_of_two_who_save_the_same_version_one_is_told_of_the_other(house, setup, ended, time):
    other = Database(house.url, time) if house.url.startswith("postgresql") else house

    def save(db, text):
        try:
            return db.write_now(documents.edit, setup, ended, text, f"# {text}", 1).version
        except documents.Stale as stale:
            return stale.row.text

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(save, (house, other), ("one", "two")))
    assert 2 in results and len({str(result) for result in results} & {"# one\n", "# two\n"}) == 1
    count = select(func.count()).select_from(postmortem_versions)
    assert 2 == house.read_now(lambda tx: tx.first(count))[0]
    if other is not house:
        other.close()


def test_documents_are_listed_newest_first_by_state(house, setup, ended):
    second = house.write_now(respond.declare, setup, Declared("Down too", "P0", "martijn", service="api"))
    house.write_now(respond.act, setup, second, Resolve("martijn", "x", "y"))
    write(house, setup)
    assert [second, ended] == [row.incident for row in house.read_now(postmortems.listing)]
    assert len(house.read_now(postmortems.paths)) == 2
    house.write_now(documents.publish, setup, ended, "martijn", 1, anyway=True)

    def published(tx):
        return postmortems.listing(tx, state="published", before=second)

    assert [ended] == [row.incident for row in house.read_now(published)]
    with pytest.raises(Refused):
        house.read_now(documents.read, 99)
