"""Statements that are built once give the same by their shorter way as through SQLAlchemy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Insert, Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from tocsin.store import (  # noqa: F401 - each makes some
    access,
    alerts,
    fixed,
    handoffs,
    incidents,
    looks,
    oncall,
    people,
    queue,
    quiet,
    reviews,
    watch,
)  # fmt: skip
from tocsin.store.db import Database
from tocsin.store.schema import contacts, metadata, outbox

NOW = datetime(2026, 11, 23, 9, 2, 3, 456789, tzinfo=UTC)


@pytest.fixture
def db():
    made = Database("sqlite://", lambda: NOW)
    metadata.create_all(made.engine)
    yield made
    made.close()


def put(tx, count):
    rows = [
        {"id": f"r{n}", "key": f"k{n}", "kind": "page", "via": "sms", "destination": "sms:1", "payload": {"n": [n, "é"]},
         "urgent": n % 2 == 0, "due": NOW + timedelta(seconds=n), "state": ("pending", "leased", "done")[n % 3],
         "epoch": n, "failures": 0, "created_at": NOW}
        for n in range(count)
    ]  # fmt: skip
    tx.connection.execute(insert(outbox), rows)


def test_rows_are_those_of_sqlalchemy(db):
    """Instants, JSON, booleans, NULL, values that stand in the statement, and lists of a fixed length."""
    states = outbox.c.state.in_(("pending", "leased"))
    statement = select(outbox).where(states, outbox.c.epoch >= bindparam("least")).order_by(outbox.c.id)
    kept = fixed.fixed(statement.limit(bindparam("limit")))

    def work(tx):
        put(tx, 7)
        values = {"least": 1, "limit": 3}
        ours, theirs = tx.all(kept, values), tx.connection.execute(kept, values).all()
        assert [row._asdict() for row in ours] == [row._asdict() for row in theirs]
        assert (NOW + timedelta(seconds=1), {"n": [1, "é"]}, False, None) == (
            ours[0].due, ours[0].payload, ours[0].urgent, ours[0].done_at)  # fmt: skip
        assert tx.first(kept, values) == ours[0]
        assert tx.first(kept, {"least": 99, "limit": 1}) is None

    db.write_now(work)


def test_an_update_sets_the_columns_that_its_parameters_name(db):
    kept = fixed.fixed(update(outbox).where(outbox.c.id == bindparam("row"), outbox.c.state.in_(("pending",))))

    def work(tx):
        put(tx, 3)
        later = NOW + timedelta(days=1)
        assert tx.run(kept, {"row": "r0", "due": later, "payload": {"a": 1}}) == 1
        assert tx.run(kept, {"row": "r0", "state": "done"}) == 1
        assert tx.run(kept, {"row": "r0", "state": "pending"}) == 0
        row = tx.first(select(outbox).where(outbox.c.id == "r0"))
        assert (later, {"a": 1}, "done") == (row.due, row.payload, row.state)

    db.write_now(work)


def test_what_the_driver_raises_has_the_name_that_sqlalchemy_gives_it(db):
    """So that it is known as what passes by itself, or as a bug."""
    kept = fixed.fixed(insert(contacts))
    row = {"person": "ana", "via": "sms"}

    def twice(tx):
        assert tx.run(kept, row) == 1
        tx.run(kept, row)

    with pytest.raises(IntegrityError, match="UNIQUE"):
        db.write_now(twice)


def test_every_fixed_statement_can_be_compiled_and_is_kept(db):
    assert len(fixed._PLANS) > 20
    for number, plan in fixed._PLANS.items():
        assert number == id(plan.statement)
        if isinstance(plan.statement, Select):
            given = dict.fromkeys(plan.statement.compile().params, 1)
            db.read_now(lambda tx, plan=plan, given=given: plan.all(tx.connection, {**given, "values": "[]"}))
        else:
            assert isinstance(plan.statement, Insert) or plan.statement.whereclause is not None
