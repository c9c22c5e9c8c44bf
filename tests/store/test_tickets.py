"""Tickets listed from the incidents that have one, and which incident had the same cause before."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text, update

from tocsin.core.events import CloseTicket, Declared, Resolve
from tocsin.store import incidents, migrate
from tocsin.store.db import Database
from tocsin.store.schema import incidents as table
from tocsin.usecases import respond

from .conftest import START


def declared(house, setup, severity="P2", **more):
    return house.write_now(respond.declare, setup, Declared("Slow", severity, "admin", service="api", **more))


def listed(house, **which):
    return [s.state.number for s in house.read_now(incidents.tickets, **which)]


def test_tickets_are_listed_by_state_and_page_newest_first(house, setup):
    for severity in ("P2", "P0", "P3", "P2"):
        declared(house, setup, severity)
    house.write_now(respond.act, setup, 3, CloseTicket("admin"))

    assert ([4, 3, 1], [4, 1], [3]) == (listed(house), listed(house, state="open"), listed(house, state="closed"))
    assert ([3, 1], [4]) == (listed(house, before=4), listed(house, limit=1))


def test_a_state_that_cannot_be_read_hides_no_other_ticket(house, setup):
    declared(house, setup)
    declared(house, setup)
    house.write_now(lambda tx: tx.run(update(table).where(table.c.number == 1).values(state="{rubbish")))

    assert [2] == listed(house)


def recurred(house, number, **since):
    state = house.read_now(incidents.load, number).state
    return house.read_now(incidents.recurred, state, START - timedelta(**since))


def test_the_newest_of_the_same_service_and_cause_is_found(house, setup, time):
    """Other services, drills, what came before, and what cannot be read do not count."""
    declared(house, setup, "P1", check="slow")
    house.write_now(respond.act, setup, 1, Resolve("admin", "A disk", "Space"))
    declared(house, setup, "P1", check="slow", drill=True)
    time.now += timedelta(days=2)
    declared(house, setup, "P1", check="slow")
    assert ("INC-1", "") == (recurred(house, 3, days=1), recurred(house, 3, days=-1))

    house.write_now(lambda tx: tx.run(update(table).where(table.c.number == 1).values(state="{rubbish")))
    assert "" == recurred(house, 3, days=1)


def test_tickets_from_before_they_had_columns_are_listed(url, time):
    """The migration reads them out of the states, where each has the name of its incident."""
    db = Database(url, time)
    with db.engine.connect() as connection:
        if db.sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        migrate.step(connection, "0008")
        for number, state in ((1, '{"number":1,"ticket":"INC-1"}'), (2, '{"number":2,"title":"\\"ticket\\""}')):
            connection.execute(
                text("INSERT INTO incidents (number, title, severity, status, declared_at, runbook_version, head, state) "
                     "VALUES (:n, 'x', 'P2', 'triggered', 0, 'v', 'h', :s)"), {"n": number, "s": state},
            )  # fmt: skip
        connection.exec_driver_sql("COMMIT")
        connection.commit()
    migrate.up_to_date(db)
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT number, ticket, ticket_state FROM incidents ORDER BY number")).all()
    db.close()

    assert [(1, "INC-1", "open"), (2, None, None)] == [tuple(row) for row in found]
